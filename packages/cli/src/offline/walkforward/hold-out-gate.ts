import { existsSync } from "node:fs";
import { SmcqError } from "@smcq/kernel";
import { type HoldOut, ResearchBook, researchFile } from "@smcq/ledger";
import { type DayRange, dayText, rangesOf, utcDay } from "@smcq/research";
import type { ScannedSeries } from "../backtest/scan-series.ts";

/** Where hold-outs are sealed, and which of them is to be opened; null: none. */
export interface HoldOutChoice {
  readonly dataDir: string;
  readonly holdOut: string | null;
  readonly nowMs: number;
  /** Hears of an opening, before anything in it is seen. */
  readonly say: (line: string) => void;
}

/** Days of the bars that are traded; earlier ones only warm up. */
export function tradedDays(
  series: readonly Pick<ScannedSeries, "span">[],
  fromMs: number | null,
): DayRange[] {
  const days = new Set<number>();
  for (const { span } of series) {
    if (span === null) continue;
    const firstMs = Math.max(span.firstMs, fromMs ?? Number.NEGATIVE_INFINITY);
    for (let day = utcDay(firstMs); day <= utcDay(span.lastMs); day++) days.add(day);
  }
  return rangesOf([...days]);
}

/** Refuses (RESEARCH_HOLD_OUT) days of a hold-out that was never opened; `advice` says what to do instead. */
export function requireUnsealed(book: ResearchBook, days: readonly DayRange[], advice: string): void {
  const sealed = book.holdOuts().find((holdOut) => holdOut.openings === 0 && isAmong(holdOut, days));
  if (sealed === undefined) return;
  throw new SmcqError("RESEARCH_HOLD_OUT", `the bars hold days of hold-out ${spanText(sealed)}: ${advice}`);
}

/**
 * To be asked before the results of days are looked at: opens the hold-out that was named, which is written into the book of
 * research first and said aloud, and refuses (RESEARCH_HOLD_OUT) days of any other that was never opened, and a name whose
 * days are none of these.
 */
export function passHoldOuts(choice: HoldOutChoice, days: readonly DayRange[], why: string): void {
  const file = researchFile(choice.dataDir);
  if (choice.holdOut === null && !existsSync(file)) return;
  const book = new ResearchBook(file);
  try {
    if (choice.holdOut !== null) openNamed(book, choice, { days, why });
    requireUnsealed(book, days, "leave them out by --from and --to, or open it by --hold-out");
  } finally {
    book.close();
  }
}

function openNamed(
  book: ResearchBook,
  { holdOut, nowMs, say }: HoldOutChoice,
  { days, why }: { readonly days: readonly DayRange[]; readonly why: string },
): void {
  const found = requireSealed(book, String(holdOut));
  if (!isAmong(found, days))
    throw new SmcqError(
      "RESEARCH_HOLD_OUT",
      `none of the days is of hold-out ${spanText(found)}: it stays closed`,
    );
  const { openings } = book.open(found.name, why, nowMs);
  say(
    openings === 1
      ? `hold-out ${spanText(found)} is opened now, for the first time; this is written into the book of research`
      : `hold-out ${spanText(found)} was opened ${openings} times, so it is NO hold-out any more`,
  );
}

/** The hold-out to open, before it is opened; whoever mistypes its name opens nothing (RESEARCH_HOLD_OUT). */
export function requireSealed(book: ResearchBook, name: string): HoldOut {
  const found = book.holdOuts().find((holdOut) => holdOut.name === name);
  if (found !== undefined) return found;
  const names = book.holdOuts().map((holdOut) => holdOut.name);
  const known = names.length === 0 ? "none is sealed" : `sealed are ${names.join(", ")}`;
  throw new SmcqError("RESEARCH_HOLD_OUT", `there is no hold-out ${name}: ${known}`);
}

function isAmong({ fromDay, toDay }: DayRange, days: readonly DayRange[]): boolean {
  return days.some((range) => range.fromDay <= toDay && range.toDay >= fromDay);
}

function spanText({ name, fromDay, toDay }: HoldOut): string {
  return `${name}, ${dayText(fromDay)} to ${dayText(toDay)}`;
}
