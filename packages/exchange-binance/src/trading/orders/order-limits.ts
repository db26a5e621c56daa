import type { Logger } from "@smcq/kernel";
import { z } from "zod";
import type { SignedRest } from "../wire/signed-rest.ts";
import type { OrderBudget } from "./order-budget.ts";

const OrderLimits = z.array(
  z.looseObject({
    rateLimitType: z.string(),
    interval: z.string(),
    intervalNum: z.number().positive(),
    limit: z.number().positive(),
  }),
);

const INTERVAL_MS: ReadonlyMap<string, number> = new Map([
  ["SECOND", 1_000],
  ["MINUTE", 60_000],
]);

/** Asks the venue how many orders it takes of the account; what it does not tell stays as it was. */
export async function readOrderLimits(rest: SignedRest, budget: OrderBudget, log: Logger): Promise<void> {
  const result = await rest.send({ method: "GET", path: "/fapi/v1/rateLimit/order", weight: 1 });
  const parsed = result.isOk ? OrderLimits.safeParse(result.body) : null;
  if (parsed?.success !== true) {
    log.warn({}, "the venue's order limits are unknown; those of its documentation hold");
    return;
  }
  for (const { rateLimitType, interval, intervalNum, limit } of parsed.data)
    if (rateLimitType === "ORDERS") budget.setLimit((INTERVAL_MS.get(interval) ?? 0) * intervalNum, limit);
}
