import { isApproved } from "@smcq/exchange";
import { symbolId } from "@smcq/kernel";
import { M1_SCALP } from "@smcq/strategy";
import { describe, expect, it } from "vitest";
import {
  byScoreThenCost,
  type EntryIntent,
  exposureOf,
  priceIntent,
  type PricedReceipt,
  type Ranked,
  REFUSAL_CODES,
  type Obstacles,
  type Receipt,
  type RefusalCode,
  refuseUnpriced,
  review,
  type ReviewInput,
  type Unknown,
} from "../src/index.ts";
import { CALM, DEFAULTS, intentOf, reviewInput, rulesOf } from "./support.ts";

function receiptOf(more: Partial<ReviewInput> = {}, intent: Partial<EntryIntent> = {}): PricedReceipt {
  return review(reviewInput(more, intent), DEFAULTS).receipt;
}

/** An input with everything wrong that the codes are named after, and nothing else. */
function troubled(codes: readonly RefusalCode[]): ReviewInput {
  const has = (code: RefusalCode): boolean => codes.includes(code);
  return reviewInput(
    {
      obstacles: Object.fromEntries(
        REFUSAL_CODES.slice(0, REFUSAL_CODES.indexOf("TICK_TOO_COARSE")).map((code) => [code, has(code)]),
      ),
      winProbability: () => (has("KELLY") ? 0.1 : 0.9),
      equity: has("TOO_SMALL") ? 0 : 10_000,
    },
    {
      plan: { ...M1_SCALP, tickRatioMax: 0.0003 },
      invalidationPrice: has("STOP_TOO_WIDE") ? 98 : 99.25,
      rules: rulesOf({ tickSize: has("TICK_TOO_COARSE") ? "0.05" : "0.01" }),
      measuredSlippageRatio: has("COST_GATE") ? 0.005 : 0,
      fundingLoss: has("REWARD") ? 2 : 0,
    },
  );
}

describe("a refusal", () => {
  it.each(REFUSAL_CODES)("%s stands for its own trouble", (code) => {
    const verdict = review(troubled([code]), DEFAULTS);
    expect([verdict.type, verdict.receipt.outcome]).toEqual(["refused", code]);
  });

  it.each(REFUSAL_CODES.map((code, at) => [code, at] as const))(
    "%s is named before all that follow",
    (code, at) => {
      expect(review(troubled(REFUSAL_CODES.slice(at)), DEFAULTS).receipt.outcome).toBe(code);
    },
  );

  it("keeps the numbers; how much was asked for only the last one", () => {
    for (const code of REFUSAL_CODES) {
      const { size, unit, equity } = review(troubled([code]), DEFAULTS).receipt;
      expect(size === null).toBe(code !== "TOO_SMALL");
      expect(equity).toBe(code === "TOO_SMALL" ? 0 : 10_000);
      expect(unit.loss).toBeGreaterThan(0);
    }
  });

  it("does not come where nothing is wrong", () => {
    expect(review(troubled([]), DEFAULTS).type).toBe("approved");
  });

  it("comes of costs above the limit, and of a reward below it, not of those at it", () => {
    const { unit } = receiptOf();
    const outcome = (more: Partial<typeof DEFAULTS>): string =>
      review(reviewInput(), { ...DEFAULTS, ...more }).receipt.outcome;
    expect(outcome({ costRatioMax: unit.c, rewardRatioMin: unit.b })).toBe("APPROVED");
    expect(outcome({ costRatioMax: unit.c * (1 - 1e-12) })).toBe("COST_GATE");
    expect(outcome({ rewardRatioMin: unit.b * (1 + 1e-12) })).toBe("REWARD");
  });

  it("of what cannot be priced says what was not known, behind the gates before it", () => {
    const refused = (unknown: readonly Unknown[], obstacles: Obstacles = {}, proven = false): Receipt =>
      refuseUnpriced(
        0.9,
        unknown,
        reviewInput({ obstacles, modelFactor: 0.5, winProbability: proven ? () => 0.9 : null }),
        DEFAULTS,
      );
    expect(refused(["rules"])).toEqual({
      outcome: "SYMBOL_BLOCKED",
      unknown: ["rules"],
      unit: null,
      equity: 10_000,
      baseRiskRatio: 0.0025 * 0.5,
      dailyFactor: 1,
      drawdownFactor: 1,
      directionFactor: 1,
      size: null,
      kelly: null,
    });
    expect(refused(["quote"])).toMatchObject({ outcome: "FEED_STALE", unknown: ["quote"], unit: null });
    expect(refused(["rules", "quote"]).outcome).toBe("FEED_STALE");
    expect(refused(["quote"], { STATE_NOT_ACTIVE: true }).outcome).toBe("STATE_NOT_ACTIVE");
    expect(refused(["quote"], { DAILY_LOSS: true }).outcome).toBe("FEED_STALE");
    expect(refused(["quote"], {}, true)).toMatchObject({ baseRiskRatio: 0.02 * 0.5, kelly: null });
    expect(receiptOf()).toMatchObject({ unknown: [] });
  });

  it("comes of numbers that are none, without an order and without a throw", () => {
    const nan = Number.NaN;
    for (const intent of [
      { quote: nan },
      { quote: 0 },
      { quote: -100 },
      { quote: Infinity },
      { invalidationPrice: nan },
      { invalidationPrice: -Infinity },
      { atr: nan },
      { atr: Infinity },
      { medianTurnover: nan },
      { medianTurnover: 0 },
      { fundingLoss: nan },
      { measuredSlippageRatio: nan },
    ])
      expect(review(reviewInput({}, intent), DEFAULTS).type).toBe("refused");
    for (const more of [
      { equity: nan },
      { equity: -5 },
      { modelFactor: nan },
      { modelFactor: 0 },
      { modelFactor: -1 },
      { winProbability: () => nan },
      { winProbability: () => 0 },
      { governors: { ...CALM, drawdownFactor: nan } },
      { sameSideCount: nan },
    ])
      expect(review(reviewInput(more), DEFAULTS).type).toBe("refused");
  });

  it("comes of an account without money, whatever is open", () => {
    const open = [
      { side: 1, qty: 1, avgPrice: 100, mark: 90, stop: 80, takerRatio: 0, sigma: 0, leverage: 1 },
    ] as const;
    for (const equity of [0, -100]) {
      const exposure = () => exposureOf(1, equity, open, []);
      expect(receiptOf({ equity, exposure })).toMatchObject({ outcome: "TOO_SMALL", size: { steps: 0 } });
    }
  });
});

