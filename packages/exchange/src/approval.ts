import { type RiskApproved, seal } from "./trading/approved.ts";

/** Seals what risk has approved; only the package `risk` may import this file. */
export function approve<T>(value: T): RiskApproved<T> {
  return seal(value);
}
