/**
 * By slot, the range of bars already given whose numbers REST still has to confirm (both ends are open times, ms). The
 * range only grows until REST has answered for the whole of it.
 */
export class UnverifiedBars {
  readonly #fromMs: Float64Array;
  /** 0 when nothing is unverified. */
  readonly #toMs: Float64Array;

  constructor(slots: number) {
    this.#fromMs = new Float64Array(slots);
    this.#toMs = new Float64Array(slots);
  }

  has(slot: number): boolean {
    return this.#toMs[slot] !== 0;
  }

  fromMs(slot: number): number {
    return this.#fromMs[slot] as number;
  }

  toMs(slot: number): number {
    return this.#toMs[slot] as number;
  }

  add(slot: number, fromMs: number, toMs: number): void {
    this.#fromMs[slot] = this.has(slot) ? Math.min(fromMs, this.fromMs(slot)) : fromMs;
    this.#toMs[slot] = Math.max(toMs, this.toMs(slot));
  }

  /** True when an answer for [fromMs, toMs] covers all that was unverified. */
  isCoveredBy(slot: number, fromMs: number, toMs: number): boolean {
    return fromMs <= this.fromMs(slot) && toMs >= this.toMs(slot);
  }

  clear(slot: number): void {
    this.#toMs[slot] = 0;
  }
}
