import { BroadcastChannel } from "node:worker_threads";
import type { GcReport } from "./messages.ts";

export const GC_CHANNEL = "smcq-bench-gc";

/** Pauses of one thread since its last message, ms. */
export interface GcPauses {
  readonly thread: string;
  readonly pausesMs: readonly number[];
}

/** Collects the pauses that `gc-tap.ts` reports in each thread. */
export class GcCollector {
  readonly #channel = new BroadcastChannel(GC_CHANNEL);
  #pauses = new Map<string, number[]>();

  constructor() {
    this.#channel.unref();
    this.#channel.onmessage = (event: unknown): void => {
      const { thread, pausesMs } = (event as { readonly data: GcPauses }).data;
      this.#pauses.set(thread, [...(this.#pauses.get(thread) ?? []), ...pausesMs]);
    };
  }

  /** What came since the last call. */
  take(): GcReport[] {
    const reports = [...this.#pauses].map(([thread, pausesMs]) => ({
      thread,
      pauses: pausesMs.length,
      pauseMsMax: Math.max(...pausesMs),
      pauseMsTotal: pausesMs.reduce((sum, pauseMs) => sum + pauseMs, 0),
    }));
    this.#pauses = new Map();
    return reports;
  }
}
