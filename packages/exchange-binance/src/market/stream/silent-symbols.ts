import { afterTurn, nextMinuteMs } from "@smcq/kernel";
import type { CancelTimer, Clock, Logger } from "@smcq/kernel";

/** After a minute's end: by then `x:true` came or REST was asked, so a symbol without a word is silent. */
const LOOK_AFTER_MS = 6_000;
/** New subscriptions tried for one silence. */
const RESUBSCRIBES_MAX = 3;
/** A silent symbol is subscribed anew after 1, 5 and 25 silent minutes. */
const RESUBSCRIBE_FACTOR = 5;
const NAMES_LOGGED_MAX = 20;

export interface SilentSymbolsOptions {
  readonly slots: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly symbolOf: (slot: number) => string | undefined;
  /** True when the symbol's connection as a whole has data: else its silence is the connection's. */
  readonly isConnected: (slot: number) => boolean;
  readonly resubscribe: (slot: number, symbol: string) => void;
}

/**
 * Watches each symbol's stream (MD01, MD03): one that says nothing for a whole minute while its connection has data is
 * named in the log and subscribed anew a few times. Its bars come from REST meanwhile, through the boundary timer.
 */
export class SilentSymbols {
  readonly #options: SilentSymbolsOptions;
  /** 1 when a frame came since the last look. */
  readonly #hasWord: Uint8Array;
  readonly #hasSpoken: Uint8Array;
  readonly #quietMinutes: Uint16Array;
  readonly #resubscribes: Uint8Array;
  #cancel: CancelTimer | undefined;
  #isStopped = false;

  constructor(options: SilentSymbolsOptions) {
    this.#options = options;
    this.#hasWord = new Uint8Array(options.slots);
    this.#hasSpoken = new Uint8Array(options.slots);
    this.#quietMinutes = new Uint16Array(options.slots);
    this.#resubscribes = new Uint8Array(options.slots);
  }

  start(): void {
    if (this.#isStopped) return;
    const nowMs = this.#options.clock.nowMs();
    this.#cancel = this.#options.clock.after(
      nextMinuteMs(nowMs, LOOK_AFTER_MS) - nowMs,
      () => {
        afterTurn(() => this.#look());
      },
      { unref: true },
    );
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  /** A symbol begins: it gets a full minute before it is judged. */
  add(slot: number): void {
    this.remove(slot);
    this.#hasWord[slot] = 1;
  }

  remove(slot: number): void {
    this.#hasWord[slot] = 0;
    this.#hasSpoken[slot] = 0;
    this.#quietMinutes[slot] = 0;
    this.#resubscribes[slot] = 0;
  }

  /** A frame of the symbol came. */
  spoke(slot: number): void {
    this.#hasWord[slot] = 1;
    this.#hasSpoken[slot] = 1;
  }

  /** True when a frame has come since the symbol was added. */
  hasSpoken(slot: number): boolean {
    return this.#hasSpoken[slot] === 1;
  }

  /** The symbols that are silent now. */
  names(): readonly string[] {
    const names: string[] = [];
    for (let slot = 0; slot < this.#options.slots; slot++) {
      const symbol = this.#options.symbolOf(slot);
      if (symbol !== undefined && (this.#quietMinutes[slot] as number) > 0) names.push(symbol);
    }
    return names;
  }

  #look(): void {
    const fallen: string[] = [];
    const risen: string[] = [];
    for (let slot = 0; slot < this.#options.slots; slot++) {
      const symbol = this.#options.symbolOf(slot);
      if (symbol === undefined) continue;
      const quiet = this.#quietMinutes[slot] as number;
      if (this.#hasWord[slot] === 1) {
        if (quiet > 0) risen.push(symbol);
        this.#quietMinutes[slot] = 0;
        this.#resubscribes[slot] = 0;
      } else if (this.#options.isConnected(slot)) {
        if (quiet === 0) fallen.push(symbol);
        this.#onQuiet(slot, symbol, quiet + 1);
      }
      this.#hasWord[slot] = 0;
    }
    const { log } = this.#options;
    if (fallen.length > 0)
      log.warn(
        { count: fallen.length, symbols: fallen.slice(0, NAMES_LOGGED_MAX) },
        "symbols are silent; asking REST",
      );
    if (risen.length > 0)
      log.info({ count: risen.length, symbols: risen.slice(0, NAMES_LOGGED_MAX) }, "symbols speak again");
    this.start();
  }

  #onQuiet(slot: number, symbol: string, quietMinutes: number): void {
    this.#quietMinutes[slot] = Math.min(quietMinutes, 60_000);
    const tried = this.#resubscribes[slot] as number;
    if (tried >= RESUBSCRIBES_MAX || quietMinutes < RESUBSCRIBE_FACTOR ** tried) return;
    this.#resubscribes[slot] = tried + 1;
    this.#options.resubscribe(slot, symbol);
  }
}
