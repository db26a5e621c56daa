import { e8ToNumber, MINUTE_MS } from "@smcq/kernel";
import type { Governors } from "@smcq/risk";
import { stagnationBand } from "@smcq/strategy";
import type { Alarm } from "../alarm.ts";
import type { EngineEvent } from "../../events.ts";
import type { Holdings } from "../holdings.ts";
import { DELIST_EXIT_MS } from "../protocol.ts";
import { coveredSteps, type Trade } from "../trade.ts";
import type { ExitReason } from "../trading-events.ts";
import type { ClosingOrders, Turn } from "./closing-orders.ts";

/** A symbol without a bar for so long is judged by the clock. */
export const BARLESS_MS: number = 3 * MINUTE_MS;
/** A symbol that a person has closed is entered no more for so many minutes, as after the venue's own reduction (ADL). */
export const CLOSED_PAUSE_MS: number = 30 * MINUTE_MS;
/** The clock has been set, or the machine slept: by so much it went another way than the monotonic one between two events. */
export const CLOCK_JUMP_MS: number = 15 * MINUTE_MS;

/**
 * The rules that leave a position by themselves, judged at every closed minute (docs/trading.md 6). Stop and target rest
 * on the venue; of several rules at once the first names the trade.
 */
export class Exits {
  readonly #holdings: Holdings;
  readonly #closing: ClosingOrders;
  readonly #governors: Governors;
  readonly #alarm: Alarm;
  /** Of the event before. */
  #lastMs: number | null = null;
  #lastNs = 0;

  constructor(
    parts: { readonly holdings: Holdings; readonly closing: ClosingOrders; readonly governors: Governors },
    alarm: Alarm,
  ) {
    this.#holdings = parts.holdings;
    this.#closing = parts.closing;
    this.#governors = parts.governors;
    this.#alarm = alarm;
  }

  on(event: EngineEvent, turn: Turn): void {
    // The monotonic clock of another host, or of the machine started anew, counts from another moment.
    if (event.type === "restarted") this.#lastMs = null;
    if (event.type === "minute") this.#onMinute(event, turn);
    else if (event.type === "data-ended") {
      const trade = this.#holdings.trades.get(event.symbolId);
      if (trade !== undefined) this.#closing.beginExit(trade, "end-of-data", turn);
    } else if (event.type === "operator") this.#obey(event, turn);
  }

  /** An entry that is on its way is left as soon as it fills. */
  #obey(event: Extract<EngineEvent, { type: "operator" }>, turn: Turn): void {
    if (event.word === "flatten")
      for (const trade of this.#holdings.openTrades()) this.#closing.beginExit(trade, "operator", turn);
    if (event.word !== "close") return;
    const trade = this.#holdings.trades.get(event.symbolId);
    if (trade === undefined) return;
    this.#closing.beginExit(trade, "operator", turn);
    this.#holdings.block(event.symbolId, turn.nowMs + CLOSED_PAUSE_MS);
  }

