import type { MarketSymbol } from "@smcq/exchange-sim";
import { e8Text } from "@smcq/kernel";
import { type MarketWords, unitsText } from "../market/market-words.ts";
import { TAPE_MS } from "../market/trade-tape.ts";
import type { Connection } from "../ws/connection.ts";
import type { OtherStreams } from "../ws/hub.ts";

type Kind = "bookTicker" | "markPrice" | "aggTrade" | "miniTicker" | "ticker";

/** A stream that somebody follows. */
interface Followed {
  readonly name: string;
  readonly kind: Kind;
  /** Null: an array, or the events, of all symbols. */
  readonly symbol: MarketSymbol | null;
  readonly everyMs: number;
  readonly connections: Set<Connection>;
  dueMs: number;
  lastMs: number;
  /** What was told last, by symbol: only changes are told. */
  readonly told: Map<number, string>;
}

const KINDS: Readonly<
  Record<Kind, { readonly category: string; readonly oneMs: number; readonly allMs: number }>
> = {
  bookTicker: { category: "public", oneMs: 100, allMs: 5000 },
  markPrice: { category: "market", oneMs: 3000, allMs: 3000 },
  aggTrade: { category: "market", oneMs: TAPE_MS, allMs: 0 },
  miniTicker: { category: "market", oneMs: 2000, allMs: 1000 },
  ticker: { category: "market", oneMs: 2000, allMs: 1000 },
};
const NAME = /^(?:(!)|(.+)@)(bookTicker|markPrice|aggTrade|miniTicker|ticker)(?:@(arr))?(?:@(1s))?$/;

/**
 * The public streams beside klines, for whoever follows one: nothing is reckoned for a stream that nobody does. Faster than
 * life they come no more often than klines' updates in a wall second, trades excepted.
 */
export class PublicStreams implements OtherStreams {
  readonly #words: MarketWords;
  readonly #followed = new Map<string, Followed>();
  readonly #everyMsMin: number;

  constructor(words: MarketWords) {
    this.#words = words;
    const { settings, time } = words.venue;
    this.#everyMsMin = time.speed > 1 ? (1000 / settings.updatesPerSecondWall) * time.speed : 0;
  }

  /** Follows a stream from now on; false: this path has no such stream. */
  follow(connection: Connection, name: string): boolean {
    const known = this.#followed.get(name) ?? this.#read(name);
    if (known === null || !isServed(connection, known.kind)) return false;
    this.#followed.set(name, known);
    known.connections.add(connection);
    return true;
  }

  /** True: it was followed. */
  unfollow(connection: Connection, name: string): boolean {
    const followed = this.#followed.get(name);
    if (followed === undefined || !followed.connections.delete(connection)) return false;
    if (followed.connections.size === 0) this.#followed.delete(name);
    return true;
  }

  #read(name: string): Followed | null {
    const [, bang, lower = "", word, arr, second] = NAME.exec(name) ?? [];
    if (word === undefined) return null;
    const kind = word as Kind;
    const isAll = bang !== undefined;
    const isArray = arr !== undefined;
    // `!bookTicker` has single events, the other streams of all symbols are arrays; seconds belong to marks.
    if (isAll ? kind === "aggTrade" || isArray !== (kind !== "bookTicker") : isArray) return null;
    if (second !== undefined && kind !== "markPrice") return null;
    const symbol = isAll ? null : this.#find(lower);
    if (!isAll && symbol === null) return null;
    const { oneMs, allMs } = KINDS[kind];
    const ownMs = second === undefined ? (isAll ? allMs : oneMs) : 1000;
    const everyMs = kind === "aggTrade" ? ownMs : Math.max(ownMs, this.#everyMsMin);
    const nowMs = this.#words.venue.time.clock.nowMs();
    const lastMs = nowMs;
    return { name, kind, symbol, everyMs, connections: new Set(), dueMs: nowMs, lastMs, told: new Map() };
  }

