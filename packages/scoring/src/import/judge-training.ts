import { assess, type DailyResults, type DayRange, type Tried } from "@smcq/research";
import type { Proof } from "../card/calendar.ts";
import type { TrainingReport } from "../card/training-report.ts";

/** Of the resampling: the same training gets the same verdict. */
const SEED = 1;

/** What a training has tried, for the book of everything that was ever tried. */
export interface TrainingTrial {
  readonly name: string;
  readonly sourceSha256: string;
  readonly featureSchemaSha256: string;
  /** Sha256 of the files that it has read. */
  readonly inputs: readonly string[];
  readonly daily: DailyResults;
  readonly testedDays: readonly DayRange[];
  readonly holdOut: DayRange | null;
  /** Parameter sets, this one included. */
  readonly trials: number;
}

/** What was tried besides. */
export interface TriedBesides extends Tried {
  /** Other variants that were judged on days of the hold-out. */
  readonly holdOutLooks: number;
}

/** Notes a training and says what was tried besides, its other parameter sets not counted. */
export type Judge = (trial: TrainingTrial) => TriedBesides;

/**
 * The verdict on a training by docs/decisions.md 22, corrected for whatever else was tried; unproven without a judge.
 * Undefined for a report that does not say when what was seen.
 */
export function proofOf(
  report: TrainingReport | null,
  name: string,
  judge: Judge | undefined,
): Proof | undefined {
  const calendar = report?.calendar;
  if (report === null || calendar === undefined) return undefined;
  const { trainedDays, holdOut, daily } = calendar;
  if (judge === undefined)
    return { status: "unproven", trainedDays, conditions: [], tried: null, holdOutLooks: null };
  const { holdOutLooks, ...tried } = judge({
    name,
    sourceSha256: report.modelTextSha256,
    featureSchemaSha256: report.dataset.featureSchemaSha256,
    inputs: report.dataset.files.map(({ sha256 }) => sha256),
    daily,
    testedDays: calendar.folds.flatMap(({ testedDays }) => testedDays),
    holdOut,
    trials: report.trials,
  });
  const unseen = tried.unseen + report.trials - 1;
  const [assessment] = assess([daily], { known: tried.known, unseen }, SEED);
  return {
    status: assessment?.verdict.status ?? "unproven",
    trainedDays,
    conditions: assessment?.verdict.conditions ?? [],
    tried: 1 + tried.known.length + unseen,
    holdOutLooks: holdOut === null ? null : holdOutLooks,
  };
}
