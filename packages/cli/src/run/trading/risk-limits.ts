import type { RiskConfig } from "@smcq/config";
import { requireBounded, type RiskParameters } from "@smcq/risk";

/** The limits among the settings of risk, inside their compiled bounds. */
export function riskLimits(risk: RiskConfig): RiskParameters {
  const { allowUnproven: _allowUnproven, marginType: _marginType, ...limits } = risk;
  return requireBounded(limits);
}
