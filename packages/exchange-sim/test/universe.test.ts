import { describe, expect, it } from "vitest";
import { createUniverse, filterOf, MarketData, passesUniverseFilter } from "../src/index.ts";

const passing = (symbols?: number): string[] =>
  createUniverse(symbols === undefined ? {} : { symbols })
    .symbols.filter(passesUniverseFilter)
    .map((symbol) => symbol.symbol);

describe("the universe", () => {
  it("has exactly 297 symbols that pass the filter by default", () => {
    expect(passing()).toHaveLength(297);
  });

  it.each([1, 50, 297, 300, 3000, 10_000])("has exactly %i when asked, without doubles", (count) => {
    const names = passing(count);
    expect(names).toHaveLength(count);
    expect(new Set(names).size).toBe(count);
  });

  it("keeps the symbols with real bars when it is small", () => {
    expect(passing(7).toSorted()).toEqual(
      ["ALGOUSDT", "AVAXUSDT", "ENAUSDT", "FILUSDT", "NEARUSDT", "XLMUSDT", "XMRUSDT"].toSorted(),
    );
  });

  it.each([0, 1.5, 10_001, NaN])("refuses %d symbols", (symbols) => {
    expect(() => createUniverse({ symbols })).toThrow(/symbols must be an integer 1\.\.10000/);
  });

  it("carries every oddity of the newer documents, and none passes the filter", () => {
    const { symbols } = createUniverse();
    const odd = symbols.filter((symbol) => !passesUniverseFilter(symbol));
    const statuses = new Set(odd.map((symbol) => symbol.status));
    const contractTypes = new Set(odd.map((symbol) => symbol.contractType));
    expect([...statuses]).toEqual(
      expect.arrayContaining(["SETTLING", "PENDING_TRADING", "TRADING_HALT", "TRADING_CANCEL_ONLY"]),
    );
    expect([...contractTypes]).toEqual(
      expect.arrayContaining(["TRADIFI_PERPETUAL", "", "CURRENT_QUARTER", "CURRENT_QUARTER DELIVERING"]),
    );
    expect(odd.some((symbol) => /\p{Script=Han}/u.test(symbol.symbol))).toBe(true);
    expect(odd.some((symbol) => symbol.quoteAsset === "USDC" && symbol.status === "TRADING")).toBe(true);
    expect(
      odd.some((symbol) => symbol.filters.some((filter) => filter.filterType === "POSITION_RISK_CONTROL")),
    ).toBe(true);
  });

  it("lets no real series trade below its own minPrice", () => {
    const market = new MarketData();
    for (const symbol of market.symbols.filter((one) => !one.isDerived)) {
      const venueSymbol = market.universe.symbols.find((one) => one.symbol === symbol.symbol)!;
      const minPrice = Number(filterOf(venueSymbol, "PRICE_FILTER")["minPrice"]);
      const lowest = Math.min(
        ...market.flatBars(symbol, 0, market.minuteCount).filter((_, at) => at % 6 === 3),
      );
      expect(lowest).toBeGreaterThanOrEqual(minPrice);
    }
  });
});
