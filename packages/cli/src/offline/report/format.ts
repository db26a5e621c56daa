import { utcText } from "@smcq/scoring";

/** What stands where there is no figure. */
export const NONE = "–";

/** A number with `places` digits behind the point, thousands apart by commas; a dash for what is not finite. */
export function numberText(value: number, places = 0): string {
  if (!Number.isFinite(value)) return NONE;
  const [whole = "", fraction] = Math.abs(value).toFixed(places).split(".");
  const grouped = whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
  const text = fraction === undefined ? grouped : `${grouped}.${fraction}`;
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

/** Like `numberText`, with a plus in front of what is above 0. */
export function signedText(value: number, places = 0): string {
  const text = numberText(value, places);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** A share of one as a percentage. */
export function shareText(ratio: number, places = 1): string {
  return Number.isFinite(ratio) ? `${numberText(100 * ratio, places)} %` : NONE;
}

/** USDT of a decimal text, without the unit. */
export function moneyText(usdt: string | number): string {
  return numberText(Number(usdt), 2);
}

/** Stop distances; a dash for null. */
export function stopsText(r: number | null): string {
  return r === null ? NONE : signedText(r, 3);
}

/** A minute in UTC: 2026-02-01 00:00. */
export function minuteText(timeMs: number): string {
  return utcText(timeMs).slice(0, 16).replace("T", " ");
}

/** A duration in the largest unit that it is a whole number of. */
export function durationText(ms: number): string {
  for (const [unit, unitMs] of [
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1_000],
  ] as const)
    if (ms !== 0 && ms % unitMs === 0) return `${numberText(ms / unitMs)} ${unit}`;
  return `${numberText(ms)} ms`;
}

/** A count with its word: 1 trade, 1,200 trades. */
export function counted(count: number, word: string, words = `${word}s`): string {
  return `${numberText(count)} ${count === 1 ? word : words}`;
}
