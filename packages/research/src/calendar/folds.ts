import { DAY_MS, type DayRange, isInside, type TimedResult, utcDay } from "./days.ts";

/**
 * A split of the calendar. All symbols of a day are on the same side of it.
 *
 *      before:  ── training ──>|guard|── test ──|
 *      around:  ── training ──>|guard|── test ──|guard|<── training ── ...
 */
export interface Fold {
  /** Ranges of whole days, ascending, not touching. */
  readonly test: readonly DayRange[];
  /** Whether only what lies before the first test day teaches, or what lies around the test days too. */
  readonly training: "before" | "around";
}

/** What keeps a result that teaches from knowing of one that is judged. */
export interface Guard {
  /** The longest that a plan is held, ms: a label of the last test day ends so much later. */
  readonly holdMs: number;
  /** Free time on either side: the longest look-back of what is judged, ms. */
  readonly embargoMs: number;
}

export function isTested({ test }: Fold, { t0Ms }: Pick<TimedResult, "t0Ms">): boolean {
  return test.some((range) => isInside(utcDay(t0Ms), range));
}

/** Whether a result may teach: its label has ended, and an embargo has passed, before whatever is judged. */
export function isTraining(
  { test, training }: Fold,
  { t0Ms, t1Ms }: Pick<TimedResult, "t0Ms" | "t1Ms">,
  { holdMs, embargoMs }: Guard,
): boolean {
  const endsBefore = ({ fromDay }: DayRange): boolean => t1Ms + embargoMs <= fromDay * DAY_MS;
  const beginsAfter = ({ toDay }: DayRange): boolean => t0Ms >= (toDay + 1) * DAY_MS + holdMs + embargoMs;
  if (training === "before") return test.every(endsBefore);
  return test.every((range) => endsBefore(range) || beginsAfter(range));
}

/**
 * Cuts days (distinct, ascending) into `groups` of about equally many, each a range of whole days. Refuses fewer days than
 * groups.
 */
export function dayGroups(days: readonly number[], groups: number): DayRange[] {
  if (days.length < groups)
    throw new RangeError(`${groups} groups need at least as many days, there are ${days.length}`);
  const startOf = (group: number): number => Math.round((days.length * group) / groups);
  return Array.from({ length: groups }, (_, group) => ({
    fromDay: days[startOf(group)] as number,
    toDay: days[startOf(group + 1) - 1] as number,
  }));
}

/** Folds in order of time: the first group only teaches, each later one is judged by what lies before it. */
export function walkForwardFolds(days: readonly number[], folds: number): Fold[] {
  return dayGroups(days, folds + 1)
    .slice(1)
    .map((range) => ({ test: [range], training: "before" }));
}

/**
 * Combinatorial purged folds (Lopez de Prado, Advances in Financial Machine Learning, 12.4): every choice of `testGroups`
 * of `groups` groups of days is judged once by the days around it.
 */
export function combinatorialFolds(
  days: readonly number[],
  { groups, testGroups }: { readonly groups: number; readonly testGroups: number },
): Fold[] {
  const ranges = dayGroups(days, groups);
  return choices(groups, testGroups).map((chosen) => ({
    test: chosen.map((group) => ranges[group] as DayRange),
    training: "around",
  }));
}

/** Every choice of `size` of 0..count-1, ascending. */
export function choices(count: number, size: number): number[][] {
  if (size === 0) return [[]];
  const found: number[][] = [];
  for (let last = size - 1; last < count; last++)
    for (const rest of choices(last, size - 1)) found.push([...rest, last]);
  return found;
}
