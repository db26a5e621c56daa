import { createCell, type KlineCell, type MarketSymbol } from "@smcq/exchange-sim";
import { MINUTE_MS } from "@smcq/kernel";
import { INTERVAL_MINUTES, mergeMinute, Slots } from "../market/intervals.ts";
import { ByteWriter } from "../stream/byte-writer.ts";
import type { Venue } from "../venue.ts";
import { VenueError } from "./venue-error.ts";

const LIMIT_DEFAULT = 500;
const LIMIT_MAX = 1500;

/** A checked klines request. */
export interface KlinesRequest {
  readonly symbol: MarketSymbol;
  readonly intervalMinutes: number;
  readonly limit: number;
  readonly startMs: number | null;
  readonly endMs: number | null;
}

/** Weight of a klines call by its limit. */
export function klinesWeight(limit: number): number {
  if (limit < 100) return 1;
  if (limit < 500) return 2;
  return limit <= 1000 ? 5 : 10;
}

/** Reads `limit` for the weight before anything else is checked; the default when it is no number. */
export function readLimit(parameters: URLSearchParams): number {
  const limit = Number(parameters.get("limit") ?? LIMIT_DEFAULT);
  return Number.isInteger(limit) ? limit : LIMIT_DEFAULT;
}

function readInteger(parameters: URLSearchParams, name: string): number | null {
  const text = parameters.get(name);
  if (text === null) return null;
  if (text === "") throw new VenueError(-1105, `Parameter '${name}' was empty.`);
  if (!/^\d{1,20}$/.test(text))
    throw new VenueError(
      -1100,
      `Illegal characters found in parameter '${name}'; legal range is '^[0-9]{1,20}$'.`,
    );
  return Number(text);
}

/** Checks the parameters of a klines call; throws the venue's error. */
export function readKlinesRequest(venue: Venue, parameters: URLSearchParams): KlinesRequest {
  for (const name of ["symbol", "interval"])
    if ((parameters.get(name) ?? "") === "")
      throw new VenueError(
        -1102,
        `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`,
      );
  const intervalMinutes = INTERVAL_MINUTES[parameters.get("interval") ?? ""];
  const name = parameters.get("symbol") ?? "";
  const symbol = venue.find(name) === null ? null : venue.market.find(name);
  const limit = readInteger(parameters, "limit") ?? LIMIT_DEFAULT;
  const startMs = readInteger(parameters, "startTime");
  const endMs = readInteger(parameters, "endTime");
  if (symbol === null) throw new VenueError(-1121, "Invalid symbol.");
  if (intervalMinutes === undefined) throw new VenueError(-1120, "Invalid interval.");
  if (limit < 1 || limit > LIMIT_MAX)
    throw new VenueError(-1130, "Data sent for parameter 'limit' is not valid.");
  if (startMs !== null && endMs !== null && startMs > endMs)
    throw new VenueError(-1023, "Start time is greater than end time.");
  return { symbol, intervalMinutes, limit, startMs, endMs };
}

/** Serves klines from the venue's market; holds its buffers between calls. */
export class KlinesReply {
  readonly #venue: Venue;
  readonly #writer = new ByteWriter();
  readonly #row: KlineCell = createCell();
  readonly #minute: KlineCell = createCell();

  constructor(venue: Venue) {
    this.#venue = venue;
  }

  /** Returns the JSON body: rows ascending, the last one still open when the range reaches it. */
  body(request: KlinesRequest, nowMs: number): Buffer {
    const { market } = this.#venue;
    const { symbol, limit } = request;
    const slots = new Slots(request.intervalMinutes);
    const firstSlot = slots.at(market.openTimeMs(symbol.firstMinute));
    const startSlot = request.startMs === null ? -Infinity : slots.at(request.startMs + slots.ms - 1);
    const endSlot = Math.min(slots.at(nowMs), request.endMs === null ? Infinity : slots.at(request.endMs));
    let from = Math.max(firstSlot, startSlot);
    if (request.startMs === null) from = Math.max(from, endSlot - limit + 1);
    const to = Math.min(endSlot, from + limit - 1);
    const writer = this.#writer;
    writer.clear();
    writer.text("[");
    let rows = 0;
    for (let slot = from; slot <= to; slot++) {
      const openMs = slots.openMs(slot);
      if (!this.#readRow(symbol, market.minuteAt(openMs), slots.minutes, nowMs)) continue;
      if (rows++ > 0) writer.text(",");
      this.#writeRow(symbol, openMs, slots.ms);
    }
    writer.text("]");
    return Buffer.from(writer.bytes.subarray(0, writer.length));
  }

  #readRow(symbol: MarketSymbol, fromMinute: number, step: number, nowMs: number): boolean {
    const { market } = this.#venue;
    const row = this.#row;
    const cell = this.#minute;
    let isEmpty = true;
    for (let minute = Math.max(fromMinute, symbol.firstMinute); minute < fromMinute + step; minute++) {
      const openMs = market.openTimeMs(minute);
      if (openMs > nowMs || !this.#venue.hasBar(symbol, minute)) break;
      market.forming(symbol, minute, Math.min(1, (nowMs - openMs) / MINUTE_MS), cell);
      if (isEmpty) Object.assign(row, cell);
      else mergeMinute(row, cell);
      isEmpty = false;
    }
    return !isEmpty;
  }

  #writeRow(symbol: MarketSymbol, openMs: number, stepMs: number): void {
    const writer = this.#writer;
    const row = this.#row;
    const { priceDecimals, volumeDecimals } = symbol.grid;
    const quoteDecimals = priceDecimals + volumeDecimals;
    writer.text("[");
    writer.integer(openMs);
    for (const price of [row.open, row.high, row.low, row.close]) {
      writer.raw(COMMA);
      writer.decimal(price, priceDecimals);
    }
    writer.raw(COMMA);
    writer.decimal(row.volume, volumeDecimals);
    writer.raw(COMMA);
    writer.integer(openMs + stepMs - 1);
    writer.raw(COMMA);
    writer.decimal(row.quote, quoteDecimals);
    writer.raw(COMMA);
    writer.integer(row.trades);
    writer.raw(COMMA);
    writer.decimal(row.takerBase, volumeDecimals);
    writer.raw(COMMA);
    writer.decimal(row.takerQuote, quoteDecimals);
    writer.raw(ROW_TAIL);
  }
}

const COMMA = Buffer.from(",");
const ROW_TAIL = Buffer.from(',"0"]');
