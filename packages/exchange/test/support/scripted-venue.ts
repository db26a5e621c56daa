import { barFault, hashText, MINUTE_MS, Rng, type Bar } from "@smcq/kernel";
import type { FeedFault } from "@smcq/exchange/testing";

/** What a venue of a few symbols says; `bar` is null for bytes that are no message. */
export interface VenueMessage {
  readonly symbol: string;
  readonly bar: Bar | null;
  readonly isFinal: boolean;
}

const FIRST_MS = 1_700_000_040_000;

/** A venue in memory: closes minutes on command, plays faults by name, serves the truth by request. */
export class ScriptedVenue {
  readonly symbols: readonly string[] = ["AUSDT", "BUSDT", "CUSDT", "DUSDT"];
  minute = 0;
  isReachable = true;
  #faults: FeedFault[] = [];
  #held: VenueMessage[] = [];
  readonly #listeners = new Set<(message: VenueMessage) => void>();

  listen(listener: (message: VenueMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  lastClosedMs(): number {
    return FIRST_MS + (this.minute - 1) * MINUTE_MS;
  }

  nowMs(): number {
    return FIRST_MS + this.minute * MINUTE_MS + 2000;
  }

  truth(symbol: string, openTimeMs: number): Bar | null {
    if (!this.symbols.includes(symbol) || openTimeMs < FIRST_MS || openTimeMs > this.lastClosedMs())
      return null;
    const rng = new Rng(hashText(`${symbol} ${openTimeMs}`));
    const [open, close] = [100 + rng.next(), 100 + rng.next()];
    const high = Math.max(open, close) + rng.next();
    return {
      openTimeMs,
      open,
      high,
      low: Math.min(open, close) - rng.next(),
      close,
      volume: rng.int(1000),
    };
  }

  /** Closed bars after `afterMs` by request; null while the venue cannot be reached. */
  request(symbol: string, afterMs: number): readonly Bar[] | null {
    if (!this.isReachable) return null;
    const bars: Bar[] = [];
    for (let atMs = Math.max(afterMs + MINUTE_MS, FIRST_MS); atMs <= this.lastClosedMs(); atMs += MINUTE_MS) {
      const bar = this.truth(symbol, atMs);
      if (bar !== null) bars.push(bar);
    }
    return bars;
  }

  inject(fault: FeedFault): void {
    this.#faults.push(fault);
  }

  close(count: number): void {
    for (let done = 0; done < count; done++) this.#closeOne();
  }

  #closeOne(): void {
    const faults = this.#faults;
    this.#faults = [];
    this.minute += faults.some((fault) => fault.type === "long-outage") ? 600 : 1;
    const held = this.#held;
    this.#held = [];
    this.isReachable = true;
    if (faults.some((fault) => fault.type === "disconnect" || fault.type === "long-outage")) {
      this.isReachable = false;
      return;
    }
    for (const symbol of this.symbols) this.#sayMinute(symbol, faults);
    for (const message of held) this.#say(message);
  }

  #sayMinute(symbol: string, faults: readonly FeedFault[]): void {
    const bar = this.truth(symbol, this.lastClosedMs());
    if (bar === null) return;
    const mine = faults.find((fault) => "symbol" in fault && fault.symbol === symbol)?.type;
    if (faults.some((fault) => fault.type === "garbage")) this.#say({ symbol, bar: null, isFinal: false });
    if (mine === "silent-symbol") return;
    this.#say({ symbol, bar: { ...bar, high: bar.open, low: bar.open, close: bar.open }, isFinal: false });
    if (mine === "missing-final") return;
    const said = mine === "different-final" ? { ...bar, volume: bar.volume + 1 } : bar;
    const message = { symbol, bar: said, isFinal: true };
    if (mine === "implausible-final") this.#say({ ...message, bar: { ...bar, low: bar.high + 1 } });
    else if (mine === "late-final") this.#held.push(message);
    else this.#say(message);
    if (mine === "duplicate-final") this.#say(message);
    if (mine === "different-final") this.#say({ ...message, bar });
  }

  #say(message: VenueMessage): void {
    for (const listener of this.#listeners) listener(message);
  }
}

/** True when the numbers are no bar. */
export const isImplausible = (bar: Bar): boolean =>
  barFault(bar.open, bar.high, bar.low, bar.close, bar.volume) !== null;
