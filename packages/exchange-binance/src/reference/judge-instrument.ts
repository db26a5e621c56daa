import { escapeHidden } from "@smcq/kernel";
import type { Instrument } from "@smcq/kernel";

/** Longest name of a symbol or an asset; the venue's longest has about 20 letters. */
const NAME_CHARS_MAX = 64;
/** Controls, marks that turn or hide text, blanks, and what would end a stream's name. */
const ODD_IN_NAME = /[\p{C}\p{Z}@/!?&#"'\\<>]/u;
/** Plain decimal text as the venue writes it: no exponent, no sign. */
const DECIMAL = /^\d{1,15}(\.\d{1,12})?$/;
/** Later than any date of a contract (year 5138). */
const DATE_MS_MAX = 1e14;

/** A text of the venue's as it may be shown: short, with what hides or turns text written out. */
function clipped(text: string): string {
  return escapeHidden(text.slice(0, NAME_CHARS_MAX));
}

/** Rules that a tradeable symbol may have none of (then nobody trades it), but none that cannot be. */
const POSITIVE = ["tickSize", "stepSize", "marketStepSize", "marketMaxQty"] as const;
const NOT_NEGATIVE = ["marketMinQty", "minNotional"] as const;

/**
 * Why an entry of exchangeInfo cannot be believed, or null: a name that does harm where it is shown or subscribed, a
 * date beyond all dates, numbers that are none, a step above the largest quantity.
 */
export function instrumentFault(instrument: Instrument): string | null {
  const { symbol, baseAsset, quoteAsset, marginAsset, onboardMs, deliveryMs } = instrument;
  for (const name of [symbol, baseAsset, quoteAsset, marginAsset])
    if (name.length > NAME_CHARS_MAX || ODD_IN_NAME.test(name))
      return `a name that cannot be: ${clipped(name)}`;
  for (const dateMs of [onboardMs, deliveryMs])
    if (!(dateMs >= 0 && dateMs <= DATE_MS_MAX)) return `a date that cannot be: ${dateMs}`;
  for (const key of POSITIVE) {
    const text = instrument[key];
    if (text !== "" && !(DECIMAL.test(text) && Number(text) > 0))
      return `${key} is no positive number: ${clipped(text)}`;
  }
  for (const key of NOT_NEGATIVE) {
    const text = instrument[key];
    if (text !== "" && !DECIMAL.test(text)) return `${key} is no number: ${clipped(text)}`;
  }
  const maxQty = instrument.marketMaxQty === "" ? Number.POSITIVE_INFINITY : Number(instrument.marketMaxQty);
  if (Number(instrument.marketStepSize) > maxQty) return "marketStepSize is above marketMaxQty";
  if (Number(instrument.marketMinQty) > maxQty) return "marketMinQty is above marketMaxQty";
  return null;
}

/** The instruments that may be believed, and why the others were left out. */
export interface Judged {
  readonly instruments: readonly Instrument[];
  readonly refused: readonly string[];
}

/**
 * Leaves out what `instrumentFault` names, and doubles: of entries that say the same the first stays; where they
 * contradict one another (letters' case apart, which no stream's name tells) none does.
 */
export function judgeInstruments(listed: readonly Instrument[]): Judged {
  const refused: string[] = [];
  const byName = new Map<string, Instrument | null>();
  for (const instrument of listed) {
    const fault = instrumentFault(instrument);
    if (fault !== null) {
      refused.push(`${clipped(instrument.symbol)}: ${fault}`);
      continue;
    }
    const name = instrument.symbol.toLowerCase();
    const before = byName.get(name);
    if (before === undefined) byName.set(name, instrument);
    else if (before !== null && isSame(before, instrument))
      refused.push(`${instrument.symbol}: listed twice`);
    else {
      refused.push(`${instrument.symbol}: listed twice, with other words`);
      byName.set(name, null);
    }
  }
  return { instruments: [...byName.values()].filter((instrument) => instrument !== null), refused };
}

function isSame(a: Instrument, b: Instrument): boolean {
  return (Object.keys(a) as (keyof Instrument)[]).every((key) => a[key] === b[key]);
}
