import type { ModelMetadata } from "./metadata.ts";
import type { ReliabilityBin } from "./training-report.ts";

/** What a card proves of its model's scores: how often rows of each bin of p won, and rows at all. */
export interface ProvenWins {
  readonly baseRate: number;
  readonly bins: readonly ReliabilityBin[];
}

/** The counts of the calibration's rows, which the trees had not seen; null for a model that is not proven. */
export function provenWins(
  metadata: Pick<ModelMetadata, "status" | "baseRate" | "calibration">,
): ProvenWins | null {
  const { status, baseRate } = metadata;
  if (status !== "proven" || baseRate === null) return null;
  const { bins } = metadata.calibration;
  return bins.length > 0 ? { baseRate, bins } : null;
}
