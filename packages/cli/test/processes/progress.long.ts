import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recorded, recordedLedger } from "../support/recorded-ledger.ts";
import { MAIN, SOURCE_FLAGS } from "./engine-run.ts";

const folder = mkdtempSync(join(tmpdir(), "smcq-progress-"));
const dataDir = join(folder, "var");
const KLINES = join(import.meta.dirname, "../../../smc/test/fixtures/ALGOUSDT-klines.csv.gz");
const TRADED = join(import.meta.dirname, "../fixtures/backtest-margin");
const hasScript = spawnSync("script", ["--version"]).status === 0;
if (!hasScript) process.stderr.write("\n*** NO script(1): progress on a terminal is NOT CHECKED ***\n\n");

const BAR = /[\u2588\u2591]{10}/;

const COMMANDS: readonly (readonly string[])[] = [
  ["scan", "--klines", KLINES, "--symbol", "ALGOUSDT"],
  ["dataset", "--random-walk", "2x2", "--out", join(folder, "set")],
  [
    "backtest",
    "--no-cache",
    "--instruments",
    join(TRADED, "instruments.json"),
    "--out",
    join(folder, "back"),
    "--klines",
    ...readdirSync(join(TRADED, "klines")).map((name) => join(TRADED, "klines", name)),
  ],
  ["ledger", "verify", "--data-dir", dataDir],
  ["ledger", "rebuild", "--data-dir", dataDir],
  ["ledger", "replay", "--data-dir", dataDir],
  ["backup", "--data-dir", dataDir, "--to", join(folder, "kept.tar")],
  ["restore", "--from", join(folder, "kept.tar"), "--data-dir", join(folder, "restored")],
];

beforeAll(async () => {
  await recordedLedger([recorded(1)], dataDir);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(!hasScript)("on a terminal (skipped without script)", () => {
  it.each(COMMANDS.map((command) => [command.slice(0, 2).join(" "), command] as const))(
    "smcq %s draws a bar, and takes it away",
    (_, command) => {
      const line = [process.execPath, ...SOURCE_FLAGS, MAIN, ...command].map((word) => `'${word}'`).join(" ");
      const { status, stdout } = spawnSync("script", ["-qec", line, "/dev/null"], { encoding: "utf8" });
      expect([status, stdout]).toEqual([0, expect.stringMatching(BAR)]);
      // The line is wiped behind the last of them.
      const rest = stdout.slice(stdout.search(/[\u2588\u2591][^\u2588\u2591]*$/));
      expect(rest).toContain("\u001B[2K");
    },
  );
});
