import { MarketData } from "@smcq/exchange-sim";
import { CandidateRows, FEATURES_V1, FEATURES_V2, type FeatureSet, MarketTable } from "@smcq/features";
import { BAR_FIELDS } from "@smcq/kernel";
import { comparePaired, type Contender, timed } from "../lib/paired.ts";
import type { PartRecorder } from "../lib/results.ts";
import type { MicroContext } from "./micro-context.ts";

const SYMBOLS = 300;
const MINUTES = 4_000;
/** More than the day that v2 looks back. */
const WARM_MINUTES = 1_600;

/** Closed minutes of many symbols, one of each a step, through one feature set; it starts over at the end. */
class Rows {
  readonly #flat: readonly Float64Array[];
  readonly #symbols: readonly string[];
  readonly #market: MarketTable | null;
  #makers: readonly CandidateRows[] = [];
  readonly #row: Float32Array;
  #minute = MINUTES;

  constructor(set: FeatureSet, symbols: readonly string[], flat: readonly Float64Array[]) {
    this.#symbols = symbols;
    this.#flat = flat;
    this.#market = set.name === "v2" ? marketOf(symbols, flat) : null;
    this.#row = new Float32Array(set.columns.length);
  }

  #startOver(): void {
    const table = this.#market;
    this.#makers = this.#symbols.map(
      (symbol) => new CandidateRows({ timeframe: "M1", market: table === null ? null : { table, symbol } }),
    );
    this.#minute = 0;
    while (this.#minute < WARM_MINUTES) this.step(false);
  }

  step(isEveryRow: boolean): void {
    if (this.#minute === MINUTES) this.#startOver();
    const at = this.#minute++ * BAR_FIELDS;
    for (let symbol = 0; symbol < SYMBOLS; symbol++) {
      const flat = this.#flat[symbol] as Float64Array;
      const maker = this.#makers[symbol] as CandidateRows;
      const code = maker.push(
        flat[at] as number,
        flat[at + 1] as number,
        flat[at + 2] as number,
        flat[at + 3] as number,
        flat[at + 4] as number,
        flat[at + 5] as number,
      );
      if (isEveryRow || code !== 0) maker.write(this.#row, 0, code < 0 ? -1 : 1);
    }
  }
}

function marketOf(symbols: readonly string[], flat: readonly Float64Array[]): MarketTable {
  const table = MarketTable.empty(symbols);
  for (const [symbol, bars] of flat.entries())
    for (let at = 0; at < bars.length; at += BAR_FIELDS)
      table.take(symbol, bars[at] as number, bars[at + 4] as number);
  return table;
}

/** A close of feature set v2 against one of v1: where every bar has its row, and where candidates alone have. */
export async function benchFeatureSets(context: MicroContext, recorder: PartRecorder): Promise<void> {
  const market = new MarketData({ symbols: SYMBOLS });
  const symbols = market.symbols.slice(0, SYMBOLS).map(({ symbol }) => symbol);
  const flat = market.symbols.slice(0, SYMBOLS).map((symbol) => market.flatBars(symbol, 0, MINUTES - 1));
  const sets = [FEATURES_V1, FEATURES_V2];
  const every = sets.map((set) => new Rows(set, symbols, flat));
  const few = sets.map((set) => new Rows(set, symbols, flat));
  // The first step of each makes its state and warms it up.
  for (const rows of [...every, ...few]) rows.step(false);
  const contender = (index: number, list: readonly Rows[], isEveryRow: boolean): Contender => {
    const rows = list[index] as Rows;
    const title = `feature set ${sets[index]?.name}`;
    const run = (): void => rows.step(isEveryRow);
    return timed(title, { operations: SYMBOLS, msMin: context.msPerMeasurement, run });
  };
  const shared = { rounds: context.rounds, calibration: context.calibration, unit: "ns a close" };
  for (const [id, title, list] of [
    ["feature-sets-candidates", "rows of candidates alone", few],
    ["feature-sets-every", "a row of every close", every],
  ] as const) {
    const isEveryRow = list === every;
    recorder.compare(
      await comparePaired({
        ...shared,
        id,
        title: `Detection and features of one close, ${title}`,
        contenders: [contender(0, list, isEveryRow), contender(1, list, isEveryRow)],
      }),
    );
  }
}
