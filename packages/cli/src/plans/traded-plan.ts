import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type EngineConfig, readPlanFile, type StrategyConfig } from "@smcq/config";
import { TIMEFRAME_MINUTES, type TradePlanParameters, withEntry } from "@smcq/features";
import { SmcqError } from "@smcq/kernel";
import { SMC_PARAMETERS } from "@smcq/smc";

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

/**
 * The plan of what trades as bars close. Refuses (CONFIG_INVALID) to begin with fewer minutes than its newest features look
 * at: those of bars that the venue made are rounded otherwise than sums of minutes are.
 */
export function livePlan({
  strategy,
  warmup,
}: Pick<EngineConfig, "strategy" | "warmup">): TradePlanParameters {
  const plan = tradedPlan(strategy);
  const minutes = TIMEFRAME_MINUTES[plan.timeframe];
  // Whole bars for the mean volume and the bar itself; the minutes before the first whole one are of no use.
  const barsMin = (SMC_PARAMETERS.volumeBars + 2) * minutes - 1;
  if (minutes === 1 || warmup.historyBars >= barsMin) return plan;
  throw new SmcqError(
    "CONFIG_INVALID",
    `warmup.historyBars: plan ${plan.name} is of timeframe ${plan.timeframe}, whose scan needs at least ${barsMin} M1 bars to begin with (it is ${warmup.historyBars})`,
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
