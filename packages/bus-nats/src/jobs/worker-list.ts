import type { Clock } from "@smcq/kernel";
import { GONE_MS, HERE_MS, type WorkerHere } from "./job-news.ts";

/** What is known of a worker. */
export interface KnownWorker extends WorkerHere {
  readonly heardNs: number;
}

/** The workers that were heard lately. */
export class WorkerList {
  readonly #clock: Clock;
  readonly #workers = new Map<string, KnownWorker>();
  #askedNs: number;
  /** Since when this process has listened without a break. */
  #heardSinceNs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#askedNs = clock.monoNs();
    this.#heardSinceNs = this.#askedNs;
  }

  /** True: it was not known. */
  hear(here: WorkerHere): boolean {
    const isNew = !this.#workers.has(here.id);
    if (here.isLeaving) {
      this.#workers.delete(here.id);
      return false;
    }
    this.#workers.set(here.id, { ...here, heardNs: this.#clock.monoNs() });
    return isNew;
  }

  /**
   * Forgets, and returns, those that fell silent without a word. To be asked every `HERE_MS`: who asks late was busy, and has
   * heard nobody meanwhile.
   */
  takeGone(): readonly KnownWorker[] {
    const nowNs = this.#clock.monoNs();
    if (nowNs - this.#askedNs > 2 * HERE_MS * 1e6) this.#heardSinceNs = nowNs;
    this.#askedNs = nowNs;
    const silentSinceNs = nowNs - GONE_MS * 1e6;
    if (this.#heardSinceNs > silentSinceNs) return [];
    const gone = [...this.#workers.values()].filter(({ heardNs }) => heardNs < silentSinceNs);
    for (const { id } of gone) this.#workers.delete(id);
    return gone;
  }

  of(version: string): readonly KnownWorker[] {
    return [...this.#workers.values()].filter((worker) => worker.version === version);
  }

  others(version: string): readonly KnownWorker[] {
    return [...this.#workers.values()].filter((worker) => worker.version !== version);
  }
}
