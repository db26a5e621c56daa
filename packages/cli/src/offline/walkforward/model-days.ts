import { SmcqError } from "@smcq/kernel";
import { type DayRange, dayText, sharedDays, utcDay } from "@smcq/research";
import { GUARD_DAYS, type ModelMetadata, utcMs } from "@smcq/scoring";

/** Days that a model was trained on, of older cards the whole range; null when it does not say. */
export function trainedDays({ proof, trainRange }: ModelMetadata): readonly DayRange[] | null {
  if (proof !== undefined) return proof.trainedDays;
  if (trainRange === null) return null;
  return [{ fromDay: utcDay(utcMs(trainRange.fromUtc)), toDay: utcDay(utcMs(trainRange.toUtc)) }];
}

/**
 * The calendar rule: refuses (RESEARCH_CALENDAR) to judge a model on days that it knows of, of whatever symbol, and one
 * that does not say what it knows.
 */
export function checkCalendar(metadata: ModelMetadata, days: readonly number[]): void {
  const trained = trainedDays(metadata);
  if (trained === null)
    throw new SmcqError(
      "RESEARCH_CALENDAR",
      `${metadata.modelId} does not say on which days it was trained: it cannot be judged`,
    );
  const shared = sharedDays(trained, days, GUARD_DAYS);
  if (shared.length === 0) return;
  const words = trained.map(({ fromDay, toDay }) => `${dayText(fromDay)} to ${dayText(toDay)}`);
  throw new SmcqError(
    "RESEARCH_CALENDAR",
    `${metadata.modelId} was trained on ${words.join(", ")}: ${shared.length} of the ${days.length} days that it would be judged on (${dayText(shared[0] as number)} to ${dayText(shared.at(-1) as number)}) are these or within ${GUARD_DAYS} day of them, and what it shows there is memory, of other symbols too. Give bars of other days, or --from and --to`,
    { context: { modelId: metadata.modelId, sharedDays: shared.length } },
  );
}
