import { MarketData } from "@smcq/exchange-sim";
import { CandidateScanner } from "@smcq/features";
import { BAR_FIELDS, FEATURE_COUNT } from "@smcq/kernel";
import type { Calibration } from "./lib/calibration.ts";
import type { BenchOptions } from "./lib/options.ts";
import { comparePaired, timed } from "./lib/paired.ts";
import type { PartRecorder } from "./lib/results.ts";

const SERIES = 24;
const FIRST_FEATURE_BAR = 35;
/** Bars of a year of 300 symbols. */
const YEAR_BARS = 300 * 365 * 24 * 60;

/** Walks all series of stored bars, symbol by symbol, as a backtest or a data set does. */
class HistoryRun {
  readonly barCount: number;
  readonly #series: readonly Float64Array[];
  readonly #scanner = new CandidateScanner({
    m1Buffer: new ArrayBuffer(CandidateScanner.M1_BYTES),
    carryBuffer: new ArrayBuffer(CandidateScanner.CARRY_BYTES),
  });
  readonly #row = new Float32Array(FEATURE_COUNT);
  candidates = 0;

  constructor(series: readonly Float64Array[]) {
    this.#series = series;
    this.barCount = series.reduce((sum, bars) => sum + bars.length / BAR_FIELDS, 0);
    this.#scanner.attach(0, 0);
  }

  /** `features`: of each bar, of candidates only, or none (the detector alone). */
  run(features: "all" | "candidates"): void {
    const scanner = this.#scanner;
    const row = this.#row;
    for (const bars of this.#series) {
      scanner.resetAll();
      for (let at = 0, bar = 0; at < bars.length; at += BAR_FIELDS, bar++) {
        const code = scanner.push(
          bars[at] as number,
          bars[at + 1] as number,
          bars[at + 2] as number,
          bars[at + 3] as number,
          bars[at + 4] as number,
          bars[at + 5] as number,
        );
        if (code !== 0) this.candidates++;
        if (code !== 0 || (features === "all" && bar >= FIRST_FEATURE_BAR))
          scanner.features(row, 0, code < 0 ? -1 : 1);
      }
    }
  }
}

/** History (docs/performance.md G10): the detector and the features over stored bars on one thread. */
export async function runHistory(
  options: BenchOptions,
  calibration: Calibration,
  recorder: PartRecorder,
): Promise<void> {
  const market = new MarketData({ symbols: SERIES });
  const series = market.symbols
    .slice(0, SERIES)
    .map((symbol) => market.flatBars(symbol, 0, market.minuteCount - 1));
  const history = new HistoryRun(series);
  const comparison = await comparePaired({
    id: "history",
    title: `Stored bars on one thread (${SERIES} series of ${market.minuteCount} bars)`,
    unit: "ns a bar",
    rounds: options.rounds,
    calibration,
    contenders: [
      timed("detector and 12 features of every bar", {
        operations: history.barCount,
        msMin: 1,
        run: () => history.run("all"),
      }),
      timed("detector, features of candidates", {
        operations: history.barCount,
        msMin: 1,
        run: () => history.run("candidates"),
      }),
    ],
  });
  recorder.compare(comparison);
  const nsPerBar = comparison.contenders[0]?.cost.median ?? Number.NaN;
  recorder.figure({
    id: "history-rate",
    title: "Bars a second, features of every bar",
    unit: "bars/s",
    value: 1e9 / nsPerBar,
  });
  recorder.figure({
    id: "history-year",
    title: "A year of minutes of 300 symbols",
    unit: "s",
    value: (YEAR_BARS * nsPerBar) / 1e9,
  });
  recorder.note(`${history.candidates} candidates found over all passes.`);
}
