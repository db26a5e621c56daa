import type { ClusterMemory } from "@smcq/cluster";
import type { BookTicker, TickerFeed } from "@smcq/exchange";
import { BAR_FIELDS, type Clock, MINUTE_MS, numberToE8 } from "@smcq/kernel";

/** Closed bars that are looked through for a minute: a process that was away for a while finds it still. */
const CLOSED_BARS = 16;
/** Fields of a forming bar in the ring: open time, open, high, low, close, volume, event time. */
const FORMING_FIELDS = 7;

/** Best prices that are younger than this are what they say, venue ms. */
const FRESH_MS = 1_000;
/** Until then they tell how far bid and ask are apart, venue ms: those of all symbols come each 5 s. */
const SPREAD_MS = 15_000;

/** What the market of a symbol is now, e8; the volume is that of its last closed minute. */
export interface MarketNow {
  readonly lastE8: bigint;
  readonly volumeE8: bigint;
  /** Null: nothing is told of best prices. */
  readonly book: Pick<BookTicker, "bidE8" | "askE8"> | null;
}

/** The market as a desk needs it. */
export interface DeskMarket {
  /** The symbol is watched no more. */
  isGone(symbol: string): boolean;
  /** Null: nothing is known, or it was being written. */
  now(symbol: string): MarketNow | null;
  /** Close of the minute that closed at `closeMs`; null: it is not there. */
  closeE8(symbol: string, closeMs: number): bigint | null;
}

/**
 * Prices as the shards' rings hold them, by symbol: what is told of a minute that goes on, else its last close; beside them
 * the best bid and ask, where the venue tells of them.
 */
export class RingMarket implements DeskMarket {
  readonly #memory: ClusterMemory;
  readonly #tickers: Pick<TickerFeed, "ticker">;
  readonly #venueClock: Clock;
  readonly #forming = new Float64Array(FORMING_FIELDS);
  readonly #closed = new Float64Array(CLOSED_BARS * BAR_FIELDS);

  constructor(memory: ClusterMemory, tickers: Pick<TickerFeed, "ticker">, venueClock: Clock) {
    this.#memory = memory;
    this.#tickers = tickers;
    this.#venueClock = venueClock;
  }

  isGone(symbol: string): boolean {
    return this.#memory.slots.of(symbol) === null;
  }

  now(symbol: string): MarketNow | null {
    const entry = this.#memory.slots.of(symbol);
    const count = this.#copyClosed(symbol);
    if (entry === null || count === 0) return null;
    const at = (count - 1) * BAR_FIELDS;
    const [closedMs, , , , close, volume] = this.#closed.subarray(
      at,
      at + BAR_FIELDS,
    ) as unknown as readonly number[];
    const isForming = this.#memory.reader(entry.shardId).forming(entry.slot, this.#forming);
    const [formingMs, , , , price] = this.#forming as unknown as readonly number[];
    const last = isForming && (formingMs as number) > (closedMs as number) ? price : close;
    const lastE8 = numberToE8(last as number);
    const book = bookAt(lastE8, this.#tickers.ticker(symbol), this.#venueClock.nowMs());
    return { lastE8, volumeE8: numberToE8(volume as number), book };
  }

  closeE8(symbol: string, closeMs: number): bigint | null {
    for (let at = (this.#copyClosed(symbol) - 1) * BAR_FIELDS; at >= 0; at -= BAR_FIELDS)
      if ((this.#closed[at] as number) + MINUTE_MS === closeMs)
        return numberToE8(this.#closed[at + 4] as number);
    return null;
  }

  /** Copies the symbol's last closed bars; returns how many, 0 where there are none or they were being written. */
  #copyClosed(symbol: string): number {
    const entry = this.#memory.slots.of(symbol);
    if (entry === null) return 0;
    const reader = this.#memory.reader(entry.shardId);
    if (!reader.begin(entry.slot)) return 0;
    const count = Math.min(CLOSED_BARS, reader.tail - reader.from);
    return reader.copy(reader.tail - count, reader.tail, this.#closed) ? count : 0;
  }
}

/**
 * The best prices now, of those that were told last and of the last price since: a trade above the ask was made by a buyer at
 * what the ask is now, one below the bid by a seller at what the bid is now; the distance between them is taken to last.
 */
export function bookAt(lastE8: bigint, ticker: BookTicker | null, nowMs: number): MarketNow["book"] {
  if (ticker === null || nowMs - ticker.timeMs > SPREAD_MS) return null;
  const { bidE8, askE8, timeMs } = ticker;
  if (nowMs - timeMs <= FRESH_MS || (lastE8 >= bidE8 && lastE8 <= askE8)) return { bidE8, askE8 };
  const spreadE8 = askE8 - bidE8;
  if (lastE8 < bidE8) return { bidE8: lastE8, askE8: lastE8 + spreadE8 };
  return lastE8 > spreadE8 ? { bidE8: lastE8 - spreadE8, askE8: lastE8 } : null;
}
