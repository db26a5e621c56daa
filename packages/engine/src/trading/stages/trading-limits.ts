import type { TradingLimit } from "@smcq/exchange";
import { MINUTE_MS, type SymbolId } from "@smcq/kernel";
import type { Alarm } from "../alarm.ts";
import type { EngineEvent } from "../../events.ts";
import type { Holdings } from "../holdings.ts";
import type { Turn } from "./closing-orders.ts";

/** How often the venue is asked how it judges our ways of trading, and how often while it has locked the account. */
export const LIMITS_MS: number = 15 * MINUTE_MS;
export const LOCKED_MS: number = MINUTE_MS;
/** Answers that fail are asked for again after so long. */
const AGAIN_MS = 10_000;

/**
 * Keeps within what the venue allows of unfilled, small and cancelled orders (EX28): a symbol at its trigger is left alone
 * before it is locked, one that is locked until the lock ends; a locked account enters nothing. Exits and stops go on: the
 * venue takes orders that close.
 */
export class TradingLimits {
  readonly #holdings: Holdings;
  readonly #alarm: Alarm;
  #dueMs = 0;
  #againMs = LIMITS_MS;

  constructor(holdings: Holdings, alarm: Alarm) {
    this.#holdings = holdings;
    this.#alarm = alarm;
  }

  on(event: EngineEvent, turn: Turn): void {
    if (event.type === "answer" && event.answer.query.type === "limits") {
      if (event.answer.type === "limits") this.#judge(event.answer.limits, turn);
      else this.#dueMs = turn.nowMs + AGAIN_MS;
    }
    if (event.type === "restarted") this.#dueMs = turn.nowMs;
    const isRefused = event.type === "order-outcome" && event.outcome.type === "refused";
    if (isRefused && event.outcome.code === "ONLY_REDUCING") this.#dueMs = Math.min(this.#dueMs, turn.nowMs);
    if (turn.nowMs >= this.#dueMs) {
      // What is never answered is asked for again.
      this.#dueMs = turn.nowMs + this.#againMs;
      turn.commands.push({ type: "ask", query: { type: "limits" } });
    }
    this.#alarm.at(this.#dueMs, turn);
  }

  #judge(limits: readonly TradingLimit[], { nowMs }: Turn): void {
    const isLocked = limits.some((limit) => limit.symbolId === null && limit.isLocked);
    this.#holdings.reduce("trading-locked", isLocked);
    this.#againMs = isLocked ? LOCKED_MS : LIMITS_MS;
    this.#dueMs = nowMs + this.#againMs;
    for (const limit of limits) if (limit.symbolId !== null) this.#judgeSymbol(limit.symbolId, limit, nowMs);
  }

  #judgeSymbol(
    symbolId: SymbolId,
    { isLocked, untilMs, value, triggerValue }: TradingLimit,
    nowMs: number,
  ): void {
    if (isLocked) this.#holdings.block(symbolId, untilMs ?? nowMs + LIMITS_MS);
    else if (value >= triggerValue) this.#holdings.block(symbolId, nowMs + LIMITS_MS);
  }
}
