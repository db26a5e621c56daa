import type { Spread } from "./statistics.ts";

/** Points of a distribution that are kept for the page. */
const POINTS_MAX = 200;

/** One contender of a comparison; cost in the comparison's unit. */
export interface ContenderResult {
  readonly name: string;
  readonly cost: Spread;
  /** This contender's cost over the baseline's, round by round; 1 for the baseline itself. */
  readonly ratio: Spread;
}

/** Contenders measured in turn, round by round; the first one is the baseline. */
export interface Comparison {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly contenders: readonly ContenderResult[];
  /** Baseline against itself in the same way: must lie in 0.9..1.1. NaN where another comparison holds the pair. */
  readonly sameAgainstSame: number;
}

/** A number of its own, without a rival. */
export interface Figure {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly value: number;
}

/** Something that must hold; the bench ends with exit code 1 when one does not. */
export interface TruthCheck {
  readonly id: string;
  readonly title: string;
  readonly isHeld: boolean;
  readonly detail: string;
}

/** A distribution over bursts or bars, for the page. */
export interface Distribution {
  readonly id: string;
  /** Distributions of one group share a chart. */
  readonly group: string;
  readonly title: string;
  readonly unit: string;
  readonly quantiles: Readonly<Record<"p50" | "p90" | "p99" | "max", number>>;
  readonly count: number;
  /** Sorted sample, thinned to at most 200 points. */
  readonly points: readonly number[];
}

/** A table of its own: one row a setting. */
export interface ResultTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

export interface PartResult {
  readonly part: string;
  readonly seconds: number;
  readonly comparisons: readonly Comparison[];
  readonly figures: readonly Figure[];
  readonly distributions: readonly Distribution[];
  readonly tables: readonly ResultTable[];
  readonly checks: readonly TruthCheck[];
  readonly notes: readonly string[];
}

/** Quantiles and a thinned, sorted copy of a sample. */
export function distributionOf(
  sample: readonly number[],
  naming: Pick<Distribution, "id" | "group" | "title" | "unit">,
): Distribution {
  const sorted = sample.toSorted((a, b) => a - b);
  const at = (ratio: number): number =>
    sorted[Math.max(0, Math.ceil(sorted.length * ratio) - 1)] ?? Number.NaN;
  const count = Math.min(POINTS_MAX, sorted.length);
  return {
    ...naming,
    count: sorted.length,
    quantiles: { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) },
    points: Array.from({ length: count }, (_, index) => at((index + 1) / count)),
  };
}

/** What one part of the bench collects while it runs. */
export class PartRecorder {
  readonly #part: string;
  readonly #comparisons: Comparison[] = [];
  readonly #figures: Figure[] = [];
  readonly #distributions: Distribution[] = [];
  readonly #tables: ResultTable[] = [];
  readonly #checks: TruthCheck[] = [];
  readonly #notes: string[] = [];

  constructor(part: string) {
    this.#part = part;
  }

  compare(comparison: Comparison): void {
    this.#comparisons.push(comparison);
  }

  figure(figure: Figure): void {
    this.#figures.push(figure);
  }

  distribution(distribution: Distribution): void {
    this.#distributions.push(distribution);
  }

  table(table: ResultTable): void {
    this.#tables.push(table);
  }

  check(check: TruthCheck): void {
    this.#checks.push(check);
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  result(seconds: number): PartResult {
    return {
      part: this.#part,
      seconds,
      comparisons: this.#comparisons,
      figures: this.#figures,
      distributions: this.#distributions,
      tables: this.#tables,
      checks: this.#checks,
      notes: this.#notes,
    };
  }
}
