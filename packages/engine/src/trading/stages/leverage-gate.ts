import type { RiskApproved } from "@smcq/exchange";
import type { SymbolId } from "@smcq/kernel";
import type { EntryOrder } from "@smcq/risk";
import type { Alarm } from "../alarm.ts";
import type { EngineEvent } from "../../events.ts";
import type { Holdings } from "../holdings.ts";
import type { Trade } from "../trade.ts";
import type { Turn } from "./closing-orders.ts";
import type { OrderChange, OrderTracker } from "./order-tracker.ts";

/** How long an entry waits for the leverage that it was sized with; its signal is stale then. */
export const LEVERAGE_MS = 1_000;

interface Waiting {
  readonly order: RiskApproved<EntryOrder>;
  readonly trade: Trade;
  /** That it was sized with. */
  readonly leverage: number;
  readonly dueMs: number;
}

/**
 * No entry leaves before the venue has confirmed the leverage that it was sized with (docs/trading.md 5). What it confirmed
 * holds until it says otherwise, or until words of the account may have got lost.
 *
 *   approved ──► confirmed already ──────────────────────────► submit
 *        └─────► set-leverage ──► acked in LEVERAGE_MS ────────────▲
 *                         └─────► refused, unknown, too late ──► over
 */
export class LeverageGate {
  readonly #holdings: Holdings;
  readonly #orders: OrderTracker;
  readonly #alarm: Alarm;
  readonly #waiting = new Map<string, Waiting>();
  /** The leverage that each symbol was last asked to have. */
  readonly #asked = new Map<SymbolId, number>();

  constructor(
    { holdings, orders }: { readonly holdings: Holdings; readonly orders: OrderTracker },
    alarm: Alarm,
  ) {
    this.#holdings = holdings;
    this.#orders = orders;
    this.#alarm = alarm;
  }

  /** Sends an approved entry, now or when its leverage is confirmed. */
  enter(trade: Trade, order: RiskApproved<EntryOrder>, { nowMs, nowNs, commands }: Turn): void {
    const { symbolId, leverage, entryOrderId } = trade;
    const isConfirmed = this.#holdings.leverage(symbolId) === leverage;
    if (!isConfirmed) {
      commands.push({ type: "set-leverage", symbolId, leverage });
      // Until that is told, nobody knows which one it has.
      this.#holdings.forgetLeverage(symbolId);
      this.#asked.set(symbolId, leverage);
    }
    // A venue in memory does what it is told, at once.
    if (isConfirmed || !this.#holdings.options.isVenueRemote) {
      commands.push({ type: "submit", order });
      return;
    }
    const waitMs = Math.max(LEVERAGE_MS, this.#holdings.options.wordFloorMs);
    this.#waiting.set(entryOrderId, { order, trade, leverage, dueMs: nowMs + waitMs });
    commands.push({ type: "wake", atNs: nowNs + waitMs * 1e6 });
  }

  /** Takes what the venue says of leverages; returns what becomes of entries that will never leave. */
  on(event: EngineEvent, turn: Turn): readonly OrderChange[] {
    if (event.type === "account-stream" && !event.isLive) this.#holdings.forgetLeverages();
    if (event.type === "leverage-outcome") {
      const { symbolId, leverage, outcome } = event;
      // A late word of a former question says nothing of the last one.
      const isLast = this.#asked.get(symbolId) === leverage;
      if (outcome.type === "acked" && isLast) this.#holdings.setLeverage(symbolId, leverage);
      else this.#holdings.forgetLeverage(symbolId);
    }
    const dropped: OrderChange[] = [];
    for (const [orderId, { order, trade, leverage, dueMs }] of this.#waiting) {
      const isConfirmed = this.#holdings.leverage(trade.symbolId) === leverage;
      const isOver =
        turn.nowMs >= dueMs || isRefused(event, trade.symbolId, leverage) || !this.#isWanted(trade);
      if (!isOver && !isConfirmed) {
        this.#alarm.at(dueMs, turn);
        continue;
      }
      this.#waiting.delete(orderId);
      if (isOver) dropped.push(...this.#orders.dropped(orderId));
      else {
        this.#orders.departed(orderId, turn.nowMs);
        turn.commands.push({ type: "submit", order });
      }
    }
    return dropped;
  }

  /** Nothing has happened meanwhile that would forbid the entry. */
  #isWanted(trade: Trade): boolean {
    const { state, trades } = this.#holdings;
    const isCancelled = this.#orders.get(trade.entryOrderId)?.isCancelled ?? true;
    const isOwn = trades.get(trade.symbolId) === trade;
    return state === "ACTIVE" && isOwn && trade.wantedExit === null && !isCancelled;
  }
}

/** The venue did not set it, or tells of another one. */
function isRefused(event: EngineEvent, symbolId: SymbolId, leverage: number): boolean {
  if (event.type === "leverage") return event.symbolId === symbolId && event.leverage !== leverage;
  return event.type === "leverage-outcome" && event.symbolId === symbolId && event.outcome.type !== "acked";
}
