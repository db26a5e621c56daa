import { type DailyResults, type DayRange, dayText, isInside, sharedDays } from "@smcq/research";
import { SmcqError } from "@smcq/kernel";
import { ModelErrorCode } from "../errors.ts";
import { boolean, integer, list, nullable, number, object, oneOf, refuse, text } from "./json-reader.ts";
import type { Read } from "./json-reader.ts";

/** A split of the training: days that taught, and days on which what was learnt was tried. */
export interface CalendarFold {
  readonly trainedDays: readonly DayRange[];
  readonly testedDays: readonly DayRange[];
}

/** When what was seen, days since 1970 UTC: what the verdict stands on. */
export interface CalendarFacts {
  /** Of the model itself. */
  readonly trainedDays: readonly DayRange[];
  /** Of the walk-forward and, last, of the hold-out. */
  readonly folds: readonly CalendarFold[];
  /** The hold-out's days; null without one. */
  readonly holdOut: DayRange | null;
  /** Rows above 0.60 that no tree and no calibration had seen, without the hold-out: R with slippage twice, by day. */
  readonly daily: DailyResults;
}

/** What a condition of the gate has found, in words. */
export interface ProofCondition {
  readonly name: string;
  readonly isMet: boolean;
  readonly text: string;
}

/** The verdict of docs/decisions.md 22, as it was when the model was imported. */
export interface Proof {
  readonly status: "proven" | "unproven";
  readonly trainedDays: readonly DayRange[];
  /** Empty when the model was not judged: nobody said what else was tried. */
  readonly conditions: readonly ProofCondition[];
  /** Variants that the verdict is corrected for, this one included; null when it was not judged. */
  readonly tried: number | null;
  /** Other variants that had been judged on days of the hold-out: above 0 it is none any more. Null without one. */
  readonly holdOutLooks: number | null;
}

/** Days on either side of a training day that a model knows of: its longest look-back is 21 h, a plan's hold 2 h. */
export const GUARD_DAYS = 1;

const DAYS_MAX = 100_000;
const RANGES_MAX = 10_000;
const FOLDS_MAX = 1_000;
const day = integer(0, DAYS_MAX);

const readDays: Read<DayRange> = (value, place) => {
  const range = object<DayRange>({ fromDay: day, toDay: day })(value, place);
  return range.fromDay <= range.toDay ? range : refuse(place, "days that end after they begin", value);
};

const readRanges = list(readDays, 1, RANGES_MAX);

const readDaily: Read<DailyResults> = (value, place) => {
  const daily = object<DailyResults>({
    days: list(day, 0, DAYS_MAX),
    sums: list(number(), 0, DAYS_MAX),
    counts: list(integer(1), 0, DAYS_MAX),
  })(value, place);
  const { days, sums, counts } = daily;
  if (days.length !== sums.length || days.length !== counts.length)
    refuse(place, "three lists of one length", [days.length, sums.length, counts.length]);
  if (days.some((own, k) => k > 0 && own <= (days[k - 1] as number))) refuse(place, "days that rise", days);
  return daily;
};

/** Reads calendar facts; refuses (MODEL_CALENDAR) a training that was judged on days that it had seen. */
export const readCalendar: Read<CalendarFacts> = (value, place) => {
  const facts = object<CalendarFacts>({
    trainedDays: readRanges,
    folds: list(object<CalendarFold>({ trainedDays: readRanges, testedDays: readRanges }), 1, FOLDS_MAX),
    holdOut: nullable(readDays),
    daily: readDaily,
  })(value, place);
  for (const [k, { trainedDays, testedDays }] of facts.folds.entries()) {
    const tested = testedDays.flatMap(({ fromDay, toDay }) =>
      Array.from({ length: toDay - fromDay + 1 }, (_, at) => fromDay + at),
    );
    const [shared] = sharedDays(trainedDays, tested, GUARD_DAYS);
    if (shared !== undefined)
      throw new SmcqError(
        ModelErrorCode.Calendar,
        `${place.source}: ${place.key}.folds[${k}] was trained on ${dayText(shared)} or a day beside it and judged on it: symbols of one day know of one another. Keep all symbols of a day on one side`,
        { context: { fold: k, day: shared } },
      );
  }
  const lateDay = facts.daily.days.find((own) => facts.holdOut !== null && isInside(own, facts.holdOut));
  if (lateDay !== undefined) refuse(place, "daily results without the hold-out's days", lateDay);
  const isTested = (own: number): boolean =>
    facts.folds.some(({ testedDays }) => testedDays.some((range) => isInside(own, range)));
  const strange = facts.daily.days.find((own) => !isTested(own));
  if (strange !== undefined) refuse(place, "daily results of days that a fold has tested", strange);
  return facts;
};

export const readProof: Read<Proof> = object<Proof>({
  status: oneOf("proven", "unproven"),
  trainedDays: readRanges,
  conditions: list(
    object<ProofCondition>({ name: text("a name", /\S/), isMet: boolean, text: text("a text", /\S/) }),
    0,
    20,
  ),
  tried: nullable(integer(1)),
  holdOutLooks: nullable(integer(0)),
});
