import { medianTurnover, type Scorer, TimeframeScanner, TURNOVER_BARS } from "@smcq/features";
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

/** Scans bars anew, as the engine does, and scores what they hold from `fromMs` to `toMs`. */
export function freshScan(
  bars: Float64Array,
  scorer: Scorer,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): FreshCandidate[] {
  const frames = new TimeframeScanner("M1");
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
    scorer.score(features, 1, score);
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

type Bar = readonly [number, number, number, number, number, number];

/** Closes by open time, for marks. */
export function closesOf(bars: Float64Array): ReadonlyMap<number, number> {
  const closes = new Map<number, number>();
  for (let at = 0; at < bars.length; at += BAR_FIELDS) closes.set(bars[at] as number, bars[at + 4] as number);
  return closes;
}

/** Minutes that a scan needs before the first one that is held against anything. */
export const WARM_MS: number = 2_880 * MINUTE_MS;
