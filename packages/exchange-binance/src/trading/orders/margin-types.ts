import type { MarginType } from "@smcq/exchange";
import type { SymbolSetting } from "../start-checks.ts";

/** Which symbols of the account have another margin type than the wanted one: it is set before the leverage is. */
export class MarginTypes {
  readonly wanted: MarginType;
  readonly #unlike = new Set<string>();

  constructor(wanted: MarginType) {
    this.wanted = wanted;
  }

  /** What the account says of all its symbols. */
  learn(settings: readonly SymbolSetting[]): void {
    this.#unlike.clear();
    for (const { symbol, isIsolated } of settings)
      if (isIsolated !== (this.wanted === "isolated")) this.#unlike.add(symbol);
  }

  get unlike(): ReadonlySet<string> {
    return this.#unlike;
  }

  /** The symbol has the wanted one now. */
  settled(symbol: string): void {
    this.#unlike.delete(symbol);
  }
}
