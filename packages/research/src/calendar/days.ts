import { dateText } from "@smcq/kernel";

export const DAY_MS = 86_400_000;

/** The UTC day that a time lies in, days since 1970. */
export function utcDay(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS);
}

/** A UTC day as 2026-02-01. */
export function dayText(day: number): string {
  return dateText(day * DAY_MS).slice(0, 10);
}

/** What a trade plan took from the calendar and brought: times in ms since 1970 UTC, the result in R. */
export interface TimedResult {
  /** Close of the candidate's bar. */
  readonly t0Ms: number;
  /** Close of the exit's bar. */
  readonly t1Ms: number;
  readonly r: number;
}

/**
 * Results of one variant by the UTC day of the candidate, all symbols of a day together: they share their market and are
 * one piece of evidence. Three columns of one length, days ascending.
 */
export interface DailyResults {
  readonly days: readonly number[];
  /** Sum of R. */
  readonly sums: readonly number[];
  /** Trades, 1 or more. */
  readonly counts: readonly number[];
}

/** Adds results up by day, whatever their order. */
export function dailyResults(results: Iterable<Pick<TimedResult, "t0Ms" | "r">>): DailyResults {
  const byDay = new Map<number, { sum: number; count: number }>();
  for (const { t0Ms, r } of results) {
    const day = utcDay(t0Ms);
    const own = byDay.get(day) ?? { sum: 0, count: 0 };
    own.sum += r;
    own.count++;
    byDay.set(day, own);
  }
  const rows = [...byDay].toSorted(([a], [b]) => a - b);
  return {
    days: rows.map(([day]) => day),
    sums: rows.map(([, { sum }]) => sum),
    counts: rows.map(([, { count }]) => count),
  };
}

/** Days from `fromDay` to `toDay`, both included. */
export interface DayRange {
  readonly fromDay: number;
  readonly toDay: number;
}

export function isInside(day: number, { fromDay, toDay }: DayRange): boolean {
  return day >= fromDay && day <= toDay;
}

/** The days of results that lie in one of the ranges. */
export function daysWithin(daily: DailyResults, ranges: readonly DayRange[]): DailyResults {
  const kept = [...daily.days.keys()].filter((k) =>
    ranges.some((range) => isInside(daily.days[k] as number, range)),
  );
  return {
    days: kept.map((k) => daily.days[k] as number),
    sums: kept.map((k) => daily.sums[k] as number),
    counts: kept.map((k) => daily.counts[k] as number),
  };
}

/** All trades of the days. */
export function tradesOf({ counts }: DailyResults): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Mean R of a trade; null without trades. */
export function meanR(daily: DailyResults): number | null {
  const trades = tradesOf(daily);
  return trades === 0 ? null : daily.sums.reduce((sum, own) => sum + own, 0) / trades;
}
