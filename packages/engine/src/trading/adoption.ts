import type { Fill } from "@smcq/exchange";
import { MINUTE_MS } from "@smcq/kernel";
import type { Position } from "@smcq/portfolio";
import type { Holdings, TradedSymbol } from "./holdings.ts";
import { clientOrderId, roleOf } from "./order-ids.ts";
import { begun, type Trade } from "./trade.ts";
import type { ExitReason } from "./trading-events.ts";

/** Where the stop of an adopted position stands: share of the price of the fill that it was known by. */
export const ADOPT_STOP_RATIO = 0.02;
/** How long a symbol is left alone in which the venue has deleveraged a position. */
export const ADL_PAUSE_MS: number = 30 * MINUTE_MS;

/** Who reduces a position when nobody of ours does: beginnings of the venue's own client ids. */
const FOREIGN: readonly (readonly [string, ExitReason])[] = [
  ["autoclose-", "liquidation"],
  ["adl_autoclose", "adl"],
  ["settlement_autoclose-", "delist"],
];

/**
 * Why a fill reduced a position when its order is none that is kept: the venue's, one of ours that had been given up, or
 * a person's.
 */
export function foreignReason(orderId: string, isOwn: boolean): ExitReason {
  const role = isOwn ? roleOf(orderId) : null;
  if (role === "stop" || role === "target") return role;
  return FOREIGN.find(([start]) => orderId.startsWith(start))?.[1] ?? "external";
}

/** The stop of what was adopted by this fill, rounded away from its price. */
export function adoptedStopTicks(side: 1 | -1, priceTicks: number): number {
  const ticks = priceTicks * (1 - side * ADOPT_STOP_RATIO);
  return side > 0 ? Math.max(1, Math.floor(ticks)) : Math.ceil(ticks);
}

/** A position that nobody of ours opened, as a trade: a stop, no target, no time (docs/trading.md 5). */
export function adopted(holdings: Holdings, position: Position, fill: Fill, symbol: TradedSymbol): Trade {
  const { engineId, risk } = holdings.options;
  const { rules, fees } = symbol;
  const tradeId = holdings.nextIntent();
  const { symbolId, side, avgPrice, qtySteps } = position;
  const d = fill.priceTicks * rules.tickSize * ADOPT_STOP_RATIO;
  const trade = begun({
    tradeId,
    symbolId,
    symbol: symbol.symbol,
    side,
    setup: 0,
    score: 0,
    rules,
    entryOrderId: clientOrderId(engineId, "adopted", tradeId, 0),
    signalMs: fill.timeMs,
    d,
    sigma: Math.max(risk.slippageRatio, rules.tickSize / avgPrice),
    takerRatio: fees.takerRatio,
    // The least that is possible asks for the most margin.
    leverage: holdings.leverage(symbolId) ?? 1,
    loss: d,
    e: avgPrice,
    isResting: false,
    approvedSteps: qtySteps,
    riskRatio: 0,
    boundBy: "adopted",
  });
  return Object.assign(trade, {
    phase: "naked",
    isEntryEnded: true,
    isAdopted: true,
    adoptedStopTicks: adoptedStopTicks(side, fill.priceTicks),
    entryMs: fill.timeMs,
    avgPrice,
    qtySteps,
  } satisfies Partial<Trade>);
}
