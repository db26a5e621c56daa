/** A scored candidate, as far as a model's life depends on it. */
export interface ScoredSignal {
  readonly symbol: string;
  readonly side: 1 | -1;
  /** Open time of the M1 bar whose close raised the setup, venue ms. */
  readonly openTimeMs: number;
  /** P(win | this side), 0..1. */
  readonly score: number;
  readonly scorerId: string;
  /** What another model said of the same row; null when there is none or it gave no probability. */
  readonly challenger: { readonly scorerId: string; readonly score: number } | null;
  /** The 12 features in the side's view, as scored. */
  readonly features: ArrayLike<number>;
  /** Where the setup is wrong, price units. */
  readonly invalidationPrice: number;
  /** ATR-14 of the bar, price units. */
  readonly atr: number;
}
