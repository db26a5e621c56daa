import { createCell, type KlineCell, MarketData, type MarketSymbol } from "@smcq/exchange-sim";
import { MINUTE_MS, Rng } from "@smcq/kernel";

/** A combined kline frame and what it says. */
export interface SampleFrame {
  readonly bytes: Buffer;
  readonly symbol: string;
  readonly openTimeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly isFinal: boolean;
}

const decimals = (units: number, scale: number): string =>
  (units / scale).toFixed(Math.max(0, Math.round(Math.log10(scale))));

/** The venue's own order of keys (docs/binance.md section 2). */
function encode(
  market: MarketData,
  symbol: MarketSymbol,
  moment: { readonly minute: number; readonly fraction: number; readonly cell: KlineCell },
): SampleFrame {
  const { minute, fraction, cell } = moment;
  market.forming(symbol, minute, fraction, cell);
  const { priceScale, volumeScale } = symbol.grid;
  const openTimeMs = market.openTimeMs(minute);
  const isFinal = fraction === 1;
  const kline = {
    t: openTimeMs,
    T: openTimeMs + MINUTE_MS - 1,
    s: symbol.symbol,
    i: "1m",
    f: cell.firstTradeId,
    L: cell.lastTradeId,
    o: decimals(cell.open, priceScale),
    c: decimals(cell.close, priceScale),
    h: decimals(cell.high, priceScale),
    l: decimals(cell.low, priceScale),
    v: decimals(cell.volume, volumeScale),
    n: cell.trades,
    x: isFinal,
    q: decimals(cell.quote, priceScale * volumeScale),
    V: decimals(cell.takerBase, volumeScale),
    Q: decimals(cell.takerQuote, priceScale * volumeScale),
    B: "0",
  };
  const eventTimeMs = openTimeMs + (isFinal ? MINUTE_MS + 2_000 : Math.round(fraction * MINUTE_MS));
  const frame = {
    stream: `${symbol.symbol.toLowerCase()}@kline_1m`,
    data: { e: "kline", E: eventTimeMs, s: symbol.symbol, k: kline },
  };
  return {
    bytes: Buffer.from(JSON.stringify(frame)),
    symbol: symbol.symbol,
    openTimeMs,
    open: Number(kline.o),
    high: Number(kline.h),
    low: Number(kline.l),
    close: Number(kline.c),
    volume: Number(kline.v),
    isFinal,
  };
}

/** `count` frames of many symbols and minutes, forming and final, in a seeded order: no price comes twice in a row. */
export function sampleFrames(market: MarketData, count: number): readonly SampleFrame[] {
  const rng = new Rng(7);
  const cell = createCell();
  return Array.from({ length: count }, (_, index) => {
    const symbol = market.at(index % market.symbols.length);
    const minute = rng.int(market.minuteCount);
    return encode(market, symbol, { minute, fraction: rng.chance(0.1) ? 1 : rng.next(), cell });
  });
}

/** The same frame with all keys in another order and one key that the venue does not have today. */
export function reordered(frame: SampleFrame): Buffer {
  const parsed = JSON.parse(frame.bytes.toString()) as { stream: string; data: { k: object } };
  const k = Object.fromEntries([...Object.entries(parsed.data.k).toReversed(), ["zz", [1, { a: "b" }]]]);
  return Buffer.from(
    JSON.stringify({
      data: Object.fromEntries(Object.entries({ ...parsed.data, k }).toReversed()),
      stream: parsed.stream,
    }),
  );
}
