import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { configKeys } from "@smcq/config";
import { beforeAll, describe, expect, it } from "vitest";
import { ALERT_KINDS, factsOf } from "@smcq/alerts";
import {
  commandHelp,
  commandsText,
  errorCodes,
  metricNames,
  metricPageRows,
  reference,
  sources,
} from "../scripts/guide-reference.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const WRITE = "node --conditions=@smcq/source packages/cli/scripts/guide-reference.ts && oxfmt docs/guide";

/** As a formatter may have set it: tables are padded. */
function bare(text: string): string {
  return text
    .replaceAll(/-{3,}/g, "---")
    .replaceAll(/[ \t]+/g, " ")
    .trim();
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

describe("the reference", () => {
  it(`is what schema and sources say (else: ${WRITE})`, () => {
    expect(bare(read("docs/guide/reference.md"))).toBe(bare(reference(ROOT)));
  });

  it(`shows every command's help as it is (else: ${WRITE})`, async () => {
    expect(bare(read("docs/guide/commands.md"))).toBe(bare(await commandsText()));
  });

  it("shows --json for every command that answers", async () => {
    const help = await commandHelp();
    // They run until they are ended, or only hold commands of their own.
    const silent = new Set([
      "engine",
      "venue",
      "worker",
      "model",
      "ledger",
      "alert",
      "holdout",
      "data",
      "bus",
    ]);
    const without = [...help].filter(([name, text]) => !silent.has(name) && !text.includes("--json"));
    expect(without.map(([name]) => name)).toEqual([]);
  });

  it("knows every code that the sources throw", () => {
    const known = new Set(errorCodes(sources(ROOT)).map(({ code }) => code));
    const thrown = sources(ROOT).flatMap(([, text]) =>
      [...text.matchAll(/new (?:SmcqError|ControlRefusal)\(\s*"([A-Z_0-9]+)"/g)].map(([, code]) => code),
    );
    expect(thrown.length).toBeGreaterThan(50);
    expect(thrown.filter((code) => !known.has(code ?? ""))).toEqual([]);
  });
});

/** Rows of a table below a heading of the reference, by their first cell without its marks. */
function rowsOf(heading: string): ReadonlyMap<string, readonly string[]> {
  const section = read("docs/guide/reference.md").split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = [...section.matchAll(/^\| `([^`]+)` +\| (.*) \|$/gm)];
  return new Map(
    rows.map(([, name = "", rest = ""]) => [name, rest.split(" | ").map((text) => text.trim())]),
  );
}

describe("the reference names, and names nothing else:", () => {
  it("every kind of alert, with severity, cause and its entry in the runbook", () => {
    const rows = rowsOf("Alerts");
    expect([...rows.keys()]).toEqual([...ALERT_KINDS]);
    for (const kind of ALERT_KINDS) {
      const [severity, cause = "", runbook] = rows.get(kind) ?? [];
      expect([severity, runbook]).toEqual([factsOf(kind).severity, `[runbook](runbook.md#${kind})`]);
      // The title, and what the runbook says that it means.
      expect(cause.length).toBeGreaterThan(factsOf(kind).title.length + 10);
    }
  });

  it("every metric that the sources make", () => {
    const named = [...rowsOf("Metrics").keys()];
    const made = metricNames(sources(ROOT));
    expect(made.length).toBeGreaterThan(45);
    expect(made.filter((name) => !named.includes(name))).toEqual([]);
    const isMinute = (name: string): boolean => name.startsWith("smcq_minute_");
    expect(named.filter((name) => !isMinute(name) && !made.includes(name))).toEqual([]);
    expect(named).toEqual(metricPageRows(ROOT).map(([name]) => name?.replaceAll("`", "")));
  });
});

/** Names of files look like settings. */
const FILES = /\.(?:db|jsonl|json|md|token|log)\W/;

/** Commands of `smcq` in blocks of shell and in code spans: words after the program, without what a shell makes of the rest. */
function commandsOf(text: string): readonly string[] {
  const blocks = [...text.matchAll(/```(?:bash|sh|console)\n([\s\S]*?)```/g)].flatMap(([, block = ""]) =>
    block.replaceAll("\\\n", " ").split("\n"),
  );
  const spans = [...text.matchAll(/`((?:pnpm (?:run )?)?smcq [^`]+)`/g)].map(([, span = ""]) => span);
  return [...blocks, ...spans]
    .map((line) => /(?:^|\s|\/)(?:smcq|main\.js) ([a-z][^#|;>&]*)/.exec(line)?.[1]?.trim() ?? "")
    .filter((line) => line !== "");
}

describe("README and guide", () => {
  let help: ReadonlyMap<string, string> = new Map();
  beforeAll(async () => {
    help = await commandHelp();
  });
  const pages = [
    "README.md",
    ...globSync("docs/guide/*.md", { cwd: ROOT }),
    "docs/venue.md",
    "docs/security.md",
  ];

  it.each(pages.filter((page) => !page.endsWith("commands.md")))(
    "%s: its commands exist, with their flags",
    (page) => {
      const faults: string[] = [];
      for (const line of commandsOf(read(page))) {
        const [first = "", second = ""] = line.split(" ");
        const name = help.has(`${first} ${second}`) ? `${first} ${second}` : first;
        // `smcq halt|resume`, `smcq ledger verify|rebuild`: each of them.
        for (const one of name.split("|"))
          if (!help.has(one) && !["completion", "COMMAND"].includes(one)) faults.push(`no command: ${line}`);
        const flags = [...line.matchAll(/(?:^|[\s[(])(--[a-z][a-z-]*)/g)].map(([, flag = ""]) => flag);
        for (const flag of flags)
          if (!(help.get(name.split("|")[0] ?? "") ?? "").includes(flag.replace(/^--no-/, "--")))
            faults.push(`${flag} of: ${line}`);
      }
      expect(faults).toEqual([]);
    },
  );

  it("has every page in its table", () => {
    const named = new Set(
      [...read("docs/guide/README.md").matchAll(/\]\(([\w-]+\.md)\)/g)].map(([, page]) => page),
    );
    const own = globSync("docs/guide/*.md", { cwd: ROOT }).map((path) => path.split("/").at(-1));
    expect(own.filter((page) => page !== "README.md" && !named.has(page))).toEqual([]);
  });

  it.each(pages)("%s: its settings exist", (page) => {
    const paths = new Set(configKeys().map(({ path }) => path));
    const sections = new Set([...paths].map((path) => path.split(".")[0]));
    const named = [...read(page).matchAll(/(?:`|--set )([a-zA-Z]+)((?:\.[a-zA-Z]+)+)[`=\s]/g)];
    expect(
      named
        .filter(([text, section]) => sections.has(section) && !FILES.test(text))
        .map(([, section = "", rest = ""]) => `${section}${rest}`)
        .filter((path) => !paths.has(path) && ![...paths].some((known) => known.startsWith(`${path}.`))),
    ).toEqual([]);
  });
});
