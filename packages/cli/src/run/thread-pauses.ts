import { watchGc } from "@smcq/cluster";
import { type DurationCounts, DurationHistogram } from "@smcq/engine";
import { type CancelTimer, type Clock, repeat } from "@smcq/kernel";
import { PAUSE_BOUNDS_MS } from "@smcq/wire";

/** How often it is looked whether the event loop turns in time, wall ms. */
const BEAT_MS = 500;

/** How long the engine's own thread stood still: for the collector of garbage, or in a long turn of its event loop. */
export class ThreadPauses {
  readonly #gc = new DurationHistogram(PAUSE_BOUNDS_MS);
  readonly #turns = new DurationHistogram(PAUSE_BOUNDS_MS);
  readonly #cancelBeat: CancelTimer;
  readonly #cancelGc: () => void;

  constructor(wallClock: Clock) {
    let lastNs = wallClock.monoNs();
    this.#cancelGc = watchGc((ms) => this.#gc.add(ms));
    this.#cancelBeat = repeat(wallClock, BEAT_MS, () => {
      const nowNs = wallClock.monoNs();
      this.#turns.add((nowNs - lastNs) / 1e6 - BEAT_MS);
      lastNs = nowNs;
    });
  }

  get gc(): DurationCounts {
    return this.#gc;
  }

  /** By how much beats came late. */
  get turns(): DurationCounts {
    return this.#turns;
  }

  stop(): void {
    this.#cancelBeat();
    this.#cancelGc();
  }
}
