import { SystemClock } from "@smcq/kernel";
import type { Calibration } from "./calibration.ts";
import type { Comparison } from "./results.ts";
import { spreadOf } from "./statistics.ts";

const clock = new SystemClock();

/** Something to be measured; `measure` returns its cost in the comparison's unit. */
export interface Contender {
  readonly name: string;
  readonly measure: () => number | Promise<number>;
}

export interface PairedOptions {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** The first contender is the baseline. */
  readonly contenders: readonly [Contender, ...Contender[]];
  readonly rounds: number;
  readonly calibration: Calibration;
  /** The baseline against itself before the rounds; default true. */
  readonly hasSameAgainstSame?: boolean;
}

/**
 * Measures contenders in turn, every one once a round, the order turning from round to round, so that what the
 * machine does meets all of them alike. Ratios are taken inside a round.
 */
export async function comparePaired(options: PairedOptions): Promise<Comparison> {
  const { contenders, rounds, calibration } = options;
  const [baseline] = contenders;
  for (const { measure } of contenders) await measure();
  const sameAgainstSame = options.hasSameAgainstSame === false ? 1 : await same(baseline, calibration);
  const costs = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    const measured = await calibration.around(async () => {
      const values = Array.from({ length: contenders.length }, () => 0);
      for (let turn = 0; turn < contenders.length; turn++) {
        const which = (turn + round) % contenders.length;
        values[which] = (await contenders[which]?.measure()) ?? Number.NaN;
      }
      return values;
    });
    measured.forEach((value, which) => costs[which]?.push(value));
  }
  return comparisonOf({
    ...options,
    sameAgainstSame,
    costs: contenders.map(({ name }, which) => ({ name, rounds: costs[which] ?? [] })),
  });
}

/** Costs of contenders round by round (the first is the baseline) as a comparison; ratios are taken inside a round. */
export function comparisonOf(options: {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly sameAgainstSame: number;
  readonly costs: readonly { readonly name: string; readonly rounds: readonly number[] }[];
}): Comparison {
  const { id, title, unit, sameAgainstSame, costs } = options;
  const baseline = costs[0]?.rounds ?? [];
  return {
    id,
    title,
    unit,
    sameAgainstSame,
    contenders: costs.map(({ name, rounds }) => ({
      name,
      cost: spreadOf(rounds),
      ratio: spreadOf(rounds.map((cost, round) => cost / (baseline[round] ?? Number.NaN))),
    })),
  };
}

/** The baseline twice in each of three rounds; the median of the ratios. */
async function same(baseline: Contender, calibration: Calibration): Promise<number> {
  const ratios: number[] = [];
  for (let round = 0; round < 3; round++) {
    const [first, second] = await calibration.around(
      async () => [await baseline.measure(), await baseline.measure()] as const,
    );
    ratios.push(second / first);
  }
  return spreadOf(ratios).median;
}

/**
 * A contender that times `run`, which does `operations` operations, again and again for at least `msMin`; cost in
 * ns an operation.
 */
export function timed(
  name: string,
  options: { operations: number; msMin: number; run: () => void },
): Contender {
  const { operations, msMin, run } = options;
  return {
    name,
    measure: () => {
      const startNs = clock.monoNs();
      let passes = 0;
      let nowNs = startNs;
      while (passes === 0 || nowNs - startNs < msMin * 1e6) {
        run();
        passes++;
        nowNs = clock.monoNs();
      }
      return (nowNs - startNs) / (passes * operations);
    },
  };
}