  #find(lower: string): MarketSymbol | null {
    const { market } = this.#words.venue;
    // Names are lower case, as everywhere on the venue's streams.
    if (lower !== lower.toLowerCase()) return null;
    return market.symbols.find(({ symbol }) => symbol.toLowerCase() === lower) ?? null;
  }

  /** Sends what is due. */
  tick(nowMs: number): void {
    for (const followed of this.#followed.values()) {
      if (nowMs < followed.dueMs) continue;
      followed.dueMs = Math.max(nowMs, followed.dueMs) + followed.everyMs;
      for (const data of this.#events(followed, nowMs)) send(followed, data);
      followed.lastMs = nowMs;
    }
  }

  #events(followed: Followed, nowMs: number): readonly string[] {
    const { kind, symbol, told, lastMs } = followed;
    if (symbol !== null && !this.#words.venue.isFlowing(symbol.index)) return [];
    if (kind === "aggTrade" && symbol !== null) return this.#trades(symbol, lastMs, nowMs);
    const symbols = symbol === null ? this.#words.flowing() : [symbol];
    const events = symbols.flatMap((one) => {
      const event = this.#event(kind, one, nowMs);
      if (event === null) return [];
      // A mark is told whether it has moved or not.
      const isNews = kind === "markPrice" || told.get(one.index) !== event.news;
      told.set(one.index, event.news);
      return isNews ? [event.text] : [];
    });
    return symbol === null && kind !== "bookTicker"
      ? events.length === 0
        ? []
        : [`[${events.join(",")}]`]
      : events;
  }

  #event(
    kind: Kind,
    symbol: MarketSymbol,
    nowMs: number,
  ): { readonly text: string; readonly news: string } | null {
    const fields =
      kind === "bookTicker"
        ? this.#bookTicker(symbol, nowMs)
        : kind === "markPrice"
          ? this.#markPrice(symbol, nowMs)
          : this.#dayTicker(kind === "ticker", symbol, nowMs);
    if (fields === null) return null;
    const { head, body } = fields;
    const news = JSON.stringify(body);
    return { text: `${JSON.stringify(head).slice(0, -1)},${news.slice(1)}`, news };
  }

  #bookTicker(symbol: MarketSymbol, nowMs: number): Fields | null {
    const best = this.#words.best(symbol, nowMs);
    if (best === null) return null;
    const { symbol: s } = symbol;
    const body = { s, ps: s, b: best.bid, B: best.bidQty, a: best.ask, A: best.askQty, st: 1 };
    return { head: { e: "bookTicker", u: best.updateId, E: nowMs, T: nowMs }, body };
  }

  #markPrice(symbol: MarketSymbol, nowMs: number): Fields | null {
    const print = this.#words.print(symbol, nowMs);
    if (print === null) return null;
    const { funding } = this.#words;
    const mark = e8Text(print.markE8);
    const index = e8Text((print.markE8 + print.lastE8) / 2n);
    const T = funding.nextMs(symbol, nowMs);
    const r = e8Text(funding.rateE8(symbol, T));
    const body = { s: symbol.symbol, p: mark, i: index, P: index, r, ap: mark, T, st: 1 };
    return { head: { e: "markPriceUpdate", E: nowMs }, body };
  }

  #dayTicker(isFull: boolean, symbol: MarketSymbol, nowMs: number): Fields | null {
    const day = this.#words.day(symbol, nowMs);
    if (day === null) return null;
    const { symbol: s } = symbol;
    const { last: c, open: o, high: h, low: l, volume: v, quote: q } = day;
    if (!isFull) return { head: { e: "24hrMiniTicker", E: nowMs }, body: { s, c, o, h, l, v, q, st: 1 } };
    const [trade] = this.#words.tape.last(symbol, 1, nowMs, nowMs - 60_000);
    const Q = unitsText(trade?.quantity ?? 0, symbol.grid.volumeDecimals);
    const times = { O: day.openMs, C: nowMs, F: day.firstId, L: day.lastId, n: day.trades, st: 1 };
    const changes = { p: day.change, P: day.changeRatio, w: day.average };
    return { head: { e: "24hrTicker", E: nowMs }, body: { s, ...changes, c, Q, o, h, l, v, q, ...times } };
  }

  #trades(symbol: MarketSymbol, fromMs: number, nowMs: number): readonly string[] {
    const { priceDecimals, volumeDecimals } = symbol.grid;
    return this.#words.tape.between(symbol, fromMs, nowMs).map((trade) => {
      const q = unitsText(trade.quantity, volumeDecimals);
      const p = unitsText(trade.price, priceDecimals);
      const { id: a, firstId: f, lastId: l, timeMs: T, isBuyerMaker: m } = trade;
      return JSON.stringify({ e: "aggTrade", E: nowMs, s: symbol.symbol, a, p, q, nq: q, f, l, T, m, st: 1 });
    });
  }
}

interface Fields {
  /** Event and its time, which change always. */
  readonly head: object;
  readonly body: object;
}

/** The retired un-prefixed paths still carry what is public. */
function isServed({ category }: Connection, kind: Kind): boolean {
  const wanted = KINDS[kind].category;
  return category === wanted || (wanted === "public" && category === "");
}

function send({ name, connections }: Followed, data: string): void {
  for (const connection of connections)
    connection.appendText(connection.isCombined ? `{"stream":${JSON.stringify(name)},"data":${data}}` : data);
}
