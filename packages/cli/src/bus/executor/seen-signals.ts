import type { SharedSignal } from "@smcq/engine";

/** Bars whose signals are known again: older ones are too old to be traded on, and to be kept by the bus. */
export const SEEN_MS = 3_600_000;

/** By which a signal is one and the same, whoever found it. */
export function signalKey({
  symbol,
  openTimeMs,
  side,
}: Pick<SharedSignal, "symbol" | "openTimeMs" | "side">): string {
  return `${symbol} ${openTimeMs} ${side}`;
}

/** Signals that were heard before: the bus knows them for ten minutes, this for an hour of bars. */
export class SeenSignals {
  readonly #byBar = new Map<number, Set<string>>();
  #newestMs = 0;

  /** False: it was heard before, or its bar is an hour older than the newest. */
  add(signal: Pick<SharedSignal, "symbol" | "openTimeMs" | "side">): boolean {
    const { openTimeMs } = signal;
    if (openTimeMs < this.#newestMs - SEEN_MS) return false;
    const keys = this.#byBar.get(openTimeMs) ?? new Set<string>();
    const key = signalKey(signal);
    if (keys.has(key)) return false;
    keys.add(key);
    this.#byBar.set(openTimeMs, keys);
    if (openTimeMs > this.#newestMs) {
      this.#newestMs = openTimeMs;
      for (const barMs of this.#byBar.keys()) if (barMs < openTimeMs - SEEN_MS) this.#byBar.delete(barMs);
    }
    return true;
  }
}
