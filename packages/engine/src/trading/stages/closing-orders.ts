import type {
  LimitOrder,
  MarketOrder,
  OrderRequest,
  OrderRole,
  RiskApproved,
  StopMarketOrder,
} from "@smcq/exchange";
import { priceTicks, qtySteps, type SymbolId } from "@smcq/kernel";
import { approveClosing } from "@smcq/risk";
import type { Command, EventStamp } from "../../events.ts";
import type { Holdings } from "../holdings.ts";
import { clientOrderId } from "../order-ids.ts";
import { earlier, type Leg, type Trade } from "../trade.ts";
import type { ExitReason } from "../trading-events.ts";
import type { OrderTracker } from "./order-tracker.ts";

/** The event that is being processed: its time, and what is to be done because of it. */
export interface Turn extends EventStamp {
  readonly commands: Command[];
}

/** Targets of a trade that may end without a word of ours; then it goes on without. */
export const TARGETS_LOST_MAX = 3;
/** An exit that failed is sent again after so long, where words take their time. */
export const EXIT_AGAIN_MS = 250;
/** Where nothing can be sent it is looked so often whether something can again. */
const HELD_BACK_MS = 1_000;
/** Refusals of a size that the venue does not take, whatever the price. */
export const SIZE_REFUSALS: ReadonlySet<string> = new Set(["LOT_SIZE", "MARKET_LOT_SIZE"]);
/** How far from the mark an exit takes that found nobody inside the venue's band of prices, one after another; shares. */
export const BAND_RATIOS: readonly number[] = [0.01, 0.02, 0.04];

/** The orders that guard and leave a position: each reduce-only, each needed without anybody's review. */
export class ClosingOrders {
  readonly #holdings: Holdings;
  readonly #orders: OrderTracker;

  constructor(holdings: Holdings, orders: OrderTracker) {
    this.#holdings = holdings;
    this.#orders = orders;
  }

  /** Puts a stop under what is held, at the distance of the plan from the average price. */
  placeStop(trade: Trade, turn: Turn): void {
    const ticks = stopTicks(trade);
    const isWhole = this.#isStopWhole(trade);
    const order: StopMarketOrder = {
      ...this.#base(trade, "stop", trade.qtySteps),
      type: "stop-market",
      triggerTicks: priceTicks(ticks),
      workingType: "last",
      ...(isWhole ? { isClosePosition: true } : {}),
    };
    trade.stop = legOf(order, ticks, isWhole);
    trade.stopSentMs = turn.nowMs;
    trade.stopDueMs = null;
    this.#submit(approveClosing(order), turn);
  }

