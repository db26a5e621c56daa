import type { Comparison, Figure, PartResult, ResultTable } from "../lib/results.ts";
import type { GoalLine } from "../lib/goals.ts";

/** Three significant digits, thousands separated. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

function comparisonLines({ title, unit, contenders, sameAgainstSame }: Comparison): string[] {
  const width = Math.max(...contenders.map(({ name }) => name.length));
  return [
    `  ${title} (${unit}; A/A ${short(sameAgainstSame)})`,
    ...contenders.map(({ name, cost, ratio }) => {
      const range = `${short(cost.min)}..${short(cost.max)}`;
      const against = `x${short(ratio.median)} (${short(ratio.min)}..${short(ratio.max)}, ${ratio.count} rounds)`;
      return `    ${name.padEnd(width)}  ${short(cost.median).padStart(9)}  ${range.padEnd(18)}  ${against}`;
    }),
  ];
}

/** A cell of a table: numbers short, text as it is. */
export const cellText = (cell: string | number): string => (typeof cell === "number" ? short(cell) : cell);

function tableLines({ title, columns, rows }: ResultTable): string[] {
  const cells = [columns, ...rows.map((row) => row.map(cellText))];
  const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return [
    `  ${title}`,
    ...cells.map((row) => `    ${row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  ")}`),
  ];
}

const figureLine = ({ title, unit, value }: Figure): string => `    ${title}: ${short(value)} ${unit}`;

/** A part of the run as text for the terminal. */
export function partText(part: PartResult): string {
  const lines = [`${part.part} (${part.seconds.toFixed(1)} s)`];
  for (const comparison of part.comparisons) lines.push(...comparisonLines(comparison));
  for (const { title, unit, quantiles } of part.distributions)
    lines.push(
      `  ${title}: p50 ${short(quantiles.p50)}, p90 ${short(quantiles.p90)}, p99 ${short(quantiles.p99)}, max ${short(quantiles.max)} ${unit}`,
    );
  for (const table of part.tables) lines.push(...tableLines(table));
  if (part.figures.length > 0) lines.push("  Figures", ...part.figures.map(figureLine));
  for (const { isHeld, title, detail } of part.checks)
    lines.push(`  ${isHeld ? "holds" : "FAILS"}: ${title} (${detail})`);
  for (const note of part.notes) lines.push(`  note: ${note}`);
  return lines.join("\n");
}

/** The goals of docs/performance.md as text for the terminal. */
export function goalText(goals: readonly GoalLine[]): string {
  const width = Math.max(0, ...goals.map(({ verdict }) => verdict.length));
  return goals
    .map(
      ({ id, verdict, measured, goal }) =>
        `  ${id.padEnd(4)} ${verdict.padEnd(width)}  ${measured}   (goal: ${goal})`,
    )
    .join("\n");
}
