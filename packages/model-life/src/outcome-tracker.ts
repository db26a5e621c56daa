import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import { labelPlan, type TradePlanParameters } from "@smcq/features";
import {
  isTickTooCoarse,
  isTradedThrough,
  limitTicks,
  type PlanExit,
  planTrade,
  resultR,
  stepEntryBar,
  stepPlan,
  type TradePlan,
} from "@smcq/strategy";
import { RECENT_BARS_MAX, type RecentBars } from "./recent-bars.ts";
import type { ScoredSignal } from "./scored-signal.ts";

/** Open plans that are followed at most; one more drops the oldest. 600 symbols at 40 candidates a day hold 2,000. */
const OPEN_PLANS_MAX = 20_000;

/** What a signal's trade plan came to, whether or not anybody traded it. */
export interface Outcome {
  readonly signal: ScoredSignal;
  /** Net result in R. */
  readonly resultR: number;
}

interface Followed {
  readonly signal: ScoredSignal;
  /** Null until the bar after the signal's has closed. */
  plan: TradePlan | null;
  /** Where its entry still rests, ticks; null: it does not, or not any more. */
  restingTicks: number | null;
  /** The run of bars that the signal was found in; null until its symbol was read once. */
  generation: number | null;
  /** Open time of the next bar to step over. */
  nextMs: number;
}

/** The plan, and the ticks that resting orders lie on; null: nobody knows the symbol's. */
export interface PlanEntries {
  readonly plan: TradePlanParameters;
  readonly tickSizeOf: (symbol: string) => number | null;
}

/**
 * Follows the trade plan of every signal over the bars that close after it (docs/smc.md 11), so that a score can be
 * held against what became of it. A hole in the bars ends a plan without an outcome, and so does an entry of kind
 * `limit` that no bar trades through.
 */
export class OutcomeTracker {
  readonly #recentBars: RecentBars;
  readonly #entries: PlanEntries;
  readonly #scratch: Float64Array = new Float64Array(RECENT_BARS_MAX * BAR_FIELDS);
  #followed: Followed[] = [];

  constructor(recentBars: RecentBars, entries: PlanEntries) {
    this.#recentBars = recentBars;
    this.#entries = { ...entries, plan: labelPlan(entries.plan) };
  }

  /** Plans that are open now. */
  get size(): number {
    return this.#followed.length;
  }

  add(signals: readonly ScoredSignal[]): void {
    for (const signal of signals)
      this.#followed.push({
        signal,
        plan: null,
        restingTicks: null,
        generation: null,
        nextMs: signal.openTimeMs + MINUTE_MS,
      });
    const surplus = this.#followed.length - OPEN_PLANS_MAX;
    if (surplus > 0) this.#followed.splice(0, surplus);
  }

  /** Steps every open plan over the bars that have closed; to be called at least once in 512 bars. */
  step(): readonly Outcome[] {
    const outcomes: Outcome[] = [];
    this.#followed = this.#followed.filter((followed) => this.#isStillOpen(followed, outcomes));
    return outcomes;
  }

  #isStillOpen(followed: Followed, outcomes: Outcome[]): boolean {
    const bars = this.#recentBars;
    const found = bars.look(followed.signal.symbol);
    if (found !== "ready") return found === "busy";
    const { count, generation } = bars;
    // Bars in motion are read again next time.
    if (!bars.copyLast(1, this.#scratch)) return true;
    followed.generation ??= generation;
    if (followed.generation !== generation) return false;
    const newCount = ((this.#scratch[0] as number) - followed.nextMs) / MINUTE_MS + 1;
    if (newCount > count) return false;
    if (newCount <= 0 || !bars.copyLast(newCount, this.#scratch)) return true;
    for (let index = 0; index < newCount; index++)
      if (this.#isEnded(followed, index * BAR_FIELDS, outcomes)) return false;
    return true;
  }

  /** Takes the plan over the bar at `at` of the scratch. */
  #isEnded(followed: Followed, at: number, outcomes: Outcome[]): boolean {
    const { signal } = followed;
    const bar = {
      open: this.#scratch[at + 1] as number,
      high: this.#scratch[at + 2] as number,
      low: this.#scratch[at + 3] as number,
      close: this.#scratch[at + 4] as number,
    };
    const plan = followed.plan ?? this.#begin(followed, bar.open);
    if (plan === null) return true;
    const heldBars = (followed.nextMs - signal.openTimeMs) / MINUTE_MS;
    followed.nextMs += MINUTE_MS;
    const { tickSizeOf } = this.#entries;
    const { entry } = this.#entries.plan;
    const { restingTicks } = followed;
    let exit: PlanExit | null;
    if (restingTicks === null) exit = stepPlan(plan, heldBars, bar.open, bar.high, bar.low, bar.close);
    else {
      if (!isTradedThrough(plan.side, restingTicks, bar, tickSizeOf(signal.symbol) ?? Number.NaN))
        return entry.kind === "market" || heldBars >= entry.expiryBars;
      followed.restingTicks = null;
      exit = stepEntryBar(plan, heldBars, bar);
    }
    if (exit === null) return false;
    outcomes.push({ signal, resultR: resultR(plan, exit) });
    return true;
  }

  /** Plans the entry from the open of the bar behind the signal's; null: there is no plan. */
  #begin(followed: Followed, open: number): TradePlan | null {
    const { signal } = followed;
    const { plan, tickSizeOf } = this.#entries;
    const tickSize = tickSizeOf(signal.symbol);
    let price = open;
    if (plan.entry.kind === "limit") {
      if (tickSize === null) return null;
      followed.restingTicks = limitTicks({ ...signal, quote: open }, plan.entry, tickSize);
      price = followed.restingTicks * tickSize;
    }
    if (isTickTooCoarse(plan, tickSize ?? 0, price)) return null;
    const planned = planTrade(signal, price, plan, tickSize ?? 0);
    followed.plan = planned.type === "plan" ? planned : null;
    return followed.plan;
  }
}
