/** What a model may be at most (docs/decisions.md 24), and the golden rows it must bring. */
export const MODEL_LIMITS: {
  readonly fileBytesMax: number;
  readonly treesMax: number;
  /** Of one tree, in the leaf-mask scorer: a set of leaves is one 64-bit mask. */
  readonly leavesMax: number;
  readonly tableBytesMax: number;
  readonly goldenRowsMin: number;
} = {
  fileBytesMax: 67_108_864,
  treesMax: 5_000,
  leavesMax: 64,
  tableBytesMax: 67_108_864,
  goldenRowsMin: 512,
};
