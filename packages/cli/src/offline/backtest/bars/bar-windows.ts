import { HistoryStore, StoredRows } from "@smcq/history";
import { assertNever, BAR_FIELDS } from "@smcq/kernel";
import { PackedNumbers } from "./packed-numbers.ts";
import type { BarNumbers } from "./bar-numbers.ts";
import type { PackedBars, SeriesBars } from "../scan-series.ts";

/** The bars of a series where they are. */
export function barNumbersOf(bars: SeriesBars): BarNumbers {
  switch (bars.type) {
    case "held":
      return new HeldBars(bars.flat);
    case "packed":
      return new PackedNumbers(bars);
    case "stored":
      return new BarWindows(storedRowsOf(bars));
    default:
      return assertNever(bars);
  }
}

/** The bars one run after another, ascending; a run is good until the next one is asked for. */
export function* barBatches(bars: Exclude<SeriesBars, PackedBars>): Generator<Float64Array, void, undefined> {
  if (bars.type === "held") yield bars.flat;
  else for (const { bars: own } of storedRowsOf(bars).batches()) yield own;
}

function storedRowsOf(bars: Extract<SeriesBars, { type: "stored" }>): StoredRows {
  return new StoredRows(new HistoryStore(bars.folder), { kind: "bars", ...bars });
}

class HeldBars implements BarNumbers {
  readonly #flat: Float64Array;

  constructor(flat: Float64Array) {
    this.#flat = flat;
  }

  value(bar: number, field: number): number {
    return this.#flat[bar * BAR_FIELDS + field] as number;
  }
}

/** A run of bars in memory. */
interface Window {
  readonly firstBar: number;
  readonly endBar: number;
  readonly flat: Float64Array;
}

const NO_WINDOW: Window = { firstBar: 0, endBar: 0, flat: new Float64Array(0) };

/** Stored bars, of which two blocks are held: that of the last question, and the one before, which a look back may want. */
class BarWindows implements BarNumbers {
  readonly #rows: StoredRows;
  #now: Window = NO_WINDOW;
  #before: Window = NO_WINDOW;

  constructor(rows: StoredRows) {
    this.#rows = rows;
  }

  value(bar: number, field: number): number {
    if (bar < this.#now.firstBar || bar >= this.#now.endBar) this.#turnTo(bar);
    return this.#now.flat[(bar - this.#now.firstBar) * BAR_FIELDS + field] as number;
  }

  #turnTo(bar: number): void {
    const before = this.#before;
    this.#before = this.#now;
    if (bar >= before.firstBar && bar < before.endBar) {
      this.#now = before;
      return;
    }
    const block = this.#rows.blockOf(bar);
    const firstBar = this.#rows.firstRow(block);
    this.#now = { firstBar, endBar: this.#rows.firstRow(block + 1), flat: this.#rows.block(block) };
  }
}
