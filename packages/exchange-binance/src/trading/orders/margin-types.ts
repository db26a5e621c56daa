import type { MarginType } from "@smcq/exchange";
import type { SymbolSetting } from "../start-checks.ts";

/**
 * Which symbols of the account are known to have the wanted margin type; elsewhere it is set before the leverage is: also of one
 * that was listed later, for the venue begins with its own.
 */
export class MarginTypes {
  readonly wanted: MarginType;
  readonly #known = new Set<string>();

  constructor(wanted: MarginType) {
    this.wanted = wanted;
  }

  /** What the account says of all its symbols. */
  learn(settings: readonly SymbolSetting[]): void {
    this.#known.clear();
    for (const { symbol, isIsolated } of settings)
      if (isIsolated === (this.wanted === "isolated")) this.#known.add(symbol);
  }

  /** False: it has another one, or nobody has told. */
  has(symbol: string): boolean {
    return this.#known.has(symbol);
  }

  /** The symbol has the wanted one now. */
  settled(symbol: string): void {
    this.#known.add(symbol);
  }
}
