import type { Governors } from "@smcq/risk";
import type { EngineEvent } from "../../events.ts";
import type { Holdings } from "../holdings.ts";
import type { Trade } from "../trade.ts";
import type { ClosingOrders, Turn } from "./closing-orders.ts";
import type { OrderTracker } from "./order-tracker.ts";

const MINUTE_MS = 60_000;
/** Minutes without a bar that a resting entry outlives its expiry by. */
const SILENT_MINUTES_MAX = 3;

/**
 * Takes back what of an entry still rests (docs/trading.md 5, kind `limit`): when its bars have closed, and at once when
 * the trade is being left or nothing may be entered any more. What has filled stays a position like any other.
 */
export class RestingEntries {
  readonly #holdings: Holdings;
  readonly #orders: OrderTracker;
  readonly #closing: ClosingOrders;
  readonly #governors: Governors;
  #isStopping = false;

  constructor(parts: {
    readonly holdings: Holdings;
    readonly orders: OrderTracker;
    readonly closing: ClosingOrders;
    readonly governors: Governors;
  }) {
    this.#holdings = parts.holdings;
    this.#orders = parts.orders;
    this.#closing = parts.closing;
    this.#governors = parts.governors;
  }

  on(event: EngineEvent, turn: Turn): void {
    // The end was that of the process before.
    if (event.type === "restarted") this.#isStopping = false;
    if (this.#holdings.options.plan.entry.kind === "market") return;
    const isMinute = event.type === "minute";
    // Who ends the run leaves stops and targets, and nothing that could open (docs/faults-orders.md PR17).
    this.#isStopping ||= event.type === "operator" && event.word === "stop";
    for (const trade of this.#holdings.trades.values()) {
      if (trade.isEntryEnded || !this.#isOver(trade, turn.nowMs)) continue;
      // Once at once; then every minute until the venue tells its end.
      if (trade.isEntryCancelled && !isMinute) continue;
      trade.isEntryCancelled = true;
      const order = this.#orders.get(trade.entryOrderId);
      if (order !== null) this.#closing.takeBack(order.request, turn);
    }
  }

  #isOver(trade: Trade, nowMs: number): boolean {
    const { options, state } = this.#holdings;
    const { entry } = options.plan;
    if (entry.kind === "market") return false;
    const { expiryBars } = entry;
    return (
      this.#isStopping ||
      trade.isEntryCancelled ||
      trade.bars >= expiryBars ||
      nowMs >= trade.signalMs + (expiryBars + SILENT_MINUTES_MAX) * MINUTE_MS ||
      trade.wantedExit !== null ||
      trade.exitReason !== null ||
      state !== "ACTIVE" ||
      this.#governors.state.isDayStopped
    );
  }
}
