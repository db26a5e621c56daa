import type { KlineCell, MarketSymbol } from "@smcq/exchange-sim";
import { MINUTE_MS } from "@smcq/kernel";
import { ByteWriter } from "./byte-writer.ts";

const B = (text: string): Buffer => Buffer.from(text, "utf8");
const K_CLOSE_TIME = B(',"T":');
const K_FIRST_ID = B(',"i":"1m","f":');
const K_LAST_ID = B(',"L":');
const K_OPEN = B(',"o":');
const K_CLOSE = B(',"c":');
const K_HIGH = B(',"h":');
const K_LOW = B(',"l":');
const K_VOLUME = B(',"v":');
const K_TRADES = B(',"n":');
const K_FORMING = B(',"x":false,"q":');
const K_FINAL = B(',"x":true,"q":');
const K_TAKER_BASE = B(',"V":');
const K_TAKER_QUOTE = B(',"Q":');
const TAIL = B(',"B":"0"}}');
const ENVELOPE_TAIL = B("}");

/** Name of a symbol's one-minute kline stream. */
export function streamName(symbol: string): string {
  return `${symbol.toLowerCase()}@kline_1m`;
}

interface SymbolParts {
  /** `{"stream":"btcusdt@kline_1m","data":` */
  readonly envelope: Buffer;
  /** `,"s":"BTCUSDT","k":{"t":` */
  readonly name: Buffer;
  /** `,"s":"BTCUSDT"` */
  readonly inner: Buffer;
}

/**
 * Encodes kline events with the venue's field order and decimals. After `encode`, the combined payload is
 * `bytes[0..length)` and the raw payload `bytes[rawStart..length-1)`.
 */
export class KlineFrame {
  readonly writer: ByteWriter = new ByteWriter();
  rawStart = 0;
  readonly #parts: (SymbolParts | undefined)[] = [];

  #partsOf(symbol: MarketSymbol): SymbolParts {
    const known = this.#parts[symbol.index];
    if (known !== undefined) return known;
    const name = JSON.stringify(symbol.symbol);
    const parts: SymbolParts = {
      envelope: B(`{"stream":${JSON.stringify(streamName(symbol.symbol))},"data":`),
      name: B(`,"s":${name},"k":{"t":`),
      inner: B(`,"s":${name}`),
    };
    this.#parts[symbol.index] = parts;
    return parts;
  }

  /** Encodes one kline; times in venue ms. */
  encode(
    symbol: MarketSymbol,
    cell: KlineCell,
    event: { readonly openTimeMs: number; readonly eventTimeMs: number; readonly isFinal: boolean },
  ): void {
    const { writer } = this;
    const { grid } = symbol;
    const parts = this.#partsOf(symbol);
    const quoteDecimals = grid.priceDecimals + grid.volumeDecimals;
    writer.clear();
    writer.raw(parts.envelope);
    this.rawStart = writer.length;
    writer.raw(EVENT_HEAD);
    writer.integer(event.eventTimeMs);
    writer.raw(parts.name);
    writer.integer(event.openTimeMs);
    writer.raw(K_CLOSE_TIME);
    writer.integer(event.openTimeMs + MINUTE_MS - 1);
    writer.raw(parts.inner);
    writer.raw(K_FIRST_ID);
    writer.integer(cell.firstTradeId);
    writer.raw(K_LAST_ID);
    writer.integer(cell.lastTradeId);
    writer.raw(K_OPEN);
    writer.decimal(cell.open, grid.priceDecimals);
    writer.raw(K_CLOSE);
    writer.decimal(cell.close, grid.priceDecimals);
    writer.raw(K_HIGH);
    writer.decimal(cell.high, grid.priceDecimals);
    writer.raw(K_LOW);
    writer.decimal(cell.low, grid.priceDecimals);
    writer.raw(K_VOLUME);
    writer.decimal(cell.volume, grid.volumeDecimals);
    writer.raw(K_TRADES);
    writer.integer(cell.trades);
    writer.raw(event.isFinal ? K_FINAL : K_FORMING);
    writer.decimal(cell.quote, quoteDecimals);
    writer.raw(K_TAKER_BASE);
    writer.decimal(cell.takerBase, grid.volumeDecimals);
    writer.raw(K_TAKER_QUOTE);
    writer.decimal(cell.takerQuote, quoteDecimals);
    writer.raw(TAIL);
    writer.raw(ENVELOPE_TAIL);
  }

  /** The raw event of the last `encode` as text. */
  rawText(): string {
    return this.writer.bytes.toString("utf8", this.rawStart, this.writer.length - 1);
  }
}

const EVENT_HEAD = B('{"e":"kline","E":');
