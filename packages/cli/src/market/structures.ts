import { assert, MINUTE_MS } from "@smcq/kernel";
import { EventBuffer, type LiveObjects, SmcDetector, SmcEvent } from "@smcq/smc";
import type { BarRow, SymbolView } from "../control/market-protocol.ts";

/** A zone of price that lives: a fair value gap, an order block, or the breaker that one has become. */
export interface ZoneView {
  readonly kind: "gap" | "block" | "breaker";
  readonly dir: 1 | -1;
  readonly top: number;
  readonly bottom: number;
  /** Open time of the bar that it is drawn from, venue ms: a gap's middle bar, a block's candle. */
  readonly fromMs: number;
  readonly state: "fresh" | "touched" | "halved";
}

/** Liquidity that lives: above a swing high (+1) or below a swing low (-1). */
export interface PoolView {
  readonly side: 1 | -1;
  readonly level: number;
  /** Swing points that it stands for. */
  readonly count: number;
  /** Open time of the pivot's bar, venue ms. */
  readonly fromMs: number;
}

/** A break of structure; times are open times of bars, venue ms. */
export interface BreakView {
  readonly kind: "bos" | "choch";
  readonly dir: 1 | -1;
  readonly level: number;
  /** The pivot that was broken, and the bar that broke it. */
  readonly fromMs: number;
  readonly atMs: number;
}

export interface Structures {
  /** Whose zones and pools these are: the running detector's own, or those of a detector that was given the bars alone. */
  readonly source: "engine" | "bars";
  /** The bar after which they live, open time, venue ms; null: there is none. */
  readonly afterMs: number | null;
  readonly zones: readonly ZoneView[];
  readonly pools: readonly PoolView[];
  /** Breaks by a detector that was given the bars alone, since the first of them. */
  readonly breaks: readonly BreakView[];
  readonly breaksSinceMs: number | null;
}

/** What the engine's detector sees, and the breaks that the same detector finds in the bars of the window. */
export function structuresOf({ bars, detector }: Pick<SymbolView, "bars" | "detector">): Structures {
  const replayed = replay(bars);
  const own = detector === null ? null : { objects: detector.objects, afterMs: detector.lastOpenMs };
  const { objects, afterMs } = own ?? replayed;
  return {
    source: own === null ? "bars" : "engine",
    afterMs,
    zones: afterMs === null ? [] : zonesOf(objects, afterMs),
    pools: afterMs === null ? [] : poolsOf(objects, afterMs),
    breaks: replayed.breaks,
    breaksSinceMs: bars[0]?.[0] ?? null,
  };
}

function replay(bars: readonly BarRow[]): {
  readonly objects: LiveObjects;
  readonly afterMs: number | null;
  readonly breaks: readonly BreakView[];
} {
  const events = new EventBuffer();
  const detector = new SmcDetector(new ArrayBuffer(SmcDetector.BYTES), events);
  detector.attach(0);
  detector.reset();
  const breaks: BreakView[] = [];
  const openMs = (at: number): number => bars[at]?.[0] ?? Number.NaN;
  for (const [at, bar] of bars.entries()) {
    const [, open = 0, high = 0, low = 0, close = 0, volume = 0] = bar;
    detector.push(open, high, low, close, volume);
    for (let nth = 0; nth < events.count; nth++) {
      const code = events.codes[nth];
      if (code !== SmcEvent.Bos && code !== SmcEvent.Choch) continue;
      breaks.push({
        kind: code === SmcEvent.Bos ? "bos" : "choch",
        dir: signOf(events.dirs[nth]),
        level: events.levels[nth] ?? Number.NaN,
        fromMs: openMs(events.origins[nth] ?? 0),
        atMs: openMs(at),
      });
    }
  }
  return { objects: detector.objects(), afterMs: bars.at(-1)?.[0] ?? null, breaks };
}

function signOf(dir: number | undefined): 1 | -1 {
  assert(dir === 1 || dir === -1, "Invariant: a break has a direction");
  return dir;
}

function zonesOf({ gaps, blocks }: LiveObjects, afterMs: number): readonly ZoneView[] {
  return [
    ...gaps.map(({ dir, top, bottom, age, state }): ZoneView => {
      const fromMs = afterMs - (age + 1) * MINUTE_MS;
      return { kind: "gap", dir, top, bottom, fromMs, state };
    }),
    ...blocks.map(({ dir, top, bottom, candleAge, isBreaker, isTouched }): ZoneView => {
      const fromMs = afterMs - candleAge * MINUTE_MS;
      const kind = isBreaker ? "breaker" : "block";
      return { kind, dir, top, bottom, fromMs, state: isTouched ? "touched" : "fresh" };
    }),
  ];
}

function poolsOf({ pools }: LiveObjects, afterMs: number): readonly PoolView[] {
  return pools.map(({ side, level, count, age }) => ({
    side,
    level,
    count,
    fromMs: afterMs - age * MINUTE_MS,
  }));
}
