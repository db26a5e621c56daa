import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorMessage, SmcqError } from "@smcq/kernel";
import { jsonText } from "../../output/print-result.ts";
import { sweepPage } from "./sweep-page.ts";
import type { SweepPoint, SweepReport } from "./sweep-report.ts";

const COLUMNS = [
  "trades",
  "wins",
  "net",
  "fees",
  "mean_r",
  "wallet",
  "drawdown_ratio_max",
  "halted",
  "corrected_lower_r",
  "verdict",
];

/** Writes sweep.json, sweep.csv (a row a combination) and sweep.html beside the results. */
export function writeSweep(folder: string, report: SweepReport): void {
  try {
    writeFileSync(join(folder, "sweep.json"), jsonText(report));
    writeFileSync(join(folder, "sweep.csv"), csvText(report));
    writeFileSync(join(folder, "sweep.html"), sweepPage(report));
  } catch (error) {
    throw new SmcqError("OUTPUT_WRITE", `cannot write ${folder}: ${errorMessage(error)}`, { cause: error });
  }
}

function csvText({ space, points }: SweepReport): string {
  const header = [...space.axes.map(({ path }) => path), ...COLUMNS];
  const rows = points.map((point) => [...point.values.map(String).map(quoted), ...figuresOf(point)]);
  return [header, ...rows].map((row) => `${row.join(",")}\n`).join("");
}

function figuresOf({ result, assessment }: SweepPoint): string[] {
  const { total, wallet, drawdownRatioMax, isHalted } = result;
  const { figures, verdict } = assessment;
  return [
    String(total.trades),
    String(total.wins),
    total.net,
    total.fees,
    total.meanR === null ? "" : String(total.meanR),
    wallet,
    String(drawdownRatioMax),
    String(Number(isHalted)),
    figures.correctedLowerR === null ? "" : String(figures.correctedLowerR),
    verdict.status,
  ];
}

/** A text that a table takes for a text, whatever stands in it. */
function quoted(text: string): string {
  return /[",\n\r]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
