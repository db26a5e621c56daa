/**
 * Where a symbol's detector state stands in its block of bytes. All of it is plain numbers, so that any thread goes
 * on where another stopped, and a copy of the bytes is a copy of the state.
 *
 *   byte 0        128        192      1088       2600        6080          10706  10752
 *   | 16 float64  | 16 int32 | rings  | pools    | blocks    | gaps        | pad  |
 *                              high 32, low 32, close 16, volume/ATR 32 (float64)
 *   pools  84 x { level, count }   float64, then 84 uint16 marks
 *   blocks 174 x { top, bottom }   float64, then 174 int32 marks
 *   gaps   257 x { top, bottom }   float64, then 257 uint16 marks
 *
 * Capacities that cannot overflow (every list is asserted all the same):
 * - Gaps: at most one a bar, and it lives from its third bar i to i + 256: 257.
 * - Pools: two pivots of a side lie at least 6 bars apart (the older must beat 5 bars to its right strictly, the
 *   younger may not be below 5 bars to its left). Pools alive after step 5 of bar i have p in i-256..i-5, which are
 *   252 bars: 42 a side, 84 in all.
 * - Blocks: a pivot is broken at most once, and only while it is the latest of its side, that is from its
 *   confirmation until the next one's, at least 6 bars later. A block lives 257 bars from its break, then perhaps as
 *   a breaker 256 bars more, so everything alive was born in the 513 bars i-512..i: at most ceil(512/6) = 86
 *   confirmations inside and the one before: 87 a side, 174 in all.
 *
 * Marks hold bar indices modulo 1,024: ages stay below that because every list is cleaned at the bar when the
 * oldest of its objects expires.
 */
export const GAP_CAPACITY = 257;
export const POOL_CAPACITY = 84;
export const BLOCK_CAPACITY = 174;

/** Length of the rings of highs and lows: 22 bars back for a block's candle. */
export const PRICE_RING = 32;
export const CLOSE_RING = 16;
export const VOLUME_RING = 32;

export const AGE_MASK = 1023;

/** float64 indices from the start of the state. */
export const F64 = {
  atr: 0,
  trueRangeSum: 1,
  gain: 2,
  loss: 3,
  highLevel: 4,
  lowLevel: 5,
  gapBelowTrigger: 6,
  gapAboveTrigger: 7,
  poolAboveTrigger: 8,
  poolBelowTrigger: 9,
  blockBelowTrigger: 10,
  blockAboveTrigger: 11,
  stamp: 12,
  highs: 24,
  lows: 56,
  closes: 88,
  volumes: 104,
} as const;

/** int32 indices from the start of the state. */
export const I32 = {
  barCount: 32,
  highPivot: 33,
  lowPivot: 34,
  trend: 35,
  trendBar: 36,
  sweepUpBar: 37,
  sweepDownBar: 38,
  sweepDir: 39,
  displacedUp: 40,
  displacedDown: 41,
  candleUp: 42,
  candleDown: 43,
  gapCount: 44,
  poolCount: 45,
  blockCount: 46,
  blocksExpireBar: 47,
} as const;

const POOLS_BYTE = (F64.volumes + VOLUME_RING) * 8;
const BLOCKS_BYTE = POOLS_BYTE + POOL_CAPACITY * 18;
const GAPS_BYTE = BLOCKS_BYTE + BLOCK_CAPACITY * 20;
const END_BYTE = GAPS_BYTE + GAP_CAPACITY * 18;

/** Indices of the three lists: float64 pairs, then their marks in the unit of the marks' array. */
export const LISTS: Readonly<
  Record<"pools" | "poolMarks" | "blocks" | "blockMarks" | "gaps" | "gapMarks", number>
> = {
  pools: POOLS_BYTE / 8,
  poolMarks: (POOLS_BYTE + POOL_CAPACITY * 16) / 2,
  blocks: BLOCKS_BYTE / 8,
  blockMarks: (BLOCKS_BYTE + BLOCK_CAPACITY * 16) / 4,
  gaps: GAPS_BYTE / 8,
  gapMarks: (GAPS_BYTE + GAP_CAPACITY * 16) / 2,
};

/** Bytes of one symbol's state, a multiple of 64 so that symbols share no cache line. */
export const DETECTOR_BYTES: number = Math.ceil(END_BYTE / 64) * 64;

/** Views over the whole buffer; a symbol is an offset, never an object. */
export interface StateViews {
  readonly f64: Float64Array;
  readonly i32: Int32Array;
  readonly u16: Uint16Array;
}

export function stateViews(buffer: ArrayBufferLike): StateViews {
  return { f64: new Float64Array(buffer), i32: new Int32Array(buffer), u16: new Uint16Array(buffer) };
}
