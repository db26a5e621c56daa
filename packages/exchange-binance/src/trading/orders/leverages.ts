import { errorMessage, type Logger } from "@smcq/kernel";
import { readSymbolSettings } from "../start-checks.ts";
import type { SignedRest } from "../wire/signed-rest.ts";

/**
 * Which leverage each symbol of the account has: read whenever its stream begins to stand, kept true by its words and by what is
 * set. While the stream does not stand, nobody knows.
 */
export class Leverages {
  readonly #log: Logger;
  readonly #known = new Map<string, number>();
  /** Symbols whose leverage is being set: how often at once. */
  readonly #setting = new Map<string, number>();
  /** Symbols that there was news of since the last question was asked: its answer may be older. */
  readonly #news = new Set<string>();
  #questions = 0;
  /** Hears that what was read is known. */
  onRead: () => void = () => {};

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Null: nobody knows. */
  of(symbol: string): number | null {
    return this.#known.get(symbol) ?? null;
  }

  /** The account has told of another one. */
  heard(symbol: string, leverage: number): void {
    this.#news.add(symbol);
    this.#known.set(symbol, leverage);
  }

  /** A leverage is being set. Returns what to call with the one that it has then; null: nobody knows. */
  setting(symbol: string): (leverage: number | null) => void {
    this.#news.add(symbol);
    this.#known.delete(symbol);
    this.#setting.set(symbol, (this.#setting.get(symbol) ?? 0) + 1);
    return (leverage) => {
      this.#news.add(symbol);
      const others = (this.#setting.get(symbol) ?? 1) - 1;
      if (others > 0) this.#setting.set(symbol, others);
      else this.#setting.delete(symbol);
      if (leverage !== null && others === 0) this.#known.set(symbol, leverage);
    };
  }

  /** Words may have got lost from here on. */
  lost(): void {
    this.#questions++;
    this.#known.clear();
  }

  /** Asks for those of all symbols, once; without an answer an entry has its leverage set as if nothing were known. */
  async read(rest: SignedRest): Promise<void> {
    const question = ++this.#questions;
    this.#news.clear();
    try {
      const settings = await readSymbolSettings(rest);
      if (question !== this.#questions) return;
      for (const { symbol, leverage } of settings)
        if (!this.#news.has(symbol) && !this.#setting.has(symbol)) this.#known.set(symbol, leverage);
      this.onRead();
    } catch (error) {
      this.#log.warn(
        { error: errorMessage(error) },
        "the leverages of the account's symbols could not be read",
      );
    }
  }
}
