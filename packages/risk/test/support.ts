import { type FeeRates, type TradingRuleTexts, type TradingRules, tradingRules } from "@smcq/exchange";
import { Rng, symbolId } from "@smcq/kernel";
import { M1_SCALP } from "@smcq/strategy";
import {
  type EntryIntent,
  type Exposure,
  type GovernorState,
  priceIntent,
  type ReviewInput,
  type RiskParameters,
  type SizeInput,
  type UnitRisk,
} from "../src/index.ts";

/** The defaults of the config schema (docs/trading.md sections 3 and 4). */
export const DEFAULTS: RiskParameters = Object.freeze({
  highTierRatio: 0.02,
  middleTierRatio: 0.01,
  lowTierRatio: 0.005,
  unprovenRiskRatioMax: 0.0025,
  kellyRatio: 0.25,
  costRatioMax: 0.37,
  rewardRatioMin: 0.8,
  slippageRatio: 0.0002,
  leverage: 10,
  maintMarginRatioDefault: 0.01,
  liquidationStopsMin: 3,
  marginRatioMax: 0.1,
  notionalRatioMax: 2,
  heatRatioMax: 0.03,
  directionHeatRatioMax: 0.02,
  grossRatioMax: 3,
  marginsRatioMax: 0.5,
  liquidityRatioMax: 0.01,
  directionCorrelation: 0.3,
  dayLossHalfRatio: 0.02,
  dayLossStopRatio: 0.03,
  dayLossFlattenRatio: 0.05,
  drawdownFreeRatio: 0.025,
  drawdownHalfRatio: 0.05,
  drawdownFactorMin: 0.2,
  symbolLockMs: 7_200_000,
  streakStops: 4,
  streakMs: 1_800_000,
  entriesPerMinuteMax: 6,
});

export const FEES: FeeRates = { takerRatio: 0.0005, makerRatio: 0.0002 };
export const NO_EXPOSURE: Exposure = { heat: 0, sideHeat: 0, notional: 0, margin: 0 };

/** Ticks of 0.5 and steps of 0.25: both exact in binary. */
export function rulesOf(texts: Partial<TradingRuleTexts> = {}): TradingRules {
  return tradingRules({
    symbol: "TESTUSDT",
    tickSize: "0.5",
    stepSize: "0.25",
    minQty: "0.25",
    marketMaxQty: "1000",
    minNotional: "5",
    ...texts,
  });
}

export function unitOf(more: Partial<UnitRisk> = {}): UnitRisk {
  return { e: 100, d: 1, sigma: 0, stopRef: 99, leverage: 10, loss: 1, c: 0, b: 1.5, ...more };
}

/** Equity 10,000, risk 0.25 %, loss 1 a unit: 25 units, and no cap is near. */
export function sizeInput(more: Partial<SizeInput> = {}): SizeInput {
  return {
    unit: unitOf(),
    equity: 10_000,
    baseRiskRatio: 0.0025,
    dailyFactor: 1,
    drawdownFactor: 1,
    directionFactor: 1,
    exposure: NO_EXPOSURE,
    medianTurnover: 1e9,
    rules: rulesOf(),
    ...more,
  };
}

export const CALM: GovernorState = Object.freeze({
  dayLossRatio: 0,
  dailyFactor: 1,
  isDayStopped: false,
  drawdownRatio: 0,
  drawdownFactor: 1,
});

/** A long at 100 with the stop a little more than 0.8 below: it passes every gate. */
export function intentOf(more: Partial<EntryIntent> = {}): EntryIntent {
  return {
    symbolId: symbolId(3),
    symbol: "TESTUSDT",
    side: 1,
    invalidationPrice: 99.25,
    atr: 0.5,
    score: 0.65,
    medianTurnover: 1e9,
    quote: 100,
    rules: rulesOf({ tickSize: "0.01", stepSize: "0.001", minQty: "0.001" }),
    fees: FEES,
    measuredSlippageRatio: 0,
    fundingLoss: 0,
    plan: M1_SCALP,
    ...more,
  };
}

export function reviewInput(more: Partial<ReviewInput> = {}, intent: Partial<EntryIntent> = {}): ReviewInput {
  return {
    priced: priceIntent(intentOf(intent), DEFAULTS),
    clientOrderId: "smcqE1a0",
    obstacles: {},
    equity: 10_000,
    exposure: () => NO_EXPOSURE,
    sameSideCount: 0,
    governors: CALM,
    modelFactor: 1,
    winProbability: null,
    ...more,
  };
}

export const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_120);

/** A number from `low` to `high`, every magnitude alike. */
export function between(rng: Rng, low: number, high: number): number {
  return low * (high / low) ** rng.next();
}
