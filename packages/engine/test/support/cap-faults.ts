import type { Command, RiskMetrics } from "../../src/index.ts";

/** What float64 may add to a cap. */
const SLACK = 1e-9;

/** Caps that an event's approvals have passed; the heat of a side is judged where that side was entered. */
export function capFaults(commands: readonly Command[], metrics: RiskMetrics): readonly string[] {
  const sides = new Set<number>();
  for (const command of commands)
    if (command.type === "submit" && command.order.value.role === "entry")
      sides.add(command.order.value.side);
  if (sides.size === 0) return [];
  const { heat, gross, margins, longHeat, shortHeat } = metrics;
  const judged = Object.entries({
    heat,
    gross,
    margins,
    ...(sides.has(1) ? { longHeat } : {}),
    ...(sides.has(-1) ? { shortHeat } : {}),
  });
  return judged
    .filter(([, { ratio, cap }]) => ratio > cap * (1 + SLACK))
    .map(([name, { ratio, cap }]) => `${name} ${ratio} above ${cap}`);
}
