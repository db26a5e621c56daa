/** States of the venue: until when, ms (0: they are over), and what it does to the call that it carries out now. */
export interface Troubles {
  /** EX27: no order is taken. */
  pausedUntilMs: number;
  /** EX28: orders that open are not. */
  lockedUntilMs: number;
  /** EX31: conditional ones are not. */
  stoplessUntilMs: number;
  /** EX38: nothing is told of the order of this call, and it is told as one that expired. */
  isDenying: boolean;
  /** EX43: this call sets half of the leverage that was asked for. */
  isHalving: boolean;
}

export function noTroubles(): Troubles {
  return { pausedUntilMs: 0, lockedUntilMs: 0, stoplessUntilMs: 0, isDenying: false, isHalving: false };
}
