import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BenchReport } from "./bench-report.ts";
import { reportPage } from "./page.ts";

/** Writes the run as JSON and as a page; returns a line for each file. */
export function writeReport(outDir: string, report: BenchReport): string[] {
  mkdirSync(outDir, { recursive: true });
  const json = join(outDir, "bench.json");
  const page = join(outDir, "bench.html");
  writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(page, reportPage(report));
  return [`results: ${json}`, `page:    ${page}`];
}
