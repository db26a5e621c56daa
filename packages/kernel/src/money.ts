/**
 * Money, prices and quantities as integers of 1e-8 ("e8"): what is added up must come out to the last unit. `round`
 * is half away from zero (docs/trading.md 1).
 */
export const E8 = 100_000_000n;

const DECIMAL = /^(-?)(\d{1,24})(?:\.(\d{1,24}))?$/;
const E8_DIGITS = 8;

/** Reads the venue's decimal text, such as "0.0010"; refuses other texts and digits beyond the eighth with RangeError. */
export function parseE8(text: string): bigint {
  const match = DECIMAL.exec(text);
  const fraction = match?.[3] ?? "";
  if (match === null || /[1-9]/.test(fraction.slice(E8_DIGITS)))
    throw new RangeError(`not a decimal with at most 8 places: ${JSON.stringify(text.slice(0, 64))}`);
  const units = BigInt(match[2] + fraction.slice(0, E8_DIGITS).padEnd(E8_DIGITS, "0"));
  return match[1] === "-" ? -units : units;
}

/** Writes `value` with `places` digits behind the point, 0..8; digits beyond them must be zero. */
export function e8Text(value: bigint, places: number = E8_DIGITS): string {
  if (!(places >= 0 && places <= E8_DIGITS)) throw new RangeError(`not a count of places 0..8: ${places}`);
  const unit = 10n ** BigInt(E8_DIGITS - places);
  if (value % unit !== 0n) throw new RangeError(`${value}e-8 has more than ${places} places`);
  const isNegative = value < 0n;
  const digits = ((isNegative ? -value : value) / unit).toString().padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  return `${isNegative ? "-" : ""}${whole}${places === 0 ? "" : `.${digits.slice(-places)}`}`;
}

/** The nearest float64. */
export function e8ToNumber(value: bigint): number {
  return Number(value) / 1e8;
}

/** The nearest e8 of a float64 that came from a decimal text of at most 8 places, below 2^25 (3.3e7). */
export function numberToE8(value: number): bigint {
  return BigInt(Math.round(value * 1e8));
}

/** `numerator / denominator`, half away from zero; the denominator is positive. */
export function divRound(numerator: bigint, denominator: bigint): bigint {
  const half = denominator / 2n;
  return numerator < 0n ? -((-numerator + half) / denominator) : (numerator + half) / denominator;
}

/** `numerator / denominator`, up; both are positive or the numerator is 0. */
export function divCeil(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator;
}

/** What `qtyE8` is worth at `priceE8`. */
export function notionalE8(priceE8: bigint, qtyE8: bigint): bigint {
  return divRound(priceE8 * qtyE8, E8);
}
