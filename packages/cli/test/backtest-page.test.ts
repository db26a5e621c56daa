import type { TradeRecord } from "@smcq/engine";
import { M1_SCALP } from "@smcq/features";
import { BAR_FIELDS, symbolId } from "@smcq/kernel";
import { REFUSAL_CODES } from "@smcq/risk";
import { describe, expect, it } from "vitest";
import { loadSettings } from "../src/commands/settings.ts";
import { DecisionLog } from "../src/offline/backtest/decision-log.ts";
import { type BacktestReport, reportOf } from "../src/offline/backtest/backtest-report.ts";
import { timeAxis, valueAxis } from "../src/offline/backtest/report/charts.ts";
import { durationText, moneyText, numberText, shareText } from "../src/offline/report/format.ts";
import { markup } from "../src/offline/backtest/report/markup.ts";
import { outcomeMeaning } from "../src/offline/report/meanings.ts";
import { examplesOf } from "../src/offline/backtest/report/explained.ts";
import { type PageFacts, reportHtml } from "../src/offline/backtest/report/page.ts";
import type { RiskSummary } from "../src/offline/backtest/risk-watch.ts";

const DAY_MS = 86_400_000;
const HOSTILE = `<script>alert("x")</script>'&`;
const { risk, protocol, fees } = loadSettings({}).config;
const settings = { risk, protocol, fees, plan: M1_SCALP };

function tradeOf(index: number): TradeRecord {
  const entryMs = index * (DAY_MS / 8);
  return {
    tradeId: index,
    symbolId: symbolId(0),
    symbol: HOSTILE,
    side: 1,
    setup: 2,
    score: 0.7,
    signalMs: entryMs,
    entryMs,
    entryPrice: 100,
    qtySteps: 3,
    stopTicks: 99,
    targetTicks: 102,
    exitMs: entryMs + 3_600_000,
    exitPrice: 101,
    reason: "target",
    feesE8: 10_000_000n,
    fundingE8: 0n,
    pnlE8: index % 2 === 0 ? 100_000_000n : -90_000_000n,
    r: index % 2 === 0 ? 1 : -0.9,
    riskRatio: 0.01,
    boundBy: "risk",
    entrySlippage: null,
    stopSlippage: null,
  };
}

const FIGURES = {
  heatRatio: 0.0234,
  longHeatRatio: 0.0111,
  shortHeatRatio: 0.0123,
  grossRatio: 1.25,
  marginsRatio: 0.125,
  dayLossRatio: 0.0155,
  drawdownRatio: 0.033,
};
const RISK_SUMMARY: RiskSummary = {
  last: { ...FIGURES, openPositions: 0, pendingEntries: 0, state: "ACTIVE", reasons: [] },
  worst: FIGURES,
};

/** A report and the page's facts of `count` trades over `days` days of a symbol with a hostile name. */
function resultOf(
  count: number,
  days: number,
  isHalted = false,
): { readonly report: BacktestReport; readonly facts: PageFacts } {
  const trades = Array.from({ length: count }, (_, index) => tradeOf(index));
  const span = days === 0 ? null : { firstMs: 0, lastMs: days * DAY_MS - 60_000, lowest: 1, highest: 2 };
  const none = { count: 0, bar: new Int32Array(), openMs: new Float64Array(0), code: new Int8Array() };
  const floats = {
    score: new Float64Array(),
    invalidationPrice: new Float64Array(),
    atr: new Float64Array(),
    medianTurnover: new Float64Array(),
  };
  let walletE8 = 100_000_000_000n;
  const equity = trades.map(({ exitMs, pnlE8 }) => {
    walletE8 += pnlE8;
    return { timeMs: exitMs, walletE8, equityE8: walletE8 };
  });
  const report = reportOf(
    {
      equity: "1000",
      fromMs: null,
      toMs: null,
      rowsMax: null,
      scoreMin: 0.6,
      ...settings,
      trials: 5,
      fidelity: "bar",
      seed: 1,
    },
    {
      inputs: [{ symbol: HOSTILE, files: [{ name: HOSTILE, sha256: "ab12" }], source: { type: "bundled" } }],
      funding: { name: HOSTILE, sha256: "cd34", rates: [], ignoredRows: 0, ignoredSymbols: [] },
      series: [
        {
          symbol: HOSTILE,
          bars: { type: "held", flat: new Float64Array(days === 0 ? 0 : 2 * BAR_FIELDS) },
          barCount: days === 0 ? 0 : 2,
          span,
          candidates: { ...none, ...floats },
        },
      ],
      result: {
        trades,
        decisions: new DecisionLog(),
        failed: new Map(),
        equity,
        walletE8,
        liquidationE8: 0n,
        isHalted,
        risk: RISK_SUMMARY,
        heat: [],
      },
      scorerId: HOSTILE,
      walletE8: 100_000_000_000n,
    },
  );
  return {
    report,
    facts: {
      trades: trades.map((trade) => ({
        entryMs: trade.entryMs,
        exitMs: trade.exitMs,
        notional: 300,
        riskRatio: trade.riskRatio,
        pnl: Number(trade.pnlE8) / 1e8,
        r: trade.r,
      })),
      equity: equity.map(({ timeMs, equityE8 }) => ({ timeMs, equity: Number(equityE8) / 1e8 })),
      heat: trades.map(({ entryMs }, index) => ({ timeMs: entryMs, ratio: index === 3 ? 0.0234 : 0.01 })),
      examples: examplesOf(new DecisionLog(), trades),
    },
  };
}

