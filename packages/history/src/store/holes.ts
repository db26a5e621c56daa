import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";

/** Minutes without a bar, both ends included, as open times. */
export interface Hole {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Minutes of a hole. */
export function holeMinutes({ fromMs, toMs }: Hole): number {
  return (toMs - fromMs) / MINUTE_MS + 1;
}

/** The minutes from `fromMs` up to `endMs`, which is not included, that flat ascending bars lack. */
export function holesIn(bars: Float64Array, { fromMs, endMs }: { fromMs: number; endMs: number }): Hole[] {
  const holes: Hole[] = [];
  let wantedMs = fromMs;
  for (let at = 0; at < bars.length; at += BAR_FIELDS) {
    const openMs = bars[at] as number;
    if (openMs > wantedMs) holes.push({ fromMs: wantedMs, toMs: openMs - MINUTE_MS });
    wantedMs = openMs + MINUTE_MS;
  }
  if (wantedMs < endMs) holes.push({ fromMs: wantedMs, toMs: endMs - MINUTE_MS });
  return holes;
}
