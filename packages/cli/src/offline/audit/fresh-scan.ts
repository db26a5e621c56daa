import {
  FRAMES_KEPT,
  medianTurnover,
  type Scorer,
  type Timeframe,
  TIMEFRAME_MINUTES,
  TimeframeScanner,
  TURNOVER_BARS,
} from "@smcq/features";
import { BAR_FIELDS, FEATURE_COUNT, MINUTE_MS } from "@smcq/kernel";

/** A setup that the bars hold. */
export interface FreshCandidate {
  readonly openTimeMs: number;
  readonly side: 1 | -1;
  readonly setup: number;
  readonly features: Float32Array;
  readonly score: number;
  readonly invalidationPrice: number;
  readonly atr: number;
  readonly medianTurnover: number;
}

/** What scans anew: the scorer and the bars of the run's plan. */
export interface FreshScanner {
  readonly scorer: Scorer;
  readonly timeframe: Timeframe;
}

/** Scans bars anew, as the engine does, and scores what they hold from `fromMs` to `toMs`. */
export function freshScan(
  bars: Float64Array,
  { scorer, timeframe }: FreshScanner,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): FreshCandidate[] {
  const frames = new TimeframeScanner(timeframe);
  const { scanner } = frames;
  const score = new Float64Array(1);
  const found: FreshCandidate[] = [];
  for (let at = 0; at < bars.length; at += BAR_FIELDS) {
    const [openTimeMs, open, high, low, close, volume] = bars.subarray(at, at + BAR_FIELDS) as unknown as Bar;
    if (openTimeMs >= toMs) break;
    const code = frames.push(openTimeMs, open, high, low, close, volume);
    if (code === 0 || openTimeMs < fromMs) continue;
    const side = code < 0 ? -1 : 1;
    const features = new Float32Array(FEATURE_COUNT);
    scanner.features(features, 0, side);
    // A symbol is scanned alone here, and a wider row is one among all symbols: its score is not made again.
    if (isScoredAgain(scorer)) scorer.score(features, 1, score);
    found.push({
      openTimeMs,
      side,
      setup: Math.abs(code),
      features,
      score: score[0] as number,
      invalidationPrice: scanner.invalidationPrice(code),
      atr: scanner.atr,
      medianTurnover: medianTurnover(bars, at + (1 - TURNOVER_BARS) * BAR_FIELDS),
    });
  }
  return found;
}

/** Returns whether the rows of a fresh scan are all that a scorer takes. */
export function isScoredAgain({ width = FEATURE_COUNT }: Scorer): boolean {
  return width === FEATURE_COUNT;
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

/** How far before a stretch its bars are to begin, ms: of a longer timeframe as many as live keeps. */
export function warmMs(timeframe: Timeframe): number {
  const minutes = timeframe === "M1" ? WARM_MINUTES : FRAMES_KEPT * TIMEFRAME_MINUTES[timeframe];
  return minutes * MINUTE_MS;
}
