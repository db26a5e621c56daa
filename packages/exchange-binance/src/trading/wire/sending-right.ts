/**
 * Whether this process may change anything on the account. It is asked for each signed request that does, after the request has
 * got its time stamp and before it is signed: whoever is frozen anywhere between has signed nothing that is younger than the
 * right it asked for, and the venue refuses what is old (docs/lease.md).
 */
export interface SendingRight {
  /** Longest time that such a request may be on its way, ms: its `recvWindow`. */
  readonly windowMsMax: number;
  /** Null: it may be signed; else why not. `stampMs`: its time stamp, venue ms. */
  refusal(stampMs: number): SendingRefusal | null;
  /** The venue's time was measured, or measured anew: it is `venueMs` now. */
  measured(venueMs: number): void;
}

export interface SendingRefusal {
  readonly text: string;
  /** The stamp does not fit what is known of the venue's time: it is to be measured anew. */
  readonly isClockDoubtful: boolean;
}
