import type { CalibrationSummary } from "../lib/calibration.ts";
import type { GoalLine } from "../lib/goals.ts";
import type { Machine } from "../lib/machine.ts";
import type { PartResult } from "../lib/results.ts";

/** Everything one run found. */
export interface BenchReport {
  readonly startedAtMs: number;
  readonly isQuick: boolean;
  readonly machine: Machine;
  readonly calibration: CalibrationSummary;
  readonly goals: readonly GoalLine[];
  readonly parts: readonly PartResult[];
}
