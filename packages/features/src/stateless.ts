import type { Bar } from "@smcq/kernel";
import { detect, isDisplacement } from "@smcq/smc";
import type { DetectedGap, Detection } from "@smcq/smc";

/** What the stateless form says of the last bar of a window. */
export interface StatelessBar {
  readonly detection: Detection;
  /** The 12 features in float64; null before bar 35 of the window. */
  readonly features: readonly number[] | null;
  /** Setups (1, 2, 3) that hold for each side before M5, readiness and rest. */
  readonly setupsUp: readonly number[];
  readonly setupsDown: readonly number[];
}

/**
 * Features and setups of the last bar, recomputed from a window of bars as docs/smc.md 8-10 say, in plain code:
 * the oracle for `CandidateScanner`, some hundred times slower.
 */
export function recompute(bars: readonly Bar[]): StatelessBar {
  const detection = detect(bars);
  return {
    detection,
    features: bars.length > 35 ? plainFeatures(bars, detection) : null,
    setupsUp: plainSetups(bars, detection, 1),
    setupsDown: plainSetups(bars, detection, -1),
  };
}

/** The heuristic of section 9 from unscaled inputs, k/20. */
export function plainHeuristic(inputs: {
  readonly structure: number;
  readonly isGrab: boolean;
  readonly gapSizeAtr: number;
  readonly obProximity: number;
  readonly momentumAtr: number;
  readonly rsi: number;
}): number {
  const { structure, isGrab, gapSizeAtr, obProximity, momentumAtr, rsi } = inputs;
  const sum =
    10 +
    2 * structure +
    3 * Number(isGrab) +
    2 * Number(gapSizeAtr > 1) +
    2 * Number(obProximity < 0.5) +
    Number(momentumAtr > 0.3) +
    Number(rsi < 0.3) -
    Number(rsi > 0.7);
  return Math.max(0, Math.min(20, sum)) / 20;
}

function plainSetups(bars: readonly Bar[], { events, atr, trend }: Detection, side: number): number[] {
  const i = bars.length - 1;
  const now = events.filter(({ bar, dir }) => bar === i && dir === side);
  const hasBreak = now.some(({ event }) => event === "bos" || event === "choch");
  const hasSweep = events.some(({ bar, dir, event }) => event === "sweep" && dir === side && bar >= i - 10);
  const hasGap = now.some(
    ({ event, origin }) =>
      (event === "fvg_touch" || event === "fvg_ce") && isDisplacement(bars, atr, origin - 1, side),
  );
  const hasBlock = now.some(({ event }) => event === "ob_touch");
  const setups: number[] = [];
  if (hasBreak && hasSweep) setups.push(1);
  if (hasGap && trend === side) setups.push(2);
  if (hasBlock && trend === side) setups.push(3);
  return setups;
}

function distanceTo(price: number, zone: { readonly top: number; readonly bottom: number }): number {
  if (price < zone.bottom) return zone.bottom - price;
  return price > zone.top ? price - zone.top : 0;
}

function nearestGap(gaps: readonly DetectedGap[], price: number): DetectedGap | null {
  let nearest: DetectedGap | null = null;
  for (const gap of gaps)
    if (nearest === null || distanceTo(price, gap) <= distanceTo(price, nearest)) nearest = gap;
  return nearest;
}

function clip(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

function plainFeatures(bars: readonly Bar[], detection: Detection): readonly number[] {
  const i = bars.length - 1;
  const bar = barAt(bars, i);
  const { trend, events, gaps, blocks } = detection;
  const atr = detection.atr[i] ?? 0;
  const before = detection.atr[i - 1] ?? 0;
  const rsi = detection.rsi[i] ?? 0.5;
  const momentumAtr = atr > 0 ? (bar.close - barAt(bars, i - 10).close) / atr : 0;
  const grab = events.findLast(({ event, bar: at }) => event === "sweep" && at > i - 3)?.dir ?? 0;
  const gap = atr > 0 ? nearestGap(gaps, bar.close) : null;
  const gapSizeAtr = gap === null ? 0 : (gap.top - gap.bottom) / atr;
  const gapSign = gap !== null && bar.close > gap.top ? -1 : 1;
  const live = blocks.filter(({ isBreaker }) => !isBreaker);
  const obProximity =
    atr > 0 && live.length > 0
      ? Math.min(1, Math.min(...live.map((block) => distanceTo(bar.close, block))) / (2 * atr))
      : 1;
  const isGrab = grab !== 0;
  return [
    trend,
    Math.min(live.length, 5) / 5,
    before > 0 ? clip((bar.close - bar.open) / (3 * before), -1, 1) : 0,
    grab,
    Math.min(gapSizeAtr, 5) / 5,
    gap === null ? 0 : clip((gapSign * distanceTo(bar.close, gap)) / (5 * atr), -1, 1),
    obProximity,
    plainVolume(bars, detection.atr),
    rsi,
    clip(momentumAtr, -5, 5) / 5,
    plainTimeToLevel(bar.close, detection, atr, momentumAtr),
    plainHeuristic({ structure: trend, isGrab, gapSizeAtr, obProximity, momentumAtr, rsi }),
  ];
}

function barAt(bars: readonly Bar[], index: number): Bar {
  const bar = bars[index];
  if (bar === undefined) throw new RangeError(`no bar ${index} in the window`);
  return bar;
}

function plainVolume(bars: readonly Bar[], atr: readonly number[]): number {
  const scaled = bars.slice(-21).map(({ volume }, k) => {
    const own = atr[bars.length - 21 + k] ?? 0;
    return own > 0 ? Math.min(volume / own, 1e300) : 0;
  });
  const mean = scaled.slice(0, 20).reduce((sum, value) => sum + value, 0) / 20;
  if (mean === 0) return bars.at(-1)?.volume === 0 ? 0 : 1;
  return clip((scaled[20] ?? 0) / mean, 0, 10) / 10;
}

function plainTimeToLevel(close: number, detection: Detection, atr: number, momentumAtr: number): number {
  const levels = [
    ...detection.pools.map(({ level }) => level),
    ...detection.blocks.map(({ dir, top, bottom }) => (dir > 0 ? top : bottom)),
  ];
  const direction = Math.sign(momentumAtr);
  const ahead = levels.filter(
    (level) => level !== close && (direction === 0 || Math.sign(level - close) === direction),
  );
  if (ahead.length === 0 || !(atr > 0)) return 1;
  const distance = Math.min(...ahead.map((level) => Math.abs(level - close)));
  return Math.min(distance / atr / Math.max(Math.abs(momentumAtr) / 10, 0.1), 60) / 60;
}
