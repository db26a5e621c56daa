import type { ProtocolLimits, TradeRecord } from "@smcq/engine";
import type { FeeRates } from "@smcq/exchange";
import type { TradePlanParameters } from "@smcq/features";
import { assert, e8Text, e8ToNumber, MINUTE_MS } from "@smcq/kernel";
import type { RiskParameters } from "@smcq/risk";
import { utcText } from "@smcq/scoring";
import { type DeflatedSharpe, deflatedSharpeOf } from "@smcq/research";
import { type Expectancy, expectancyOf, TRADES_MIN } from "../report/expectancy.ts";
import { groupOf, groupsBy, type TradeGroup } from "../report/trade-groups.ts";
import { type CalibrationBin, calibrationOf, dailyReturns } from "./report/statistics.ts";
import type { FundingFile } from "./read-funding.ts";
import type { RiskSummary } from "./risk-watch.ts";
import type { ScannedSeries } from "./scan-series.ts";
import type { SeriesTask } from "./series-task.ts";
import type { TradePassResult } from "./trade-pass.ts";

/** Where the bars of a symbol come from. */
export interface SymbolInput {
  readonly symbol: string;
  /** The hash is of the file's bytes; null for what comes with the engine. */
  readonly files: readonly { readonly name: string; readonly sha256: string | null }[];
  readonly source: SeriesTask["source"];
}

/** What `report.json` says. */
export interface BacktestReport {
  readonly reportVersion: 1;
  readonly input: {
    readonly files: readonly {
      readonly name: string;
      readonly symbol: string;
      readonly sha256: string | null;
    }[];
    /** Absent without a file of funding rates. */
    readonly funding?: {
      readonly name: string;
      readonly sha256: string;
      /** Of symbols that have bars. */
      readonly rates: number;
      readonly ignoredRows: number;
    };
    readonly scorer: string;
    readonly fidelity: "bar" | "path";
    /** Of the paths and latencies; null in fidelity `bar`, which draws nothing. */
    readonly seed: number | null;
    readonly equity: string;
    readonly fromMs: number | null;
    readonly toMs: number | null;
    readonly rowsMax: number | null;
    readonly scoreMin: number;
    readonly risk: RiskParameters;
    readonly protocol: ProtocolLimits;
    readonly fees: FeeRates;
    readonly plan: TradePlanParameters;
    /** Variants that were tried, this one included, as the user states. */
    readonly trials: number;
  };
  /** From the first bar's opening to the last one's close; null without bars. */
  readonly period: { readonly firstMs: number; readonly endMs: number } | null;
  readonly symbols: number;
  readonly bars: number;
  /** Bars missing between a symbol's first and last. */
  readonly holes: number;
  readonly candidates: number;
  /** Signals above the threshold by what became of them. */
  readonly decisions: Readonly<Record<string, number>>;
  /** Approved entries that came to nothing, by reason; the others became trades. */
  readonly failedEntries: Readonly<Record<string, number>>;
  readonly exits: Readonly<Record<string, number>>;
  readonly total: TradeGroup;
  readonly bySetup: Readonly<Record<string, TradeGroup>>;
  readonly bySymbol: Readonly<Record<string, TradeGroup>>;
  /** By the month of the plan, UTC: "2026-02". */
  readonly byMonth: Readonly<Record<string, TradeGroup>>;
  /** By the hour of the plan, UTC: "07:00". */
  readonly byHour: Readonly<Record<string, TradeGroup>>;
  /** Null without trades. */
  readonly expectancy: Expectancy | null;
  /** Of the equity's daily returns; null with fewer than ten days. */
  readonly deflatedSharpe: DeflatedSharpe | null;
  /** The taken trades by their score. */
  readonly calibration: readonly CalibrationBin[];
  /** What liquidations cost beside their trades (negative), or the insurance fund paid of them. */
  readonly liquidation: string;
  readonly wallet: string;
  /** Deepest fall of the equity curve below its highest point, share of that point. */
  readonly drawdownRatioMax: number;
  /** Shares of equity: as it ended, and the highest of each at any approval and any closed hour. */
  readonly risk: RiskSummary;
  readonly isHalted: boolean;
  readonly hasEnoughTrades: boolean;
}

interface BacktestFacts {
  readonly inputs: readonly SymbolInput[];
  readonly funding: FundingFile | null;
  readonly series: readonly ScannedSeries[];
  readonly result: TradePassResult;
  readonly scorerId: string;
  readonly walletE8: bigint;
}

type ReportOptions = Omit<BacktestReport["input"], "files" | "funding" | "scorer">;

