import type { CalendarFacts } from "../src/card/calendar.ts";

export interface GainOptions {
  /** Mean R of a row, slippage twice. */
  readonly mean: number;
  readonly periods?: number;
  readonly daysEach?: number;
  readonly rowsADay?: number;
}

/** A training that was judged on separate periods, each after what taught it, with rows of this mean. */
export function calendarFacts({
  mean,
  periods = 3,
  daysEach = 50,
  rowsADay = 6,
}: GainOptions): CalendarFacts {
  const starts = Array.from({ length: periods }, (_, period) => 20_000 + period * 100);
  const days = starts.flatMap((start) => Array.from({ length: daysEach }, (_, day) => start + day));
  return {
    trainedDays: [{ fromDay: 19_900, toDay: 20_500 }],
    folds: starts.map((start) => ({
      trainedDays: [{ fromDay: 19_900, toDay: start - 2 }],
      testedDays: [{ fromDay: start, toDay: start + daysEach - 1 }],
    })),
    holdOut: null,
    daily: {
      days,
      counts: days.map(() => rowsADay),
      sums: days.map((day) => rowsADay * (mean + 0.2 * Math.sin(1.7 * day))),
    },
  };
}
