import { FEATURES_V2, LiveRich, RICH_PARTS, type RichPart } from "@smcq/features";
import { assert, FEATURE_COUNT } from "@smcq/kernel";
import { type BarSeed, FrameStates, type RichMemory } from "@smcq/wire";
import { MarketCloses } from "./market-closes.ts";

/** Numbers of a row of feature set v2. */
export const RICH_WIDTH: number = FEATURES_V2.columns.length;

/** Rows of feature set v2 in a scan: the bars that they are made of, a slot's at a time, and the market's closes. */
export class RichRows {
  readonly live: LiveRich;
  readonly #states: FrameStates;
  readonly #market: MarketCloses;
  readonly #shardId: number;
  /** Of a shard that is alone with its rings, as some tests have it, the first is its own. */
  readonly #isAlone: boolean;

  constructor(shardId: number, memory: RichMemory) {
    this.#shardId = shardId;
    this.#isAlone = memory.rings.length === 1;
    this.#market = new MarketCloses(memory);
    this.#states = new FrameStates(memory.states, LiveRich.BYTES);
    this.live = new LiveRich(memory.states, this.#market.table, MarketCloses.nameOf(0));
  }

  startTask(): void {
    this.#market.startTask();
  }

  attach(slot: number): void {
    this.live.attach(this.#states.offset(slot));
  }

  /** Writes a row of the attached slot's minute at `offset`: the 12 columns of v1, which are given, and the 50 behind them. */
  write(
    out: Float32Array,
    offset: number,
    row: {
      readonly v1: Float32Array;
      readonly v1At: number;
      readonly side: 1 | -1;
      readonly slot: number;
      readonly openMs: number;
    },
  ): void {
    const { v1, v1At, side, slot, openMs } = row;
    for (let k = 0; k < FEATURE_COUNT; k++) out[offset + k] = v1[v1At + k] as number;
    this.#market.read(openMs);
    const symbolIndex = this.#market.indexOf(this.#isAlone ? 0 : this.#shardId, slot);
    this.live.write(out, offset + FEATURE_COUNT, side, { openMs, symbolIndex });
  }

  /** Takes a part of a slot's history. */
  seed({ slot, part, bars }: BarSeed): void {
    assert(RICH_PARTS.includes(part as RichPart), "Invariant: a seed is for a part that there is");
    this.attach(slot);
    this.live.seed(part as RichPart, bars);
  }
}
