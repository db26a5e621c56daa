import type { Coordinator } from "@smcq/cluster";
import type { Signal } from "@smcq/engine";
import { planTrade, resultR, stepPlan, type TradePlan } from "@smcq/features";
import { BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import { RING_BARS } from "@smcq/wire";

/** Open plans that are followed at most; one more drops the oldest. 600 symbols at 40 candidates a day hold 2,000. */
const OPEN_PLANS_MAX = 20_000;

/** What a signal's trade plan came to, whether or not anybody traded it. */
export interface Outcome {
  readonly signal: Signal;
  /** Net result in R. */
  readonly resultR: number;
}

interface Followed {
  readonly signal: Signal;
  /** Null until the bar after the signal's has closed. */
  plan: TradePlan | null;
  /** The ring's run that the signal was found in; null until its symbol was read once. */
  generation: number | null;
  /** Open time of the next bar to step over. */
  nextMs: number;
}

/**
 * Follows the trade plan of every signal over the bars that close after it (docs/smc.md 11), so that a score can be
 * held against what became of it. A hole in the bars ends a plan without an outcome.
 */
export class OutcomeTracker {
  readonly #cluster: Pick<Coordinator, "slots" | "reader">;
  readonly #onOutcome: (outcome: Outcome) => void;
  readonly #bars: Float64Array = new Float64Array(RING_BARS * BAR_FIELDS);
  #followed: Followed[] = [];

  constructor(cluster: Pick<Coordinator, "slots" | "reader">, onOutcome: (outcome: Outcome) => void) {
    this.#cluster = cluster;
    this.#onOutcome = onOutcome;
  }

  /** Plans that are open now. */
  get size(): number {
    return this.#followed.length;
  }

  add(signals: readonly Signal[]): void {
    for (const signal of signals)
      this.#followed.push({ signal, plan: null, generation: null, nextMs: signal.openTimeMs + MINUTE_MS });
    const surplus = this.#followed.length - OPEN_PLANS_MAX;
    if (surplus > 0) this.#followed.splice(0, surplus);
  }

  /** Steps every open plan over the bars that have closed; to be called at least once in 512 bars. */
  step(): void {
    this.#followed = this.#followed.filter((followed) => this.#isStillOpen(followed));
  }

  #isStillOpen(followed: Followed): boolean {
    const entry = this.#cluster.slots.of(followed.signal.symbol);
    if (entry === null) return false;
    const reader = this.#cluster.reader(entry.shardId);
    if (!reader.begin(entry.slot) || reader.tail === reader.from) return true;
    const { from, tail, generation } = reader;
    // A ring in motion is read again next time.
    if (!reader.copy(tail - 1, tail, this.#bars)) return true;
    followed.generation ??= generation;
    if (followed.generation !== generation) return false;
    const barCount = ((this.#bars[0] as number) - followed.nextMs) / MINUTE_MS + 1;
    if (barCount > tail - from) return false;
    if (barCount <= 0 || !reader.copy(tail - barCount, tail, this.#bars)) return true;
    for (let index = 0; index < barCount; index++)
      if (this.#isEnded(followed, index * BAR_FIELDS)) return false;
    return true;
  }

  /** Takes the plan over the bar at `at` of the scratch. */
  #isEnded(followed: Followed, at: number): boolean {
    const { signal } = followed;
    const open = this.#bars[at + 1] as number;
    if (followed.plan === null) {
      const planned = planTrade(signal, open);
      if (planned.type !== "plan") return true;
      followed.plan = planned;
    }
    const heldBars = (followed.nextMs - signal.openTimeMs) / MINUTE_MS;
    followed.nextMs += MINUTE_MS;
    const exit = stepPlan(
      followed.plan,
      heldBars,
      open,
      this.#bars[at + 2] as number,
      this.#bars[at + 3] as number,
      this.#bars[at + 4] as number,
    );
    if (exit === null) return false;
    this.#onOutcome({ signal, resultR: resultR(followed.plan, exit.price) });
    return true;
  }
}
