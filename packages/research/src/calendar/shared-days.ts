import { type DayRange, isInside } from "./days.ts";

/**
 * The calendar rule: days among `judged` that a model knows of, because it was trained on them or within `guardDays` of
 * them, whatever the symbol. On such days a model of other symbols has shown +0.42 R, on days of its own -0.04 and -0.53
 * (docs/edge.md). Empty is what is wanted.
 */
export function sharedDays(
  trained: readonly DayRange[],
  judged: readonly number[],
  guardDays: number,
): number[] {
  const wide = trained.map(({ fromDay, toDay }) => ({
    fromDay: fromDay - guardDays,
    toDay: toDay + guardDays,
  }));
  return judged.filter((day) => wide.some((range) => isInside(day, range)));
}

/** Days (distinct, ascending) as ranges: neighbours are one. */
export function rangesOf(days: readonly number[]): DayRange[] {
  const ranges: { fromDay: number; toDay: number }[] = [];
  for (const day of days) {
    const last = ranges.at(-1);
    if (last !== undefined && day === last.toDay + 1) last.toDay = day;
    else ranges.push({ fromDay: day, toDay: day });
  }
  return ranges;
}
