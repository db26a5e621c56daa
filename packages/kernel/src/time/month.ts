import { SmcqError } from "../errors.ts";

/** Years of months that may be stored: minute bars of the venue begin in 2019. */
const YEAR_MIN = 2010;
const YEAR_MAX = 2099;
const MONTHS_A_YEAR = 12;

/** A calendar month, UTC, as it stands in names: `2024-01`. */
export type Month = string & { readonly brand: "Month" };

/** Reads a month; USAGE_MONTH when it is none. `what` names the place, such as `--from`. */
export function parseMonth(text: string, what: string): Month {
  const [, year, month] = /^(\d{4})-(\d\d)$/u.exec(text) ?? [];
  const isMonth =
    Number(year) >= YEAR_MIN &&
    Number(year) <= YEAR_MAX &&
    Number(month) >= 1 &&
    Number(month) <= MONTHS_A_YEAR;
  if (isMonth) return text as Month;
  throw new SmcqError(
    "USAGE_MONTH",
    `${what} ${JSON.stringify(text)}: must be a month from ${YEAR_MIN}-01 to ${YEAR_MAX}-12, such as 2024-01`,
  );
}

/** The month that an instant (ms, UTC) lies in. */
export function monthOf(timeMs: number): Month {
  const date = new Date(timeMs);
  return name(date.getUTCFullYear(), date.getUTCMonth());
}

/** The month's first ms. */
export function monthStartMs(month: Month): number {
  return Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)) - 1, 1);
}

/** The first ms behind it. */
export function monthEndMs(month: Month): number {
  return Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 1);
}

export function nextMonth(month: Month): Month {
  return monthOf(monthEndMs(month));
}

/** Months from one to another, both included; none when they are the wrong way round. */
export function monthsBetween(from: Month, to: Month): readonly Month[] {
  const months: Month[] = [];
  for (let month = from; month <= to; month = nextMonth(month)) months.push(month);
  return months;
}

function name(year: number, monthIndex: number): Month {
  return `${String(year).padStart(4, "0")}-${String(monthIndex + 1).padStart(2, "0")}` as Month;
}
