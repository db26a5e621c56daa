/**
 * Reads the parts of a JSON text from bytes without making strings, objects or boxed numbers.
 *
 * The frame is copied into one buffer of this module first (15 ns): every access then has a constant base, words can
 * be read unaligned, and the zeros behind the text end every loop without a bound to check. A scan is synchronous and
 * a thread has its own copy of this module, so one buffer is enough. A function starts at the index it is given and
 * returns the index behind what it read, or UNDECIDED when the text is not plainly what was asked for; numbers go to
 * `numbers`, because a returned double would be boxed.
 */

/** Longest text that the buffer takes; longer frames go to JSON.parse. */
export const SCAN_BYTES_MAX = 4_096;

/** The text is not plainly what was asked for: the caller falls back to JSON.parse. */
export const UNDECIDED = -1;

/** The text under scan and the zeros behind it. */
export const bytes: Uint8Array = new Uint8Array(SCAN_BYTES_MAX + 16);
export const view: DataView = new DataView(bytes.buffer);

/** Where `integer` and `decimal` put what they read. */
export const numbers: Float64Array = new Float64Array(8);

const QUOTE = 34;
const BACKSLASH = 92;
const POINT = 46;
const ZERO = 48;
const HIGH_BITS = 0x80_80_80_80 | 0;
const POW10: Float64Array = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

/** Takes a copy of the text; returns its length, or UNDECIDED when it is too long. */
export function loadText(text: Uint8Array): number {
  const length = text.length;
  if (length > SCAN_BYTES_MAX) return UNDECIDED;
  bytes.set(text);
  view.setFloat64(length, 0);
  view.setFloat64(length + 8, 0);
  return length;
}

/** Returns the text between two indices. */
export function textBetween(from: number, to: number): string {
  return Buffer.from(bytes.buffer, from, to - from).toString();
}

/** True when the four bytes of a little-endian word are decimal digits. */
function isFourDigits(word: number): boolean {
  return (word & 0xf0f0f0f0) === 0x30303030 && ((word + 0x06060606) & 0xf0f0f0f0) === 0x30303030;
}

/** The value of four digits, the first one in the lowest byte: two multiplications instead of four. */
function fourDigits(word: number): number {
  const digits = word & 0x0f0f0f0f;
  const pairs = Math.imul(digits, 10) + (digits >>> 8);
  return (pairs & 0xff) * 100 + ((pairs >>> 16) & 0xff);
}

/** Reads a plain whole number of 1 to 15 digits, as JSON writes it, into `numbers[index]`. */
export function integer(from: number, index: number): number {
  const first = view.getInt32(from, true);
  const second = view.getInt32(from + 4, true);
  const third = view.getInt32(from + 8, true);
  const last = (bytes[from + 12] as number) - ZERO;
  const next = bytes[from + 13] as number;
  const isInstant =
    isFourDigits(first) && isFourDigits(second) && isFourDigits(third) && last >= 0 && last <= 9;
  // 13 digits are what every instant of the venue has (until the year 2286).
  if (isInstant && (first & 0xff) !== ZERO && (next < ZERO || next > 57)) {
    numbers[index] =
      (fourDigits(first) * 10_000 + fourDigits(second)) * 100_000 + fourDigits(third) * 10 + last;
    return from + 13;
  }
  return anyInteger(from, index);
}

function anyInteger(from: number, index: number): number {
  const to = skipInteger(from);
  if (to === UNDECIDED || to - from > 15 || bytes[from] === 45) return UNDECIDED;
  let value = 0;
  for (let at = from; at < to; at++) value = value * 10 + (bytes[at] as number) - ZERO;
  numbers[index] = value;
  return to;
}

/**
 * Reads a decimal text behind its opening quote, with the closing quote, into `numbers[index]`: exactly
 * `Number(text)`. Up to 15 digits are a whole number below 2^53 over a power of ten below 10^22, both exact, so one
 * division rounds once and correctly (Clinger 1990). Every other text goes through Number itself.
 */
export function decimal(from: number, index: number): number {
  let at = from;
  let whole = 0;
  let digit = (bytes[at] as number) - ZERO;
  while (digit >= 0 && digit <= 9) {
    whole = (Math.imul(whole, 10) + digit) | 0;
    digit = (bytes[++at] as number) - ZERO;
  }
  const wholeCount = at - from;
  if (wholeCount === 0 || wholeCount > 9) return anyNumber(from, index);
  if (digit === QUOTE - ZERO) {
    numbers[index] = whole;
    return at + 1;
  }
  if (digit !== POINT - ZERO) return anyNumber(from, index);
  const fractionFrom = ++at;
  let fraction = 0;
  digit = (bytes[at] as number) - ZERO;
  while (digit >= 0 && digit <= 9) {
    fraction = (Math.imul(fraction, 10) + digit) | 0;
    digit = (bytes[++at] as number) - ZERO;
  }
  const fractionCount = at - fractionFrom;
  if (digit !== QUOTE - ZERO || fractionCount > 9 || wholeCount + fractionCount > 15)
    return anyNumber(from, index);
  const scale = POW10[fractionCount] as number;
  numbers[index] = (whole * scale + fraction) / scale;
  return at + 1;
}

/** Any other text between quotes: NaN, exponents, signs, too many digits, spaces. */
function anyNumber(from: number, index: number): number {
  const to = string(from);
  if (to !== UNDECIDED) numbers[index] = Number(textBetween(from, to - 1));
  return to;
}

/** Returns the index behind the closing quote of a string without escapes; `from` is behind the opening one. */
export function string(from: number): number {
  let at = from;
  for (;;) {
    // Bytes from "." to "9" are what decimal texts hold: four at a time, as long as all four are.
    const word = view.getInt32(at, true);
    const others = ((word + 0x46464646) | (word - 0x2e2e2e2e) | word) & HIGH_BITS;
    if (others !== 0) {
      // The lowest flagged byte is exact: carries and borrows only spoil the bytes above a flagged one.
      at += (31 - Math.clz32(others & -others)) >> 3;
      break;
    }
    at += 4;
  }
  for (;;) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) return at + 1;
    // Escapes and control characters (the zero behind the text among them) are left to JSON.parse.
    if (byte === BACKSLASH || byte < 32) return UNDECIDED;
    at++;
  }
}

/** Returns the index behind a whole number that may be negative and of any length. */
export function skipInteger(from: number): number {
  let at = bytes[from] === 45 ? from + 1 : from;
  const first = at;
  while ((bytes[at] as number) >= ZERO && (bytes[at] as number) <= 57) at++;
  const isPlain = at > first && (bytes[first] !== ZERO || at === first + 1);
  return isPlain ? at : UNDECIDED;
}
