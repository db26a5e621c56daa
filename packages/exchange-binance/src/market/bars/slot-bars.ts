import { MINUTE_MS } from "@smcq/kernel";

/** Bars kept per symbol to tell a repeated final from a changed one. */
export const KEPT_BARS = 64;
/** Finals per symbol that may wait for the bars before them; later ones are asked from REST again. */
export const EARLY_BARS = 8;

const PRICES = 5;

/**
 * Bars by slot and minute in typed arrays: a cell is `minute mod cells`, so that a bar finds its place without a
 * search and an old one is overwritten.
 *
 *   slot 0                      slot 1
 *   | m0 | m1 | ... | m(n-1) |  | m0 | ...       openMs: which minute the cell holds (0 = none)
 *     o h l c v                                  prices: five numbers a cell
 */
export class SlotBars {
  readonly #cells: number;
  readonly #openMs: Float64Array;
  readonly #prices: Float64Array;
  readonly #eventMs: Float64Array;
  readonly #receivedNs: Float64Array;
  readonly #askedMs: Float64Array;
  readonly #source: Uint8Array;

  constructor(slots: number, cells: number) {
    this.#cells = cells;
    this.#openMs = new Float64Array(slots * cells);
    this.#prices = new Float64Array(slots * cells * PRICES);
    this.#eventMs = new Float64Array(slots * cells);
    this.#receivedNs = new Float64Array(slots * cells);
    this.#askedMs = new Float64Array(slots * cells);
    this.#source = new Uint8Array(slots * cells);
  }

  /** Index of the cell that is for this minute. */
  cell(slot: number, openMs: number): number {
    return slot * this.#cells + ((openMs / MINUTE_MS) % this.#cells);
  }

  holds(slot: number, openMs: number): boolean {
    return this.#openMs[this.cell(slot, openMs)] === openMs;
  }

  /** Stores the five numbers `prices[at..at+4]` (open, high, low, close, volume) for a minute. */
  put(cell: number, openMs: number, prices: Float64Array, at: number): void {
    this.#openMs[cell] = openMs;
    for (let field = 0; field < PRICES; field++)
      this.#prices[cell * PRICES + field] = prices[at + field] as number;
  }

  setSource(cell: number, source: number): void {
    this.#source[cell] = source;
  }

  setOrigin(cell: number, eventMs: number, receivedNs: number): void {
    this.#eventMs[cell] = eventMs;
    this.#receivedNs[cell] = receivedNs;
  }

  /** When REST was asked for the row that says the same, venue ms; 0: it was not. */
  setAsked(cell: number, askedMs: number): void {
    this.#askedMs[cell] = askedMs;
  }

  askedMs(cell: number): number {
    return this.#askedMs[cell] as number;
  }

  equals(cell: number, prices: Float64Array, at: number): boolean {
    for (let field = 0; field < PRICES; field++)
      if (this.#prices[cell * PRICES + field] !== prices[at + field]) return false;
    return true;
  }

  openMs(cell: number): number {
    return this.#openMs[cell] as number;
  }

  price(cell: number, field: number): number {
    return this.#prices[cell * PRICES + field] as number;
  }

  source(cell: number): number {
    return this.#source[cell] as number;
  }

  eventMs(cell: number): number {
    return this.#eventMs[cell] as number;
  }

  receivedNs(cell: number): number {
    return this.#receivedNs[cell] as number;
  }

  drop(cell: number): void {
    this.#openMs[cell] = 0;
  }

  /** Forgets all bars of a slot. */
  clear(slot: number): void {
    this.#openMs.fill(0, slot * this.#cells, (slot + 1) * this.#cells);
  }
}