/** Sums up a backtest; the wallet must be the start, every booked trade and what liquidations cost, to the last unit. */
export function reportOf(options: ReportOptions, facts: BacktestFacts): BacktestReport {
  const { inputs, funding, series, result, scorerId, walletE8 } = facts;
  const { trades, decisions } = result;
  const bookedE8 = trades.reduce((sum, { pnlE8 }) => sum + pnlE8, walletE8 + result.liquidationE8);
  assert(
    bookedE8 === result.walletE8,
    "Invariant: the wallet is the start, what every trade brought and what liquidations cost",
  );
  const { equity, fromMs, toMs, rowsMax, scoreMin, risk, protocol, fees, plan, trials, fidelity } = options;
  const period = periodOf(series);
  return {
    reportVersion: 1,
    input: {
      files: inputs.flatMap(({ symbol, files }) => files.map((file) => ({ symbol, ...file }))),
      ...fundingInput(funding),
      scorer: scorerId,
      fidelity,
      seed: fidelity === "bar" ? null : options.seed,
      equity,
      fromMs,
      toMs,
      rowsMax,
      scoreMin,
      risk,
      protocol,
      fees,
      plan,
      trials,
    },
    period,
    symbols: series.length,
    bars: series.reduce((sum, { barCount }) => sum + barCount, 0),
    holes: series.reduce((sum, own) => sum + holesOf(own), 0),
    candidates: series.reduce((sum, { candidates }) => sum + candidates.count, 0),
    decisions: countBy(decisions, ({ outcome }) => outcome),
    failedEntries: Object.fromEntries(result.failed),
    exits: countBy(trades, ({ reason }) => reason),
    ...groupings(trades),
    expectancy: expectancyOf(trades),
    deflatedSharpe: deflatedSharpeOf(
      period === null
        ? []
        : returnsOf(result, {
            start: e8ToNumber(walletE8),
            fromMs: Math.max(period.firstMs, fromMs ?? 0),
            endMs: period.endMs,
          }),
      trials,
    ),
    calibration: calibrationOf(trades.map(({ score, pnlE8 }) => ({ score, isWon: pnlE8 > 0n }))),
    liquidation: e8Text(result.liquidationE8),
    wallet: e8Text(result.walletE8),
    drawdownRatioMax: drawdownOf(result, e8ToNumber(walletE8)),
    risk: result.risk,
    isHalted: result.isHalted,
    hasEnoughTrades: trades.length >= TRADES_MIN,
  };
}

function fundingInput(file: FundingFile | null): Pick<BacktestReport["input"], "funding"> {
  if (file === null) return {};
  const { name, sha256, rates, ignoredRows } = file;
  return { funding: { name, sha256, rates: rates.length, ignoredRows } };
}

function groupings(
  trades: readonly TradeRecord[],
): Pick<BacktestReport, "total" | "bySetup" | "bySymbol" | "byMonth" | "byHour"> {
  return {
    total: groupOf(trades),
    bySetup: groupsBy(trades, ({ setup }) => `S${setup}`),
    bySymbol: groupsBy(trades, ({ symbol }) => symbol),
    byMonth: groupsBy(trades, ({ entryMs }) => utcText(entryMs).slice(0, 7)),
    byHour: groupsBy(trades, ({ entryMs }) => `${utcText(entryMs).slice(11, 13)}:00`),
  };
}

function returnsOf(
  { equity }: TradePassResult,
  options: { readonly start: number; readonly fromMs: number; readonly endMs: number },
): readonly number[] {
  return dailyReturns(
    equity.map(({ timeMs, equityE8 }) => ({ timeMs, equity: e8ToNumber(equityE8) })),
    options,
  );
}

function periodOf(series: readonly ScannedSeries[]): BacktestReport["period"] {
  const own = series.flatMap(({ span }) => span ?? []);
  if (own.length === 0) return null;
  return {
    firstMs: own.reduce((first, span) => Math.min(first, span.firstMs), Number.POSITIVE_INFINITY),
    endMs: own.reduce((end, span) => Math.max(end, span.lastMs + MINUTE_MS), 0),
  };
}

function countBy<T>(items: Iterable<T>, key: (item: T) => string): Readonly<Record<string, number>> {
  const groups = [...Map.groupBy(items, key)].map(([name, own]) => [name, own.length] as const);
  return Object.fromEntries(groups.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)));
}

function holesOf({ span, barCount }: ScannedSeries): number {
  return span === null ? 0 : (span.lastMs - span.firstMs) / MINUTE_MS + 1 - barCount;
}

/** Deepest fall of the equity curve below its highest point, share of that point. */
export function drawdownOf({ equity }: Pick<TradePassResult, "equity">, start: number): number {
  let peak = start;
  let deepest = 0;
  for (const { equityE8 } of equity) {
    const value = e8ToNumber(equityE8);
    peak = Math.max(peak, value);
    deepest = Math.max(deepest, (peak - value) / peak);
  }
  return deepest;
}
