import { StructureDetector } from "@smcq/smc";

/** Minutes of an M5 bar; bars are aligned to 5 minutes UTC. */
const M5_MINUTES = 5;
const HEADER_BYTES = 64;
// Indices from the start of the carry block.
const I32_BUCKET_MINUTE = 2;
const I32_MINUTES_SEEN = 3;
const F64_HIGH = 2;
const F64_LOW = 3;

/**
 * Makes M5 bars of M1 bars and follows their structure. State: bytes 8..31 of the carry block (the open bar), and the
 * structure's own state behind the block's header. A bar closes with its fifth minute; one that lacks a minute is
 * dropped.
 */
export class M5Aggregator {
  /** Bytes of a carry block: the header, shared with `CandidateScanner`, and the structure. */
  static readonly CARRY_BYTES: number = Math.ceil((HEADER_BYTES + StructureDetector.BYTES) / 64) * 64;

  readonly #i32: Int32Array;
  readonly #f64: Float64Array;
  readonly #structure: StructureDetector;
  #n = 0;
  #f = 0;

  constructor(buffer: ArrayBufferLike) {
    this.#i32 = new Int32Array(buffer);
    this.#f64 = new Float64Array(buffer);
    this.#structure = new StructureDetector(buffer);
  }

  attach(carryByteOffset: number): void {
    this.#structure.attach(carryByteOffset + HEADER_BYTES);
    this.#n = carryByteOffset / 4;
    this.#f = carryByteOffset / 8;
  }

  /** Forgets every M5 bar and the open one. */
  reset(): void {
    this.#forgetOpen();
    this.#structure.reset();
  }

  #forgetOpen(): void {
    this.#i32[this.#n + I32_BUCKET_MINUTE] = -1;
    this.#i32[this.#n + I32_MINUTES_SEEN] = 0;
    this.#f64[this.#f + F64_HIGH] = 0;
    this.#f64[this.#f + F64_LOW] = 0;
  }

  /** Takes the M1 bar of `minute` (open time / 60,000); closes its M5 bar when it is the fifth in a row. */
  pushMinute(minute: number, high: number, low: number, close: number): void {
    // As an int32: the remainder of a double is a slow call.
    const phase = (minute | 0) % M5_MINUTES;
    const seen = this.#n + I32_MINUTES_SEEN;
    if (phase === 0) {
      this.#i32[this.#n + I32_BUCKET_MINUTE] = minute;
      this.#i32[seen] = 1;
      this.#f64[this.#f + F64_HIGH] = high;
      this.#f64[this.#f + F64_LOW] = low;
      return;
    }
    // A minute that does not follow the last one leaves its bar incomplete for good.
    if (this.#i32[this.#n + I32_BUCKET_MINUTE] !== minute - phase || this.#i32[seen] !== phase) return;
    this.#i32[seen] = phase + 1;
    if (high > (this.#f64[this.#f + F64_HIGH] as number)) this.#f64[this.#f + F64_HIGH] = high;
    if (low < (this.#f64[this.#f + F64_LOW] as number)) this.#f64[this.#f + F64_LOW] = low;
    if (phase < M5_MINUTES - 1) return;
    const m5High = this.#f64[this.#f + F64_HIGH] as number;
    const m5Low = this.#f64[this.#f + F64_LOW] as number;
    this.#forgetOpen();
    this.#structure.push(m5High, m5Low, close);
  }

  /** Takes a whole M5 bar, such as the venue's own; the open bar is left alone. */
  pushBar(high: number, low: number, close: number): void {
    this.#structure.push(high, low, close);
  }

  get trend(): number {
    return this.#structure.trend;
  }

  get barCount(): number {
    return this.#structure.barCount;
  }
}
