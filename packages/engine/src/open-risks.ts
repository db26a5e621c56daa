import type { OrderSide } from "@smcq/exchange";
import { e8ToNumber } from "@smcq/kernel";
import type { Position } from "@smcq/portfolio";
import type { OpenRisk, PendingRisk } from "@smcq/risk";
import type { Holdings } from "./holdings.ts";
import type { Trade } from "./trade.ts";

/** What is at risk at a moment. */
export interface Risks {
  /** USDT: the smaller of wallet and equity. */
  readonly equity: number;
  readonly open: readonly OpenRisk[];
  readonly pending: readonly PendingRisk[];
  /** Of each trade that is open or may still be filled. */
  readonly sides: readonly OrderSide[];
}

/** What is open, by symbol number, and what is approved and not filled yet, in the order of approval. */
export function risksOf(holdings: Holdings): Risks {
  const { portfolio, trades } = holdings;
  const { walletE8, equityE8 } = portfolio;
  const open: OpenRisk[] = [];
  const sides: OrderSide[] = [];
  for (const trade of holdings.openTrades()) {
    const position = portfolio.position(trade.symbolId);
    if (position !== null || !trade.isEntryEnded) sides.push(trade.side);
    if (position !== null) open.push(openRisk(trade, position, portfolio.markE8(trade.symbolId)));
  }
  const pending = [...trades.values()].filter(({ isEntryEnded }) => !isEntryEnded).map(pendingRisk);
  return { equity: e8ToNumber(walletE8 < equityE8 ? walletE8 : equityE8), open, pending, sides };
}

function openRisk(trade: Trade, position: Position, markE8: bigint | null): OpenRisk {
  const { side, rules, stop, d, takerRatio, sigma, leverage } = trade;
  return {
    side,
    qty: position.qtySteps * rules.stepSize,
    avgPrice: position.avgPrice,
    mark: markE8 === null ? position.avgPrice : e8ToNumber(markE8),
    // Without a stop yet, where the plan puts it.
    stop: stop === null ? position.avgPrice - side * d : stop.ticks * rules.tickSize,
    takerRatio,
    sigma,
    leverage,
  };
}

/** What of an entry may still be filled. */
function pendingRisk({ side, rules, approvedSteps, qtySteps, e, loss, leverage }: Trade): PendingRisk {
  return { side, qty: (approvedSteps - qtySteps) * rules.stepSize, price: e, loss, leverage };
}
