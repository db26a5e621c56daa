import type { MarginType } from "@smcq/exchange";
import type { SymbolSetting } from "../start-checks.ts";

/**
 * Which symbols of the account are known to have the wanted margin type; elsewhere it is set before the leverage is: also of one
 * that was listed later, for the venue begins with its own.
 */
export class MarginTypes {
  readonly wanted: MarginType;
  readonly #known = new Set<string>();
  readonly #others = new Set<string>();

  constructor(wanted: MarginType) {
    this.wanted = wanted;
  }

  /** What the account says of all its symbols. */
  learn(settings: readonly SymbolSetting[]): void {
    this.#known.clear();
    this.#others.clear();
    for (const setting of settings)
      (this.#isWanted(setting) ? this.#known : this.#others).add(setting.symbol);
  }

  /** Symbols that have the wanted one. */
  get known(): ReadonlySet<string> {
    return new Set(this.#known);
  }

  /**
   * What the account says of its symbols now. Returns those of `before`, which had the wanted one when it was asked, that have
   * another one; what was set meanwhile is not in the answer.
   */
  relearn(settings: readonly SymbolSetting[], before: ReadonlySet<string>): readonly string[] {
    const changed = settings.filter((setting) => before.has(setting.symbol) && !this.#isWanted(setting));
    for (const { symbol } of changed) {
      this.#known.delete(symbol);
      this.#others.add(symbol);
    }
    return changed.map(({ symbol }) => symbol);
  }

  #isWanted({ isIsolated }: SymbolSetting): boolean {
    return isIsolated === (this.wanted === "isolated");
  }

  /** False: it has another one, or nobody has told. */
  has(symbol: string): boolean {
    return this.#known.has(symbol);
  }

  /** True: the account has told of another one. */
  isOther(symbol: string): boolean {
    return this.#others.has(symbol);
  }

  /** The symbol has the wanted one now. */
  settled(symbol: string): void {
    this.#known.add(symbol);
    this.#others.delete(symbol);
  }
}
