import type { VenuePosition } from "@smcq/exchange";
import type { SymbolId } from "@smcq/kernel";
import type { Alarm } from "../alarm.ts";
import type { EngineEvent } from "../../events.ts";
import type { Holdings } from "../holdings.ts";
import { liquidationPrice } from "../liquidation-price.ts";
import type { Trade } from "../trade.ts";
import { CHECK_AGAIN_MS } from "./check-times.ts";
import { type ClosingOrders, stopTicks, type Turn } from "./closing-orders.ts";
import { AGREE_MS } from "./order-tracker.ts";

/** Closer behind the stop than this share of its distance, nothing more is entered. */
export const NEAR_STOPS = 0.5;

/**
 * Holds the stop of every position against the price at which the venue would take it (AC20): brackets, margin and other
 * positions move it. At the stop or inside, the stop guards nothing: the position is left, and no margin is added.
 */
export class LiquidationWatch {
  readonly #holdings: Holdings;
  readonly #closing: ClosingOrders;
  readonly #alarm: Alarm;
  /** Symbols whose liquidation was told to lie inside the stop, and when that was asked. */
  readonly #insideMs = new Map<SymbolId, number>();
  #dueMs = Number.POSITIVE_INFINITY;

  constructor(parts: { readonly holdings: Holdings; readonly closing: ClosingOrders }, alarm: Alarm) {
    this.#holdings = parts.holdings;
    this.#closing = parts.closing;
    this.#alarm = alarm;
  }

  on(event: EngineEvent, turn: Turn): void {
    if (event.type === "answer" && event.answer.type === "positions")
      this.#judge(event.answer.positions, event.answer.askedMs, turn);
    // Another leverage is another liquidation.
    else if (event.type === "leverage" && (this.#holdings.trades.get(event.symbolId)?.qtySteps ?? 0) > 0)
      this.#dueMs = turn.nowMs;
    if (turn.nowMs >= this.#dueMs) {
      this.#dueMs = Number.POSITIVE_INFINITY;
      turn.commands.push({ type: "ask", query: { type: "positions" } });
    }
    this.#alarm.at(this.#dueMs, turn);
  }

  #judge(positions: readonly VenuePosition[], askedMs: number, turn: Turn): void {
    let isNear = false;
    const inside = new Set<SymbolId>();
    for (const { symbolId, liquidationPriceE8 } of positions) {
      const trade = this.#holdings.trades.get(symbolId);
      if (trade === undefined || trade.qtySteps === 0) continue;
      const ticks = this.#ticksOf(trade, liquidationPriceE8);
      if (ticks === null) continue;
      const room = roomOf(trade, ticks);
      isNear ||= room < NEAR_STOPS;
      if (room > 0) continue;
      inside.add(symbolId);
      // Nothing destructive on one read.
      const firstMs = this.#insideMs.get(symbolId) ?? askedMs;
      this.#insideMs.set(symbolId, firstMs);
      if (askedMs >= firstMs + AGREE_MS) this.#closing.beginExit(trade, "unguarded", turn);
      else this.#dueMs = Math.min(this.#dueMs, turn.nowMs + CHECK_AGAIN_MS);
    }
    for (const symbolId of this.#insideMs.keys()) if (!inside.has(symbolId)) this.#insideMs.delete(symbolId);
    this.#holdings.reduce("liquidation-near", isNear);
  }

  /** As the venue tells it; its 0 is one that it does not know, and is reckoned. Null: nowhere. */
  #ticksOf({ symbolId, rules }: Trade, toldE8: bigint | null): number | null {
    if (toldE8 !== null && toldE8 > 0n) return Number(toldE8) / Number(rules.tickE8);
    const price = liquidationPrice(this.#holdings, symbolId);
    return price === null ? null : price / rules.tickSize;
  }
}

/** How far the liquidation lies behind the stop, in stop distances. */
function roomOf(trade: Trade, liquidationTicks: number): number {
  const { side, d, rules, stop } = trade;
  return (side * ((stop?.ticks ?? stopTicks(trade)) - liquidationTicks) * rules.tickSize) / d;
}
