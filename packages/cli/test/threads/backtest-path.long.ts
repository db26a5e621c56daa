import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseE8 } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../../src/cli.ts";
import type { BacktestReport } from "../../src/offline/backtest/backtest-report.ts";
import { captureOutput } from "../support/capture-output.ts";
import { csvRows } from "../support/golden-backtest.ts";

const MARGIN = join(import.meta.dirname, "../fixtures/backtest-margin");
const KLINES = readdirSync(join(MARGIN, "klines")).map((name) => join(MARGIN, "klines", name));
const MINUTE_MS = 60_000;
/** What becomes of these depends on what the account has done before; the others on the signal alone. */
const OF_HISTORY = new Set([
  "APPROVED",
  "STATE_NOT_ACTIVE",
  "POSITION_OPEN",
  "ORDER_PENDING",
  "SYMBOL_LOCKED",
  "STREAK_PAUSE",
  "ENTRY_THROTTLE",
  "DAILY_LOSS",
  "TOO_SMALL",
]);

type Row = Readonly<Record<string, string>>;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-backtest-path-"));
  captureOutput();
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

async function backtest(name: string, flags: readonly string[]): Promise<string> {
  const out = join(folder, name);
  const instruments = join(MARGIN, "instruments.json");
  const input = ["--klines", ...KLINES, "--instruments", instruments, "--equity=1000", "--leverage=4"];
  const exitCode = await main([
    "backtest",
    "--no-cache",
    `--set=dataDir=${join(folder, "var")}`,
    `--out=${out}`,
    ...input,
    ...flags,
  ]);
  expect(exitCode).toBe(0);
  return out;
}

function rowsOf(out: string, file: string): readonly Row[] {
  const [header = [], ...rows] = csvRows(join(out, file));
  return rows.map((row) => Object.fromEntries(header.map((name, column) => [name, row[column] ?? ""])));
}

function bySignal(rows: readonly Row[], time: "time" | "signal_time"): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [`${row[time]} ${row["symbol"]} ${row["side"]}`, row]));
}

const num = (row: Row, column: string): number => Number(row[column]);

describe("fidelity path", () => {
  it("decides as fidelity bar does wherever the account's own history is the same", async () => {
    const bar = bySignal(rowsOf(await backtest("bar", []), "decisions.csv"), "time");
    const path = bySignal(rowsOf(await backtest("path", ["--fidelity", "path"]), "decisions.csv"), "time");
    expect([...path.keys()]).toEqual([...bar.keys()]);
    expect(new Set([...bar.values()].map((row) => row["symbol"])).size).toBeGreaterThanOrEqual(3);
    const others = [...bar].flatMap(([signal, row]) => {
      const ours = row["outcome"] ?? "";
      const theirs = path.get(signal)?.["outcome"] ?? "";
      return ours === theirs ? [] : [{ signal, ours, theirs }];
    });
    // A gate that looks at the signal alone says the same whenever it is asked: one of the two was of history.
    expect(others.filter(({ ours, theirs }) => !OF_HISTORY.has(ours) && !OF_HISTORY.has(theirs))).toEqual([]);
    expect(others.length / bar.size).toBeLessThan(0.05);
    const scores = [...bar].filter(([signal, { score }]) => path.get(signal)?.["score"] !== score);
    expect(scores).toEqual([]);
  });

  it("fills as documented: later, a tick or so worse at the entry, the stop and the target at their prices", async () => {
    const bar = bySignal(rowsOf(await backtest("bar", []), "trades.csv"), "signal_time");
    const path = bySignal(
      rowsOf(await backtest("path", ["--fidelity", "path"]), "trades.csv"),
      "signal_time",
    );
    const both = [...bar].flatMap(([signal, row]) => {
      const other = path.get(signal);
      return other === undefined ? [] : [{ signal, row, other }];
    });
    expect(both.length).toBeGreaterThan(50);
    const faults = both.flatMap(({ signal, row, other }) => {
      const entry = num(row, "entry_price");
      const side = num(row, "side");
      const late = num(other, "entry_time") - num(row, "entry_time");
      // One tick of spread, what the path moves in 120 ms, and what a part costs: less than 15 in 10,000 here.
      const worse = Math.abs(num(other, "entry_price") - entry) / entry;
      const beyond = (side * (num(other, "stop") - num(other, "exit_price"))) / entry;
      const apart = Math.abs(num(other, "exit_time") - num(row, "exit_time"));
      const isSame = row["stop"] === other["stop"] && row["target"] === other["target"];
      const isLevel = other["reason"] === row["reason"] && ["stop", "target"].includes(row["reason"] ?? "");
      const broken = {
        "an entry is some ms late": late < 20 || late > 120,
        "an entry is a tick or so away": worse >= 0.0015,
        "a target fills at its price":
          other["reason"] === "target" && other["exit_price"] !== other["target"],
        "a stop fills beyond its price": other["reason"] === "stop" && !(beyond >= 0 && beyond < 0.01),
        "the same bar reaches the same levels": isSame && isLevel && apart > MINUTE_MS,
      };
      return Object.entries(broken).flatMap(([law, isBroken]) => (isBroken ? [`${signal}: ${law}`] : []));
    });
    expect(faults).toEqual([]);
    const same = both.filter(({ row, other }) => row["reason"] === other["reason"]);
    expect(same.length / both.length).toBeGreaterThan(0.95);
  });

  it("accounts for every unit, and does the same again; another seed is another path", async () => {
    const out = await backtest("one", ["--fidelity", "path", "--seed", "7"]);
    const report = JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as BacktestReport;
    expect([report.input.fidelity, report.input.seed]).toEqual(["path", 7]);
    const net = rowsOf(out, "trades.csv").reduce((sum, row) => sum + parseE8(row["pnl"] ?? ""), 0n);
    expect(parseE8(report.wallet) - parseE8("1000")).toBe(net);
    const trades = (name: string): string => readFileSync(join(folder, name, "trades.csv"), "utf8");
    await backtest("again", ["--fidelity", "path", "--seed", "7", "--scan-threads", "2"]);
    expect(trades("again")).toBe(trades("one"));
    await backtest("other", ["--fidelity", "path", "--seed", "8"]);
    expect(trades("other")).not.toBe(trades("one"));
  });
});
