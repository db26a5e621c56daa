import { createCell, type KlineCell, type MarketSymbol } from "@smcq/exchange-sim";
import { MINUTE_MS } from "@smcq/kernel";
import { unitsText } from "../market/market-words.ts";
import { INTERVAL_MINUTES, mergeMinute, Slots } from "../market/intervals.ts";
import type { Venue } from "../venue.ts";
import type { Connection } from "../ws/connection.ts";
import type { OtherStreams } from "../ws/hub.ts";

const UPDATE_MS_MIN = 250;
const NAME = /^(.+)@kline_(\w+)$/;

/** A stream that somebody follows. */
interface Followed {
  readonly name: string;
  readonly interval: string;
  readonly symbol: MarketSymbol;
  readonly slots: Slots;
  readonly connections: Set<Connection>;
  /** The slot whose `x:true` comes next. */
  slot: number;
  /** Its minutes that are over, up to `nextMinute`; without trades in any, volume is 0. */
  readonly whole: KlineCell;
  nextMinute: number;
  hasWhole: boolean;
  dueMs: number;
  lastVolume: number;
  lastClose: number;
}

/**
 * Klines of more than a minute, for whoever follows one: the minutes that REST sums too, at most every 250 ms, on change, and
 * `x:true` with the last minute's. The faults of single frames are those of the minute's stream alone.
 */
export class LongKlines implements OtherStreams {
  readonly #venue: Venue;
  readonly #followed = new Map<string, Followed>();
  readonly #everyMs: number;
  readonly #row: KlineCell = createCell();
  readonly #minute: KlineCell = createCell();

  constructor(venue: Venue) {
    this.#venue = venue;
    const { settings, time } = venue;
    this.#everyMs = Math.max(UPDATE_MS_MIN, (1000 / settings.updatesPerSecondWall) * time.speed);
  }

  follow(connection: Connection, name: string): boolean {
    const known = this.#followed.get(name) ?? this.#read(name);
    if (known === null || connection.category !== "market") return false;
    this.#followed.set(name, known);
    known.connections.add(connection);
    return true;
  }

  unfollow(connection: Connection, name: string): boolean {
    const followed = this.#followed.get(name);
    if (followed === undefined || !followed.connections.delete(connection)) return false;
    if (followed.connections.size === 0) this.#followed.delete(name);
    return true;
  }

  #read(name: string): Followed | null {
    const [, lower = "", interval = ""] = NAME.exec(name) ?? [];
    const minutes = INTERVAL_MINUTES[interval];
    const { market, time } = this.#venue;
    const symbol = market.symbols.find((one) => one.symbol.toLowerCase() === lower);
    if (minutes === undefined || minutes === 1 || symbol === undefined) return null;
    const nowMs = time.clock.nowMs();
    const slots = new Slots(minutes);
    const followed: Followed = {
      name,
      interval,
      symbol,
      slots,
      connections: new Set(),
      slot: 0,
      whole: createCell(),
      nextMinute: 0,
      hasWhole: false,
      dueMs: nowMs,
      lastVolume: -1,
      lastClose: -1,
    };
    this.#begin(followed, slots.at(nowMs));
    return followed;
  }

  #begin(followed: Followed, slot: number): void {
    const { market } = this.#venue;
    followed.slot = slot;
    followed.nextMinute = Math.max(followed.symbol.firstMinute, market.minuteAt(followed.slots.openMs(slot)));
    followed.hasWhole = false;
    followed.lastVolume = -1;
  }

  /** Sends what is due. */
  tick(nowMs: number): void {
    for (const followed of this.#followed.values()) this.#step(followed, nowMs);
  }

  #step(followed: Followed, nowMs: number): void {
    const { slots, symbol } = followed;
    const { settings } = this.#venue;
    const isFlowing = this.#venue.isFlowing(symbol.index);
    const endMs = (): number => slots.openMs(followed.slot + 1);
    while (nowMs >= endMs() + settings.finalDelayMs) {
      if (isFlowing) this.#tell(followed, endMs(), nowMs);
      this.#begin(followed, followed.slot + 1);
    }
    if (!isFlowing || nowMs >= endMs() || nowMs < followed.dueMs) return;
    followed.dueMs = nowMs + this.#everyMs;
    this.#tell(followed, nowMs, nowMs);
  }

  /** Sends the kline as it stands at a time of its slot; at the slot's end it is the final one. */
  #tell(followed: Followed, atMs: number, nowMs: number): void {
    const row = this.#rowAt(followed, atMs);
    const isFinal = atMs === followed.slots.openMs(followed.slot + 1);
    if (row === null || row.volume === 0) return;
    if (!isFinal && row.volume === followed.lastVolume && row.close === followed.lastClose) return;
    followed.lastVolume = row.volume;
    followed.lastClose = row.close;
    const data = frame(followed, row, { isFinal, nowMs });
    for (const connection of followed.connections)
      connection.appendText(
        connection.isCombined ? `{"stream":${JSON.stringify(followed.name)},"data":${data}}` : data,
      );
  }

  /** Null: there is no bar yet. */
  #rowAt(followed: Followed, atMs: number): KlineCell | null {
    const { market } = this.#venue;
    const { symbol, whole, slots } = followed;
    const endMinute = market.minuteAt(slots.openMs(followed.slot + 1));
    const row = this.#row;
    const cell = this.#minute;
    for (; followed.nextMinute < endMinute; followed.nextMinute++) {
      const minute = followed.nextMinute;
      if (market.openTimeMs(minute + 1) > atMs || !this.#venue.hasBar(symbol, minute)) break;
      market.bar(symbol, minute, cell);
      if (followed.hasWhole) mergeMinute(whole, cell);
      else Object.assign(whole, cell);
      followed.hasWhole = true;
    }
    Object.assign(row, whole);
    const minute = followed.nextMinute;
    const openMs = market.openTimeMs(minute);
    if (minute >= endMinute || openMs >= atMs || !this.#venue.hasBar(symbol, minute))
      return followed.hasWhole ? row : null;
    market.forming(symbol, minute, (atMs - openMs) / MINUTE_MS, cell);
    if (followed.hasWhole) mergeMinute(row, cell);
    else Object.assign(row, cell);
    return row;
  }
}

function frame(
  { symbol, interval, slots, slot }: Followed,
  row: KlineCell,
  { isFinal, nowMs }: { readonly isFinal: boolean; readonly nowMs: number },
): string {
  const { priceDecimals, volumeDecimals } = symbol.grid;
  const price = (units: number): string => unitsText(units, priceDecimals);
  const volume = (units: number): string => unitsText(units, volumeDecimals);
  const quote = (units: number): string => unitsText(units, priceDecimals + volumeDecimals);
  const s = symbol.symbol;
  const k = {
    t: slots.openMs(slot),
    T: slots.openMs(slot + 1) - 1,
    s,
    i: interval,
    f: row.firstTradeId,
    L: row.lastTradeId,
    o: price(row.open),
    c: price(row.close),
    h: price(row.high),
    l: price(row.low),
    v: volume(row.volume),
    n: row.trades,
    x: isFinal,
    q: quote(row.quote),
    V: volume(row.takerBase),
    Q: quote(row.takerQuote),
    B: "0",
  };
  return JSON.stringify({ e: "kline", E: nowMs, s, k });
}
