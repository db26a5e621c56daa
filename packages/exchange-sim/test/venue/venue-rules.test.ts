import { tradingRules } from "@smcq/exchange";
import { MINUTE_MS, parseE8 } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import {
  BASIS_RATIO_MAX,
  createUniverse,
  markE8At,
  passesUniverseFilter,
  venueRules,
  venueRulesAround,
  withPrices,
} from "../../src/index.ts";
import { short, SYMBOL } from "../support/path-venue.ts";

const AROUND = venueRulesAround(
  tradingRules({
    symbol: "1000PEPEUSDT",
    tickSize: "0.0000001",
    stepSize: "1",
    minQty: "1",
    marketMaxQty: "61234567",
    minNotional: "5",
  }),
);

describe("the venue's rules", () => {
  it("are read from every symbol that the universe trades", () => {
    const symbols = createUniverse({ symbols: 297 }).symbols.filter(passesUniverseFilter);
    expect(symbols.length).toBe(297);
    const bad = symbols.filter((entry) => {
      const { tickE8, lot, minNotionalE8, trading, priceMinE8, priceMaxE8 } = venueRules(entry);
      const isWhole = tickE8 * lot.stepE8 * minNotionalE8 > 0n && trading.tickE8 === tickE8;
      return !isWhole || priceMaxE8 <= priceMinE8;
    });
    expect(bad).toEqual([]);
  });

  it("name the symbol and the field that is no decimal", () => {
    const filters = SYMBOL.filters.map((filter) =>
      filter.filterType === "LOT_SIZE" ? { ...filter, maxQty: "much" } : filter,
    );
    expect(() => venueRules({ ...SYMBOL, filters })).toThrow(/AUSDT: maxQty is "much"/);
    expect(() => venueRules({ ...SYMBOL, filters: filters.slice(1) })).toThrow(/PRICE_FILTER/);
  });

  it("around a user's own are as wide as they can be, to the last step", () => {
    expect(short(AROUND.marketLot.maxE8)).toBe("61234567");
    expect(short(AROUND.priceMinE8)).toBe("0.0000001");
    expect(AROUND.brackets.leverageMax).toBeGreaterThan(1);
  });

  it("leave room around the prices that were traded, and narrow nothing", () => {
    const rules = venueRules(SYMBOL);
    const roomy = withPrices(rules, parseE8("0.9"), parseE8("70000"));
    expect([short(roomy.priceMinE8), short(roomy.priceMaxE8)]).toEqual(["0.45", "140000"]);
    const same = withPrices(rules, parseE8("90"), parseE8("110"));
    expect([same.priceMinE8, same.priceMaxE8]).toEqual([rules.priceMinE8, rules.priceMaxE8]);
    expect(short(withPrices(rules, parseE8("0.01"), parseE8("1")).priceMinE8)).toBe("0.01");
  });
});

describe("the mark", () => {
  it("stays near the last price, moves in a straight line within a minute, and never jumps", () => {
    const lastE8 = parseE8("50000");
    const basis = (timeMs: number): number => Number(markE8At(lastE8, 3, 5, timeMs)) / Number(lastE8) - 1;
    let widest = 0;
    for (let minute = 0; minute < 500; minute++) {
      const [from, middle, to] = [0, 0.5, 1].map((share) => basis((minute + share) * MINUTE_MS)) as [
        number,
        number,
        number,
      ];
      expect(middle).toBeCloseTo((from + to) / 2, 9);
      expect(basis((minute + 1) * MINUTE_MS - 1)).toBeCloseTo(to, 6);
      widest = Math.max(widest, Math.abs(from));
    }
    expect(widest).toBeLessThanOrEqual(BASIS_RATIO_MAX + 1e-9);
    expect(widest).toBeGreaterThan(BASIS_RATIO_MAX / 2);
    expect(markE8At(1n, 3, 5, 0)).toBeGreaterThan(0n);
  });
});
