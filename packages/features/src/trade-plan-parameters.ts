/** Enters at once, at what the book offers. */
export interface MarketEntry {
  readonly kind: "market";
}

/** Rests, and only rests, in the book until it is traded through or `expiryBars` bars have closed (docs/trading.md 5). */
export interface LimitEntry {
  readonly kind: "limit";
  /** How far from the own side's best quote, ATR. */
  readonly offsetAtr: number;
  readonly expiryBars: number;
}

export type EntryPlan = MarketEntry | LimitEntry;

/** Minutes of a plan's bars. */
export const TIMEFRAME_MINUTES = { M1: 1, M5: 5, M15: 15 } as const;
/** The bars that a plan's setups are found on, and that it counts in. */
export type Timeframe = keyof typeof TIMEFRAME_MINUTES;

/** The timeframe of bars of so many minutes. Refuses with a RangeError what is none. */
export function timeframeOf(minutes: number): Timeframe {
  for (const [name, own] of Object.entries(TIMEFRAME_MINUTES)) if (own === minutes) return name as Timeframe;
  throw new RangeError(`no timeframe has bars of ${minutes} minutes`);
}

/** The numbers of a trade plan (docs/smc.md section 11), as they stand in `plans/*.json`. */
export interface TradePlanParameters {
  readonly name: string;
  readonly timeframe: Timeframe;
  readonly entry: EntryPlan;
  /**
   * How a reached target is counted in labels. taker: when touched, with the taker's fee and slippage. maker: as an order
   * that rests, when traded through by a tick, with the maker's fee.
   */
  readonly target: "taker" | "maker";
  readonly stopPadAtr: number;
  readonly stopDistanceAtrMin: number;
  /** Largest stop distance as a share of the entry price. */
  readonly stopDistanceRatioMax: number;
  /** Target distance in stop distances (R). */
  readonly targetRiskRatio: number;
  readonly holdBarsMax: number;
  readonly stagnationBars: number;
  /** A result net of costs within this share of the entry price is stagnation. */
  readonly stagnationRatio: number;
  /** Costs of entry and exit, both taking, may be at most this share of the stop distance. */
  readonly costGateRatio: number;
  readonly takerFeeRatio: number;
  readonly makerFeeRatio: number;
  /** Slippage of what takes, share of the price; so many ticks where that is more. */
  readonly slippageRatio: number;
  readonly slippageTicks: number;
  /** Symbols whose tick is a larger share of the price are not traded. */
  readonly tickRatioMax: number;
}

export const MARKET_ENTRY: MarketEntry = Object.freeze({ kind: "market" });

/** The engine's own plan: what `plans/m1-scalp.json` says. */
export const M1_SCALP: TradePlanParameters = Object.freeze({
  name: "m1-scalp",
  timeframe: "M1",
  entry: MARKET_ENTRY,
  target: "taker",
  stopPadAtr: 0.25,
  stopDistanceAtrMin: 1,
  stopDistanceRatioMax: 0.015,
  targetRiskRatio: 1.5,
  holdBarsMax: 120,
  stagnationBars: 30,
  stagnationRatio: 0.001,
  costGateRatio: 0.35,
  takerFeeRatio: 0.0005,
  makerFeeRatio: 0.0002,
  slippageRatio: 0.0002,
  slippageTicks: 0,
  // The first plan knew no bound; live has one of its own (`strategy.tickRatioMax`).
  tickRatioMax: 0.05,
});

/** Ticks of slippage that a label counts at least: half the spread of a book that is one tick wide. */
const LABEL_SLIPPAGE_TICKS = 0.5;

/** The plan that labels are made by, whatever it counts when it trades. */
export function labelPlan(plan: TradePlanParameters): TradePlanParameters {
  return Object.freeze({ ...plan, slippageTicks: Math.max(plan.slippageTicks, LABEL_SLIPPAGE_TICKS) });
}

/** The plan for what enters, with a bound of a tick of its own. */
export function withTickBound(plan: TradePlanParameters, tickRatioMax: number): TradePlanParameters {
  return Object.freeze({ ...plan, tickRatioMax: Math.min(plan.tickRatioMax, tickRatioMax) });
}

/** What the settings say of entries; offset and expiry count for kind `limit` alone. */
export interface EntrySettings {
  readonly kind: "plan" | EntryPlan["kind"];
  readonly offsetAtr: number;
  readonly expiryBars: number;
}

/** A plan entered as the settings say; `plan`: as it says itself. */
export function withEntry(
  plan: TradePlanParameters,
  { kind, offsetAtr, expiryBars }: EntrySettings,
): TradePlanParameters {
  if (kind === "plan") return plan;
  const entry = kind === "market" ? MARKET_ENTRY : Object.freeze({ kind, offsetAtr, expiryBars });
  return Object.freeze({ ...plan, entry });
}

/** A plan as a model's labels and its card tell it; part of the schema that a model is trained for. */
export interface TradePlanDocument {
  /** 1: the first plan, entered at the market. 2: the first plan, `entry` says how. 3: a plan with a name. */
  readonly version: number;
  readonly name?: string;
  readonly timeframe?: string;
  readonly target?: string;
  readonly entry?: LimitEntry & { readonly feeRatio: number };
  readonly stopPadAtr: number;
  readonly stopDistanceAtrMin: number;
  readonly stopDistanceRatioMax: number;
  readonly targetRiskRatio: number;
  readonly holdBarsMax: number;
  readonly stagnationBars: number;
  readonly stagnationRatio: number;
  readonly costGateRatio: number;
  readonly feeRatioPerSide: number;
  readonly slippageRatioPerSide: number;
  readonly makerFeeRatio?: number;
  readonly slippageTicks?: number;
  readonly tickRatioMax?: number;
}

/**
 * The document of a plan. The engine's own numbers keep the documents of versions 1 and 2, so that the models of those
 * days are still its models: half a tick moves a label only of symbols that live refuses.
 */
export function tradePlanDocument(plan: TradePlanParameters): TradePlanDocument {
  const {
    name,
    timeframe,
    entry,
    target,
    takerFeeRatio,
    makerFeeRatio,
    slippageRatio,
    slippageTicks,
    tickRatioMax,
  } = plan;
  const numbers = {
    stopPadAtr: plan.stopPadAtr,
    stopDistanceAtrMin: plan.stopDistanceAtrMin,
    stopDistanceRatioMax: plan.stopDistanceRatioMax,
    targetRiskRatio: plan.targetRiskRatio,
    holdBarsMax: plan.holdBarsMax,
    stagnationBars: plan.stagnationBars,
    stagnationRatio: plan.stagnationRatio,
    costGateRatio: plan.costGateRatio,
    feeRatioPerSide: takerFeeRatio,
    slippageRatioPerSide: slippageRatio,
  };
  const resting = entry.kind === "limit" ? { entry: { ...entry, feeRatio: makerFeeRatio } } : {};
  if (isFirstPlan(plan)) return { version: entry.kind === "limit" ? 2 : 1, ...resting, ...numbers };
  return {
    version: 3,
    name,
    timeframe,
    target,
    ...resting,
    ...numbers,
    makerFeeRatio,
    slippageTicks,
    tickRatioMax,
  };
}

/** Returns whether a plan is `M1_SCALP` in everything but its entry. */
function isFirstPlan(plan: TradePlanParameters): boolean {
  return Object.entries(M1_SCALP).every(
    ([key, value]) => key === "entry" || plan[key as keyof TradePlanParameters] === value,
  );
}
