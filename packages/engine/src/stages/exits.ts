import { e8ToNumber } from "@smcq/kernel";
import type { Flatten, Governors } from "@smcq/risk";
import { stagnationBand, TRADE_PLAN } from "@smcq/strategy";
import type { EngineEvent } from "../events.ts";
import type { Holdings } from "../holdings.ts";
import type { Trade } from "../trade.ts";
import type { ExitReason } from "../trading-events.ts";
import type { ClosingOrders, Turn } from "./closing-orders.ts";

/**
 * The rules that leave a position by themselves, judged at every closed minute (docs/trading.md 6). Stop and target rest
 * on the venue; of several rules at once the first names the trade.
 */
export class Exits {
  readonly #holdings: Holdings;
  readonly #closing: ClosingOrders;
  readonly #governors: Governors;

  constructor(holdings: Holdings, closing: ClosingOrders, governors: Governors) {
    this.#holdings = holdings;
    this.#closing = closing;
    this.#governors = governors;
  }

  on(event: EngineEvent, turn: Turn): void {
    if (event.type === "minute") this.#onMinute(event, turn);
    else if (event.type === "data-ended") {
      const trade = this.#holdings.trades.get(event.symbolId);
      if (trade !== undefined) this.#closing.beginExit(trade, "end-of-data", turn);
    } else if (event.type === "operator" && event.word === "flatten")
      // An entry that is on its way is left as soon as it fills.
      for (const trade of this.#holdings.openTrades()) this.#closing.beginExit(trade, "operator", turn);
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
      const hasBar = closed.has(trade.symbolId);
      if (hasBar) trade.bars++;
      const reason = this.#ruleOf(trade, hasBar, flatten) ?? trade.owedExit;
      // An entry that is on its way while everything is flattened is left as soon as it fills.
      if (reason !== null && (trade.qtySteps > 0 || flatten !== null))
        this.#closing.beginExit(trade, reason, turn);
    }
  }

  #ruleOf(trade: Trade, hasBar: boolean, flatten: Flatten): ExitReason | null {
    // What a person opened has no time of ours.
    if (hasBar && !trade.isAdopted) {
      if (trade.bars > TRADE_PLAN.stagnationBars && this.#isStagnant(trade)) return "stagnation";
      if (trade.bars >= TRADE_PLAN.holdBarsMax) return "time";
    }
    return flatten;
  }

  #isStagnant({ symbolId, side, avgPrice }: Trade): boolean {
    const markE8 = this.#holdings.portfolio.markE8(symbolId);
    if (markE8 === null) return false;
    const close = e8ToNumber(markE8);
    return stagnationBand(side, avgPrice, close) < TRADE_PLAN.stagnationRatio;
  }
}
