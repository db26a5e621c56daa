import type { Income } from "@smcq/exchange";
import { InvariantError, parseE8, symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { Portfolio, TRADES_REMEMBERED_MAX } from "../src/index.ts";
import { BTC, BTC_RULES, DOGE, DOGE_RULES, fillOf } from "./support.ts";

const START = parseE8("10000");

function portfolio(): Portfolio {
  const made = new Portfolio(START);
  made.setRules(BTC, BTC_RULES);
  made.setRules(DOGE, DOGE_RULES);
  return made;
}

function income(type: Income["type"], amount: string, incomeId: string = type): Income {
  return { incomeId, type, symbolId: null, amountE8: parseE8(amount), timeMs: 0 };
}

describe("a portfolio", () => {
  it("begins with its money and nothing else", () => {
    const made = portfolio();
    expect([made.walletE8, made.equityE8, made.unrealisedE8, made.openCount]).toEqual([START, START, 0n, 0]);
    expect(made.totals).toEqual({
      realisedE8: 0n,
      feesE8: 0n,
      feesElsewhereE8: 0n,
      fundingE8: 0n,
      transfersE8: 0n,
    });
    expect([made.position(BTC), made.markE8(BTC), made.positions()]).toEqual([null, null, []]);
  });

  it("pays the fee of a fill at once, and takes a rebate", () => {
    const made = portfolio();
    made.applyFill(fillOf(1, 20, 650_000, { feeE8: parseE8("0.65") }));
    expect(made.walletE8).toBe(parseE8("9999.35"));
    made.applyFill(fillOf(-1, 20, 650_000, { feeE8: parseE8("-0.13") }));
    expect(made.walletE8).toBe(parseE8("9999.48"));
    expect(made.totals.feesE8).toBe(parseE8("0.52"));
  });

  it("counts a fee that another asset's balance paid, and does not pay it again (AC09)", () => {
    const made = portfolio();
    const otherFee = { asset: "BNB", amountE8: parseE8("0.001") };
    made.applyFill(fillOf(1, 20, 650_000, { feeE8: parseE8("0.65"), otherFee }));
    made.applyFill(fillOf(-1, 20, 650_000, { feeE8: parseE8("0.5") }));
    expect(made.walletE8).toBe(parseE8("9999.5"));
    expect(made.totals).toMatchObject({ feesE8: parseE8("1.15"), feesElsewhereE8: parseE8("0.65") });
  });

  it("counts a trade once, however often it is told", () => {
    const made = portfolio();
    const fill = fillOf(1, 20, 650_000, { feeE8: 1n });
    expect(made.applyFill(fill)?.position?.qtySteps).toBe(20);
    expect(made.applyFill(fill)).toBeNull();
    expect(made.applyFill({ ...fill, qtySteps: fillOf(1, 1, 1).qtySteps })).toBeNull();
    expect([made.position(BTC)?.qtySteps, made.totals.feesE8]).toEqual([20, 1n]);
  });

  it("takes the same trade id of another symbol, and an income of that id, as something else", () => {
    const made = portfolio();
    const fill = fillOf(1, 20, 650_000, { tradeId: "7" });
    expect(made.applyFill(fill)).not.toBeNull();
    expect(made.applyFill({ ...fill, symbolId: DOGE })).not.toBeNull();
    expect(made.applyIncome(income("funding", "1", "7"))).toBe(true);
    expect(made.applyIncome(income("funding", "1", "7"))).toBe(false);
    expect([made.openCount, made.totals.fundingE8]).toEqual([2, parseE8("1")]);
  });

  it("remembers so many trades, and forgets the oldest first", () => {
    const made = portfolio();
    const tell = (id: number): boolean => made.applyIncome(income("other", "0.00000001", String(id)));
    for (let id = 0; id < TRADES_REMEMBERED_MAX; id++) tell(id);
    expect([tell(0), tell(TRADES_REMEMBERED_MAX - 1)]).toEqual([false, false]);
    expect(tell(TRADES_REMEMBERED_MAX)).toBe(true);
    expect([tell(1), tell(0)]).toEqual([false, true]);
    expect(made.walletE8 - START).toBe(BigInt(TRADES_REMEMBERED_MAX) + 2n);
  });

  it("books payments by what they are; each moves the wallet", () => {
    const made = portfolio();
    for (const [type, amount] of [
      ["funding", "-1.5"],
      ["transfer", "200"],
      ["liquidation-fee", "-3"],
      ["other", "0.25"],
    ] as const)
      expect(made.applyIncome(income(type, amount))).toBe(true);
    expect(made.walletE8).toBe(parseE8("10195.75"));
    expect(made.totals).toEqual({
      realisedE8: 0n,
      feesE8: 0n,
      feesElsewhereE8: 0n,
      fundingE8: parseE8("-1.5"),
      transfersE8: parseE8("200"),
    });
  });

  it("values what is open at its marks, and at its entry where there is none", () => {
    const made = portfolio();
    made.applyFill(fillOf(1, 20, 650_000));
    made.applyFill(fillOf(-1, 10_000, 1_000_000, { symbolId: DOGE }));
    expect(made.unrealisedE8).toBe(0n);
    made.mark(BTC, parseE8("65100"));
    expect(made.equityE8).toBe(parseE8("10002"));
    made.mark(DOGE, parseE8("0.11"));
    expect([made.unrealisedE8, made.equityE8, made.walletE8]).toEqual([
      parseE8("1"),
      parseE8("10001"),
      START,
    ]);
    made.applyFill(fillOf(-1, 20, 650_500));
    expect([made.walletE8, made.unrealisedE8]).toEqual([parseE8("10001"), parseE8("-1")]);
  });

  it("lists what is open by symbol number", () => {
    const made = portfolio();
    made.applyFill(fillOf(1, 1, 1_000_000, { symbolId: DOGE }));
    made.applyFill(fillOf(1, 1, 650_000));
    expect(made.positions().map((position) => position.symbolId)).toEqual([BTC, DOGE]);
  });

  it("refuses a mark that is no price, and a symbol without rules", () => {
    const made = portfolio();
    expect(() => made.mark(BTC, 0n)).toThrow(InvariantError);
    expect(() => made.mark(BTC, -1n)).toThrow(InvariantError);
    expect(() => made.rules(symbolId(9))).toThrow(InvariantError);
    expect(() => made.applyFill(fillOf(1, 1, 1, { symbolId: symbolId(9) }))).toThrow(InvariantError);
  });
});
