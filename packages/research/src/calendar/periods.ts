import type { DayRange } from "./days.ts";

/** So many days without any result end a period: what comes later is another market. */
export const PERIOD_GAP_DAYS = 7;
/** A longer stretch without a gap is cut into equal parts of at most so many days: a quarter. */
export const PERIOD_DAYS_MAX = 92;

/**
 * The separate periods of the calendar that days (distinct, ascending) lie in, in order. A gap splits, and a stretch that
 * is longer than a quarter is cut.
 */
export function periodsOf(days: readonly number[]): DayRange[] {
  const stretches: { fromDay: number; toDay: number }[] = [];
  for (const day of days) {
    const last = stretches.at(-1);
    if (last === undefined || day - last.toDay > PERIOD_GAP_DAYS)
      stretches.push({ fromDay: day, toDay: day });
    else last.toDay = day;
  }
  return stretches.flatMap(cut);
}

function cut({ fromDay, toDay }: DayRange): DayRange[] {
  const length = toDay - fromDay + 1;
  const parts = Math.ceil(length / PERIOD_DAYS_MAX);
  const startOf = (part: number): number => fromDay + Math.round((length * part) / parts);
  return Array.from({ length: parts }, (_, part) => ({
    fromDay: startOf(part),
    toDay: startOf(part + 1) - 1,
  }));
}
