import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, SystemClock } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RunSource } from "../src/dashboard/run-source.ts";
import {
  backtestsFolder,
  listResults,
  readResult,
  RESULT_BYTES_MAX,
} from "../src/offline/backtest/backtests-folder.ts";
import { csvRows } from "./support/golden-backtest.ts";
import { runCommand } from "./support/run-command.ts";

let dataDir: string;
let folder: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "smcq-results-"));
  folder = backtestsFolder(dataDir);
});
afterEach(() => rmSync(dataDir, { recursive: true }));

function put(id: string, report = '{"reportVersion":1}', writtenS = 1): string {
  const own = join(folder, id);
  mkdirSync(own, { recursive: true });
  writeFileSync(join(own, "report.json"), report);
  utimesSync(join(own, "report.json"), writtenS, writtenS);
  return own;
}

const ask = async (name: string, query: Readonly<Record<string, string>> = {}): Promise<unknown> => {
  const source = new RunSource({ dataDir, wallClock: new SystemClock(), logger: silentLogger });
  return JSON.parse((await source.answer(name, new Map(Object.entries(query))))?.body ?? "null");
};

describe("the folder of backtests", () => {
  it("that is not there yet has none", async () => {
    expect(await ask("backtests")).toEqual({ folder, total: 0, backtests: [] });
  });

  it("lists its own folders that have a report, the newest first", async () => {
    put("older", "{}", 10);
    put("newer", "{}", 20);
    mkdirSync(join(folder, "without-report"));
    writeFileSync(join(folder, "file"), "");
    put(".hidden");
    put("a b");
    symlinkSync(join(folder, "older"), join(folder, "link"));
    mkdirSync(join(folder, "linked-report"));
    symlinkSync("/etc/hostname", join(folder, "linked-report", "report.json"));
    expect((await listResults(dataDir)).map(({ id }) => id)).toEqual(["newer", "older"]);
  });

  it("tells of a report that cannot be read, and shows the others", async () => {
    put("broken", "{", 3);
    put("of-tomorrow", '{"reportVersion":2,"total":{}}', 2);
    const { backtests } = (await ask("backtests")) as { readonly backtests: readonly object[] };
    expect(backtests).toMatchObject([
      { id: "broken", summary: null, problem: expect.stringContaining("is no report") },
      { id: "of-tomorrow", summary: null, problem: expect.stringContaining("is no report") },
    ]);
  });

  it.each([
    "..",
    ".",
    "../secret",
    "inside/../../secret",
    "/etc",
    "inside%2f..%2f..",
    "..\\secret",
    "inside\0",
    "",
    "INSIDE",
    "nothing",
    "x".repeat(5_000),
  ])("is never left by an id: %j", async (id) => {
    writeFileSync(join(dataDir, "report.json"), "secret");
    mkdirSync(join(dataDir, "secret"));
    writeFileSync(join(dataDir, "secret", "report.json"), "secret");
    put("inside");
    await expect(readResult(dataDir, id, "report.json")).rejects.toMatchObject({ code: "BACKTEST_NONE" });
    const code = id === "" ? "USAGE_QUERY" : "BACKTEST_NONE";
    for (const name of ["backtest", "backtest-trades"])
      await expect(ask(name, { id })).rejects.toMatchObject({ code });
  });

  it("follows no link, waits for no pipe and reads nothing that is too large", async () => {
    const own = put("own");
    symlinkSync("/etc/hostname", join(own, "trades.csv"));
    execFileSync("mkfifo", [join(own, "equity.csv")]);
    await expect(readResult(dataDir, "own", "trades.csv")).rejects.toMatchObject({ code: "BACKTEST_READ" });
    await expect(readResult(dataDir, "own", "equity.csv")).rejects.toMatchObject({ code: "BACKTEST_READ" });
    truncateSync(join(own, "report.json"), RESULT_BYTES_MAX + 1);
    await expect(readResult(dataDir, "own", "report.json")).rejects.toThrow(/at most 67108864 are read/u);
  });

  it("takes the result of `smcq backtest` without --out; every number shown is the command's", async () => {
    const { code } = await runCommand(
      "backtest",
      "--no-cache",
      "--rows=900",
      "--scan-threads=1",
      "--data-dir",
      dataDir,
    );
    expect(code).toBe(0);
    const [{ id } = { id: "" }] = await listResults(dataDir);
    expect(id).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ$/u);
    const report = JSON.parse(readFileSync(join(folder, id, "report.json"), "utf8")) as {
      readonly total: { readonly trades: number; readonly net: string; readonly wins: number };
      readonly wallet: string;
    };
    const { total, wallet } = report;
    expect(await ask("backtests")).toMatchObject({
      total: 1,
      backtests: [
        { id, problem: null, summary: { trades: total.trades, wins: total.wins, net: total.net, wallet } },
      ],
    });
    const one = (await ask("backtest", { id })) as {
      readonly report: unknown;
      readonly curve: { readonly closeMs: readonly number[]; readonly equity: readonly number[] };
    };
    expect(one.report).toEqual(report);
    const [, ...equity] = csvRows(join(folder, id, "equity.csv"));
    expect(one.curve.closeMs).toEqual(equity.map(([time]) => Number(time)));
    expect(one.curve.equity).toEqual(equity.map(([, , value]) => Number(value)));
    const [header = [], ...rows] = csvRows(join(folder, id, "trades.csv"));
    const { trades } = (await ask("backtest-trades", { id })) as {
      readonly trades: readonly { readonly pnl: string; readonly symbol: string; readonly r: number }[];
    };
    expect(trades.length).toBeGreaterThan(0);
    expect(trades.map(({ symbol, pnl, r }) => [symbol, pnl, r])).toEqual(
      rows.map((row) => [
        row[header.indexOf("symbol")],
        row[header.indexOf("pnl")],
        Number(row[header.indexOf("r")]),
      ]),
    );
  });
});