describe("an approval", () => {
  it("is a sealed market order of the size that the receipt says", () => {
    const verdict = review(reviewInput({}, { side: -1, invalidationPrice: 100.75 }), DEFAULTS);
    if (verdict.type !== "approved") throw new Error(verdict.receipt.outcome);
    expect(isApproved(verdict.order)).toBe(true);
    expect(verdict.order.value).toEqual({
      type: "market",
      clientOrderId: "smcqE1a0",
      symbolId: 3,
      symbol: "TESTUSDT",
      role: "entry",
      side: -1,
      qtySteps: verdict.receipt.size?.steps,
      isReduceOnly: false,
    });
    expect(verdict.receipt).toMatchObject({
      outcome: "APPROVED",
      size: { boundBy: "risk", isTooSmall: false },
    });
  });

  it("of an entry that rests is post-only at its own price, and is sized and judged by that", () => {
    const entry = { kind: "limit", offsetAtr: 0.5, expiryBars: 5 } as const;
    for (const [side, ticks] of [
      [1, 9_975],
      [-1, 10_025],
    ] as const) {
      const intent = { side, plan: { ...M1_SCALP, entry }, invalidationPrice: 100 - side * 0.75 };
      const verdict = review(reviewInput({}, intent), DEFAULTS);
      if (verdict.type !== "approved") throw new Error(verdict.receipt.outcome);
      expect(isApproved(verdict.order)).toBe(true);
      expect(verdict.order.value).toMatchObject({
        type: "limit",
        timeInForce: "GTX",
        priceTicks: ticks,
        role: "entry",
        isReduceOnly: false,
        qtySteps: verdict.receipt.size?.steps,
      });
      const { unit, equity, size } = verdict.receipt;
      expect(unit.e).toBeCloseTo(ticks / 100, 12);
      // From the anchor 0.5 away and a quarter of an ATR, as planned from the resting price.
      expect(unit.d).toBeCloseTo(Math.max(0.5 + 0.125, 0.5, (0.0014 * unit.e) / 0.35), 9);
      expect(size?.riskQ).toBeCloseTo((0.0025 * equity) / unit.loss, 9);
    }
  });

  it("of a stop of 0.4 % is held by the margin: 0.54 % of the equity is at risk", () => {
    const rules = rulesOf({ tickSize: "0.001", stepSize: "0.001", minQty: "0.001" });
    const intent = { score: 0.9, invalidationPrice: 99.75, atr: 0.4, rules };
    const { size, unit, equity } = receiptOf({ winProbability: () => 0.9 }, intent);
    expect(unit.d).toBeCloseTo(0.4, 12);
    // Floats may put the stop one tick of 0.001 further away: 7e-7 of costs.
    expect(unit.loss).toBeCloseTo(0.4 + 0.05 + 0.0498 + 0.02 + 0.01992, 5);
    expect(size).toMatchObject({ boundBy: "margin", steps: 100_000 });
    expect((100 * unit.loss) / equity).toBeCloseTo(0.0053972, 7);
  });

  it.each([
    [0.61, 0.005],
    [0.7, 0.005],
    [0.7000001, 0.01],
    [0.85, 0.01],
    [0.8500001, 0.02],
  ])("risks by the tier of a score of %s: %s", (score, ratio) => {
    expect(receiptOf({ winProbability: () => 0.9 }, { score }).baseRiskRatio).toBe(ratio);
    expect(receiptOf({ winProbability: null }, { score }).baseRiskRatio).toBe(0.0025);
  });

  it("takes a quarter of Kelly's fraction where that is less, and says so", () => {
    const { kelly, unit, baseRiskRatio } = receiptOf(
      { winProbability: (score) => score - 0.18 },
      { score: 0.65 },
    );
    const fraction = 0.47 - 0.53 / unit.b;
    expect(kelly?.winProbability).toBeCloseTo(0.47, 14);
    expect(kelly?.fraction).toBeCloseTo(fraction, 12);
    expect(baseRiskRatio).toBe(Math.min(0.005, 0.25 * (kelly?.fraction ?? 0)));
    expect(receiptOf({ winProbability: null }).kelly).toBeNull();
  });

  it("is lowered by the model's factor, and never raised", () => {
    const ratio = (modelFactor: number, winProbability: ReviewInput["winProbability"]): number =>
      receiptOf({ modelFactor, winProbability }).baseRiskRatio;
    for (const probability of [null, () => 0.9]) {
      expect(ratio(0.5, probability)).toBe(ratio(1, probability) / 2);
      expect(ratio(1.5, probability)).toBe(ratio(1, probability));
    }
  });

  it("is lowered by day, drawdown and company of its side", () => {
    const governors = { ...CALM, dailyFactor: 0.5, drawdownFactor: 0.75 };
    for (const [count, factor] of [0, 1, 2, 10].map((n) => [n, 1 / Math.sqrt(1 + n * 0.3)] as const)) {
      const receipt = receiptOf({ governors, sameSideCount: count });
      expect(receipt).toMatchObject({ dailyFactor: 0.5, drawdownFactor: 0.75, directionFactor: factor });
      expect(receipt.size?.riskRatio).toBe(0.0025 * 0.5 * 0.75 * factor);
    }
  });
});

describe("a batch", () => {
  it("is walked by score, then by costs, then by symbol", () => {
    const priced = [
      { score: 0.65, symbolId: symbolId(1) },
      { score: 0.65, symbolId: symbolId(0) },
      { score: 0.65, symbolId: symbolId(9), invalidationPrice: 99 },
      { score: 0.7, symbolId: symbolId(5) },
    ].map((more) => priceIntent(intentOf(more), DEFAULTS));
    const ranked: Ranked[] = priced.map(({ intent: { score, symbolId: id }, unit: { c } }) => ({
      score,
      symbolId: id,
      c,
    }));
    // Two that have no price: behind those of their score that have one.
    for (const id of [4, 2]) ranked.push({ score: 0.7, symbolId: symbolId(id), c: null });
    const idsOf = (own: readonly Ranked[]): readonly number[] =>
      own.toSorted(byScoreThenCost).map(({ symbolId: id }) => id);
    expect(idsOf(ranked)).toEqual([5, 2, 4, 9, 0, 1]);
    expect(idsOf(ranked.toReversed())).toEqual([5, 2, 4, 9, 0, 1]);
  });
});
