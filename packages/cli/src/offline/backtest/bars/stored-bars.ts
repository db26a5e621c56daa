import { numberToE8, type SymbolId } from "@smcq/kernel";
import type { BarNumbers } from "./bar-numbers.ts";
import { barNumbersOf } from "./bar-windows.ts";
import type { ScannedSeries } from "../scan-series.ts";
import { BarField, type Bars } from "../venue/backtest-venue.ts";

/** The field that `BarField` leaves out. */
const OPEN_TIME = 0;

/** The bars of a run's series by symbol number; asked for in the order of time, so that each is found where the last was. */
export class StoredBars implements Bars {
  readonly #series: readonly ScannedSeries[];
  readonly #numbers: readonly BarNumbers[];
  /** By symbol: the bar of the minute that was last asked for, or the next one to come. */
  readonly #cursors: Int32Array;

  constructor(series: readonly ScannedSeries[]) {
    this.#series = series;
    this.#numbers = series.map(({ bars }) => barNumbersOf(bars));
    this.#cursors = new Int32Array(series.length);
  }

  /** Open time of the first bar of all; infinite where there is none. */
  get firstMs(): number {
    return Math.min(...this.#series.map(({ span }) => span?.firstMs ?? Number.POSITIVE_INFINITY));
  }

  /** Open time of the last bar of all; minus infinity where there is none. A series may have no bars at all. */
  get lastMs(): number {
    return Math.max(...this.#series.map(({ span }) => span?.lastMs ?? Number.NEGATIVE_INFINITY));
  }

  at(symbolId: SymbolId, timeMs: number): number {
    const { barCount } = this.#of(symbolId);
    let bar = this.#cursors[symbolId] as number;
    while (bar < barCount && this.openMs(symbolId, bar) < timeMs) bar++;
    this.#cursors[symbolId] = bar;
    return this.openMs(symbolId, bar) === timeMs ? bar : -1;
  }

  before(symbolId: SymbolId, timeMs: number): number {
    this.at(symbolId, timeMs);
    return (this.#cursors[symbolId] as number) - 1;
  }

  valueE8(symbolId: SymbolId, bar: number, field: BarField): bigint {
    return numberToE8(this.#value(symbolId, bar, field));
  }

  isLast(symbolId: SymbolId, bar: number): boolean {
    return bar === this.#of(symbolId).barCount - 1;
  }

  /** Open time of a bar; infinite behind the last one. */
  openMs(symbolId: number, bar: number): number {
    return bar < this.#of(symbolId).barCount
      ? this.#value(symbolId, bar, OPEN_TIME)
      : Number.POSITIVE_INFINITY;
  }

  openPrice(symbolId: SymbolId, bar: number): number {
    return this.#value(symbolId, bar, BarField.Open);
  }

  #value(symbolId: number, bar: number, field: number): number {
    return (this.#numbers[symbolId] as BarNumbers).value(bar, field);
  }

  #of(symbolId: number): ScannedSeries {
    return this.#series[symbolId] as ScannedSeries;
  }
}
