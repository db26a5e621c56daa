import type { Expectancy } from "./expectancy.ts";
import { numberText } from "./format.ts";

/** With fewer blocks a bootstrap's interval is far too narrow. */
const DAYS_MIN = 10;

/** What an expectancy says about an edge, in a sentence. */
export function judgementOf({ interval95: interval, days }: Expectancy): string {
  if (interval === null) return "One day says nothing about the next.";
  if (days < DAYS_MIN)
    return `Drawn from ${numberText(days)} days only: the interval is too narrow to be relied on.`;
  if (interval.upper < 0) return "The whole interval is below 0: these trades lose money.";
  if (interval.lower <= 0) return "The interval holds 0: no edge is shown.";
  return "The interval is above 0 on this period. That alone proves nothing: count every variant tried (--trials), and look at days and periods that nothing was chosen on.";
}
