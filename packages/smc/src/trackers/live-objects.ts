/*
 * What lives in a detector's state after its current bar, as plain objects for people to look at. `age` counts bars back
 * from the current one (0: the current bar itself).
 */

/** A tracked gap that is not filled. */
export interface LiveGap {
  readonly dir: 1 | -1;
  readonly top: number;
  readonly bottom: number;
  /** Of the gap's third bar. */
  readonly age: number;
  readonly state: "fresh" | "touched" | "halved";
  /** Its middle bar was a displacement: a touch makes a setup. */
  readonly isDisplaced: boolean;
}

/** An order block, or the breaker that one has become. */
export interface LiveBlock {
  readonly dir: 1 | -1;
  readonly top: number;
  readonly bottom: number;
  /** Of the break, or of a breaker's flip. */
  readonly age: number;
  /** Of the candle whose range it is. */
  readonly candleAge: number;
  readonly isBreaker: boolean;
  readonly isTouched: boolean;
}

/** Liquidity above a swing high (+1) or below a swing low (-1). */
export interface LivePool {
  readonly side: 1 | -1;
  readonly level: number;
  /** Swing points that it stands for. */
  readonly count: number;
  /** Of the pivot. */
  readonly age: number;
}

/** Each list in the order of birth. */
export interface LiveObjects {
  readonly gaps: readonly LiveGap[];
  readonly blocks: readonly LiveBlock[];
  readonly pools: readonly LivePool[];
}
