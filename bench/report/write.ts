import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CalibrationSummary } from "../lib/calibration.ts";
import type { GoalLine } from "../lib/goals.ts";
import type { Machine } from "../lib/machine.ts";
import type { PartResult } from "../lib/results.ts";
import { reportPage } from "./page.ts";

/** Everything one run found. */
export interface BenchReport {
  readonly startedAtMs: number;
  readonly isQuick: boolean;
  readonly machine: Machine;
  readonly calibration: CalibrationSummary;
  readonly goals: readonly GoalLine[];
  readonly parts: readonly PartResult[];
}

/** Writes the run as JSON and as a page; returns a line for each file. */
export function writeReport(outDir: string, report: BenchReport): string[] {
  mkdirSync(outDir, { recursive: true });
  const json = join(outDir, "bench.json");
  const page = join(outDir, "bench.html");
  writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(page, reportPage(report));
  return [`results: ${json}`, `page:    ${page}`];
}
