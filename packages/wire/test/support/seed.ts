/** The seed of a random test: `SMCQ_SEED` or a fixed one; printed, so that a failure can be replayed. */
export function seedOf(test: string): number {
  const seed = Number(process.env["SMCQ_SEED"] ?? "20241020");
  if (!Number.isSafeInteger(seed)) throw new RangeError("SMCQ_SEED must be an integer");
  console.info(`${test}: SMCQ_SEED=${seed}`);
  return seed;
}
