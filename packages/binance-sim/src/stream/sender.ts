import type { KlineCell, MarketSymbol } from "@smcq/exchange-sim";
import { createCell } from "@smcq/exchange-sim";
import { countFault, type SimStats } from "../stats.ts";
import type { Venue } from "../venue.ts";
import type { Hub } from "../ws/hub.ts";
import { BAD_FRAME_KINDS, BAD_VALUES, spoilFrame, spoilValues } from "./bad-frames.ts";
import { KlineFrame } from "./kline-frame.ts";

/** Why a final is sent; counted apart. */
export type FinalKind = Exclude<keyof SimStats["finals"], "total">;

/** What to send of a minute. */
export interface KlineOrder {
  readonly symbol: MarketSymbol;
  readonly minute: number;
  /** 1 is the final bar. */
  readonly fraction: number;
  readonly isFinal: boolean;
}

/** Encodes klines and hands them to every connection that subscribed; applies the faults of single frames. */
export class Sender {
  readonly #venue: Venue;
  readonly #hub: Hub;
  readonly #stats: SimStats;
  readonly #frame = new KlineFrame();
  readonly #cell: KlineCell = createCell();
  readonly #countedWindows = new Map<number, number>();

  constructor(venue: Venue, hub: Hub, stats: SimStats) {
    this.#venue = venue;
    this.#hub = hub;
    this.#stats = stats;
  }

