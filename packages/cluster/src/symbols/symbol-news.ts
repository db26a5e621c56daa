import type { CancelTimer, Clock, Logger } from "@smcq/kernel";

/** News of this wall time share a line: a trouble of the whole market is one line, not one a symbol. */
const GATHER_MS = 1_000;
/** Symbols named in a line; the others are counted. */
const NAMED_MAX = 10;

/** Gathers what happens to many symbols at once into one log line a text. */
export class SymbolNews {
  readonly #wallClock: Clock;
  readonly #logger: Logger;
  readonly #news = new Map<string, { readonly level: "info" | "warn"; readonly symbols: string[] }>();
  #cancel: CancelTimer | null = null;

  constructor(wallClock: Clock, logger: Logger) {
    this.#wallClock = wallClock;
    this.#logger = logger;
  }

  add(level: "info" | "warn", symbol: string, text: string): void {
    const known = this.#news.get(text);
    if (known === undefined) this.#news.set(text, { level, symbols: [symbol] });
    else known.symbols.push(symbol);
    this.#cancel ??= this.#wallClock.after(GATHER_MS, () => this.flush(), { unref: true });
  }

  /** Writes what has gathered. */
  flush(): void {
    this.#cancel?.();
    this.#cancel = null;
    for (const [text, { level, symbols }] of this.#news)
      this.#logger[level]({ count: symbols.length, symbols: symbols.slice(0, NAMED_MAX) }, text);
    this.#news.clear();
  }
}
