/** What is known of a feed's connections: whoever waits for its first kline judges by it. */
export interface FeedState {
  readonly connections: number;
  readonly open: number;
  /** Open, and every subscription acknowledged: it proves nothing about data. */
  readonly acknowledged: number;
  /** A kline of ours came, be it of a symbol that still warms up. */
  readonly isHeard: boolean;
  /** Handshakes were answered with a status that asking again does not change (403, 451). */
  readonly isRefused: boolean;
  /** What the venue said last by itself, an error or why it closed; empty when it said nothing. */
  readonly words: string;
}

/** What is known of a feed that has not connected yet. */
export const UNCONNECTED: FeedState = {
  connections: 0,
  open: 0,
  acknowledged: 0,
  isHeard: false,
  isRefused: false,
  words: "",
};
