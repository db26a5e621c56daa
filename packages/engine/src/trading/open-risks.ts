import type { OrderSide } from "@smcq/exchange";
import { e8ToNumber } from "@smcq/kernel";
import type { Position } from "@smcq/portfolio";
import type { OpenRisk, PendingRisk } from "@smcq/risk";
import type { Holdings } from "./holdings.ts";
import type { OrderTracker } from "./stages/order-tracker.ts";
import type { Trade } from "./trade.ts";

/** What is at risk at a moment. */
export interface Risks {
  /** USDT: the smaller of wallet and equity. */
  readonly equity: number;
  readonly open: readonly OpenRisk[];
  readonly pending: readonly PendingRisk[];
}

/** What each approved entry may still lose and take up, until its order has ended, whatever becomes of its trade. */
export class ApprovedEntries {
  readonly #trades = new Map<string, Trade>();

  add(trade: Trade, orders: OrderTracker): void {
    for (const orderId of this.#trades.keys()) if (orders.get(orderId) === null) this.#trades.delete(orderId);
    this.#trades.set(trade.entryOrderId, trade);
  }

  /** In the order of approval. */
  pending(orders: OrderTracker): readonly PendingRisk[] {
    const pending: PendingRisk[] = [];
    for (const [orderId, { side, rules, approvedSteps, e, loss, leverage }] of this.#trades) {
      const order = orders.get(orderId);
      if (order === null) continue;
      pending.push({
        side,
        qty: (approvedSteps - order.filledSteps) * rules.stepSize,
        price: e,
        loss,
        leverage,
      });
    }
    return pending;
  }
}

/** What is open, by symbol number, and what is approved and not filled yet. */
export function risksOf(holdings: Holdings, pending: readonly PendingRisk[]): Risks {
  const { portfolio } = holdings;
  const open: OpenRisk[] = [];
  for (const trade of holdings.openTrades()) {
    const position = portfolio.position(trade.symbolId);
    if (position !== null) open.push(openRisk(trade, position, portfolio.markE8(trade.symbolId)));
  }
  return { equity: riskedEquity(holdings), open, pending };
}

/** USDT: the smaller of wallet and equity. */
export function riskedEquity({ portfolio: { walletE8, equityE8 } }: Holdings): number {
  return e8ToNumber(walletE8 < equityE8 ? walletE8 : equityE8);
}

/** Trades of a side that are open or may still be filled. */
export function countOf(side: OrderSide, holdings: Holdings): number {
  const { portfolio } = holdings;
  let count = 0;
  for (const trade of holdings.openTrades())
    if (trade.side === side && (!trade.isEntryEnded || portfolio.position(trade.symbolId) !== null)) count++;
  return count;
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
