import type { Fill, Income, OrderSide } from "@smcq/exchange";
import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { Portfolio } from "../src/index.ts";
import { BTC, BTC_RULES, DOGE, DOGE_RULES, fillOf } from "./support.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const SEQUENCES = 300;

type Step = { readonly fill: Fill } | { readonly income: Income };

function newPortfolio(startE8: bigint): Portfolio {
  const made = new Portfolio(startE8);
  made.setRules(BTC, BTC_RULES);
  made.setRules(DOGE, DOGE_RULES);
  return made;
}

/** Random fills of two symbols and payments among them; every position is closed at the end. */
function sequence(rng: Rng): readonly Step[] {
  const steps: Step[] = [];
  const held = new Map([
    [BTC, 0],
    [DOGE, 0],
  ]);
  const price = (): number => 1 + rng.int(rng.chance(0.5) ? 50 : 900_000);
  const add = (symbolId: typeof BTC, signedQty: number): void => {
    const side: OrderSide = signedQty > 0 ? 1 : -1;
    const feeE8 = BigInt(rng.int(100_000) - 10_000);
    steps.push({ fill: fillOf(side, Math.abs(signedQty), price(), { symbolId, feeE8 }) });
    held.set(symbolId, (held.get(symbolId) ?? 0) + signedQty);
  };
  const count = 1 + rng.int(60);
  for (let k = 0; k < count; k++) {
    const symbolId = rng.chance(0.5) ? BTC : DOGE;
    const qty = held.get(symbolId) ?? 0;
    const isClosing = qty !== 0 && rng.chance(0.5);
    if (isClosing && rng.chance(0.1)) add(symbolId, -qty - Math.sign(qty) * (1 + rng.int(9_999)));
    else if (isClosing) add(symbolId, -Math.sign(qty) * (1 + rng.int(Math.abs(qty))));
    else add(symbolId, (qty === 0 ? (rng.chance(0.5) ? 1 : -1) : Math.sign(qty)) * (1 + rng.int(9_999)));
    const types = ["funding", "transfer", "liquidation-fee", "other"] as const;
    if (rng.chance(0.2))
      steps.push({
        income: {
          incomeId: `p${k}`,
          type: types[rng.int(types.length)] ?? "other",
          symbolId,
          amountE8: BigInt(rng.int(2_000_000)) - 1_000_000n,
          timeMs: k,
        },
      });
  }
  for (const [symbolId, qty] of held) if (qty !== 0) add(symbolId, -qty);
  return steps;
}

/** Half away from zero, as integers alone: nothing of the code under test. */
function roundedE8(product: bigint): bigint {
  const unit = 100_000_000n;
  return product / unit + (product % unit >= unit / 2n ? 1n : 0n);
}

interface Sums {
  readonly cash: bigint;
  readonly fees: bigint;
  readonly funding: bigint;
  readonly transfers: bigint;
  readonly payments: bigint;
}

/** What was paid and got for every fill, and what came and went beside. */
function sumsOf(steps: readonly Step[]): Sums {
  let [cash, fees, funding, transfers, payments] = [0n, 0n, 0n, 0n, 0n];
  for (const step of steps)
    if ("fill" in step) {
      const { symbolId, side, priceTicks, qtySteps, feeE8 } = step.fill;
      const [tickE8, stepE8] = symbolId === BTC ? [10_000_000n, 100_000n] : [10n, 1_000_000n];
      cash -= BigInt(side) * roundedE8(BigInt(priceTicks) * tickE8 * BigInt(qtySteps) * stepE8);
      fees += feeE8;
    } else {
      const { type, amountE8 } = step.income;
      payments += amountE8;
      if (type === "funding") funding += amountE8;
      if (type === "transfer") transfers += amountE8;
    }
  return { cash, fees, funding, transfers, payments };
}

function tell(portfolio: Portfolio, step: Step): bigint | null {
  if ("fill" in step) return portfolio.applyFill(step.fill)?.realisedE8 ?? null;
  return portfolio.applyIncome(step.income) ? 0n : null;
}

describe(`random fills that end flat (SMCQ_SEED=${seed})`, () => {
  const rng = new Rng(seed);
  const sequences = Array.from({ length: SEQUENCES }, (_, k) => sequence(rng.fork(`sequence ${k}`)));

  it("leave start, results, fees and payments in the wallet, to the last unit", () => {
    for (const [k, steps] of sequences.entries()) {
      const startE8 = BigInt(k) * 1_000_000_007n;
      const portfolio = newPortfolio(startE8);
      let realised = 0n;
      for (const step of steps) realised += tell(portfolio, step) ?? 0n;
      const { cash, fees, funding, transfers, payments } = sumsOf(steps);
      expect(realised).toBe(cash);
      expect(portfolio.totals).toEqual({
        realisedE8: cash,
        feesE8: fees,
        feesElsewhereE8: 0n,
        fundingE8: funding,
        transfersE8: transfers,
      });
      expect(portfolio.walletE8).toBe(startE8 + cash - fees + payments);
      expect([portfolio.openCount, portfolio.equityE8]).toEqual([0, portfolio.walletE8]);
    }
  });

  it("come to the same if each may be told again at any later time", () => {
    for (const steps of sequences) {
      const [once, often] = [newPortfolio(0n), newPortfolio(0n)];
      for (const [k, step] of steps.entries()) {
        tell(once, step);
        tell(often, step);
        for (let again = rng.int(3); again > 0; again--)
          expect(tell(often, steps[rng.int(k + 1)] ?? step)).toBeNull();
        expect(often.positions()).toEqual(once.positions());
      }
      expect([often.walletE8, often.totals]).toEqual([once.walletE8, once.totals]);
    }
  });

  it("fold to the same positions and wallet each time, at every step", () => {
    for (const steps of sequences.slice(0, 50)) {
      const [left, right] = [newPortfolio(5n), newPortfolio(5n)];
      for (const step of steps) {
        expect(tell(left, step)).toBe(tell(right, step));
        expect([left.walletE8, left.positions()]).toEqual([right.walletE8, right.positions()]);
      }
    }
  });

  it("hold, at every step, what their cash flow says at the mark of the last price", () => {
    for (const steps of sequences.slice(0, 100)) {
      const portfolio = newPortfolio(0n);
      const fills = steps.flatMap((step) =>
        "fill" in step && step.fill.symbolId === BTC ? [step.fill] : [],
      );
      for (const [k, fill] of fills.entries()) {
        portfolio.applyFill({ ...fill, feeE8: 0n });
        const markE8 = BigInt(fill.priceTicks) * 10_000_000n;
        portfolio.mark(BTC, markE8);
        const told = fills.slice(0, k + 1);
        const qty = told.reduce((sum, { side, qtySteps }) => sum + BigInt(side) * BigInt(qtySteps), 0n);
        const { cash } = sumsOf(told.map((one) => ({ fill: one })));
        // A tick times a step of this symbol is a whole number of e8: nothing is rounded.
        expect(portfolio.equityE8).toBe(cash + (qty * 100_000n * markE8) / 100_000_000n);
      }
    }
  });
});
