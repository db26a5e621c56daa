import { type Fill, type OrderSide, type TradingRules, tradingRules } from "@smcq/exchange";
import { priceTicks, qtySteps, type SymbolId, symbolId } from "@smcq/kernel";

export const BTC: SymbolId = symbolId(0);
export const DOGE: SymbolId = symbolId(1);

export const BTC_RULES: TradingRules = tradingRules({
  symbol: "BTCUSDT",
  tickSize: "0.10",
  stepSize: "0.001",
  minQty: "0.001",
  marketMaxQty: "120",
  minNotional: "100",
});

/** Tick times step is below 1e-8: every notional is rounded. */
export const DOGE_RULES: TradingRules = tradingRules({
  symbol: "DOGEUSDT",
  tickSize: "0.0000001",
  stepSize: "0.01",
  minQty: "0.01",
  marketMaxQty: "1000000",
  minNotional: "5",
});

let tradeNumber = 0;

/** A fill with a trade id of its own. */
export function fillOf(side: OrderSide, qty: number, price: number, more: Partial<Fill> = {}): Fill {
  return {
    tradeId: String(++tradeNumber),
    clientOrderId: "smcqE1a0",
    symbolId: BTC,
    side,
    priceTicks: priceTicks(price),
    qtySteps: qtySteps(qty),
    feeE8: 0n,
    isMaker: false,
    timeMs: 1_750_000_000_000 + tradeNumber,
    ...more,
  };
}
