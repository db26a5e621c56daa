import type { Signal } from "@smcq/engine";

/** Symbols that are remembered; of more, who had none for longest is forgotten. */
const SYMBOLS_MAX = 4_096;

/** The last scored candidate of each symbol since the process began, for people. */
export class LastCandidates {
  readonly #bySymbol = new Map<string, Signal>();

  add(signals: readonly Signal[]): void {
    for (const signal of signals) {
      this.#bySymbol.delete(signal.symbol);
      this.#bySymbol.set(signal.symbol, signal);
    }
    for (const [symbol] of this.#bySymbol) {
      if (this.#bySymbol.size <= SYMBOLS_MAX) return;
      this.#bySymbol.delete(symbol);
    }
  }

  of(symbol: string): Signal | null {
    return this.#bySymbol.get(symbol) ?? null;
  }
}
