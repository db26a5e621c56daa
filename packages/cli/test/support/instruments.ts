import type { Instrument } from "@smcq/kernel";

/** A perpetual as the venue lists it, but for what is given. */
export function instrumentOf(symbol: string, given: Partial<Instrument> = {}): Instrument {
  return {
    symbol,
    baseAsset: symbol,
    quoteAsset: "USDT",
    marginAsset: "USDT",
    contractType: "PERPETUAL",
    status: "TRADING",
    onboardMs: 0,
    deliveryMs: 4_133_404_800_000,
    tickSize: "0.01",
    stepSize: "0.1",
    marketStepSize: "0.1",
    marketMinQty: "0.1",
    marketMaxQty: "1000",
    minNotional: "5",
    ...given,
  };
}
