/** What `proven` asks for: docs/decisions.md 22. */
export const PROVEN: Readonly<{
  periodsMin: number;
  daysMin: number;
  tradesMin: number;
  bestDaysShareMax: number;
}> = Object.freeze({ periodsMin: 3, daysMin: 120, tradesMin: 500, bestDaysShareMax: 0.5 });

export type ProofStatus = "proven" | "unproven";

/** What a variant has shown, with slippage twice; results in R net of costs. */
export interface ProofFigures {
  /** Lower 95 % bound of the mean, corrected for every variant tried; null where there are too few days for one. */
  readonly correctedLowerR: number | null;
  /** Separate periods of the calendar whose own mean is above 0. */
  readonly gainingPeriods: number;
  /** Days with trades. */
  readonly days: number;
  readonly trades: number;
  /** Share of the profit from its best five days; null without a profit. */
  readonly bestDaysShare: number | null;
}

export type ConditionName = "correctedLowerR" | "gainingPeriods" | "days" | "trades" | "bestDaysShare";

/** One condition of the gate, with what was found. */
export interface Condition {
  readonly name: ConditionName;
  readonly isMet: boolean;
  /** In words, with its figure. */
  readonly text: string;
}

export interface Verdict {
  readonly status: ProofStatus;
  readonly conditions: readonly Condition[];
}

/** The gate: proven when every condition is met, else unproven, and no edge is counted on. */
export function judge(figures: ProofFigures): Verdict {
  const { correctedLowerR, gainingPeriods, days, trades, bestDaysShare } = figures;
  const { periodsMin, daysMin, tradesMin, bestDaysShareMax } = PROVEN;
  const lower = correctedLowerR === null ? "none: too few days" : `${correctedLowerR.toFixed(3)} R`;
  const share = bestDaysShare === null ? "no profit" : bestDaysShare.toFixed(2);
  const conditions: Condition[] = [
    {
      name: "correctedLowerR",
      isMet: correctedLowerR !== null && correctedLowerR > 0,
      text: `corrected lower 95 % bound with doubled slippage ${lower} (above 0 is wanted)`,
    },
    {
      name: "gainingPeriods",
      isMet: gainingPeriods >= periodsMin,
      text: `separate periods with a mean above 0: ${gainingPeriods} (at least ${periodsMin})`,
    },
    { name: "days", isMet: days >= daysMin, text: `days with trades: ${days} (at least ${daysMin})` },
    { name: "trades", isMet: trades >= tradesMin, text: `trades: ${trades} (at least ${tradesMin})` },
    {
      name: "bestDaysShare",
      isMet: bestDaysShare !== null && bestDaysShare <= bestDaysShareMax,
      text: `share of the profit from its best five days: ${share} (at most ${bestDaysShareMax})`,
    },
  ];
  return { status: conditions.every(({ isMet }) => isMet) ? "proven" : "unproven", conditions };
}
