import { parseE8 } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { A, B, BarVenue, MINUTE_MS } from "../support/bar-venue.ts";

const HOUR_MS = 60 * MINUTE_MS;

/** A venue that holds 5 (50 steps) of the first symbol, and its wallet before any funding. */
function holding(side: 1 | -1): { readonly venue: BarVenue; readonly walletE8: bigint } {
  const venue = new BarVenue();
  venue.enter(side, 50, "100");
  return { venue, walletE8: venue.venue.walletE8() };
}

describe("funding", () => {
  it.each([
    // 5 * 101.5 = 507.5; 507.5 * 0.0001 = 0.05075.
    [1, "0.0001", "-0.05075"],
    [-1, "0.0001", "0.05075"],
    [1, "-0.0003", "0.15225"],
    [-1, "-0.0003", "-0.15225"],
    [1, "0", "0"],
  ] as const)("of side %i at the rate %s is %s USDT, told and in the wallet", (side, rate, amount) => {
    const { venue, walletE8 } = holding(side);
    venue.fund(HOUR_MS, rate, "101.5");
    const amountE8 = parseE8(amount);
    expect(venue.incomes).toEqual([
      { incomeId: `funding-0-${HOUR_MS}`, type: "funding", symbolId: A, amountE8, timeMs: HOUR_MS },
    ]);
    expect(venue.venue.walletE8()).toBe(walletE8 + amountE8);
    expect(venue.held).toBe(side * 50);
  });

  it.each([
    // 5 * 0.1 = 0.5; times 1e-8 half a unit, times 3e-8 one and a half.
    [1, "0.00000001", -1n],
    [-1, "0.00000001", 1n],
    [1, "-0.00000001", 1n],
    [1, "0.00000003", -2n],
    [-1, "-0.00000003", -2n],
  ] as const)("of side %i at the rate %s rounds half away from zero", (side, rate, amountE8) => {
    const { venue } = holding(side);
    venue.fund(HOUR_MS, rate, "0.1");
    expect(venue.incomes.map((income) => income.amountE8)).toEqual([amountE8]);
  });

  it("is nobody's without a position: before an entry fills, after an exit, of another symbol", () => {
    const venue = new BarVenue();
    venue.market({ id: "e", side: 1, steps: 50, isReduceOnly: false });
    venue.fund(MINUTE_MS, "0.0001", "100");
    venue.open("100", MINUTE_MS);
    venue.fund(MINUTE_MS, "0.0001", "100", B);
    venue.market({ id: "x", side: -1, steps: 50, isReduceOnly: true });
    venue.open("100", 2 * MINUTE_MS);
    const walletE8 = venue.venue.walletE8();
    venue.fund(3 * MINUTE_MS, "0.0001", "100");
    expect(venue.incomes).toEqual([]);
    expect(venue.venue.walletE8()).toBe(walletE8);
  });

  it("is paid on what is left of a position", () => {
    const { venue } = holding(1);
    venue.market({ id: "x", side: -1, steps: 30, isReduceOnly: true });
    venue.open("100");
    venue.fund(HOUR_MS, "0.0001", "100");
    expect(venue.incomes.map(({ amountE8 }) => amountE8)).toEqual([parseE8("-0.02")]);
  });

  it("has an id for each symbol and time, and is never paid twice", () => {
    const { venue } = holding(1);
    venue.market({ id: "b", side: -1, steps: 50, isReduceOnly: false, symbol: B });
    venue.open("100");
    for (const timeMs of [HOUR_MS, 2 * HOUR_MS])
      for (const symbol of [A, B]) venue.fund(timeMs, "0.0001", "100", symbol);
    expect(new Set(venue.incomes.map(({ incomeId }) => incomeId)).size).toBe(4);
    const walletE8 = venue.venue.walletE8();
    for (const timeMs of [2 * HOUR_MS, HOUR_MS])
      expect(() => venue.fund(timeMs, "0.0001", "100")).toThrow(/Invariant/);
    expect(venue.incomes.length).toBe(4);
    expect(venue.venue.walletE8()).toBe(walletE8);
  });
});
