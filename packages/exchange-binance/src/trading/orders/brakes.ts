import type { Refusal } from "@smcq/exchange";
import type { Logger } from "@smcq/kernel";
import type { RateBudget } from "../../rest/rate-budget.ts";
import { FIREWALL_PAUSE_MS, KEY_PAUSE_MS, OVERLOAD_PAUSE_MS } from "../limits.ts";
import type { Verdict } from "../wire/verdict.ts";

/** What rests, and until when, venue ms. */
export interface BrakeState {
  readonly entriesUntilMs: number;
  readonly ordersUntilMs: number;
  readonly everythingUntilMs: number;
}

/**
 * What the venue's refusals stop: entries alone (overload, firewall, a key that it refuses), orders (their count is used
 * up), or everything (the minute's weight is used up, a ban).
 */
export class Brakes {
  readonly #budget: RateBudget;
  readonly #log: Logger;
  #entriesUntilMs = 0;
  #entriesCode: Refusal = "NOT_SENT";
  #ordersUntilMs = 0;

  constructor(budget: RateBudget, log: Logger) {
    this.#budget = budget;
    this.#log = log;
  }

  get state(): BrakeState {
    return {
      entriesUntilMs: this.#entriesUntilMs,
      ordersUntilMs: this.#ordersUntilMs,
      everythingUntilMs: this.#budget.stoppedUntilMs(),
    };
  }

  /** The code that entries are refused with while they rest; null: they do not. */
  entriesRefused(nowMs: number): Refusal | null {
    return nowMs < this.#entriesUntilMs ? this.#entriesCode : null;
  }

  /** Until when a call must wait, venue ms; 0: it need not. */
  waitUntilMs(isOrder: boolean): number {
    return Math.max(this.#budget.stoppedUntilMs(), isOrder ? this.#ordersUntilMs : 0);
  }

  /** Takes the consequence of a refusal; that of a mere question may be the venue's own mistake. */
  take(verdict: Verdict, nowMs: number, isQuestion = false): void {
    const { act, code, status, text, untilMs } = verdict;
    switch (act) {
      case "none":
      case "heal-clock":
      case "renew-key":
        return;
      case "pause-entries":
        this.#rest(nowMs + (status === 403 ? FIREWALL_PAUSE_MS : OVERLOAD_PAUSE_MS), "NOT_SENT");
        this.#log.warn({ code, status, text }, "the venue is overloaded or refuses us; entries rest");
        return;
      case "pause-window":
        this.#budget.onTooMany(Math.max(0, untilMs - nowMs));
        this.#log.warn({ code, status, text }, "the venue's weight is used up; waiting for its next minute");
        return;
      case "pause-orders":
        this.#ordersUntilMs = Math.max(this.#ordersUntilMs, untilMs);
        this.#log.warn({ code, status, text }, "the venue's order count is used up; orders wait");
        return;
      case "ban":
        this.#budget.onBanned(untilMs);
        this.#log.error({ code, status, text, untilMs }, "the venue has banned this address");
        return;
      case "stop-entries":
        this.#rest(nowMs + KEY_PAUSE_MS, isQuestion ? "NOT_SENT" : refusalOf(verdict));
        this.#log.error({ code, status, text }, "the venue refuses key or account; nothing is entered");
        return;
      case "alarm":
        this.#log.error({ code, status, text }, "the venue refuses the form of a request");
        return;
      default:
        act satisfies never;
    }
  }

  #rest(untilMs: number, code: Refusal): void {
    if (untilMs < this.#entriesUntilMs) return;
    this.#entriesUntilMs = untilMs;
    this.#entriesCode = code;
  }
}

function refusalOf({ outcome }: Verdict): Refusal {
  return outcome === "unknown" || outcome === "acked" ? "KEY_REFUSED" : outcome;
}