function pageOf(count: number, days: number, isHalted = false): string {
  const { report, facts } = resultOf(count, days, isHalted);
  return reportHtml(report, facts);
}

describe("report.html", () => {
  it.each([
    [0, 0],
    [0, 1],
    [0, 20],
    [1, 1],
    [7, 1],
    [160, 20],
  ])("shows %s trades in %s days without a figure that is none", (count, days) => {
    const page = pageOf(count, days);
    expect(page).not.toMatch(/NaN|Infinity|undefined|null|\[object/);
    expect(page).toContain(count === 0 ? "No trades: nothing was entered" : "after costs");
    expect(page.includes("Not enough trades")).toBe(count < 100);
    expect(page).not.toContain("HALTED");
  });

  it("says that trading halted", () => {
    expect(pageOf(7, 2, true)).toContain("HALTED: the drawdown reached its limit");
  });

  it("escapes names wherever they stand, and has neither scripts nor addresses", () => {
    const page = pageOf(160, 20);
    expect(page).not.toContain("<script");
    expect(page).toContain("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;");
    expect(page).not.toMatch(/https?:|url\(|@import|\bsrc=|\bhref=/);
  });

  it("is the same bytes for the same result", () => {
    expect(pageOf(160, 20)).toBe(pageOf(160, 20));
  });

  it("shows the report's own figures", () => {
    const { report, facts } = resultOf(160, 20);
    const page = reportHtml(report, facts);
    expect(report.total.net).toBe("8.00000000");
    expect(page).toContain("8.00 USDT (0.80 %)");
    expect(report.expectancy).toMatchObject({ trades: 160, days: 20 });
    expect(report.expectancy?.meanR).toBeCloseTo(0.05, 12);
    expect(page).toContain("+0.050 R, 95 % interval");
    expect(report.deflatedSharpe).toMatchObject({ count: 20, trials: 5 });
    expect(Object.keys(report.byMonth)).toEqual(["1970-01"]);
    expect(Object.keys(report.byHour)).toEqual(
      [0, 3, 6, 9, 12, 15, 18, 21].map((hour) => `${String(hour).padStart(2, "0")}:00`),
    );
    expect(report.calibration).toEqual([
      { scoreMin: 0.7, trades: 160, meanScore: expect.closeTo(0.7, 10), wonRatio: 0.5 },
    ]);
    expect(resultOf(7, 1).report).toMatchObject({ deflatedSharpe: null, expectancy: { interval95: null } });
    expect(resultOf(0, 0).report).toMatchObject({ period: null, expectancy: null, calibration: [] });
  });

  it("shows heat over time against its cap, and the highest use of every cap", () => {
    const page = pageOf(160, 20);
    expect(page).toContain("Heat: at most 2.34 % of a cap of 3.00 %");
    expect(page).toContain('<line class="limit"');
    expect(page).toContain(
      "heat 2.34 % of 3.00 %, of one side 1.23 % of 2.00 %, notional 125.00 % of 300.00 %, margins 12.50 % of 50.00 %, loss of a day 1.55 %, drawdown 3.30 %.",
    );
  });

  it("warns of an interval that is drawn from a few days", () => {
    expect(pageOf(72, 9)).toContain("Drawn from 9 days only");
    expect(pageOf(80, 10)).not.toContain("days only");
  });

  it("knows a sentence for every outcome", () => {
    for (const code of ["APPROVED", ...REFUSAL_CODES]) expect(outcomeMeaning(code)).toMatch(/^[A-Z].*\.$/);
    expect(outcomeMeaning("OTHER")).toBe("");
  });
});

describe("its texts and axes", () => {
  it("groups thousands, drops the sign of a zero, and shows a dash for what is no number", () => {
    expect(numberText(1_234_567.891, 2)).toBe("1,234,567.89");
    expect(numberText(-999.999, 2)).toBe("−1,000.00");
    expect(numberText(-0.001, 2)).toBe("0.00");
    expect(moneyText("-779.75686299")).toBe("−779.76");
    expect(shareText(0.0792, 2)).toBe("7.92 %");
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(numberText(value)).toBe("–");
      expect(shareText(value)).toBe("–");
    }
    expect([7_200_000, 1_800_000, 1_500, 0].map(durationText)).toEqual(["2 h", "30 min", "1,500 ms", "0 ms"]);
  });

  it("escapes what is put into markup, once", () => {
    expect(markup`<b>${"<&>"}</b>${[markup`<i>${"'"}</i>`]}`.html).toBe("<b>&lt;&amp;&gt;</b><i>&#39;</i>");
  });

  it("puts ticks on round values that hold all others, also where all are the same", () => {
    const label = (value: number, places: number): string => value.toFixed(places);
    const labels = (values: readonly number[]): readonly string[] =>
      valueAxis(values, { ticks: 4, label }).ticks.map((tick) => tick.label);
    expect(labels([9_220, 10_010])).toEqual(["9200", "9400", "9600", "9800", "10000", "10200"]);
    expect(labels([0, 0.55])).toEqual(["0.0", "0.2", "0.4", "0.6"]);
    expect(labels([0, 0]).at(-1)).toBe("1.0");
    expect(labels([]).at(0)).toBe("0.0");
    expect(labels([1_000, 1_000]).length).toBeGreaterThan(1);
    expect(timeAxis(0, 10 * DAY_MS).ticks[1]?.label).toBe("1970-01-04");
    expect(timeAxis(0, DAY_MS / 4).ticks[1]?.label).toBe("02:00");
  });
});
