import { type FeeRates, type TradingRules, tradingRules } from "@smcq/exchange";
import { parseE8, type SymbolId, symbolId } from "@smcq/kernel";
import type { RiskParameters } from "@smcq/risk";
import { type EntryPlan, M1_SCALP, MARKET_ENTRY } from "@smcq/strategy";
import type {
  Command,
  EngineEvent,
  EngineOptions,
  ProtocolLimits,
  ScoredCandidate,
} from "../../src/index.ts";

export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;
/** Noon of a UTC day. */
export const T0: number = 20_000 * DAY_MS + DAY_MS / 2;
export const START_E8 = parseE8("10000");
export const FEES: FeeRates = { takerRatio: 0.0005, makerRatio: 0.0002 };

/** The defaults of the configuration. */
export const RISK: RiskParameters = {
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
};

/** The defaults of the configuration. */
export const PROTOCOL: ProtocolLimits = {
  protectMs: 1_500,
  exitsMax: 3,
  exitWindowMs: 10_000,
  targetEndMs: 500,
  reconcileMs: 900_000,
  stopsLostMax: 3,
  stopsLostWindowMs: 600_000,
};

/** Who keeps what goes into a core and what comes out. */
export type OnTurn = (event: EngineEvent, commands: readonly Command[]) => void;

/** What a test may want otherwise. */
export interface OptionChoices {
  readonly startWalletE8?: bigint;
  readonly startWalletMs?: number;
  /** By default a remote venue, whose words get lost. */
  readonly isVenueRemote?: boolean;
  readonly protocol?: Partial<ProtocolLimits>;
  readonly entry?: EntryPlan;
  readonly refusesUnproven?: boolean;
  readonly wordFloorMs?: number;
}

export function optionsOf(
  risk: Partial<RiskParameters> = {},
  {
    startWalletE8 = START_E8,
    startWalletMs,
    isVenueRemote = true,
    protocol = {},
    entry = MARKET_ENTRY,
    refusesUnproven = false,
    wordFloorMs = 0,
  }: OptionChoices = {},
): EngineOptions {
  return {
    scoreMin: 0.6,
    decisionWindowNs: 0,
    signalAgeMsMax: MINUTE_MS,
    trading: {
      engineId: "test",
      startWalletE8,
      ...(startWalletMs === undefined ? {} : { startWalletMs }),
      risk: { ...RISK, ...risk },
      protocol: { ...PROTOCOL, ...protocol },
      plan: { ...M1_SCALP, entry },
      isVenueRemote,
      isSlippageMeasured: isVenueRemote,
      wordFloorMs,
      refusesUnproven,
    },
  };
}

export function rulesOf(tickSize = "0.01", stepSize = "0.1"): TradingRules {
  return tradingRules({
    symbol: "TEST",
    tickSize,
    stepSize,
    minQty: stepSize,
    marketMaxQty: "100000",
    minNotional: "5",
  });
}

/** A setup at about 100 whose stop distance is 0.625 with an entry at 100. */
export function candidate(id: number, change: Partial<ScoredCandidate> = {}): ScoredCandidate {
  const side = change.side ?? 1;
  return {
    symbol: `S${id}`,
    symbolId: symbolId(id) as SymbolId,
    side,
    setup: 1,
    openTimeMs: T0,
    score: 0.7,
    features: new Float32Array(0),
    scorerId: "heuristic-1",
    challenger: null,
    invalidationPrice: 100 - side * 0.5,
    atr: 0.5,
    medianTurnover: 1e7,
    exchangeMs: T0,
    isRestConfirmed: false,
    times: { receivedNs: 0, writtenNs: 0, takenNs: 0, featuresNs: 0, scoredNs: 0 },
    ...change,
  };
}
