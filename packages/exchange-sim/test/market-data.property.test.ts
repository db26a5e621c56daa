import { BAR_FIELDS, barFault, MINUTE_MS, Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { createCell, MarketData, type KlineCell, type MarketSymbol } from "../src/index.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_260_201);
console.info(`seed ${seed} (set SMCQ_SEED to repeat)`);

function fault(symbol: MarketSymbol, cell: KlineCell): string | null {
  const { grid } = symbol;
  for (const price of [cell.open, cell.high, cell.low, cell.close])
    if (!Number.isInteger(price / grid.tickUnits)) return `${price} is not on the tick ${grid.tickUnits}`;
  if (!Number.isInteger(cell.volume / grid.stepUnits)) return `${cell.volume} is not on the step`;
  if (cell.quote < cell.volume * cell.low || cell.quote > cell.volume * cell.high) return "turnover";
  if (cell.takerBase > cell.volume || cell.takerQuote > cell.quote) return "taker share";
  if (cell.volume > 0 && cell.lastTradeId - cell.firstTradeId !== cell.trades - 1) return "trade ids";
  return barFault(cell.open, cell.high, cell.low, cell.close, cell.volume);
}

describe("market data", () => {
  it("gives valid bars on tick and step for every symbol at random minutes", () => {
    const market = new MarketData();
    const rng = new Rng(seed);
    const cell = createCell();
    for (const symbol of market.symbols)
      for (let round = 0; round < 60; round++) {
        const minute = rng.int(market.minuteCount);
        market.bar(symbol, minute, cell);
        expect(fault(symbol, cell), `${symbol.symbol} minute ${minute}`).toBeNull();
      }
  });

  it("forms each bar monotonically and ends at the final one", () => {
    const market = new MarketData({ symbols: 40 });
    const rng = new Rng(seed);
    const cell = createCell();
    const final = createCell();
    let trading = 0;
    for (let round = 0; round < 2000; round++) {
      const symbol = market.at(rng.int(market.symbols.length));
      const minute = 1 + rng.int(market.minuteCount - 1);
      market.bar(symbol, minute, final);
      const last: KlineCell = { ...createCell(), high: -Infinity, low: Infinity };
      for (let step = 0; step <= 24; step++) {
        market.forming(symbol, minute, step / 24, cell);
        if (cell.volume === 0) continue;
        trading++;
        expect(fault(symbol, cell), `${symbol.symbol} ${minute} ${step}`).toBeNull();
        expect(cell.open).toBe(final.open);
        const falls =
          cell.high < last.high ||
          cell.low > last.low ||
          cell.volume < last.volume ||
          cell.trades < last.trades;
        expect(falls, `${symbol.symbol} ${minute} ${step}`).toBe(false);
        Object.assign(last, cell);
      }
      expect(cell).toEqual(final);
    }
    expect(trading).toBeGreaterThan(20_000);
  });

  it("is the same for the same seed and another for another seed", () => {
    const symbols = ["BTCUSDT", "1000PEPEUSDT", "ADAUSDT"];
    const read = (market: MarketData): number[] =>
      symbols.flatMap((name) => Array.from(market.flatBars(market.find(name)!, 5000, 5100)));
    expect(read(new MarketData({ seed: 7 }))).toEqual(read(new MarketData({ seed: 7 })));
    expect(read(new MarketData({ seed: 7 }))).not.toEqual(read(new MarketData({ seed: 8 })));
    // The same symbol is the same series in a universe of any size.
    const small = new MarketData({ seed: 7, symbols: 60 });
    const name = small.symbols.find((symbol) => symbol.isDerived)!.symbol;
    const large = new MarketData({ seed: 7, symbols: 600 });
    expect(small.flatBars(small.find(name)!, 0, 500)).toEqual(large.flatBars(large.find(name)!, 0, 500));
  });

  it("marks derived series and bounds their transformation", () => {
    const market = new MarketData();
    const own = market.symbols.filter((symbol) => !symbol.isDerived).map((symbol) => symbol.symbol);
    expect(own).toHaveLength(7);
    const mirrored = market.symbols.filter((symbol) => (symbol.view.derivation?.exponent ?? 1) < 0).length;
    expect(mirrored).toBeGreaterThan(100);
    const outside = market.symbols.filter(({ view, grid }) => {
      if (view.derivation === null) return false;
      const volatility = Math.abs(view.derivation.exponent);
      return volatility < 0.6 || volatility > 1.6 || view.derivation.basePriceUnits % grid.tickUnits !== 0;
    });
    expect(outside).toEqual([]);
  });

  it("has a tick of 0.02 to 10 bps of the price on nearly every derived symbol", () => {
    const market = new MarketData();
    const derived = market.symbols.filter((symbol) => symbol.isDerived);
    const cell = createCell();
    const usual = derived.filter((symbol) => {
      market.bar(symbol, 2600, cell);
      const tickBps = (symbol.grid.tickUnits / cell.close) * 10_000;
      return tickBps > 0.02 && tickBps < 10;
    });
    expect(usual.length / derived.length).toBeGreaterThan(0.97);
  });

  it("joins the end of a derived series to its start", () => {
    const market = new MarketData({ isLooped: true });
    const symbol = market.find("BTCUSDT")!;
    const cell = createCell();
    market.bar(symbol, market.minuteCount - 501, cell);
    let jumpMax = 0;
    for (let minute = market.minuteCount - 500; minute < market.minuteCount + 500; minute++) {
      const previousClose = cell.close;
      market.bar(symbol, minute, cell);
      jumpMax = Math.max(jumpMax, Math.abs(Math.log(cell.open / previousClose)));
    }
    expect(jumpMax).toBeLessThan(0.02);
  });

  it("gives flat bars in contiguous minutes and refuses minutes it does not have", () => {
    const market = new MarketData({ symbols: 10 });
    const symbol = market.at(0);
    const bars = market.flatBars(symbol, 100, 109);
    expect(bars).toHaveLength(10 * BAR_FIELDS);
    for (let index = 0; index < 10; index++)
      expect(bars[index * BAR_FIELDS]).toBe(market.startMs + (100 + index) * MINUTE_MS);
    expect(market.flatBars(symbol, market.minuteCount - 1, market.minuteCount + 5)).toHaveLength(BAR_FIELDS);
    expect(() => market.bar(symbol, market.minuteCount, createCell())).toThrow(/no bar/);
    expect(() => market.bar(symbol, -1, createCell())).toThrow(/no bar/);
  });

  it("starts a listed symbol at its first minute and refuses a listed name", () => {
    const market = new MarketData({ symbols: 10 });
    const template = market.universe.symbols[0]!;
    const listed = market.addSymbol({ ...template, symbol: "LATEUSDT" }, 300);
    expect(market.flatBars(listed, 290, 301)).toHaveLength(2 * BAR_FIELDS);
    expect(() => market.addSymbol({ ...template, symbol: "LATEUSDT" })).toThrow(/listed already/);
  });

  it("keeps a symbol flat without volume where the rule says so", () => {
    const market = new MarketData({
      symbols: 10,
      flatRule: (_, minute) => (minute >= 50 && minute < 60 ? 50 : -1),
    });
    const symbol = market.at(3);
    const cell = createCell();
    market.bar(symbol, 49, cell);
    const { close } = cell;
    for (let minute = 50; minute < 60; minute++) {
      market.bar(symbol, minute, cell);
      expect([cell.open, cell.high, cell.low, cell.close, cell.volume]).toEqual([
        close,
        close,
        close,
        close,
        0,
      ]);
    }
    market.bar(symbol, 60, cell);
    expect(cell.volume).toBeGreaterThan(0);
  });

  it("shows a minute without a trade yet as flat at the previous close", () => {
    const market = new MarketData({ symbols: 10 });
    const cell = createCell();
    market.bar(market.at(2), 77, cell);
    const { close } = cell;
    market.forming(market.at(2), 78, 0, cell);
    expect([cell.open, cell.high, cell.low, cell.close, cell.volume, cell.firstTradeId]).toEqual([
      close,
      close,
      close,
      close,
      0,
      -1,
    ]);
  });
});