  /**
   * The clock's own word where bars stay away: for the longest holding time, the symbol's delivery, and an exit that was
   * given up.
   */
  overdue(turn: Turn): void {
    if (!this.#holdings.options.isVenueRemote) return;
    this.#watchClock(turn);
    let isDue = false;
    for (const trade of this.#holdings.trades.values()) {
      const dueMs = this.#clockDueMs(trade);
      isDue ||= turn.nowMs >= dueMs;
      this.#alarm.at(dueMs, turn);
    }
    if (!isDue) return;
    for (const trade of this.#holdings.openTrades())
      if (turn.nowMs >= this.#clockDueMs(trade))
        this.#closing.beginExit(trade, trade.owedExit ?? this.#clockReason(trade, turn.nowMs), turn);
  }

  /** What a jump of the clock says of a trade's age is nothing: its bars go on counting (CL02). */
  #watchClock({ nowMs, nowNs }: Turn): void {
    const jumpMs = this.#lastMs === null ? 0 : nowMs - this.#lastMs - (nowNs - this.#lastNs) / 1e6;
    this.#lastMs = nowMs;
    this.#lastNs = nowNs;
    if (Math.abs(jumpMs) < CLOCK_JUMP_MS) return;
    for (const trade of this.#holdings.trades.values()) trade.clockJumpMs += jumpMs;
  }

  #onMinute(event: Extract<EngineEvent, { type: "minute" }>, turn: Turn): void {
    const { portfolio } = this.#holdings;
    const { walletE8, equityE8 } = portfolio;
    const flatten = this.#governors.minute(event.closeMs, equityE8, portfolio.totals.transfersE8);
    turn.commands.push({ type: "equity", closeMs: event.closeMs, walletE8, equityE8 });
    // A day's loss names the exits of the same minute, and hides no halt.
    if (this.#governors.isHalting) this.#holdings.halt("drawdown");
    const closed = new Set<number>(event.marks.map(({ symbolId }) => symbolId));
    for (const trade of this.#holdings.openTrades()) {
      const hasBar = closed.has(trade.symbolId) && !isSignals(trade, event.closeMs);
      if (hasBar) {
        trade.bars++;
        trade.lastBarMs = event.closeMs;
      }
      const reason = this.#ruleOf(trade, hasBar, turn.nowMs) ?? flatten ?? trade.owedExit;
      // An entry that is on its way while everything is flattened is left as soon as it fills.
      if (reason !== null && (trade.qtySteps > 0 || flatten !== null))
        this.#closing.beginExit(trade, reason, turn);
    }
  }

  #ruleOf(trade: Trade, hasBar: boolean, nowMs: number): ExitReason | null {
    // What a person opened has no time of ours.
    if (hasBar && !trade.isAdopted) {
      const { stagnationBars, holdBarsMax } = this.#holdings.options.plan;
      if (trade.bars > stagnationBars && this.#isStagnant(trade)) return "stagnation";
      if (trade.bars >= holdBarsMax) return "time";
    }
    return nowMs >= this.#delistDueMs(trade) ? "delist" : null;
  }

  /** What a person opened is that person's to leave: the venue settles it at the end. */
  #delistDueMs({ symbolId, isAdopted }: Trade): number {
    return isAdopted ? Number.POSITIVE_INFINITY : this.#holdings.deliveryMs(symbolId) - DELIST_EXIT_MS;
  }

  #isStagnant({ symbolId, side, avgPrice, rules }: Trade): boolean {
    const markE8 = this.#holdings.portfolio.markE8(symbolId);
    if (markE8 === null) return false;
    const close = e8ToNumber(markE8);
    const { plan } = this.#holdings.options;
    const held = { side, avgPrice, tickSize: rules.tickSize };
    return stagnationBand(held, close, plan) < plan.stagnationRatio;
  }

  /** When the clock leaves a trade; never one of which nothing is held, or that is being left. */
  #clockDueMs(trade: Trade): number {
    if (trade.qtySteps === 0 || trade.wantedExit !== null) return Number.POSITIVE_INFINITY;
    const { plan, protocol } = this.#holdings.options;
    return trade.owedExit === null
      ? Math.min(timeDueMs(trade, plan.holdBarsMax), this.#delistDueMs(trade))
      : owedDueMs(trade, protocol.exitWindowMs);
  }

  #clockReason(trade: Trade, nowMs: number): ExitReason {
    return nowMs >= timeDueMs(trade, this.#holdings.options.plan.holdBarsMax) ? "time" : "delist";
  }
}

/** The minute that the trade was decided on is told some seconds after its end, and maybe behind the decision. */
function isSignals({ signalMs }: Trade, closeMs: number): boolean {
  return closeMs === Math.floor(signalMs / MINUTE_MS) * MINUTE_MS;
}

/** When a trade is left whose symbol has no bars: its bars in minutes after its signal, or 3 minutes after its last bar. */
function timeDueMs(
  { signalMs: givenMs, clockJumpMs, lastBarMs, isAdopted }: Trade,
  holdBarsMax: number,
): number {
  if (isAdopted) return Number.POSITIVE_INFINITY;
  const signalMs = givenMs + clockJumpMs;
  const timeMs = signalMs + holdBarsMax * MINUTE_MS;
  return Math.min(timeMs + BARLESS_MS, Math.max(timeMs, Math.max(signalMs, lastBarMs) + BARLESS_MS));
}

/** When an exit that was given up is begun again without the next minute: what is bare waits for its tries alone. */
function owedDueMs(trade: Trade, exitWindowMs: number): number {
  const isCovered = coveredSteps(trade) >= trade.qtySteps;
  return (trade.exitsSentMs.at(-1) ?? 0) + (isCovered ? MINUTE_MS : exitWindowMs);
}
