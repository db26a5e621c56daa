import type { OrderSide } from "@smcq/exchange";
import type { Exposure } from "./sizing.ts";

/** An open position as risk counts it. */
export interface OpenRisk {
  readonly side: OrderSide;
  readonly qty: number;
  readonly avgPrice: number;
  readonly mark: number;
  /** Where its stop stands. */
  readonly stop: number;
  /** Taker rate and slippage of its own decision. */
  readonly takerRatio: number;
  readonly sigma: number;
  readonly leverage: number;
}

/** An approved entry that has not ended: in flight, or of unknown outcome. */
export interface PendingRisk {
  readonly side: OrderSide;
  readonly qty: number;
  /** Price it was approved at. */
  readonly price: number;
  /** Loss at the stop for a unit, as approved. */
  readonly loss: number;
  readonly leverage: number;
}

/** What positions and approved entries take up of `equity` (docs/trading.md 4), summed in the order given. */
export function exposureOf(
  side: OrderSide,
  equity: number,
  open: readonly OpenRisk[],
  pending: readonly PendingRisk[],
): Exposure {
  let heat = 0;
  let sideHeat = 0;
  let notional = 0;
  let margin = 0;
  for (const position of open) {
    const own = heatOf(position, equity);
    heat += own;
    if (position.side === side) sideHeat += own;
    notional += position.qty * position.mark;
    margin += (position.qty * position.avgPrice) / position.leverage;
  }
  for (const entry of pending) {
    const own = (entry.qty * entry.loss) / equity;
    heat += own;
    if (entry.side === side) sideHeat += own;
    notional += entry.qty * entry.price;
    margin += (entry.qty * entry.price) / entry.leverage;
  }
  return { heat, sideHeat, notional, margin };
}

/** Share of equity that is lost if the stop is hit; open profit is no buffer, as it is no equity. */
export function heatOf(position: OpenRisk, equity: number): number {
  const { side, qty, mark, avgPrice, stop, takerRatio, sigma } = position;
  const worse = side > 0 ? Math.min(mark, avgPrice) : Math.max(mark, avgPrice);
  return (qty * Math.max(0, side * (worse - stop) + (takerRatio + sigma) * stop)) / equity;
}
