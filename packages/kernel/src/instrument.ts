/** The venue's rules for one symbol, in the venue's own decimal text (converted where an order needs them). */
export interface Instrument {
  /** The venue's text, e.g. "BTCUSDT"; may hold non-ASCII letters. */
  readonly symbol: string;
  readonly baseAsset: string;
  readonly quoteAsset: string;
  readonly marginAsset: string;
  readonly contractType: string;
  readonly status: string;
  readonly onboardMs: number;
  readonly deliveryMs: number;
  readonly tickSize: string;
  readonly stepSize: string;
  readonly marketStepSize: string;
  readonly marketMinQty: string;
  readonly marketMaxQty: string;
  readonly minNotional: string;
}
