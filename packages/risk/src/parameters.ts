import { SmcqError } from "@smcq/kernel";

/** The limits of docs/trading.md 3 and 4; ratios are shares of equity unless their name says otherwise. */
export interface RiskParameters {
  /** Share of equity that a trade may lose at its stop, scores above 0.85. */
  readonly highTierRatio: number;
  /** The same above 0.70. */
  readonly middleTierRatio: number;
  /** The same for what is left. */
  readonly lowTierRatio: number;
  /** The same while nothing is proven about the scorer. */
  readonly unprovenRiskRatioMax: number;
  /** Share of Kelly's fraction that a proven model's trade may take. */
  readonly kellyRatio: number;
  /** Costs of entry and exit at the stop, as a share of the stop distance. */
  readonly costRatioMax: number;
  /** Net reward for a unit of loss at the stop. */
  readonly rewardRatioMin: number;
  readonly slippageRatio: number;
  readonly leverage: number;
  /** Maintenance margin where the instrument does not say. */
  readonly maintMarginRatioDefault: number;
  /** Stop distances that lie between entry and liquidation at least. */
  readonly liquidationStopsMin: number;
  readonly marginRatioMax: number;
  readonly notionalRatioMax: number;
  readonly heatRatioMax: number;
  readonly directionHeatRatioMax: number;
  readonly grossRatioMax: number;
  readonly marginsRatioMax: number;
  /** Share of the median minute's turnover. */
  readonly liquidityRatioMax: number;
  /** How much positions of one side are taken to move together. */
  readonly directionCorrelation: number;
  readonly dayLossHalfRatio: number;
  readonly dayLossStopRatio: number;
  readonly dayLossFlattenRatio: number;
  readonly drawdownFreeRatio: number;
  readonly drawdownHalfRatio: number;
  /** A drawdown factor below it halts. */
  readonly drawdownFactorMin: number;
  readonly symbolLockMs: number;
  readonly streakStops: number;
  readonly streakMs: number;
  readonly entriesPerMinuteMax: number;
}

const DAY_MS = 86_400_000;

type Bounds = Readonly<Record<keyof RiskParameters, readonly [number, number]>>;

/** Bounds that no configuration passes, whatever it says (docs/security.md T20). */
export const RISK_BOUNDS: Bounds = Object.freeze({
  highTierRatio: [0, 0.02],
  middleTierRatio: [0, 0.02],
  lowTierRatio: [0, 0.02],
  unprovenRiskRatioMax: [0, 0.02],
  kellyRatio: [0, 0.5],
  costRatioMax: [0, 0.5],
  rewardRatioMin: [0.5, 10],
  slippageRatio: [0, 0.01],
  leverage: [1, 25],
  maintMarginRatioDefault: [0, 0.2],
  liquidationStopsMin: [1, 20],
  marginRatioMax: [0, 0.25],
  notionalRatioMax: [0, 5],
  heatRatioMax: [0, 0.06],
  directionHeatRatioMax: [0, 0.05],
  grossRatioMax: [0, 10],
  marginsRatioMax: [0, 0.8],
  liquidityRatioMax: [0, 0.1],
  directionCorrelation: [0, 1],
  dayLossHalfRatio: [0, 0.1],
  dayLossStopRatio: [0, 0.1],
  dayLossFlattenRatio: [0, 0.15],
  drawdownFreeRatio: [0, 0.1],
  drawdownHalfRatio: [0, 0.2],
  drawdownFactorMin: [0, 1],
  symbolLockMs: [0, DAY_MS],
  streakStops: [1, 100],
  streakMs: [0, DAY_MS],
  entriesPerMinuteMax: [1, 100],
});

for (const bounds of Object.values(RISK_BOUNDS)) Object.freeze(bounds);

/** Returns the parameters; refuses with CONFIG_RISK_BOUND what lies outside the compiled bounds. */
export function requireBounded(parameters: RiskParameters): RiskParameters {
  return requireWithin("risk", parameters, RISK_BOUNDS);
}

/** Returns the settings of a section; refuses with CONFIG_SECTION_BOUND what lies outside of `bounds`, or is no number. */
export function requireWithin<T extends Readonly<Record<keyof T, number>>>(
  section: string,
  settings: T,
  bounds: Readonly<Record<keyof T, readonly [min: number, max: number]>>,
): T {
  for (const name of Object.keys(bounds) as (keyof T & string)[]) {
    const value: number = settings[name];
    const [min, max] = bounds[name];
    if (value >= min && value <= max) continue;
    const setting = `${section}.${name}`;
    throw new SmcqError(
      `CONFIG_${section.replaceAll(".", "_").toUpperCase()}_BOUND`,
      `${setting} is ${value}: compiled bounds are ${min} to ${max}`,
      { context: { setting, value, min, max } },
    );
  }
  return settings;
}
