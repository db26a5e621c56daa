import { e8ToNumber } from "@smcq/kernel";
import type { EquityAt } from "@smcq/ledger";

/** Points of a curve: more are not seen, and a year of minutes has half a million. */
export const POINTS_MAX = 2_000;

/** A curve by columns: time of the closed minute, equity in USDT, deepest drawdown since the point before (0..1). */
export interface EquityCurve {
  readonly closeMs: readonly number[];
  readonly equity: readonly number[];
  readonly drawdownRatio: readonly number[];
  /** Of all minutes, whatever is drawn. */
  readonly drawdownRatioMax: number;
}

/** Every n-th minute, the last one included, so that there are at most `POINTS_MAX`; drawdowns from the highest equity so far. */
export function equityCurve(minutes: readonly EquityAt[], startE8: bigint): EquityCurve {
  const stride = Math.max(1, Math.ceil(minutes.length / POINTS_MAX));
  const curve = { closeMs: [] as number[], equity: [] as number[], drawdownRatio: [] as number[] };
  let peak = e8ToNumber(startE8);
  let deepest = 0;
  let deepestOfAll = 0;
  for (const [at, { closeMs, equityE8 }] of minutes.entries()) {
    const equity = e8ToNumber(equityE8);
    peak = Math.max(peak, equity);
    if (peak > 0) deepest = Math.max(deepest, (peak - equity) / peak);
    const isDrawn = (minutes.length - 1 - at) % stride === 0;
    if (!isDrawn) continue;
    curve.closeMs.push(closeMs);
    curve.equity.push(equity);
    curve.drawdownRatio.push(deepest);
    deepestOfAll = Math.max(deepestOfAll, deepest);
    deepest = 0;
  }
  return { ...curve, drawdownRatioMax: deepestOfAll };
}
