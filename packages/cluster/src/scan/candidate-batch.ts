import { assert, FEATURE_COUNT, type ModelEpochs } from "@smcq/kernel";
import { ResultFlag, type ResultRow, type ResultRingWriter } from "@smcq/wire";

/** The close that a candidate was found at. */
export interface CloseFacts {
  readonly receivedNs: number;
  readonly writtenNs: number;
  readonly exchangeMs: number;
  readonly isRest: boolean;
}

/** When the stages of a task ended, monotonic ns. */
export interface TaskTimes {
  readonly takenNs: number;
  readonly featuresNs: number;
  readonly scoredNs: number;
}

/**
 * Candidates of one scan task between detection and publication, in columns: scored together, then written to the
 * result ring. Capacity is the ring's.
 */
export class CandidateBatch {
  readonly capacity: number;
  readonly features: Float32Array;
  /** The same rows as wide as the models of another feature set take them; empty without one. */
  readonly wide: Float32Array;
  readonly scores: Float64Array;
  readonly challengerScores: Float64Array;
  readonly #slots: Int32Array;
  readonly #codes: Int32Array;
  readonly #openTimes: Float64Array;
  readonly #receivedNs: Float64Array;
  readonly #writtenNs: Float64Array;
  readonly #exchangeMs: Float64Array;
  readonly #flags: Int32Array;
  readonly #invalidationPrices: Float64Array;
  readonly #atrs: Float64Array;
  readonly #turnovers: Float64Array;
  count = 0;

  constructor(capacity: number, wideWidth: number) {
    this.capacity = capacity;
    this.features = new Float32Array(capacity * FEATURE_COUNT);
    this.wide = new Float32Array(capacity * wideWidth);
    this.scores = new Float64Array(capacity);
    this.challengerScores = new Float64Array(capacity);
    this.#slots = new Int32Array(capacity);
    this.#codes = new Int32Array(capacity);
    this.#openTimes = new Float64Array(capacity);
    this.#receivedNs = new Float64Array(capacity);
    this.#writtenNs = new Float64Array(capacity);
    this.#exchangeMs = new Float64Array(capacity);
    this.#flags = new Int32Array(capacity);
    this.#invalidationPrices = new Float64Array(capacity);
    this.#atrs = new Float64Array(capacity);
    this.#turnovers = new Float64Array(capacity);
  }

  /** Adds a candidate whose features already stand at row `count`. `code` is side * setup. */
  add(
    slot: number,
    code: number,
    openTimeMs: number,
    invalidationPrice: number,
    atr: number,
    medianTurnover: number,
    close: CloseFacts,
  ): void {
    assert(this.count < this.capacity, "Invariant: a batch holds no more candidates than the result ring");
    const at = this.count++;
    this.#slots[at] = slot;
    this.#codes[at] = code;
    this.#openTimes[at] = openTimeMs;
    this.#invalidationPrices[at] = invalidationPrice;
    this.#atrs[at] = atr;
    this.#turnovers[at] = medianTurnover;
    this.#receivedNs[at] = close.receivedNs;
    this.#writtenNs[at] = close.writtenNs;
    this.#exchangeMs[at] = close.exchangeMs;
    this.#flags[at] = close.isRest ? ResultFlag.RestConfirmed : 0;
  }

  /** Writes all rows behind the ring's tail; `publish` makes them visible. */
  writeTo(ring: ResultRingWriter, row: ResultRow, times: TaskTimes, models: Readonly<ModelEpochs>): void {
    row.takenNs = times.takenNs;
    row.featuresNs = times.featuresNs;
    row.scoredNs = times.scoredNs;
    row.modelEpoch = models.model;
    row.challengerEpoch = models.challenger;
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
      row.invalidationPrice = this.#invalidationPrices[at] as number;
      row.atr = this.#atrs[at] as number;
      row.medianTurnover = this.#turnovers[at] as number;
      row.challengerScore = this.challengerScores[at] as number;
      // One by one: a view for each row would be an object for each row.
      for (let feature = 0; feature < FEATURE_COUNT; feature++)
        row.features[feature] = this.features[at * FEATURE_COUNT + feature] as number;
      ring.write(at, row);
    }
  }
}
