import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askEngine } from "../../src/control/control-client.ts";
import { MAIN, SmcqRun, SOURCE_FLAGS, until } from "./engine-run.ts";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
const FIXTURE = join(ROOT, "packages/smc/test/fixtures/ALGOUSDT-klines.csv.gz");
const PAGES = ["README.md", ...globSync("docs/guide/*.md", { cwd: ROOT }).toSorted()];

/** A line that a page tells its reader to type. */
interface Line {
  readonly page: string;
  readonly text: string;
}

/** What a reader types: lines of blocks of shell, and those behind a prompt in any block; without their remarks. */
function linesOf(page: string): readonly Line[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)].flatMap(([, language = "", block = ""]) => {
    const isShell = ["bash", "sh", "console"].includes(language);
    const lines = block.replaceAll("\\\n", " ").split("\n");
    return lines
      .filter((line) => (isShell ? line.trim() !== "" : line.startsWith("$ ")))
      .map((line) => ({
        page,
        text: line
          .replace(/^\$ /, "")
          .replace(/\s+#.*$/, "")
          .trim(),
      }));
  });
}

const SYSTEM =
  "changes the machine: its steps are tried in dockerfile.long.ts, deploy.test.ts and service-manager.test.ts";
const ELSEWHERE =
  "needs a venue of Binance's; live-gates.long.ts and demo-mode.long.ts try it as far as it goes";
const POSTGRES = "needs PostgreSQL; mirror.long.ts runs it on a real one";
const ARCHIVE = "would call the public archive; data-fetch.long.ts runs it against a local one";
const NATS = "needs nats-server; jobs.long.ts runs it on a real one";
const TELEGRAM = "would call Telegram; alerts.test.ts runs it against a fake";