  /** No quantity of that size is taken, or none at all: the stop closes whatever is held. */
  #isStopWhole({ symbolId, qtySteps: steps, isStopWhole }: Trade): boolean {
    const { minQtySteps } = this.#holdings.portfolio.rules(symbolId);
    return (
      isStopWhole || this.#holdings.isStopFormWhole || steps > this.#stepsMax(symbolId) || steps < minQtySteps
    );
  }

  /** The most that one market order takes, by the rules that were told last. */
  #stepsMax(symbolId: SymbolId): number {
    const { marketMaxQty, stepSize } = this.#holdings.portfolio.rules(symbolId);
    return Math.max(1, Math.floor(marketMaxQty / stepSize));
  }

  /** Offers what is held at the target of the plan. */
  placeTarget(trade: Trade, turn: Turn): void {
    const ticks = targetTicks(trade, this.#holdings.options.plan.targetRiskRatio);
    const order: LimitOrder = {
      ...this.#base(trade, "target", trade.qtySteps),
      type: "limit",
      timeInForce: "GTC",
      priceTicks: priceTicks(ticks),
    };
    trade.target = legOf(order, ticks, false);
    this.#submit(approveClosing(order), turn);
  }

  /** An order came to be when its trade was over: a cancel that was faster found nothing. */
  takeBack({ symbolId, clientOrderId, type }: OrderRequest, turn: Turn): void {
    if (type === "market") return;
    this.#orders.cancelled(clientOrderId);
    turn.commands.push({ type: "cancel", symbolId, clientOrderId, isAlgo: type === "stop-market" });
  }

  cancelTarget({ symbolId }: Trade, { clientOrderId }: Leg, turn: Turn): void {
    this.#orders.cancelled(clientOrderId);
    turn.commands.push({ type: "cancel", symbolId, clientOrderId, isAlgo: false });
  }

  cancelStop({ symbolId }: Trade, { clientOrderId }: Leg, turn: Turn): void {
    this.#orders.cancelled(clientOrderId);
    turn.commands.push({ type: "cancel", symbolId, clientOrderId, isAlgo: true });
  }

  /** Begins to leave a position: the target goes first, then the market order; the stop stays until it is flat. */
  beginExit(trade: Trade, reason: ExitReason, turn: Turn): void {
    if (trade.wantedExit !== null || trade.phase === "closed") return;
    if (reason === "unguarded") this.#holdings.unprotected(`exit ${trade.tradeId}`, turn.nowMs);
    trade.wantedExit = reason;
    trade.owedExit = null;
    const { target } = trade;
    if (target === null || target.isEnded) {
      this.exit(trade, turn);
      return;
    }
    this.cancelTarget(trade, target, turn);
    const { targetEndMs } = this.#holdings;
    trade.exitDueMs = turn.nowMs + targetEndMs;
    turn.commands.push({ type: "wake", atNs: turn.nowNs + targetEndMs * 1e6 });
  }

  /** Sells (or buys back) all that is held, at once; in parts where one order takes no more. */
  exit(trade: Trade, turn: Turn): void {
    const { wantedExit: reason, qtySteps: steps } = trade;
    if (reason === null || trade.exit !== null || steps === 0) return;
    if (!this.#holdings.maySend) {
      this.#wait(trade, HELD_BACK_MS, turn);
      return;
    }
    const { exitsMax, exitWindowMs } = this.#holdings.options.protocol;
    const recent = trade.exitsSentMs.filter((sentMs) => sentMs > turn.nowMs - exitWindowMs);
    // The last try looks for a counterparty inside the band: what the market's own depth did not give.
    const isLastTry = recent.length === exitsMax && this.#holdings.options.isVenueRemote;
    const band = isLastTry || trade.bandTries > 0 ? this.#bandTicks(trade) : null;
    if (recent.length >= exitsMax && !(isLastTry && band !== null)) {
      this.#giveUpExit(trade, reason, turn);
      return;
    }
    const sold = Math.min(steps, trade.exitStepsMax, this.#stepsMax(trade.symbolId));
    const base = this.#base(trade, "exit", sold);
    const order: MarketOrder | LimitOrder =
      band === null
        ? { ...base, type: "market" }
        : { ...base, type: "limit", timeInForce: "IOC", priceTicks: priceTicks(band) };
    trade.exit = { reason, clientOrderId: order.clientOrderId };
    trade.phase = "exiting";
    trade.exitDueMs = null;
    trade.exitsSentMs = [...recent, turn.nowMs];
    this.#submit(approveClosing(order), turn);
  }

  /** An exit has ended, and something is left: a part that was filled is followed at once, one that failed a little later. */
  exitAgain(trade: Trade, isFilled: boolean, turn: Turn): void {
    trade.exit = null;
    if (isFilled) {
      trade.exitsSentMs = trade.exitsSentMs.slice(0, -1);
      trade.bandTries = 0;
    }
    if (isFilled || !this.#holdings.options.isVenueRemote || trade.wantedExit === null) {
      this.exit(trade, turn);
      return;
    }
    this.#wait(trade, EXIT_AGAIN_MS, turn);
  }

  /** The account is this host's again: what was held back counts for no try. */
  exitNow(trade: Trade, turn: Turn): void {
    trade.exitsSentMs = [];
    this.exit(trade, turn);
  }

  setBack(trade: Trade, nowMs: number): void {
    const longestMs = Math.max(this.#holdings.targetEndMs, HELD_BACK_MS, EXIT_AGAIN_MS);
    trade.exitDueMs = earlier(trade.exitDueMs, nowMs + longestMs);
  }

  #wait(trade: Trade, ms: number, turn: Turn): void {
    trade.exitDueMs = turn.nowMs + ms;
    turn.commands.push({ type: "wake", atNs: turn.nowNs + ms * 1e6 });
  }

  /** Where an exit takes at worst that stays inside the band; null: nobody has told a price. */
  #bandTicks({ symbolId, side, bandTries }: Trade): number | null {
    const markE8 = this.#holdings.portfolio.markE8(symbolId);
    if (markE8 === null) return null;
    const ratio = BAND_RATIOS[Math.min(bandTries, BAND_RATIOS.length) - 1] ?? BAND_RATIOS[1] ?? 0;
    const ticks = Number(markE8) / Number(this.#holdings.portfolio.rules(symbolId).tickE8);
    return side > 0 ? Math.max(1, Math.ceil(ticks * (1 - ratio))) : Math.floor(ticks * (1 + ratio));
  }

  /** Enough was tried: guarded as before, and the reason is kept for the next minute. */
  #giveUpExit(trade: Trade, reason: ExitReason, turn: Turn): void {
    trade.owedExit = reason;
    trade.wantedExit = null;
    trade.exitDueMs = null;
    trade.bandTries = 0;
    const { stop } = trade;
    const isGuarded = stop !== null && stop.isConfirmed && !stop.isEnded;
    trade.phase = isGuarded ? "guarded" : "naked";
    const mayOffer = trade.isEntryEnded && !trade.isAdopted && trade.targetsLost < TARGETS_LOST_MAX;
    if (isGuarded && mayOffer) this.placeTarget(trade, turn);
  }

  #base(trade: Trade, role: OrderRole, steps: number): Omit<MarketOrder, "type"> {
    const { symbolId, symbol, tradeId } = trade;
    return {
      clientOrderId: clientOrderId(this.#holdings.options.engineId, role, tradeId, trade.attempts++),
      symbolId,
      symbol,
      role,
      side: trade.side > 0 ? -1 : 1,
      qtySteps: qtySteps(steps),
      isReduceOnly: true,
    };
  }

  #submit(order: RiskApproved<OrderRequest>, turn: Turn): void {
    this.#orders.sent(order.value, turn.nowMs);
    turn.commands.push({ type: "submit", order });
  }
}

function legOf({ clientOrderId: id, qtySteps: steps }: OrderRequest, ticks: number, isWhole: boolean): Leg {
  return {
    clientOrderId: id,
    ticks,
    qtySteps: steps,
    isWhole,
    filledSteps: 0,
    isConfirmed: false,
    isEnded: false,
  };
}

/** The stop at the plan's distance from the average price, rounded away from the entry (docs/trading.md 7). */
export function stopTicks({ side, avgPrice, d, rules, adoptedStopTicks }: Trade): number {
  if (adoptedStopTicks !== null) return adoptedStopTicks;
  return side > 0
    ? Math.max(1, Math.floor((avgPrice - d) / rules.tickSize))
    : Math.ceil((avgPrice + d) / rules.tickSize);
}

/** The target at the plan's multiple of the stop distance, rounded away from the entry. */
export function targetTicks({ side, avgPrice, d, rules }: Trade, targetRiskRatio: number): number {
  return side > 0
    ? Math.ceil((avgPrice + targetRiskRatio * d) / rules.tickSize)
    : Math.floor((avgPrice - targetRiskRatio * d) / rules.tickSize);
}
