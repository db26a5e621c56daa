const ZERO = 48;
const DOT = 46;
const QUOTE = 34;
const MINUS = 45;
const START_BYTES = 4096;

/** Builds JSON bytes without strings: the simulator shares its cores with the engine it feeds. */
export class ByteWriter {
  bytes: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(START_BYTES);
  length = 0;

  #reserve(count: number): void {
    const wanted = this.length + count;
    if (wanted <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  /** Starts over. */
  clear(): void {
    this.length = 0;
  }

  /** Appends bytes as they are. */
  raw(part: Uint8Array): void {
    this.#reserve(part.length);
    this.bytes.set(part, this.length);
    this.length += part.length;
  }

  /** Appends text as UTF-8. */
  text(part: string): void {
    this.raw(Buffer.from(part, "utf8"));
  }

  /** Appends an integer. */
  integer(value: number): void {
    this.#reserve(24);
    let left = value;
    if (left < 0) {
      this.bytes[this.length++] = MINUS;
      left = -left;
    }
    this.#digits(left, 1);
  }

  /** Appends `units / 10^decimals` as a quoted decimal text, as the venue prints it. */
  decimal(units: number, decimals: number): void {
    this.#reserve(48);
    this.bytes[this.length++] = QUOTE;
    if (decimals === 0) {
      this.#digits(units, 1);
    } else {
      const scale = 10 ** decimals;
      const whole = Math.floor(units / scale);
      this.#digits(whole, 1);
      this.bytes[this.length++] = DOT;
      this.#digits(units - whole * scale, decimals);
    }
    this.bytes[this.length++] = QUOTE;
  }

  #digits(value: number, widthMin: number): void {
    let width = 1;
    for (let left = value; left >= 10; left = Math.floor(left / 10)) width++;
    width = Math.max(width, widthMin);
    let left = value;
    for (let at = this.length + width - 1; at >= this.length; at--) {
      const next = Math.floor(left / 10);
      this.bytes[at] = ZERO + (left - next * 10);
      left = next;
    }
    this.length += width;
  }
}
