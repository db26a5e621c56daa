import { CandidateScanner } from "@smcq/features";
import { BAR_FIELDS, MINUTE_MS, Rng } from "@smcq/kernel";
import type { BarSource } from "../../src/offline/dataset/bar-source.ts";
import type { KlineBatch } from "@smcq/history";

const DAY_MS = 86_400_000;
const DAY_MINUTES = 1_440;
const STEPS_PER_BAR = 12;
const RETURN_PER_MINUTE = 0.0008;
/** How long the price goes the way of the last candidate. */
const DRIFT_MINUTES = 90;

export interface PlantedSpec {
  readonly seed: number;
  /** First days of the periods, days since 1970, and how many days each has. */
  readonly fromDays: readonly number[];
  readonly daysEach: number;
  /** Mean return per minute after a candidate, towards its side; 0: a random walk. */
  readonly driftRatio: number;
  readonly symbol?: string;
}

/** Bars in which whoever follows the candidates of the engine's own detector gains, because the market does. */
export function plantedSource(spec: PlantedSpec): BarSource {
  const symbol = spec.symbol ?? "BTCUSDT";
  const name = `planted ${spec.seed} ${spec.driftRatio} ${spec.fromDays.join("-")}x${spec.daysEach}`;
  return { name, symbol, sha256: null, bars: () => plantedBatches(spec) };
}

function* plantedBatches({ seed, fromDays, daysEach, driftRatio }: PlantedSpec): Generator<KlineBatch> {
  const rng = new Rng(seed);
  const scanner = new CandidateScanner({
    m1Buffer: new ArrayBuffer(CandidateScanner.M1_BYTES),
    carryBuffer: new ArrayBuffer(CandidateScanner.CARRY_BYTES),
  });
  scanner.attach(0, 0);
  let price = 60_000;
  for (const fromDay of fromDays) {
    scanner.resetAll();
    let side = 0;
    let left = 0;
    for (let day = 0; day < daysEach; day++) {
      const bars = new Float64Array(DAY_MINUTES * BAR_FIELDS);
      for (let minute = 0; minute < DAY_MINUTES; minute++) {
        const at = minute * BAR_FIELDS;
        const openMs = (fromDay + day) * DAY_MS + minute * MINUTE_MS;
        const bar = bars.subarray(at, at + BAR_FIELDS);
        bar[0] = openMs;
        price = fillBar(bar, { rng, open: price, drift: left > 0 ? side * driftRatio : 0 });
        left--;
        const [, open = 0, high = 0, low = 0, close = 0, volume = 0] = bar;
        const code = scanner.push(openMs, open, high, low, close, volume);
        if (code === 0) continue;
        side = Math.sign(code);
        left = DRIFT_MINUTES;
      }
      yield { bars, count: DAY_MINUTES };
    }
  }
}

interface BarChance {
  readonly rng: Rng;
  readonly open: number;
  readonly drift: number;
}

function fillBar(bar: Float64Array, { rng, open, drift }: BarChance): number {
  let price = open;
  let high = open;
  let low = open;
  for (let step = 0; step < STEPS_PER_BAR; step++) {
    const deviation = RETURN_PER_MINUTE / Math.sqrt(STEPS_PER_BAR);
    price *= Math.exp(drift / STEPS_PER_BAR + deviation * rng.normal());
    high = Math.max(high, price);
    low = Math.min(low, price);
  }
  bar.set([open, high, low, price, 100 * Math.exp(0.6 * rng.normal())], 1);
  return price;
}
