import { assert, type ModelEpochs } from "@smcq/kernel";

/** What the roster has to know of a loaded model. */
export interface RosterModel {
  readonly id: string;
  readonly epoch: number;
  readonly sha256: string;
}

/** A new version on its way: it scores beside the current model until `endsMs` (venue time). */
export interface Shadow<M extends RosterModel> {
  readonly model: M;
  readonly beganMs: number;
  readonly endsMs: number;
}

/**
 * Which loaded model does what. Pure: it decides, others load, write epochs and log.
 *
 *            begin shadow            swap (after its bars)
 *   loaded ───────────────► shadow ───────────────────────► current ──► previous ──► gone
 *                             └─ abandoned                     ▲            │
 *                                                              └─ roll back ┘
 */
export class ModelRoster<M extends RosterModel> {
  readonly #names = new Map<number, string>();
  /** The epoch that each slot of the shared memory was last written for. */
  readonly #written: number[];
  readonly #slots: number;
  #lastEpoch = 0;
  #current: M;
  #previous: M | null = null;
  #shadow: Shadow<M> | null = null;
  readonly challenger: M | null;

  /** `slots`: places of the shared memory; a model stands in place epoch mod `slots`. */
  constructor(current: M, challenger: M | null, slots: number) {
    this.#slots = slots;
    this.#written = Array.from({ length: slots }, () => 0);
    this.#current = current;
    this.challenger = challenger;
    for (const model of [current, challenger]) if (model !== null) this.#note(model);
  }

  get current(): M {
    return this.#current;
  }

  get previous(): M | null {
    return this.#previous;
  }

  get shadow(): Shadow<M> | null {
    return this.#shadow;
  }

  /** What scans are to score with; a new version takes the challenger's place while it is in its shadow. */
  get epochs(): ModelEpochs {
    const beside = this.#shadow?.model ?? this.challenger;
    return { model: this.#current.epoch, challenger: beside?.epoch ?? 0 };
  }

  /** Names the model of any epoch of this run. */
  nameOf(epoch: number): string | undefined {
    return this.#names.get(epoch);
  }

  /**
   * The epoch that the next model is loaded under: its slot holds no seated model and none that a scan still uses.
   * Null: try again later.
   */
  nextEpoch(isUsed: (epoch: number) => boolean): number | null {
    const seated = [this.#current, this.#previous, this.#shadow?.model, this.challenger];
    for (let epoch = this.#lastEpoch + 1; epoch <= this.#lastEpoch + this.#slots; epoch++) {
      const slot = epoch % this.#slots;
      const isTaken = seated.some((model) => model != null && model.epoch % this.#slots === slot);
      const written = this.#written[slot] as number;
      if (!isTaken && (written === 0 || !isUsed(written))) return epoch;
    }
    return null;
  }

  beginShadow(model: M, beganMs: number, endsMs: number): void {
    assert(this.#shadow === null, "Invariant: one new version at a time");
    this.#note(model);
    this.#shadow = { model, beganMs, endsMs };
  }

  /** The new version goes; the current model stays. */
  abandonShadow(): void {
    this.#shadow = null;
  }

  /** The new version takes over; the old one is kept for a way back. */
  swap(): void {
    const { shadow } = this;
    assert(shadow !== null, "Invariant: only a model that was in its shadow takes over");
    this.#previous = this.#current;
    this.#current = shadow.model;
    this.#shadow = null;
  }

  /**
   * The model before takes over again; what it replaces is kept in turn, or forgotten when it is unfit to come back.
   * False when there is none.
   */
  rollBack(isKept: boolean): boolean {
    const back = this.#previous;
    if (back === null) return false;
    this.#previous = isKept ? this.#current : null;
    this.#current = back;
    this.#shadow = null;
    return true;
  }

  #note(model: M): void {
    this.#names.set(model.epoch, model.id);
    this.#written[model.epoch % this.#slots] = model.epoch;
    this.#lastEpoch = Math.max(this.#lastEpoch, model.epoch);
  }
}
