import type { CancelTimer, Clock, EpochMs, MonoNs } from "@smcq/kernel";
import type { ControlBlock } from "@smcq/wire";

/** The venue's clock as a shard sees it: the local one plus the offset that the coordinator measured. */
export class OffsetClock implements Clock {
  readonly #base: Clock;
  readonly #control: ControlBlock;

  constructor(base: Clock, control: ControlBlock) {
    this.#base = base;
    this.#control = control;
  }

  nowMs(): EpochMs {
    return Math.floor(this.#base.nowMs() + this.#control.clockOffsetMs) as EpochMs;
  }

  monoNs(): MonoNs {
    return this.#base.monoNs();
  }

  after(delayMs: number, fn: () => void, options: { readonly unref?: boolean } = {}): CancelTimer {
    return this.#base.after(delayMs, fn, options);
  }
}
