const COMMA = 44;
const DOT = 46;
const ZERO = 48;
const LINE_END = 10;
const RETURN = 13;
const DIGITS_EXACT = 15;
const POWERS_OF_TEN: readonly number[] = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** Reads the fields of a CSV line as numbers, straight from the bytes. */
export class FieldReader {
  /** Position behind the field read last: its comma, its line end, or the end of the bytes. */
  at = 0;

  /**
   * The number that starts at `from`, correctly rounded; NaN when the field is none. Up to 15 digits take the short
   * way (a whole number over a power of ten up to 1e22, both exact, so their quotient is rounded once).
   */
  read(bytes: Uint8Array, from: number, end: number): number {
    let whole = 0;
    let digits = 0;
    let dotAt = -1;
    let at = from;
    for (; at < end; at++) {
      const byte = bytes[at] as number;
      const digit = byte - ZERO;
      if (digit >= 0 && digit <= 9) {
        whole = whole * 10 + digit;
        if (whole > 0) digits++;
      } else if (byte === DOT && dotAt < 0) dotAt = at;
      else break;
    }
    const decimals = dotAt < 0 ? 0 : at - dotAt - 1;
    const isNumber = at - from > (dotAt < 0 ? 0 : 1);
    if (isNumber && digits <= DIGITS_EXACT && decimals <= 22 && isFieldEnd(bytes, at, end)) {
      this.at = at;
      return whole / (POWERS_OF_TEN[decimals] as number);
    }
    return this.#readLong(bytes, from, end);
  }

  /** Any other spelling: more digits, an exponent, a sign, or no number at all. */
  #readLong(bytes: Uint8Array, from: number, end: number): number {
    let at = from;
    while (!isFieldEnd(bytes, at, end)) at++;
    this.at = at;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, at - from).toString("latin1");
    return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/u.test(text) ? Number(text) : Number.NaN;
  }
}

function isFieldEnd(bytes: Uint8Array, at: number, end: number): boolean {
  if (at >= end) return true;
  const byte = bytes[at];
  return byte === COMMA || byte === LINE_END || byte === RETURN;
}
