import { BAR_FIELDS, numberToE8, type SymbolId } from "@smcq/kernel";
import type { ScannedSeries } from "./scan-series.ts";
import { BarField, type Bars } from "./venue/backtest-venue.ts";

/** The bars of a run's series by symbol number; asked for in the order of time, so that each is found where the last was. */
export class StoredBars implements Bars {
  readonly #series: readonly ScannedSeries[];
  /** By symbol: the bar of the minute that was last asked for, or the next one to come. */
  readonly #cursors: Int32Array;

  constructor(series: readonly ScannedSeries[]) {
    this.#series = series;
    this.#cursors = new Int32Array(series.length);
  }

  /** Open time of the first bar of all; infinite where there is none. */
  get firstMs(): number {
    return Math.min(...this.#series.map((_, symbolId) => this.openMs(symbolId, 0)));
  }

  /** Open time of the last bar of all; minus infinity where there is none. A series may have no bars at all. */
  get lastMs(): number {
    const held = this.#series.filter(({ barCount }) => barCount > 0);
    return Math.max(...held.map(({ bars, barCount }) => bars[(barCount - 1) * BAR_FIELDS] as number));
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
    return numberToE8(this.#of(symbolId).bars[bar * BAR_FIELDS + field] as number);
  }

  isLast(symbolId: SymbolId, bar: number): boolean {
    return bar === this.#of(symbolId).barCount - 1;
  }

  /** Open time of a bar; infinite behind the last one. */
  openMs(symbolId: number, bar: number): number {
    const { bars, barCount } = this.#of(symbolId);
    return bar < barCount ? (bars[bar * BAR_FIELDS] as number) : Number.POSITIVE_INFINITY;
  }

  openPrice(symbolId: SymbolId, bar: number): number {
    return this.#of(symbolId).bars[bar * BAR_FIELDS + BarField.Open] as number;
  }

  #of(symbolId: number): ScannedSeries {
    return this.#series[symbolId] as ScannedSeries;
  }
}
