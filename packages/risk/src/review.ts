import { approve } from "@smcq/exchange/approval";
import type {
  FeeRates,
  LimitOrder,
  MarketOrder,
  OrderSide,
  RiskApproved,
  TradingRules,
} from "@smcq/exchange";
import { assert, priceTicks, qtySteps, type SymbolId } from "@smcq/kernel";
import {
  isTickTooCoarse,
  limitTicks,
  type PlanCandidate,
  planTrade,
  type TradePlanParameters,
} from "@smcq/strategy";
import type { GovernorState } from "./governors.ts";
import type { RiskParameters } from "./parameters.ts";
import type { WinProbability } from "./win-probability.ts";
import { type Exposure, type Size, sizeOf, type UnitRisk, unitRisk } from "./sizing.ts";

/** Why a signal is not traded, in the order in which it is asked (docs/trading.md 3). */
export const REFUSAL_CODES = [
  "STATE_NOT_ACTIVE",
  "MODEL_OBSERVED",
  "UNPROVEN_LIVE",
  "SIGNAL_STALE",
  "BAR_UNCONFIRMED",
  "FEED_STALE",
  "CLOCK_DOUBTFUL",
  "SYMBOL_BLOCKED",
  "POSITION_OPEN",
  "ORDER_PENDING",
  "SYMBOL_LOCKED",
  "STREAK_PAUSE",
  "ENTRY_THROTTLE",
  "DAILY_LOSS",
  "FUNDING_NEAR",
  "TICK_TOO_COARSE",
  "STOP_TOO_WIDE",
  "COST_GATE",
  "REWARD",
  "KELLY",
  "TOO_SMALL",
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** A setup that would be traded, with what the plan and the size need to know of it. */
export interface EntryIntent extends PlanCandidate {
  readonly symbolId: SymbolId;
  readonly symbol: string;
  readonly score: number;
  /** Median turnover of a minute over the last hour, USDT. */
  readonly medianTurnover: number;
  /** The price that the entry is planned from, price units: what it takes, or the best quote of its own side to rest by. */
  readonly quote: number;
  readonly plan: TradePlanParameters;
  readonly rules: TradingRules;
  readonly fees: FeeRates;
  /** Slippage of the symbol's own fills, share of the price; 0 where none was measured. */
  readonly measuredSlippageRatio: number;
  /** Funding against us inside the holding time, price units. */
  readonly fundingLoss: number;
}

/** An intent with its plan and unit figures: what a batch is ordered by, and what the gates judge. */
export interface PricedIntent {
  readonly intent: EntryIntent;
  readonly isTickTooCoarse: boolean;
  readonly isStopTooWide: boolean;
  readonly unit: UnitRisk;
  /** Where the order rests; null: it takes. */
  readonly limitTicks: number | null;
}

/** Plans and prices an intent; nothing is judged yet. */
export function priceIntent(intent: EntryIntent, parameters: RiskParameters): PricedIntent {
  const { rules, fees, measuredSlippageRatio, fundingLoss, side, plan } = intent;
  const { entry, targetRiskRatio } = plan;
  const isResting = entry.kind === "limit";
  const ticks = isResting ? limitTicks(intent, entry, rules.tickSize) : null;
  const e = ticks === null ? intent.quote : ticks * rules.tickSize;
  const planned = planTrade(intent, e, plan, rules.tickSize);
  const unit = unitRisk(
    {
      side,
      e,
      d: planned.stopDistance,
      rules,
      fees,
      measuredSlippageRatio,
      fundingLoss,
      isResting,
      targetRiskRatio,
    },
    parameters,
  );
  return {
    intent,
    isTickTooCoarse: isTickTooCoarse(plan, rules.tickSize, e),
    isStopTooWide: planned.type === "stop_too_wide",
    unit,
    limitTicks: ticks,
  };
}

/** What a signal's place in its batch depends on. */
export interface Ranked {
  readonly score: number;
  readonly symbolId: SymbolId;
  /** Costs in stop distances; null: not known, which comes last of its score. */
  readonly c: number | null;
}

/** The order of a batch: score, then costs, then symbol (docs/decisions.md 38). */
export function byScoreThenCost(a: Ranked, b: Ranked): number {
  if (a.score !== b.score) return b.score - a.score;
  if (a.c !== null && b.c !== null && a.c !== b.c) return a.c - b.c;
  return Number(a.c === null) - Number(b.c === null) || a.symbolId - b.symbolId;
}

/** What is known of the moment and of the symbol: each true one refuses with the code it is named after. */
export type Obstacles = Readonly<
  Partial<
    Record<
      Exclude<
        RefusalCode,
        "TICK_TOO_COARSE" | "STOP_TOO_WIDE" | "COST_GATE" | "REWARD" | "KELLY" | "TOO_SMALL"
      >,
      boolean
    >
  >
>;

/** What every signal is judged by, whether it can be priced or not. */
export interface ReviewGround {
  readonly obstacles: Obstacles;
  /** USDT: the smaller of wallet and equity. */
  readonly equity: number;
  /** Open or in-flight positions of the same side. */
  readonly sameSideCount: number;
  readonly governors: GovernorState;
  /** Share of the usual size that the model is good for, 0..1. */
  readonly modelFactor: number;
  readonly winProbability: WinProbability;
}

export interface ReviewInput extends ReviewGround {
  readonly priced: PricedIntent;
  /** The id that its entry order would have. */
  readonly clientOrderId: string;
  /** Asked for once all gates have let pass. */
  readonly exposure: () => Exposure;
}

/** What a price needs and nobody has told: the symbol's rules, its best prices. */
export type Unknown = "rules" | "quote";

/** Everything that a decision was made with: what `explain` prints. */
export interface Receipt {
  readonly outcome: "APPROVED" | RefusalCode;
  /** What was not known of the symbol; then it was refused without a price. */
  readonly unknown: readonly Unknown[];
  /** Null where something was not known. */
  readonly unit: UnitRisk | null;
  readonly equity: number;
  readonly baseRiskRatio: number;
  readonly dailyFactor: number;
  readonly drawdownFactor: number;
  readonly directionFactor: number;
  /** Null where it was refused before anybody asked how much. */
  readonly size: Size | null;
  /** Lower bound of the win probability and Kelly's fraction; null: not applicable. */
  readonly kelly: { readonly winProbability: number; readonly fraction: number } | null;
}

/** The receipt of what could be priced. */
export type PricedReceipt = Receipt & { readonly unit: UnitRisk };

/** An order that opens: it takes at once, or rests and only rests. */
export type EntryOrder = MarketOrder | LimitOrder;

export type Verdict =
  | { readonly type: "approved"; readonly order: RiskApproved<EntryOrder>; readonly receipt: PricedReceipt }
  | { readonly type: "refused"; readonly receipt: PricedReceipt };

const NOTHING: readonly Unknown[] = Object.freeze([]);

/** Walks the gates in their order; the first that fails names the refusal, and the receipt keeps all numbers. */
export function review(input: ReviewInput, parameters: RiskParameters): Verdict {
  const { priced } = input;
  const { intent, unit } = priced;
  const base = baseRisk(intent.score, unit, input, parameters);
  const factors = factorsOf(input, base, parameters);
  const refuse = (outcome: RefusalCode, size: Size | null = null): Verdict => ({
    type: "refused",
    receipt: { ...factors, unknown: NOTHING, unit, outcome, size },
  });
  const blocked = firstOf(input.obstacles);
  if (blocked !== undefined) return refuse(blocked);
  if (priced.isTickTooCoarse) return refuse("TICK_TOO_COARSE");
  if (priced.isStopTooWide) return refuse("STOP_TOO_WIDE");
  if (unit.c > parameters.costRatioMax) return refuse("COST_GATE");
  if (unit.b < parameters.rewardRatioMin) return refuse("REWARD");
  if (base.kelly !== null && base.kelly.fraction <= 0) return refuse("KELLY");
  const size = sizeOf(
    {
      ...factors,
      unit,
      exposure: input.exposure(),
      medianTurnover: intent.medianTurnover,
      rules: intent.rules,
    },
    parameters,
  );
  if (size.isTooSmall) return refuse("TOO_SMALL", size);
  return {
    type: "approved",
    order: entryOrder(input, size),
    receipt: { ...factors, unknown: NOTHING, unit, outcome: "APPROVED", size },
  };
}

/**
 * The receipt of a signal that cannot be priced: without a quote its feed is taken for stale, without rules its symbol
 * for blocked. An earlier gate that fails as well names the refusal.
 */
export function refuseUnpriced(
  score: number,
  unknown: readonly Unknown[],
  ground: ReviewGround,
  parameters: RiskParameters,
): Receipt {
  const outcome = firstOf({
    ...ground.obstacles,
    ...(unknown.includes("quote") ? { FEED_STALE: true } : {}),
    ...(unknown.includes("rules") ? { SYMBOL_BLOCKED: true } : {}),
  });
  assert(outcome !== undefined, "Invariant: what cannot be priced lacks something");
  const base = baseRisk(score, null, ground, parameters);
  return { ...factorsOf(ground, base, parameters), outcome, unknown, unit: null, size: null };
}

/** The first gate, in their order, that does not let pass. */
function firstOf(obstacles: Obstacles): RefusalCode | undefined {
  for (const code of REFUSAL_CODES) if ((obstacles as Record<string, boolean>)[code] === true) return code;
  return undefined;
}

function factorsOf(
  { equity, sameSideCount, governors }: ReviewGround,
  base: BaseRisk,
  parameters: RiskParameters,
): Omit<Receipt, "outcome" | "unknown" | "unit" | "size"> {
  return {
    equity,
    baseRiskRatio: base.ratio,
    dailyFactor: governors.dailyFactor,
    drawdownFactor: governors.drawdownFactor,
    directionFactor: 1 / Math.sqrt(1 + sameSideCount * parameters.directionCorrelation),
    kelly: base.kelly,
  };
}

interface BaseRisk {
  readonly ratio: number;
  readonly kelly: Receipt["kelly"];
}

/**
 * Share of equity at risk by the score's tier, Kelly and the model's health, each only lowering it. Without a price
 * there is no reward to reckon Kelly by.
 */
function baseRisk(
  score: number,
  unit: UnitRisk | null,
  { winProbability, ...ground }: ReviewGround,
  parameters: RiskParameters,
): BaseRisk {
  const modelFactor = Math.min(1, ground.modelFactor);
  const { highTierRatio, middleTierRatio, lowTierRatio } = parameters;
  const tier = score > 0.85 ? highTierRatio : score > 0.7 ? middleTierRatio : lowTierRatio;
  if (winProbability === null)
    return { ratio: Math.min(tier, parameters.unprovenRiskRatioMax) * modelFactor, kelly: null };
  if (unit === null) return { ratio: tier * modelFactor, kelly: null };
  const p = winProbability(score);
  const fraction = p - (1 - p) / unit.b;
  return {
    ratio: Math.min(tier, parameters.kellyRatio * fraction) * modelFactor,
    kelly: { winProbability: p, fraction },
  };
}

function entryOrder(
  { priced: { intent, limitTicks: ticks }, clientOrderId }: ReviewInput,
  size: Size,
): RiskApproved<EntryOrder> {
  const base = {
    clientOrderId,
    symbolId: intent.symbolId,
    symbol: intent.symbol,
    role: "entry",
    side: intent.side as OrderSide,
    qtySteps: qtySteps(size.steps),
    isReduceOnly: false,
  } as const;
  return approve<EntryOrder>(
    ticks === null
      ? { ...base, type: "market" }
      : { ...base, type: "limit", timeInForce: "GTX", priceTicks: priceTicks(ticks) },
  );
}
