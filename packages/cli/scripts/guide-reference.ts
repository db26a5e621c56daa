// Writes docs/guide/reference.md and docs/guide/commands.md from the schema of the settings, the exit codes, the sources' error codes, the kinds
// of alerts with the runbook's words, and the page of metrics:
// node --conditions=@smcq/source packages/cli/scripts/guide-reference.ts && oxfmt docs/guide
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ALERT_KINDS, factsOf } from "@smcq/alerts";
import { configKeys } from "@smcq/config";
import { SmcqError } from "@smcq/kernel";
import { helpOf } from "../src/cli.ts";
import { exitCodeOf } from "../src/exit-codes.ts";

/** A code of an error, and what is said with it. */
export interface CodeRow {
  readonly code: string;
  readonly text: string;
}

/** Codes are words in capitals. */
const CODE = String.raw`[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*`;
/** `new SmcqError("CODE", "text …")`, the text as a string or a template. */
const THROWN = new RegExp(
  String.raw`new (?:SmcqError|ControlRefusal|DashboardRefusal)\(\s*"(${CODE})",\s*(?:"((?:[^"\\]|\\.)*)"|${"`"}((?:[^${"`"}\\]|\\.)*)${"`"})?`,
  "g",
);
/** A member of a table of codes, with the comment above it. */
const TABLED = new RegExp(String.raw`/\*\*\s*([^*]*(?:\*(?!/)[^*]*)*)\*/\s*\w+: "(${CODE})",`, "g");
/** Any code that stands in a table of codes, or is thrown. */
const MENTIONED = new RegExp(String.raw`(?:new \w+\(\s*|^\s*\w+: )"(${CODE})"`, "gm");

/** Sources of the packages by path, in order. */
export function sources(root: string): readonly (readonly [path: string, text: string])[] {
  return globSync("packages/*/src/**/*.{ts,tsx}", { cwd: root })
    .sort()
    .map((path) => [path, readFileSync(join(root, path), "utf8")]);
}

/** Every code of an error once, in order, with the first text that is said with it. */
export function errorCodes(files: ReturnType<typeof sources>): readonly CodeRow[] {
  const texts = new Map<string, string>();
  const add = (code: string, text: string): void => {
    if ((texts.get(code) ?? "") === "") texts.set(code, plain(text));
  };
  const tables = files.filter(([path]) => /\/(?:errors|[\w-]+-errors|refusal|codes)\.ts$/.test(path));
  // What a table says of its code is the better text.
  for (const [, text] of tables)
    for (const [, comment = "", code = ""] of text.matchAll(TABLED)) add(code, comment);
  for (const [, text] of files)
    for (const [, code = "", quoted, template] of text.matchAll(THROWN)) add(code, quoted ?? template ?? "");
  for (const [, text] of tables) for (const [, code = ""] of text.matchAll(MENTIONED)) add(code, "");
  return [...texts].map(([code, text]) => ({ code, text })).toSorted((a, b) => (a.code < b.code ? -1 : 1));
}

/** A text of the source as a person reads it: what is filled in is three dots. */
function plain(text: string): string {
  return text
    .replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, "…")
    .replaceAll(/^\s*\*\s?/gm, " ")
    .replaceAll(String.raw`\"`, '"')
    .replaceAll(/\s+/g, " ")
    .trim();
}

/** The exit codes by number, with the comments of their table. */
export function exitCodes(text: string): readonly (readonly [number, string])[] {
  return [...text.matchAll(/(?:\/\*\* ([^*]+) \*\/\s*)?\w+: (\d+),/g)].map(
    ([, comment = "It went well.", code]) => [Number(code), comment],
  );
}

