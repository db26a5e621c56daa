import { MINUTE_MS } from "@smcq/kernel";
import type { Asked } from "./asked-bars.ts";

/**
 * By slot, the range of bars already given whose numbers REST still has to confirm (both ends are open times, ms). The
 * range only grows until REST has answered for the whole of it with final rows.
 */
export class UnverifiedBars {
  readonly #restFinalMs: number;
  readonly #fromMs: Float64Array;
  /** 0 when nothing is unverified. */
  readonly #toMs: Float64Array;
  /** REST is not asked before, venue ms. */
  readonly #notBeforeMs: Float64Array;

  /** `restFinalMs`: a row that was asked for so long after its minute is final. */
  constructor(slots: number, restFinalMs: number) {
    this.#restFinalMs = restFinalMs;
    this.#fromMs = new Float64Array(slots);
    this.#toMs = new Float64Array(slots);
    this.#notBeforeMs = new Float64Array(slots);
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

  /** From when on REST's rows of the whole range are final, venue ms. */
  notBeforeMs(slot: number): number {
    return this.#notBeforeMs[slot] as number;
  }

  /** True when REST may be asked for the range. */
  isDue(slot: number, nowMs: number): boolean {
    return this.has(slot) && this.notBeforeMs(slot) <= nowMs;
  }

  /** Adds the bars from `fromMs` to `toMs`, to be asked when their rows are final and not before `afterMs`. */
  add(slot: number, fromMs: number, toMs: number, afterMs: number = 0): void {
    const notBeforeMs = Math.max(afterMs, toMs + MINUTE_MS + this.#restFinalMs);
    const isNew = !this.has(slot);
    this.#notBeforeMs[slot] = isNew ? notBeforeMs : Math.max(notBeforeMs, this.notBeforeMs(slot));
    this.#fromMs[slot] = isNew ? fromMs : Math.min(fromMs, this.fromMs(slot));
    this.#toMs[slot] = isNew ? toMs : Math.max(toMs, this.toMs(slot));
  }

  /** True when an answer covers all that was unverified, with rows that are final. */
  isCoveredBy(slot: number, { fromMs, toMs, askedMs }: Asked): boolean {
    const isCovered = fromMs <= this.fromMs(slot) && toMs >= this.toMs(slot);
    return isCovered && askedMs >= this.toMs(slot) + MINUTE_MS + this.#restFinalMs;
  }

  /** One bar needs no further word. */
  confirm(slot: number, openMs: number): void {
    if (this.fromMs(slot) === openMs && this.toMs(slot) === openMs) this.clear(slot);
  }

  clear(slot: number): void {
    this.#toMs[slot] = 0;
  }
}
