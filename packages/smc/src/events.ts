import { assert } from "@smcq/kernel";

/** What the detector can report; the numbers index `EVENT_NAMES`. */
export const SmcEvent = {
  Gap: 0,
  GapTouch: 1,
  GapMid: 2,
  GapFill: 3,
  Block: 4,
  BlockTouch: 5,
  BlockBroken: 6,
  BreakerTouch: 7,
  BreakerBroken: 8,
  Pivot: 9,
  EqualHighs: 10,
  EqualLows: 11,
  Sweep: 12,
  PoolRun: 13,
  Bos: 14,
  Choch: 15,
} as const;
export type SmcEvent = (typeof SmcEvent)[keyof typeof SmcEvent];

/** The written names of the events, by code. */
export const EVENT_NAMES: readonly string[] = [
  "fvg",
  "fvg_touch",
  "fvg_ce",
  "fvg_fill",
  "ob",
  "ob_touch",
  "ob_broken",
  "breaker_touch",
  "breaker_broken",
  "pivot",
  "eqh",
  "eql",
  "sweep",
  "pool_run",
  "bos",
  "choch",
];

/**
 * Most events of one bar: 257 gaps and 174 blocks advance, 84 pools go, 2 pivots meet 42 equals each, 2 breaks with
 * 2 blocks, 1 gap: 606 (the capacities are derived in state-layout.ts).
 */
export const EVENTS_PER_BAR_MAX = 608;

/** The events of one bar in the order of work; reused for every bar, so read it before the next push. */
export class EventBuffer {
  readonly codes: Uint8Array = new Uint8Array(EVENTS_PER_BAR_MAX);
  readonly dirs: Int8Array = new Int8Array(EVENTS_PER_BAR_MAX);
  /** The level, or a zone's top. */
  readonly levels: Float64Array = new Float64Array(EVENTS_PER_BAR_MAX);
  /** The second number of the event, or a zone's bottom. */
  readonly auxes: Float64Array = new Float64Array(EVENTS_PER_BAR_MAX);
  /** Bar index (counted from the detector's reset) that the event's object comes from. */
  readonly origins: Int32Array = new Int32Array(EVENTS_PER_BAR_MAX);
  count = 0;

  clear(): void {
    this.count = 0;
  }

  add(code: SmcEvent, dir: number, level: number, aux: number, origin: number): void {
    const at = this.count;
    assert(at < EVENTS_PER_BAR_MAX, "Invariant: the events of one bar fit the event buffer");
    this.codes[at] = code;
    this.dirs[at] = dir;
    this.levels[at] = level;
    this.auxes[at] = aux;
    this.origins[at] = origin;
    this.count = at + 1;
  }
}
