import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readPlanFile, type StrategyConfig } from "@smcq/config";
import { type TradePlanParameters, withEntry } from "@smcq/features";
import { SmcqError } from "@smcq/kernel";

const PLANS_DIR = fileURLToPath(new URL("../../plans/", import.meta.url));
const SUFFIX = ".json";

/** The plan that the settings name, entered as they say; `changed` stands in for fields of its file. */
export function tradedPlan(
  { plan, entry }: Pick<StrategyConfig, "plan" | "entry">,
  changed: Readonly<Record<string, unknown>> = {},
): TradePlanParameters {
  const file = plan.endsWith(SUFFIX) ? plan : join(PLANS_DIR, `${named(plan)}${SUFFIX}`);
  return withEntry(readPlanFile(file, changed), entry);
}

/** The plan of what trades as bars close: they close by the minute there. */
export function livePlan(strategy: Pick<StrategyConfig, "plan" | "entry">): TradePlanParameters {
  const plan = tradedPlan(strategy);
  if (plan.timeframe === "M1") return plan;
  throw new SmcqError(
    "CONFIG_INVALID",
    `strategy.plan: ${plan.name} is of timeframe ${plan.timeframe}, and the engine scans M1 alone; dataset, backtest and walkforward take it`,
  );
}

function named(plan: string): string {
  const names = readdirSync(PLANS_DIR)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => basename(file, SUFFIX));
  if (names.includes(plan)) return plan;
  throw new SmcqError(
    "CONFIG_INVALID",
    `strategy.plan: there is no plan ${JSON.stringify(plan.slice(0, 64))}; there are ${names.toSorted().join(", ")}, and any file that ends in ${SUFFIX}`,
  );
}
