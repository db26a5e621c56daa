import { FEATURE_COUNT } from "@smcq/kernel";
import type { ExitReason } from "@smcq/strategy";

const ROWS_AT_START = 4_096;
/** Numbers of a row in the table of labels. */
const FIELDS = 12;
export const EXIT_REASONS: readonly ExitReason[] = ["stop", "target", "stagnation", "time"];

/** One labelled candidate. */
export interface LabelledRow {
  /** Index of the symbol in the data set's list. */
  readonly symbolIndex: number;
  /** 0-based row of the candidate's bar, and of the exit's, counted over the files of its symbol. */
  readonly bar: number;
  readonly exitBar: number;
  readonly side: 1 | -1;
  readonly setup: number;
  readonly entry: number;
  readonly stopDistance: number;
  readonly reason: ExitReason;
  /** Before costs. */
  readonly exitPrice: number;
  /** Result net of costs in stop distances. */
  readonly r: number;
  /** Close of the candidate's bar and of the exit's, ms. */
  readonly t0Ms: number;
  readonly t1Ms: number;
}

/** Rows of a table as they stand in it. */
export interface RowsPart {
  readonly count: number;
  readonly numbers: Float64Array;
  readonly features: Float32Array;
}

/** All rows of a data set as columns of plain numbers: 96 bytes a row and 4 a feature, however many there are. */
export class DatasetRows {
  #numbers = new Float64Array(ROWS_AT_START * FIELDS);
  /** Numbers of a row of features. */
  readonly width: number;
  #features: Float32Array;
  count = 0;

  constructor(width: number = FEATURE_COUNT) {
    this.width = width;
    this.#features = new Float32Array(ROWS_AT_START * width);
  }

  /** Adds a row with its side view of features (the first `width` values of `features`). */
  add(row: LabelledRow, features: Float32Array): void {
    if ((this.count + 1) * FIELDS > this.#numbers.length) this.#grow();
    const reason = EXIT_REASONS.indexOf(row.reason);
    const numbers = [row.symbolIndex, row.bar, row.exitBar, row.side, row.setup];
    this.#numbers.set(
      [...numbers, row.entry, row.stopDistance, reason, row.r, row.t0Ms, row.t1Ms, row.exitPrice],
      this.count * FIELDS,
    );
    this.#features.set(features, this.count * this.width);
    this.count++;
  }

  #grow(): void {
    const numbers = new Float64Array(this.#numbers.length * 2);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
    const features = new Float32Array(this.#features.length * 2);
    features.set(this.#features);
    this.#features = features;
  }

  at(index: number): LabelledRow {
    const at = index * FIELDS;
    const field = (k: number): number => this.#numbers[at + k] as number;
    return {
      symbolIndex: field(0),
      bar: field(1),
      exitBar: field(2),
      side: field(3) > 0 ? 1 : -1,
      setup: field(4),
      entry: field(5),
      stopDistance: field(6),
      reason: EXIT_REASONS[field(7)] as ExitReason,
      r: field(8),
      t0Ms: field(9),
      t1Ms: field(10),
      exitPrice: field(11),
    };
  }

  /** A copy of all rows, for another table (`append`). */
  part(): RowsPart {
    const { count, width } = this;
    return {
      count,
      numbers: this.#numbers.slice(0, count * FIELDS),
      features: this.#features.slice(0, count * width),
    };
  }

  /** Adds the rows of another table of the same width; all of them become the symbol's. */
  append({ count, numbers, features }: RowsPart, symbolIndex: number): void {
    while ((this.count + count) * FIELDS > this.#numbers.length) this.#grow();
    this.#numbers.set(numbers, this.count * FIELDS);
    for (let row = 0; row < count; row++) this.#numbers[(this.count + row) * FIELDS] = symbolIndex;
    this.#features.set(features, this.count * this.width);
    this.count += count;
  }

  symbolIndexAt(index: number): number {
    return this.#numbers[index * FIELDS] as number;
  }

  t0MsAt(index: number): number {
    return this.#numbers[index * FIELDS + 9] as number;
  }

  t1MsAt(index: number): number {
    return this.#numbers[index * FIELDS + 10] as number;
  }

  /** The features of a row; a view. */
  featuresAt(index: number): Float32Array {
    return this.#features.subarray(index * this.width, (index + 1) * this.width);
  }

  /** Row numbers by time, then symbol: the order in which they are written. */
  order(): Uint32Array {
    const order = Uint32Array.from({ length: this.count }, (_, index) => index);
    return order.sort(
      (a, b) => this.t0MsAt(a) - this.t0MsAt(b) || this.symbolIndexAt(a) - this.symbolIndexAt(b),
    );
  }
}