  /** True when nobody would hear the symbol: no subscription, not trading, or silenced by MD01. */
  isSilent(symbol: MarketSymbol, nowMs: number): boolean {
    if (!this.#venue.isFlowing(symbol.index)) return true;
    const { faults } = this.#venue;
    if (!faults.isOn("MD01")) return false;
    const window = Math.floor(nowMs / faults.value("MD01", "window"));
    if (!faults.strikes("MD01", symbol.symbolKey, window)) return false;
    if (this.#countedWindows.get(symbol.index) !== window) {
      this.#countedWindows.set(symbol.index, window);
      countFault(this.#stats, "MD01");
    }
    return true;
  }

  /** Sends a regular, late, duplicate, correcting or replayed final: the bar that REST serves. */
  final(symbol: MarketSymbol, minute: number, kind: FinalKind): void {
    const nowMs = this.#venue.time.clock.nowMs();
    if (this.isSilent(symbol, nowMs) || !this.#venue.hasBar(symbol, minute)) return;
    this.#encode({ symbol, minute, fraction: 1, isFinal: true }, nowMs);
    this.#countFinal(kind);
    this.#fanOut(symbol);
  }

  /** Sends a final whose close lies 1..3 ticks beside the truth (MD08). */
  differingFinal(symbol: MarketSymbol, minute: number): void {
    const nowMs = this.#venue.time.clock.nowMs();
    if (this.isSilent(symbol, nowMs)) return;
    const { faults, market } = this.#venue;
    const cell = this.#cell;
    market.bar(symbol, minute, cell);
    const ticks = 1 + faults.pick("MD08", symbol.symbolKey, minute, 3);
    cell.close += ticks * symbol.grid.tickUnits;
    cell.high = Math.max(cell.high, cell.close);
    cell.volume += symbol.grid.stepUnits;
    this.#encodeCell({ symbol, minute, fraction: 1, isFinal: true }, nowMs);
    this.#countFinal("differing");
    this.#fanOut(symbol);
  }

  /** Sends a kline with a price 100 times too high (MD13). */
  jump(order: KlineOrder): void {
    const nowMs = this.#venue.time.clock.nowMs();
    if (this.isSilent(order.symbol, nowMs)) return;
    const cell = this.#cell;
    this.#venue.market.forming(order.symbol, order.minute, order.fraction, cell);
    cell.close *= 100;
    cell.high = Math.max(cell.high, cell.close);
    this.#encodeCell(order, nowMs);
    if (order.isFinal) this.#countFinal("bad");
    this.#fanOut(order.symbol);
  }

  /** Sends a kline with implausible numbers (MD12). */
  implausible(order: KlineOrder): void {
    const nowMs = this.#venue.time.clock.nowMs();
    if (this.isSilent(order.symbol, nowMs)) return;
    const variant = this.#venue.faults.pick("MD12", order.symbol.symbolKey, order.minute, BAD_VALUES.length);
    this.#encode(order, nowMs);
    const text = spoilValues(this.#frame.rawText(), BAD_VALUES[variant] ?? "swap");
    if (order.isFinal) this.#countFinal("bad");
    this.#sendText(order.symbol, text);
  }

  /** Sends an extra frame that is no event at all (MD11). */
  spoiled(symbol: MarketSymbol, minute: number): void {
    const nowMs = this.#venue.time.clock.nowMs();
    if (this.isSilent(symbol, nowMs)) return;
    const { faults } = this.#venue;
    const kind =
      BAD_FRAME_KINDS[faults.pick("MD11", symbol.symbolKey, minute, BAD_FRAME_KINDS.length)] ?? "garbage";
    this.#encode({ symbol, minute, fraction: 0.5, isFinal: false }, nowMs);
    const bytes = spoilFrame(this.#frame.rawText(), kind, faults.value("MD11", "huge"));
    for (const { connection, isMuted } of this.#hub.klines(symbol.index))
      if (!isMuted) connection.append(bytes, 0, bytes.length, kind === "binary");
  }

  /** Sends the kline as it stands at `fraction`; false when there is no trade yet or nothing changed. */
  forming(
    symbol: MarketSymbol,
    minute: number,
    fraction: number,
    last: { close: number; volume: number },
  ): boolean {
    const nowMs = this.#venue.time.clock.nowMs();
    const cell = this.#cell;
    this.#venue.market.forming(symbol, minute, fraction, cell);
    if (cell.volume === 0 || (cell.volume === last.volume && cell.close === last.close)) return false;
    if (this.isSilent(symbol, nowMs)) return false;
    last.close = cell.close;
    last.volume = cell.volume;
    this.#encodeCell({ symbol, minute, fraction, isFinal: false }, nowMs);
    this.#stats.formings++;
    this.#fanOut(symbol);
    return true;
  }

  #countFinal(kind: FinalKind): void {
    this.#stats.finals[kind]++;
    this.#stats.finals.total++;
  }

  #encode(order: KlineOrder, nowMs: number): void {
    this.#venue.market.forming(order.symbol, order.minute, order.fraction, this.#cell);
    this.#encodeCell(order, nowMs);
  }

  #encodeCell(order: KlineOrder, nowMs: number): void {
    const { faults, market } = this.#venue;
    const { symbol, minute } = order;
    let eventTimeMs = nowMs;
    if (faults.strikes("MD15", symbol.symbolKey, minute)) {
      const isFuture = faults.pick("MD15", symbol.symbolKey, minute, 2) === 0;
      eventTimeMs += (isFuture ? 1 : -1) * faults.value("MD15", "offset");
      countFault(this.#stats, "MD15");
    }
    this.#frame.encode(symbol, this.#cell, {
      openTimeMs: market.openTimeMs(minute),
      eventTimeMs: Math.floor(eventTimeMs),
      isFinal: order.isFinal,
    });
  }

  #fanOut(symbol: MarketSymbol): void {
    const { writer, rawStart } = this.#frame;
    for (const { connection, isMuted } of this.#hub.klines(symbol.index)) {
      if (isMuted) continue;
      if (connection.isCombined) connection.append(writer.bytes, 0, writer.length);
      else connection.append(writer.bytes, rawStart, writer.length - 1);
    }
  }

  #sendText(symbol: MarketSymbol, raw: string): void {
    for (const { connection, isMuted } of this.#hub.klines(symbol.index)) {
      if (isMuted) continue;
      const name = `${symbol.symbol.toLowerCase()}@kline_1m`;
      connection.appendText(connection.isCombined ? `{"stream":${JSON.stringify(name)},"data":${raw}}` : raw);
    }
  }
}