/** What is not run here, and why; each of them has to stand on a page. */
const SKIPPED: readonly (readonly [RegExp, string])[] = [
  [/pnpm@\S+ test$/, "the tests themselves"],
  [/run engine --shards \d+$/, "the engine that is running here"],
  [/^export ALERTS_/, TELEGRAM],
  [/alert test --set alerts\.channels=telegram/, TELEGRAM],
  [/^scripts\/train\/train\.sh /, "needs Python with lightgbm; train-command.test.ts"],
  [
    /run engine --model var\/train\//,
    "the model that the line before makes; ort-engine.long.ts runs engines with models",
  ],
  [/run engine --mode (?:paper|demo|live)/, ELSEWHERE],
  [/^export BINANCE_/, ELSEWHERE],
  [/doctor --mode demo/, ELSEWHERE],
  [/^(?:sudo|docker) /, SYSTEM],
  [/^printf .*\| sudo tee/, SYSTEM],
  [/\| sudo tee/, SYSTEM],
  [/^pnpm (?:install|run build)/, "what this test stands on"],
  [/^umask 077/, POSTGRES],
  [/ledger mirror /, POSTGRES],
  [/data fetch /, ARCHIVE],
  [/ nats:\/\//, NATS],
];

const LINES = PAGES.flatMap(linesOf);
const isSkipped = ({ text }: Line): boolean => SKIPPED.some(([form]) => form.test(text));
const RUN = LINES.filter((line) => !isSkipped(line));

const folder = mkdtempSync(join(tmpdir(), "smcq-guide-"));
const bin = join(folder, "bin");
const home = join(folder, "home");
let engine: SmcqRun;

/** The commands by which a reader calls us, each for the sources as they stand. */
function putCommands(): void {
  const node = [process.execPath, ...SOURCE_FLAGS, MAIN].map((word) => `'${word}'`).join(" ");
  // A rehearsal is as small as the engine beside it.
  const smcq = `#!/bin/sh\n[ "$1" = drill ] && [ "$2" != --list ] && set -- "$@" --symbols 60 --shards 2\nexec ${node} "$@"\n`;
  const pnpm = `#!/bin/sh\n[ "$1" = run ] && shift\n[ "$1" = smcq ] || exit 90\nshift\nexec smcq "$@"\n`;
  const npx = `#!/bin/sh\nwhile [ "$1" != smcq ]; do shift || exit 91; done\nexec pnpm "$@"\n`;
  for (const [name, text] of Object.entries({ smcq, pnpm, npx }))
    writeFileSync(join(bin, name), text, { mode: 0o755 });
}

/** Bars of three years in the reader's home, as the guide's lines name them, and rates beside them. */
function putBars(): void {
  const [header = "", ...rows] = gunzipSync(readFileSync(FIXTURE)).toString().trim().split(/\r?\n/);
  const bars = rows.map((row) => row.split(",").map(Number));
  const [firstMs = 0] = bars[0] ?? [];
  const own = join(home, "bars");
  mkdirSync(own);
  for (const [symbol, factor] of [
    ["BTCUSDT", 200_000],
    ["ETHUSDT", 10_000],
  ] as const)
    for (const year of [2024, 2025, 2026]) {
      const moved = bars.map(([timeMs = 0, open = 0, high = 0, low = 0, close = 0, ...others]) => {
        const prices = [open, high, low, close].map((price) => (price * factor).toFixed(1));
        return [timeMs - firstMs + Date.UTC(year, 5, 1), ...prices, ...others].join(",");
      });
      writeFileSync(join(own, `${symbol}-1m-${year}.csv.gz`), gzipSync([header, ...moved, ""].join("\n")));
    }
  writeFileSync(join(folder, "rates.csv"), `time,symbol,rate\n${Date.UTC(2024, 5, 2)},BTCUSDT,0.0001\n`);
}

/** What stands for a result of the reader's own: the last one that was made here. */
function lastBacktest(): string {
  const made = globSync("var/backtests/*", { cwd: folder }).toSorted();
  return made.at(-1) ?? "var/backtests/none";
}

/** As the reader types it, at a terminal where he is asked something; backups go to a place that is there. */
function typed({ text }: Line): { readonly status: number | null; readonly said: string } {
  const line = text
    .replaceAll("/mnt/backups", join(folder, "backups"))
    .replaceAll(/var\/backtests\/[\dT-]+/g, lastBacktest);
  const isAsked = line.endsWith(" flatten");
  const [program, args] = isAsked ? ["script", ["-qec", line, "/dev/null"]] : ["bash", ["-c", line]];
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: folder,
    encoding: "utf8",
    input: isAsked ? "yes\n" : "",
    env: { PATH: `${bin}:${process.env["PATH"]}`, HOME: home, SHELL: "/bin/bash" },
  });
  return { status, said: stdout + stderr };
}

beforeAll(async () => {
  for (const path of [bin, home]) mkdirSync(path);
  putCommands();
  putBars();
  const dataDir = join(folder, "var");
  const flags = "--shards 2 --symbols 60 --speed 30 --dashboard-port 0 --log-format json --data-dir";
  engine = new SmcqRun(["engine", ...flags.split(" "), dataDir]);
  await engine.sees("READY");
  let held = 0;
  await until(() => {
    const asked = askEngine(dataDir, { request: "positions" });
    // Its socket may still be on its way.
    void asked.then(({ positions }) => (held = positions.length)).catch(() => {});
    return held > 0;
  }, "a position");
});
afterAll(() => {
  engine.child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

describe("README and guide", () => {
  it("leave nothing out but for a reason that still holds", () => {
    expect(RUN.length).toBeGreaterThan(20);
    const stale = SKIPPED.filter(([form]) => !LINES.some(({ text }) => form.test(text)));
    expect(stale).toEqual([]);
  });

  it.each(RUN.map((line, at) => [`${at}: ${line.page}: ${line.text}`, line] as const))("%s", (_, line) => {
    const { status, said } = typed(line);
    expect([status, status === 0 ? "" : said]).toEqual([0, ""]);
  });

  it("leave the engine whole: it ends in order", async () => {
    engine.child.kill("SIGTERM");
    expect(await engine.ends()).toBe(0);
  });
});
