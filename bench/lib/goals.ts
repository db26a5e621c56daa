import type { Comparison, PartResult } from "./results.ts";

/** One goal of perf.md section 4 against this run. `reported`: the goal's own rival was not run. */
export interface GoalLine {
  readonly id: string;
  readonly goal: string;
  readonly measured: string;
  readonly verdict: "met" | "missed" | "reported";
}

/** Finds things of a run by id; parts that were not run have none. */
class Run {
  readonly #parts: readonly PartResult[];

  constructor(parts: readonly PartResult[]) {
    this.#parts = parts;
  }

  comparison(id: string): Comparison | undefined {
    return this.#parts.flatMap((part) => part.comparisons).find((comparison) => comparison.id === id);
  }

  figure(id: string): number | undefined {
    return this.#parts.flatMap((part) => part.figures).find((figure) => figure.id === id)?.value;
  }
}

const verdictOf = (isMet: boolean): GoalLine["verdict"] => (isMet ? "met" : "missed");

function parseGoal(run: Run): GoalLine[] {
  const scan = run.comparison("parse")?.contenders[1];
  if (scan === undefined) return [];
  return [
    {
      id: "G4",
      goal: "fields of a frame <= 1/6 of JSON.parse",
      measured: `1/${(1 / scan.ratio.median).toFixed(1)}, ${scan.cost.median.toFixed(0)} ns a frame`,
      verdict: verdictOf(scan.ratio.median <= 1 / 6),
    },
  ];
}

function historyGoal(run: Run): GoalLine[] {
  const rate = run.figure("history-rate");
  if (rate === undefined) return [];
  return [
    {
      id: "G10",
      goal: ">= 1,000,000 bars/s with features",
      measured: `${(rate / 1e6).toFixed(2)} million bars/s`,
      verdict: verdictOf(rate >= 1e6),
    },
  ];
}

/** Judges what was run against the goals that can be judged from it. */
export function judge(parts: readonly PartResult[]): GoalLine[] {
  const run = new Run(parts);
  return [...parseGoal(run), ...historyGoal(run)];
}
