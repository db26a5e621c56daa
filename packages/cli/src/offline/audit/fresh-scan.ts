import {
  CandidateRows,
  FRAMES_KEPT,
  MARKET_HORIZONS,
  type MarketTable,
  medianTurnover,
  type Scorer,
  type Timeframe,
  TIMEFRAME_MINUTES,
  TURNOVER_BARS,
} from "@smcq/features";
import { BAR_FIELDS, FEATURE_COUNT, MINUTE_MS } from "@smcq/kernel";

/** A setup that the bars hold. */
export interface FreshCandidate {
  readonly openTimeMs: number;
  readonly side: 1 | -1;
  readonly setup: number;
  /** Those of v1, which are journaled. */
  readonly features: Float32Array;
  readonly score: number;
  /** The symbol without whose bar of the minute before the score is the engine's: it came late. Null: there is none. */
  readonly lateSymbol: string | null;
  readonly invalidationPrice: number;
  readonly atr: number;
  readonly medianTurnover: number;
}

/** What scans anew: the scorer and the bars of the run's plan. */
export interface FreshScanner {
  readonly scorer: Scorer;
  readonly timeframe: Timeframe;
}

/** The closes of all symbols of the run, which rows of feature set v2 look at. */
export interface FreshMarket {
  readonly table: MarketTable;
  readonly symbols: readonly string[];
}

/** A symbol that is scanned anew. */
export interface ScannedSymbol {
  readonly symbol: string;
  /** Ascending, from far enough before the stretch. */
  readonly bars: Float64Array;
  /** Null: not known, or the scorer takes rows of v1. */
  readonly market: FreshMarket | null;
  /** The engine's score of a setup by the same scorer; null: it has none. */
  readonly liveScore: (openTimeMs: number, side: 1 | -1) => number | null;
}

/** Scores that differ and of which a late symbol is looked for, of each symbol: each costs as many rows as the market has symbols. */
const LATE_LOOKED_MAX = 50;

/** Scans bars anew, as the engine does, and scores what they hold from `fromMs` to `toMs`. */
export function freshScan(
  scanned: ScannedSymbol,
  { scorer, timeframe }: FreshScanner,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): FreshCandidate[] {
  const { symbol, bars, market, liveScore } = scanned;
  const place = market === null ? null : { table: market.table, symbol };
  const rows = new CandidateRows({ timeframe, market: place });
  const { scanner } = rows;
  const row = new Float32Array(rows.width);
  const scores = new Float64Array(1);
  const scoreNow = (side: 1 | -1): number => {
    rows.write(row, 0, side);
    if (isScoredAgain(scorer, market)) scorer.score(row, 1, scores);
    return scores[0] as number;
  };
  let looked = 0;
  const found: FreshCandidate[] = [];
  for (let at = 0; at < bars.length; at += BAR_FIELDS) {
    const [openTimeMs, open, high, low, close, volume] = bars.subarray(at, at + BAR_FIELDS) as unknown as Bar;
    if (openTimeMs >= toMs) break;
    const code = rows.push(openTimeMs, open, high, low, close, volume);
    if (code === 0 || openTimeMs < fromMs) continue;
    const side = code < 0 ? -1 : 1;
    const score = scoreNow(side);
    const live = liveScore(openTimeMs, side);
    const isOdd = market !== null && live !== null && live !== score && looked++ < LATE_LOOKED_MAX;
    const lateMs = openTimeMs - MINUTE_MS;
    found.push({
      openTimeMs,
      side,
      setup: Math.abs(code),
      features: row.slice(0, FEATURE_COUNT),
      score,
      lateSymbol: isOdd ? lateSymbol(market, lateMs, () => scoreNow(side) === live) : null,
      invalidationPrice: scanner.invalidationPrice(code),
      atr: scanner.atr,
      medianTurnover: medianTurnover(bars, at + (1 - TURNOVER_BARS) * BAR_FIELDS),
    });
  }
  return found;
}

/** The first symbol without whose bar that opened at `openMs` it is so; null: none of them. */
function lateSymbol({ table, symbols }: FreshMarket, openMs: number, isSo: () => boolean): string | null {
  return symbols.find((symbol) => table.without(table.indexOf(symbol), openMs, isSo)) ?? null;
}

/** Returns whether a scorer takes rows of v1 alone. */
export function takesPlainRows({ width = FEATURE_COUNT }: Scorer): boolean {
  return width === FEATURE_COUNT;
}

/** Returns whether a fresh scan has the rows that a scorer takes. */
export function isScoredAgain(scorer: Scorer, market: FreshMarket | null): boolean {
  return takesPlainRows(scorer) || market !== null;
}

type Bar = readonly [number, number, number, number, number, number];

/** Closes by open time, for marks. */
export function closesOf(bars: Float64Array): ReadonlyMap<number, number> {
  const closes = new Map<number, number>();
  for (let at = 0; at < bars.length; at += BAR_FIELDS) closes.set(bars[at] as number, bars[at + 4] as number);
  return closes;
}

/** Minutes that a scan of M1 needs before the first one that is held against anything. */
const WARM_MINUTES = 2_880;

/** H1 bars that live keeps, which the columns of feature set v2 look at. */
const RICH_MINUTES = 500 * 60;

/** How far before a stretch its bars are to begin, ms: of a longer timeframe as many as live keeps. */
export function warmMs({ timeframe, scorer }: FreshScanner): number {
  const minutes = timeframe === "M1" ? WARM_MINUTES : FRAMES_KEPT * TIMEFRAME_MINUTES[timeframe];
  return Math.max(minutes, takesPlainRows(scorer) ? 0 : RICH_MINUTES) * MINUTE_MS;
}

/** How far before a stretch the market's closes are to begin, ms: the longest of its returns, and the minute before. */
export const MARKET_WARM_MS: number = (Math.max(...MARKET_HORIZONS) + 1) * MINUTE_MS;
