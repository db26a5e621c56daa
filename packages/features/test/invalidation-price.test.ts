import type { Bar, Rng } from "@smcq/kernel";
import { detect, isDisplacement } from "@smcq/smc";
import type { Detection } from "@smcq/smc";
import { describe, expect, it } from "vitest";
import { flatOf, Lane, testRng, tickWalk } from "./support.ts";

/** The prices that bound the stop of a candidate at bar `i` (docs/smc.md section 11), from the events alone. */
function plainBounds(
  bars: readonly Bar[],
  { events, atr }: Detection,
  candidate: { readonly i: number; readonly code: number },
): number[] {
  const { i, code } = candidate;
  const side = Math.sign(code);
  const mine = events.filter(({ bar, dir }) => dir === side && bar <= i && bar >= i - 10);
  if (Math.abs(code) === 1) {
    const sweep = mine.findLast(({ event }) => event === "sweep")?.bar ?? Number.NaN;
    return bars.slice(sweep, i + 1).map(({ high, low }) => (side > 0 ? low : high));
  }
  const zones = mine.filter(({ event, bar, origin }) => {
    if (bar !== i) return false;
    if (Math.abs(code) === 3) return event === "ob_touch";
    return (event === "fvg_touch" || event === "fvg_ce") && isDisplacement(bars, atr, origin - 1, side);
  });
  return zones.map(({ level, aux }) => (side > 0 ? aux : level));
}

/** A walk of bursts that open with a jump, then slower bars back: zones overlap and are met together. */
function burstWalk(rng: Rng, count: number): Bar[] {
  const bars: Bar[] = [];
  let price = 8_000;
  let way = 1;
  let left = 0;
  for (let k = 0; k < count; k++) {
    if (left === 0) {
      left = rng.chance(0.2) ? 1 + rng.int(3) : -(3 + rng.int(12));
      if (left > 0) way = rng.chance(0.6) ? way : -way;
    }
    const isBurst = left > 0;
    left -= Math.sign(left);
    const open = isBurst ? price + way * rng.int(30) : price;
    const close = Math.max(open + (isBurst ? way * (30 + rng.int(15)) : rng.int(25) - 12 - 3 * way), 1_000);
    const wick = isBurst ? 2 : 12;
    const high = Math.max(open, close) + rng.int(wick);
    const low = Math.min(open, close) - rng.int(wick);
    bars.push({ openTimeMs: k * 60_000, open, high, low, close, volume: rng.int(50) });
    price = close;
  }
  return bars;
}

describe("the invalidation price of a candidate", () => {
  it("is the lowest or highest of the setup's own bounds, on wild walks", () => {
    const rng = testRng("invalidationPrices");
    const several = new Map<number, number>();
    for (let round = 0; round < 24; round++) {
      const bars = round % 2 === 0 ? tickWalk(rng, 1_500) : burstWalk(rng, 1_500);
      const detection = detect(bars);
      const flat = flatOf(bars);
      const lane = new Lane();
      for (let i = 0; i < bars.length; i++) {
        const code = lane.push(flat, i);
        if (code === 0) continue;
        const bounds = plainBounds(bars, detection, { i, code });
        const expected = code > 0 ? Math.min(...bounds) : Math.max(...bounds);
        expect({ i, code, invalidationPrice: lane.scanner.invalidationPrice(code) }).toEqual({
          i,
          code,
          invalidationPrice: expected,
        });
        if (new Set(bounds).size > 1) several.set(code, (several.get(code) ?? 0) + 1);
      }
    }
    // Several sweeps and gaps a side were met at once; for blocks see the test of their tracker in smc.

    expect([...several.keys()]).toEqual(expect.arrayContaining([-2, -1, 1, 2]));
  });

  it("is refused where there is no candidate", () => {
    expect(() => new Lane().scanner.invalidationPrice(0)).toThrow("only a candidate");
  });
});
