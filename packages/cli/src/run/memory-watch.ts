import { type CancelTimer, type Clock, type Logger, repeat } from "@smcq/kernel";
import type { Metric } from "../output/metrics/metric.ts";

/** How often the memory is looked at, wall ms. */
const LOOK_MS = 60_000;
/** How often it is told of while it stays above, wall ms. */
const TELL_MS = 3_600_000;
/** Below this share of the limit it is over. */
const OVER_RATIO = 0.9;
const MIB = 1_048_576;

export interface MemoryWatchOptions {
  /** Resident bytes of this process. */
  readonly rssBytes: () => number;
  /** `metrics.memoryMbWarn`. */
  readonly limitMb: number;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/** Tells when the process holds more memory than it should ever need: something grows (PR07). It ends nothing. */
export class MemoryWatch {
  readonly #options: MemoryWatchOptions;
  readonly #cancel: CancelTimer;
  /** When it was told last, wall ns; null: it is not above. */
  #toldNs: number | null = null;

  constructor(options: MemoryWatchOptions) {
    this.#options = options;
    this.#cancel = repeat(options.wallClock, LOOK_MS, () => this.#look());
  }

  stop(): void {
    this.#cancel();
  }

  metrics(): readonly Metric[] {
    const value = this.#options.rssBytes();
    return [{ name: "resident_memory_bytes", help: "memory of the engine's process", type: "gauge", value }];
  }

  #look(): void {
    const { rssBytes, limitMb, wallClock, logger } = this.#options;
    const rssMb = Math.round(rssBytes() / MIB);
    const nowNs = wallClock.monoNs();
    if (rssMb > limitMb) {
      if (this.#toldNs !== null && (nowNs - this.#toldNs) / 1e6 < TELL_MS) return;
      this.#toldNs = nowNs;
      logger.warn(
        { rssMb, limitMb },
        "the engine holds more memory than metrics.memoryMbWarn: something grows",
      );
    } else if (this.#toldNs !== null && rssMb < limitMb * OVER_RATIO) {
      this.#toldNs = null;
      logger.info({ rssMb, limitMb }, "the engine's memory is below its mark again");
    }
  }
}
