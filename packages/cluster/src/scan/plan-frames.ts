import { LiveFrames, timeframeOf } from "@smcq/features";
import { BAR_FIELDS } from "@smcq/kernel";
import { FrameStates, type ShardMemory } from "@smcq/wire";

/** The plan's timeframe where it is not M1: what finds on it, and where its states lie. */
export class PlanFrames {
  readonly live: LiveFrames;
  readonly #states: FrameStates;

  private constructor(live: LiveFrames, states: FrameStates) {
    this.live = live;
    this.#states = states;
  }

  /** Null: the plan is of M1. */
  static of({ frames }: ShardMemory): PlanFrames | null {
    if (frames === null) return null;
    const live = new LiveFrames(timeframeOf(frames.minutes), frames.states);
    return new PlanFrames(live, new FrameStates(frames.states, LiveFrames.BYTES));
  }

  /** Moves to a slot, whose new run begins with nothing; a rebuild goes on with the minutes from `fromMs` on. */
  attach(
    slot: number,
    run: { readonly isNew: boolean; readonly isRebuild: boolean; readonly fromMs: number },
  ): void {
    this.live.attach(this.#states.offset(slot));
    if (run.isNew) this.live.resetAll();
    else if (run.isRebuild) this.live.rebuild(run.fromMs);
  }

  /** Begins a slot with the venue's bars; `minutes` are all that were scanned and still stand in the ring, flat. */
  seed(slot: number, bars: Float64Array, minutes: Float64Array): void {
    const { live } = this;
    live.attach(this.#states.offset(slot));
    live.seed(bars, minutes[0] as number);
    for (let at = 0; at < minutes.length; at += BAR_FIELDS) {
      const [high, low] = [minutes[at + 2] as number, minutes[at + 3] as number];
      const [close, volume] = [minutes[at + 4] as number, minutes[at + 5] as number];
      live.push(minutes[at] as number, minutes[at + 1] as number, high, low, close, volume);
    }
  }
}
