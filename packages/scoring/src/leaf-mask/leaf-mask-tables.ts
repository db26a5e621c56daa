/** What the leaf-mask scorer reads, compiled from an ensemble: an image that works at any 64-byte aligned address. */
export interface LeafMaskTables {
  readonly image: Uint8Array;
  readonly featureCount: number;
  readonly trees: number;
  /** Leaves of the largest tree after merging. */
  readonly leavesMax: number;
  /** 32-bit words of one set of leaves: 1 up to 32 leaves, else 2. */
  readonly words: 1 | 2;
}
