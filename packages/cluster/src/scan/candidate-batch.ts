import { assert } from "@smcq/kernel";
import { FEATURE_COUNT, type ResultRow, type ResultRingWriter } from "@smcq/wire";

/**
 * Candidates of one scan task between detection and publication, in columns: scored together, then written to the
 * result ring. Capacity is the ring's.
 */
export class CandidateBatch {
  readonly capacity: number;
  readonly features: Float32Array;
  readonly scores: Float64Array;
  readonly #slots: Int32Array;
  readonly #codes: Int32Array;
  readonly #openTimes: Float64Array;
  readonly #receivedNs: Float64Array;
  readonly #writtenNs: Float64Array;
  readonly #exchangeMs: Float64Array;
  readonly #flags: Int32Array;
  count = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.features = new Float32Array(capacity * FEATURE_COUNT);
    this.scores = new Float64Array(capacity);
    this.#slots = new Int32Array(capacity);
    this.#codes = new Int32Array(capacity);
    this.#openTimes = new Float64Array(capacity);
    this.#receivedNs = new Float64Array(capacity);
    this.#writtenNs = new Float64Array(capacity);
    this.#exchangeMs = new Float64Array(capacity);
    this.#flags = new Int32Array(capacity);
  }

  /** Adds a candidate whose features already stand at row `count`. `code` is side * setup. */
  add(
    slot: number,
    code: number,
    openTimeMs: number,
    receivedNs: number,
    writtenNs: number,
    exchangeMs: number,
    flags: number,
  ): void {
    assert(this.count < this.capacity, "Invariant: a batch holds no more candidates than the result ring");
    const at = this.count++;
    this.#slots[at] = slot;
    this.#codes[at] = code;
    this.#openTimes[at] = openTimeMs;
    this.#receivedNs[at] = receivedNs;
    this.#writtenNs[at] = writtenNs;
    this.#exchangeMs[at] = exchangeMs;
    this.#flags[at] = flags;
  }

  /** Writes all rows behind the ring's tail; `publish` makes them visible. */
  writeTo(
    ring: ResultRingWriter,
    row: ResultRow,
    takenNs: number,
    featuresNs: number,
    scoredNs: number,
  ): void {
    for (let at = 0; at < this.count; at++) {
      const code = this.#codes[at] as number;
      row.slot = this.#slots[at] as number;
      row.side = code < 0 ? -1 : 1;
      row.setup = Math.abs(code);
      row.openTimeMs = this.#openTimes[at] as number;
      row.score = this.scores[at] as number;
      row.exchangeMs = this.#exchangeMs[at] as number;
      row.receivedNs = this.#receivedNs[at] as number;
      row.writtenNs = this.#writtenNs[at] as number;
      row.flags = this.#flags[at] as number;
      row.takenNs = takenNs;
      row.featuresNs = featuresNs;
      row.scoredNs = scoredNs;
      row.features.set(this.features.subarray(at * FEATURE_COUNT, (at + 1) * FEATURE_COUNT));
      ring.write(at, row);
    }
  }
}
