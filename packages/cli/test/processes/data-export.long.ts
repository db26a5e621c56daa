import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundledBars, bundledSymbols } from "@smcq/exchange-sim";
import { HistoryStore } from "@smcq/history";
import { BAR_FIELDS, monthOf } from "@smcq/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../support/run-command.ts";

const duckdb = join(import.meta.dirname, "../../../../scripts/duckdb");
const INSTALL_MS_MAX = 300_000;
const ANSWER_BYTES_MAX = 2 ** 26;

let missing: string | null = null;
let folder = "";
const SYMBOLS = bundledSymbols();
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-duckdb-"));
  const store = new HistoryStore(join(folder, "history"));
  for (const symbol of SYMBOLS) {
    const rows = bundledBars(symbol);
    const month = monthOf(rows[0] as number);
    store.write({ kind: "bars", symbol, month, sources: [], isWhole: true, isFilled: false, rows });
  }
  // Written last: half an installation is none.
  if (existsSync(join(duckdb, "node_modules/.package-lock.json"))) return;
  const flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
  const install = spawnSync("npm", flags, { cwd: duckdb, timeout: INSTALL_MS_MAX, encoding: "utf8" });
  if (install.status === 0) return;
  missing = `DuckDB cannot be installed in scripts/duckdb (npm ci): ${install.error?.message ?? install.stderr}`;
  process.stderr.write(`\n*** SKIPPED: ${missing} ***\n\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** DuckDB's answer; 64-bit numbers come as text. */
function ask(sql: string): readonly Readonly<Record<string, unknown>>[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["ask.mjs", sql], {
    maxBuffer: ANSWER_BYTES_MAX,
    cwd: duckdb,
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as Readonly<Record<string, unknown>>[];
}

async function exported(what: string, ...words: readonly string[]): Promise<string> {
  const out = join(folder, `${what}.parquet`);
  const { code, said } = await runCommand("data", "export", what, "--out", out, ...words);
  expect([code, said]).toEqual([0, ""]);
  return out;
}

describe("what smcq data export writes is what DuckDB reads", () => {
  it("bars, bit for bit", async ({ skip }) => {
    skip(missing !== null, missing ?? "");
    const out = await exported("bars", "--data-dir", folder);
    for (const symbol of SYMBOLS) {
      const flat = bundledBars(symbol);
      const rows = ask(`select * from '${out}' where symbol = '${symbol}' order by open_time`);
      const read = rows.flatMap((row) => Object.values(row).slice(1).map(Number));
      expect(read.length).toBe(flat.length);
      expect(read.findIndex((value, k) => value !== flat[k])).toBe(-1);
    }
    expect(ask(`select count(*) as n, typeof(any_value(open)) as t from '${out}'`)).toEqual([
      { n: String((SYMBOLS.length * bundledBars(SYMBOLS[0] as string).length) / BAR_FIELDS), t: "DOUBLE" },
    ]);
  });

  it("candidates, labels and a backtest's tables, row for row", async ({ skip }) => {
    skip(missing !== null, missing ?? "");
    const [set, test] = [join(folder, "set"), join(folder, "test")];
    await runCommand("dataset", "--symbols", "all", "--out", set, "--data-dir", folder);
    await runCommand("backtest", "--symbols", "all", "--out", test, "--data-dir", folder);
    const lines = (path: string): number => readFileSync(path, "utf8").trim().split("\n").length - 1;
    const count = (out: string): number => Number(ask(`select count(*) as n from '${out}'`)[0]?.["n"]);
    expect(count(await exported("labels", "--dataset", set))).toBe(lines(join(set, "labels.csv")));
    for (const table of ["trades", "decisions", "equity"])
      expect(count(await exported(table, "--backtest", test))).toBe(lines(join(test, `${table}.csv`)));
    const candidates = await exported("candidates", "--data-dir", folder);
    expect(count(candidates)).toBeGreaterThan(1_000);
    // They join: every label is a candidate's, and the features are the same.
    const joined = `select count(*) as n from '${join(folder, "labels.parquet")}' l join '${candidates}' c
      on l.symbol = c.symbol and l.t0 = c.open_time + 60000 and l.side = c.side`;
    expect(Number(ask(joined)[0]?.["n"])).toBe(lines(join(set, "labels.csv")));
  });
});
