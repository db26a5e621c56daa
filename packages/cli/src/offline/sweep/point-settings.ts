import type { EngineConfig } from "@smcq/config";
import { requireProtocolBounded } from "@smcq/engine";
import { tradedPlan } from "../../plans/traded-plan.ts";
import { riskLimits } from "../../run/trading/risk-limits.ts";
import type { TradedSettings } from "../backtest/trial.ts";
import type { Axis, Point } from "./space.ts";

const PLAN_PREFIX = "plan.";

/**
 * Settings of a combination: what the user has set, then the values of the axes. Refuses with the setting that is wrong, or
 * with a number of the plan that is out of its range.
 */
export function pointSettings(
  axes: readonly Axis[],
  point: Point,
  load: (set: readonly string[]) => EngineConfig,
): TradedSettings {
  const given = axes.map(({ path }, index) => [path, point[index]] as const);
  const settings = given.filter(([path]) => !path.startsWith(PLAN_PREFIX));
  const numbers = given.filter(([path]) => path.startsWith(PLAN_PREFIX));
  const config = load(settings.map(([path, value]) => `${path}=${String(value)}`));
  const changed = numbers.map(([path, value]) => [path.slice(PLAN_PREFIX.length), value] as const);
  const plan = tradedPlan(config.strategy, Object.fromEntries(changed));
  return {
    risk: riskLimits(config.risk),
    protocol: requireProtocolBounded(config.protocol),
    plan,
    fees: config.fees,
    scoreMin: config.scan.scoreMin,
    model: config.scan.model ?? "heuristic",
  };
}