/** Names of metrics that the sources make, without the figures of the minute, which are named by their fields. */
export function metricNames(files: ReturnType<typeof sources>): readonly string[] {
  const making = files.filter(([path, text]) => path.includes("/cli/src/") && /\bMetric\b/.test(text));
  const names = making.flatMap(([, text]) =>
    [
      ...text.matchAll(
        /(?:(?:gauge|counter|counted|histogram)\(\s*|\bname: )"([a-z][a-z0-9_]*_[a-z0-9_]+)"/g,
      ),
    ].map(([, name = ""]) => `smcq_${name}`),
  );
  return [...new Set(names)];
}

/** Rows of docs/guide/metrics.md: name, type, labels, what it is. */
export function metricPageRows(root: string): readonly (readonly string[])[] {
  const page = readFileSync(join(root, "docs/guide/metrics.md"), "utf8");
  return [...page.matchAll(/^\| (`smcq_\w+`) +\| (\w+) +\| ([^|]*?) +\| (.*?) +\|$/gm)].map(
    ([, ...cells]) => cells,
  );
}

/** What causes an alert of a kind, in the runbook's words. */
function causeOf(runbook: string, kind: string): string {
  const entry = runbook.split(`\n### ${kind}\n`)[1]?.split("\n#")[0] ?? "";
  return /^- Means: (.+)$/m.exec(entry)?.[1] ?? "";
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

const HEAD = `# Reference

Written by \`packages/cli/scripts/guide-reference.ts\` from the schema and the sources; a test holds it to them.

`;

/** Commands that have commands of their own. */
const GROUPS: ReadonlySet<string> = new Set(["data", "model", "ledger", "alert", "holdout", "bus"]);

/** Every command by its words, with what its help prints. */
export async function commandHelp(): Promise<ReadonlyMap<string, string>> {
  const help = new Map<string, string>();
  for (const name of namesIn(await helpOf([]))) {
    if (name === "completion") continue;
    help.set(name, await helpOf([name]));
    if (!GROUPS.has(name)) continue;
    for (const own of namesIn(help.get(name) ?? "", `${name} `))
      help.set(`${name} ${own}`, await helpOf([name, own]));
  }
  return help;
}

/** The commands that a help lists. */
function namesIn(help: string, group = ""): readonly string[] {
  return [...help.matchAll(new RegExp(`^ {2}smcq ${group}([a-z-]+)`, "gm"))].map(([, name = ""]) => name);
}

/** docs/guide/commands.md. */
export async function commandsText(): Promise<string> {
  const help = [...(await commandHelp())].map(
    ([name, text]) => `## smcq ${name}\n\n\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`,
  );
  return `# Commands\n\nWritten by \`packages/cli/scripts/guide-reference.ts\` from the commands' own help; a test holds it to them. From a clone, \`pnpm run smcq\` stands for \`smcq\`.\n\n${help.join("\n")}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [
    `| ${head.join(" | ")} |`,
    `|${" --- |".repeat(head.length)}`,
    ...rows.map((row) => `| ${row.map(cell).join(" | ")} |`),
    "",
  ].join("\n");
}

function alertsTable(root: string): string {
  const runbook = readFileSync(join(root, "docs/guide/runbook.md"), "utf8");
  return table(
    ["kind", "severity", "cause", "what to do"],
    ALERT_KINDS.map((kind) => [
      `\`${kind}\``,
      factsOf(kind).severity,
      `${factsOf(kind).title}. ${causeOf(runbook, kind)}`,
      `[runbook](runbook.md#${kind})`,
    ]),
  );
}

/** docs/guide/reference.md. */
export function reference(root: string): string {
  const files = sources(root);
  return [
    HEAD,
    "## Settings\n\nIn a file (`--config`), as an environment variable, or as `--set PATH=VALUE`; later ones win.\n\n",
    table(
      ["setting", "allowed", "default", "what it is", "variable"],
      configKeys().map(({ path, allowed, defaultValue, description, envName }) => [
        `\`${path}\``,
        // A pattern is no text with links.
        allowed.includes("[") ? `\`${allowed}\`` : allowed,
        `\`${JSON.stringify(defaultValue)}\``,
        description,
        `\`${envName}\``,
      ]),
    ),
    "\n## Exit codes\n\n",
    table(
      ["code", "meaning"],
      exitCodes(readFileSync(join(root, "packages/cli/src/exit-codes.ts"), "utf8")).map(([code, text]) => [
        String(code),
        text,
      ]),
    ),
    "\n## Error codes\n\nA log line or a message on the terminal names its code; `smcq` ends with the exit code beside it when the error ends a command.\n\n",
    table(
      ["code", "exit code", "what is said"],
      errorCodes(files).map(({ code, text }) => [
        `\`${code}\``,
        String(exitCodeOf(new SmcqError(code, ""))),
        text,
      ]),
    ),
    "\n## Alerts\n\nWhich ways they go is set by `alerts.channels`; what is less severe than `alerts.severityMin` is not told.\n\n",
    alertsTable(root),
    "\n## Metrics\n\n`GET /metrics` on loopback (`metrics.port`); their labels: [metrics.md](metrics.md).\n\n",
    table(
      ["metric", "type", "what it is"],
      metricPageRows(root).map(([name = "", type = "", , text = ""]) => [name, type, text]),
    ),
  ].join("");
}

async function main(): Promise<void> {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  writeFileSync(join(root, "docs/guide/reference.md"), reference(root));
  writeFileSync(join(root, "docs/guide/commands.md"), await commandsText());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
