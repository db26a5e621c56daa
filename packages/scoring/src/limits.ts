/** What a model may be at most; decisions.md 24. */
export const MODEL_LIMITS = {
  fileBytesMax: 64 * 2 ** 20,
  treesMax: 5_000,
  /** Of one tree, in the leaf-mask scorer: a set of leaves is one 64-bit mask. */
  leavesMax: 64,
  tableBytesMax: 64 * 2 ** 20,
  goldenRowsMin: 512,
} as const;
