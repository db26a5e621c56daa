import type { RiskConfig } from "@smcq/config";
import { requireBounded, type RiskParameters } from "@smcq/risk";

/** The limits among the settings of risk, inside their compiled bounds. */
export function riskLimits({ allowUnproven: _, ...limits }: RiskConfig): RiskParameters {
  return requireBounded(limits);
}
