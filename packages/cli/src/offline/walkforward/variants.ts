import type { PlanResult } from "./plan-results.ts";

/** Confidences above which the engine sizes its entries. */
const TIERS = [0.6, 0.7, 0.85];

/** A choice of candidates that is judged as one. */
export interface Variant {
  readonly name: string;
  readonly takes: (result: PlanResult) => boolean;
}

/** All candidates and those of each setup, or what a scorer takes; the first one is what the engine would do. */
export function variantsOf(isScored: boolean): readonly Variant[] {
  if (isScored)
    return TIERS.map((above) => ({
      name: `above ${above.toFixed(2)}`,
      takes: ({ score }) => score !== null && score > above,
    }));
  const setups = [1, 2, 3].map((own) => ({
    name: `S${own}`,
    takes: ({ setup }: PlanResult) => setup === own,
  }));
  return [{ name: "all", takes: () => true }, ...setups];
}
