import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** Columns that two ways of computing may give in other last digits; all others are equal to the digit. */
const NEAR_COLUMNS = new Set(["score", "r", "risk_ratio"]);
const NEAR = 1e-9;

const FILES = ["trades", "decisions", "equity"] as const;

/** The rows of a backtest's CSV file, its header first. */
export function csvRows(path: string): readonly (readonly string[])[] {
  const bytes = readFileSync(path);
  const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.split(","));
}

/** What a result says otherwise than a golden one, a line a row; empty when they agree. */
export function golden(goldenDir: string, resultDir: string): readonly string[] {
  return FILES.flatMap((name) => {
    const wanted = csvRows(join(goldenDir, `${name}.csv.gz`));
    const found = csvRows(join(resultDir, `${name}.csv`));
    const columns = wanted[0] ?? [];
    return Array.from({ length: Math.max(wanted.length, found.length) }, (_, row) => {
      const left = wanted[row];
      const right = found[row];
      const isSame =
        left !== undefined &&
        right?.length === left.length &&
        left.every((value, column) => isEqual(columns[column] ?? "", value, right[column] ?? ""));
      return isSame
        ? []
        : [`${name} ${row}: ${left?.join(",") ?? "nothing"} | ${right?.join(",") ?? "nothing"}`];
    }).flat();
  });
}

function isEqual(column: string, wanted: string, found: string): boolean {
  if (wanted === found) return true;
  return (
    NEAR_COLUMNS.has(column) && Math.abs(Number(wanted) - Number(found)) <= NEAR * Math.max(1, Number(wanted))
  );
}
