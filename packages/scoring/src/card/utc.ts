/*
 * Times in files are texts in UTC. The conversion is arithmetic on the calendar (Howard Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms": days_from_civil, civil_from_days), so that no clock is within reach here.
 */
const UTC = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{3}))?Z$/;
const DAY_MS = 86_400_000;
const DAYS_OF_ERA = 146_097;
const DAYS_TO_EPOCH = 719_468;

/** Days from 1970-01-01 to a date of the Gregorian calendar, from year 0 on; `month` is 1..12. */
function daysOf(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_OF_ERA + dayOfEra - DAYS_TO_EPOCH;
}

/** Milliseconds since 1970 of a text such as 2025-05-04T15:33:00Z; NaN for any other text and for days that are not. */
export function utcMs(text: string): number {
  const match = UTC.exec(text);
  if (match === null) return Number.NaN;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0] = match
    .slice(1)
    .map((part: string | undefined) => Number(part ?? 0));
  const ofDayMs = ((hour * 60 + minute) * 60 + second) * 1_000 + ms;
  const timeMs = daysOf(year, month, day) * DAY_MS + ofDayMs;
  // 30 February would have come out as a day of March: only a time that is written the same again exists.
  return utcText(timeMs) === text.replace(/\.\d+/, "") ? timeMs : Number.NaN;
}

/** The second of a time in milliseconds since 1970, as text: 2025-05-04T15:33:00Z. */
export function utcText(timeMs: number): string {
  const days = Math.floor(timeMs / DAY_MS);
  const seconds = Math.floor((timeMs - days * DAY_MS) / 1_000);
  const shifted = days + DAYS_TO_EPOCH;
  const era = Math.floor(shifted / DAYS_OF_ERA);
  const dayOfEra = shifted - era * DAYS_OF_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1_460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const clock = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}T${clock.map((part) => padded(part, 2)).join(":")}Z`;
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}
