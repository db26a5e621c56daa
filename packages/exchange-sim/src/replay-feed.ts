import { BarSource, type BarReply, type KlineSink, type MarketFeed } from "@smcq/exchange";
import { assert, MINUTE_MS, SmcqError } from "@smcq/kernel";
import { createCell } from "./market/path.ts";
import type { MarketData, MarketSymbol } from "./market/market-data.ts";

/** What a replay reads, where it begins and who gets the bars. */
export interface ReplayFeedOptions {
  readonly market: MarketData;
  readonly sink: KlineSink;
  /** First minute given; default 0. */
  readonly startMinute?: number;
}

/**
 * Replays final bars into a sink, all symbols of a minute together in order of their slots, moved by `step` and
 * `runTo` alone: no clock, no connection, no faults. Event time is the bar's end; `receivedNs` is that time in ns.
 */
export class ReplayFeed implements MarketFeed {
  readonly #market: MarketData;
  readonly #sink: KlineSink;
  readonly #symbolBySlot: (MarketSymbol | undefined)[] = [];
  readonly #usedSlots = new Set<number>();
  readonly #cell = createCell();
  #nextMinute: number;
  #isStarted = false;
  #isStopped = false;

  constructor(options: ReplayFeedOptions) {
    this.#market = options.market;
    this.#sink = options.sink;
    this.#nextMinute = options.startMinute ?? 0;
    assert(
      Number.isInteger(this.#nextMinute) && this.#nextMinute >= 0,
      "Invariant: a replay starts at a minute >= 0",
    );
  }

  /** The minute that the next `step` gives. */
  get nextMinute(): number {
    return this.#nextMinute;
  }

  start(): Promise<void> {
    this.#isStarted = true;
    return Promise.resolve();
  }

  /** Watches a symbol under a free slot; throws SmcqError `UNKNOWN_SYMBOL`. A slot used before is reset first. */
  add(slot: number, symbol: string): void {
    const known = this.#market.find(symbol);
    if (known === null) throw new SmcqError("UNKNOWN_SYMBOL", `the market has no symbol ${symbol}`);
    assert(this.#symbolBySlot[slot] === undefined, `Invariant: slot ${slot} is free`);
    if (this.#usedSlots.has(slot)) this.#sink.reset(slot);
    this.#usedSlots.add(slot);
    this.#symbolBySlot[slot] = known;
  }

  remove(slot: number): void {
    this.#symbolBySlot[slot] = undefined;
  }

  /** A replay asks for no bars, so none can be supplied. */
  supplyBars(reply: BarReply): void {
    assert(false, `Invariant: bars of ${reply.request.symbol} were asked for`);
  }

  /** Gives the next minute's bars; returns how many, or -1 when the data has ended or the feed is stopped. */
  step(): number {
    assert(this.#isStarted, "Invariant: the feed is started before it steps");
    const minute = this.#nextMinute;
    if (this.#isStopped || (!this.#market.isLooped && minute >= this.#market.minuteCount)) return -1;
    this.#nextMinute = minute + 1;
    const openTimeMs = this.#market.openTimeMs(minute);
    const eventTimeMs = openTimeMs + MINUTE_MS;
    let given = 0;
    for (let slot = 0; slot < this.#symbolBySlot.length; slot++) {
      const symbol = this.#symbolBySlot[slot];
      if (symbol === undefined || !this.#market.hasBar(symbol, minute)) continue;
      this.#give(slot, symbol, minute, eventTimeMs);
      given++;
    }
    return given;
  }

  #give(slot: number, symbol: MarketSymbol, minute: number, eventTimeMs: number): void {
    const cell = this.#cell;
    this.#market.bar(symbol, minute, cell);
    const { priceScale, volumeScale } = symbol.grid;
    this.#sink.final(
      slot,
      eventTimeMs - MINUTE_MS,
      cell.open / priceScale,
      cell.high / priceScale,
      cell.low / priceScale,
      cell.close / priceScale,
      cell.volume / volumeScale,
      BarSource.Stream,
      eventTimeMs,
      eventTimeMs * 1e6,
    );
  }

  /** Steps until `minute` is the next one or the data ends; returns how many bars were given. */
  runTo(minute: number): number {
    let total = 0;
    while (this.#nextMinute < minute) {
      const given = this.step();
      if (given < 0) break;
      total += given;
    }
    return total;
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    return Promise.resolve();
  }
}
