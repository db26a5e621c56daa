/** The seed of a random test: SMCQ_SEED, or a fixed one; printed so that a failure can be repeated. */
export const seed: number = Number(process.env["SMCQ_SEED"] ?? 20_261_120);

/** Options for fast-check that repeat under the same seed. */
export function checkOptions(numRuns: number): { seed: number; numRuns: number } {
  return { seed, numRuns };
}
