export { assess, BLOCK_DAYS, periodResults } from "./assess.ts";
export type { Assessment, PeriodResult, Tried } from "./assess.ts";
export { choose } from "./choice.ts";
export type { Choice } from "./choice.ts";
export {
  DAY_MS,
  dailyResults,
  dayText,
  daysWithin,
  isInside,
  meanR,
  tradesOf,
  utcDay,
} from "./calendar/days.ts";
export type { DailyResults, DayRange, TimedResult } from "./calendar/days.ts";
export { combinatorialFolds, isTested, isTraining, walkForwardFolds } from "./calendar/folds.ts";
export type { Fold, Guard } from "./calendar/folds.ts";
export { periodsOf } from "./calendar/periods.ts";
export { rangesOf, sharedDays } from "./calendar/shared-days.ts";
export { bestDaysShare } from "./statistics/best-days.ts";
export { blockInterval } from "./statistics/bootstrap.ts";
export type { Interval } from "./statistics/bootstrap.ts";
export { maxT, VARIANT_BLOCKS_MIN } from "./statistics/max-t.ts";
export type { CorrectedMean, MaxT, MaxTOptions } from "./statistics/max-t.ts";
export { normalCdf, normalQuantile } from "./statistics/normal.ts";
export { backtestOverfitting } from "./statistics/overfitting.ts";
export type { Overfitting } from "./statistics/overfitting.ts";
export {
  deflatedSharpeOf,
  luckSharpeOf,
  momentsOf,
  SHARPE_DAYS_MIN,
  sharpeProbability,
} from "./statistics/sharpe.ts";
export type { DeflatedSharpe, Moments } from "./statistics/sharpe.ts";
export { judge, PROVEN } from "./verdict.ts";
export type { Condition, ProofFigures, ProofStatus, Verdict } from "./verdict.ts";
