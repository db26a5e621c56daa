import { describe, expect, it } from "vitest";
import { SLIPPAGE_ORDERS_MAX, SLIPPAGE_ORDERS_MIN, SlippageBook } from "../src/slippage.ts";

describe("measured slippage", () => {
  it("says nothing before enough orders have told, and nothing of another symbol", () => {
    const book = new SlippageBook();
    for (let order = 1; order < SLIPPAGE_ORDERS_MIN; order++) book.note(1, 0.001);
    expect(book.ratio(1)).toBe(0);
    book.note(1, 0.001);
    expect([book.ratio(1), book.ratio(2)]).toEqual([0.001, 0]);
  });

  it("is the 75 % quantile of the last orders: nearest rank, 0 at least", () => {
    const book = new SlippageBook();
    for (const ratio of [8, 1, 7, 2, 6, 3, 5, 4]) book.note(1, ratio);
    expect(book.ratio(1)).toBe(6);
    for (let order = 0; order < SLIPPAGE_ORDERS_MAX; order++) book.note(1, -0.001);
    expect(book.ratio(1)).toBe(0);
  });
});
