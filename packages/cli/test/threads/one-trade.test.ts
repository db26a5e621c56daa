import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { bundledBars } from "@smcq/exchange-sim";
import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import { M1_SCALP } from "@smcq/strategy";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { backtestScorer } from "../../src/offline/backtest/backtest-scorer.ts";
import { scanSeries } from "../../src/offline/backtest/scan-series.ts";
import { csvRows } from "../support/golden-backtest.ts";
import { runCommand as smcq } from "../support/run-command.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../../../docs/one-trade.md"), "utf8");
const DAY_MS = Date.UTC(2026, 1, 4);

/** Rows of the page's tables by what stands in their first cell. */
const CELLS = new Map(
  PAGE.split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, name = "", ...cells]) => [name, cells] as const),
);

/** Of `a + b = c` what is reckoned and what the page says. */
function equationOf(name: string): { readonly left: number; readonly said: string } {
  const [left = "", said = ""] = (/`(.+) = (-?[\d.]+)`/.exec(CELLS.get(name)?.[0] ?? "") ?? []).slice(1);
  if (!/^[\d\s.+\-*/(),a-z]+$/.test(left)) throw new Error(`${name}: no equation`);
  const { max, floor, ceil } = Math;
  return { left: Number(runInNewContext(left, { max, floor, ceil })), said };
}

const said = (name: string): number => Number(equationOf(name).said);
/** Half of the last digit that is shown, and what floats lose. */
const tolerance = (text: string): number => 0.5 * 10 ** -(text.split(".")[1]?.length ?? 0) + 1e-12;

describe("docs/one-trade.md", () => {
  let row: Readonly<Record<string, string>>;
  let report: string;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "smcq-one-trade-"));
    const [, header = "", rate = ""] = /printf '(.+?)\\n(.+?)\\n'/.exec(PAGE) ?? [];
    writeFileSync(join(folder, "funding.csv"), `${header}\n${rate}\n`);
    const [, flags = ""] = /smcq backtest (--from .+) --funding funding\.csv --out /.exec(PAGE) ?? [];
    const out = join(folder, "out");
    const funding = join(folder, "funding.csv");
    await smcq(
      "backtest",
      "--no-cache",
      `--set=dataDir=${join(folder, "var")}`,
      ...flags.split(" "),
      "--funding",
      funding,
      "--out",
      out,
    );
    const [names = [], first = []] = csvRows(join(out, "trades.csv"));
    row = Object.fromEntries(names.map((name, at) => [name, first[at] ?? ""]));
    report = readFileSync(join(out, "report.html"), "utf8");
    return () => {
      vi.restoreAllMocks();
      rmSync(folder, { recursive: true });
    };
  });

  it("has only equations that are right to the last digit shown", () => {
    const names = [...CELLS].filter(([, cells]) => cells[0]?.startsWith("`") === true).map(([name]) => name);
    expect(names.length).toBeGreaterThan(25);
    for (const name of names) {
      const { left, said: text } = equationOf(name);
      expect([name, Math.abs(left - Number(text)) <= tolerance(text)]).toEqual([name, true]);
    }
  });

  it("has the bars, the setup and the score of the bundled data", () => {
    const bars = bundledBars("XLMUSDT");
    for (const minute of ["07:30", "07:31", "07:59", "08:02"]) {
      const [hours = 0, minutes = 0] = minute.split(":").map(Number);
      const openMs = DAY_MS + (60 * hours + minutes) * MINUTE_MS;
      const at = bars.findIndex((value, index) => index % BAR_FIELDS === 0 && value === openMs);
      const numbers = CELLS.get(minute)?.slice(0, 5).map(Number);
      expect([minute, numbers]).toEqual([minute, Array.from(bars.subarray(at + 1, at + 6))]);
    }
    const { scorer } = backtestScorer({ model: "heuristic", nowMs: 0, plan: M1_SCALP });
    const { candidates } = scanSeries("XLMUSDT", bars, { scorer, timeframe: "M1", market: null });
    const index = candidates.openMs.indexOf(Number(row["signal_time"]) - MINUTE_MS);
    const value = (name: string): number => Number(CELLS.get(name)?.[0]);
    expect([candidates.code[index], candidates.score[index]]).toEqual([2, value("score")]);
    expect([candidates.invalidationPrice[index], candidates.medianTurnover[index]]).toEqual([
      value("invalidation"),
      value("median turnover"),
    ]);
    expect(candidates.atr[index]).toBeCloseTo(value("ATR"), 12);
  });

  it("has the trade's own plan, size, prices and money", () => {
    expect([row["symbol"], row["setup"], row["side"], row["reason"], row["bound_by"]]).toEqual([
      "XLMUSDT",
      "S2",
      "1",
      "target",
      "liquidity",
    ]);
    const column = (name: string): number => Number(row[name]);
    expect({
      entry: said("entry"),
      stop: said("stop"),
      target: said("target"),
      steps: said("steps"),
      fees: said("fees"),
      funding: said("funding"),
      pnl: said("pnl"),
    }).toEqual({
      entry: column("entry_price"),
      stop: column("stop"),
      target: column("target"),
      steps: column("qty"),
      fees: column("fees"),
      funding: column("funding"),
      pnl: column("pnl"),
    });
    expect(said("r")).toBeCloseTo(column("r"), 6);
    expect(said("at risk") / 10_000).toBeCloseTo(column("risk_ratio"), 9);
  });

  it("has the numbers that the report tells of the decision", () => {
    const has = (text: string): boolean => report.includes(text);
    const whole = (name: string): string => said(name).toLocaleString("en-US");
    const wanted = [
      `fees and slippage take ${said("COST_GATE").toFixed(3)} of the stop distance`,
      `the target pays ${said("REWARD").toFixed(3)} for each unit of loss`,
      `stop ${said("d")} away (${(100 * said("STOP_TOO_WIDE")).toFixed(2)} %)`,
      `= ${said("risk").toFixed(2)} USDT may be lost at the stop`,
      `a unit with all costs: ${whole("risk's q")} units, at leverage 10`,
      `heat ${whole("heat")}`,
      `liquidity ${said("liquidity")}, exchange 1,000,000. The smallest, liquidity, decides.`,
    ];
    expect(wanted.filter((text) => !has(text))).toEqual([]);
  });
});
