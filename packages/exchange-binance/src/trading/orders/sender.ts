import type { Refusal } from "@smcq/exchange";
import type { CancelTimer, Clock } from "@smcq/kernel";
import { CALLS_WAITING_MAX, ENTRY_AGE_MS_MAX, PROTECTIVE_AGE_MS_MAX } from "../limits.ts";
import type { Brakes } from "./brakes.ts";
import type { OrderBudget } from "./order-budget.ts";

/** Something to be sent, once. */
export interface Errand {
  /** Entries, and settings that they wait for, give way to everything else. */
  readonly lane: "entry" | "protective";
  /** It counts among the account's orders. */
  readonly isOrder: boolean;
  /** Sends it; `isWanted` says whether it is still young enough. Called at most once, and never after `refuse`. */
  readonly run: (isWanted: () => boolean) => void;
  /** It was held back, and never leaves. */
  readonly refuse: (code: Refusal, text: string) => void;
}

interface Waiting extends Errand {
  readonly bornMs: number;
}

/**
 * What leaves for the venue, in two lanes: protective calls first, entries while nothing of those waits. Both wait for the
 * venue's pauses and order counts, and for nothing else; what has become too old is refused and never sent.
 */
export class OrderSender {
  readonly #clock: Clock;
  readonly #brakes: Brakes;
  readonly #budget: OrderBudget;
  readonly #lanes: Readonly<Record<Errand["lane"], Waiting[]>> = { protective: [], entry: [] };
  #cancelTimer: CancelTimer | null = null;
  /** Nothing is too old before. */
  readonly #floorMs: number;
  #isClosed = false;

  constructor(
    { clock, floorMs = 0 }: { readonly clock: Clock; readonly floorMs?: number },
    brakes: Brakes,
    budget: OrderBudget,
  ) {
    this.#clock = clock;
    this.#floorMs = floorMs;
    this.#brakes = brakes;
    this.#budget = budget;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#lanes.protective.length + this.#lanes.entry.length;
  }

  send(errand: Errand): void {
    const nowMs = this.#clock.nowMs();
    const lane = this.#lanes[errand.lane];
    if (this.#isClosed) errand.refuse("NOT_SENT", "the gateway is closed");
    else if (lane.length >= CALLS_WAITING_MAX) errand.refuse("NOT_SENT", "too many calls wait");
    else {
      lane.push({ ...errand, bornMs: nowMs });
      this.#pump();
    }
  }

  /** Looks again at what waits: a pause may have begun, or ended. */
  wake(): void {
    this.#pump();
  }

  /** Refuses what waits. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
    for (const lane of Object.values(this.#lanes))
      for (const errand of lane.splice(0)) errand.refuse("NOT_SENT", "the gateway is closed");
  }

  #pump(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const protectiveMs = this.#drain("protective", Math.max(PROTECTIVE_AGE_MS_MAX, this.#floorMs));
    const entryMs = this.#drain("entry", Math.max(ENTRY_AGE_MS_MAX, this.#floorMs));
    const waitMs = Math.min(protectiveMs, entryMs);
    if (waitMs < Number.POSITIVE_INFINITY && !this.#isClosed)
      this.#cancelTimer = this.#clock.after(waitMs, () => this.#pump(), { unref: true });
  }

  /** Sends what may leave of a lane, refuses what is too old; ms until the lane is to be looked at again. */
  #drain(name: Errand["lane"], ageMsMax: number): number {
    const lane = this.#lanes[name];
    const isEntry = name === "entry";
    // A cancel need not wait for an order that waits for the order count.
    for (let index = 0; index < lane.length;) {
      const errand = lane[index] as Waiting;
      const nowMs = this.#clock.nowMs();
      const refusal = isEntry ? this.#brakes.entriesRefused(nowMs) : null;
      if (refusal !== null) this.#take(lane, index).refuse(refusal, "entries rest: see the log");
      else {
        const waitMs = this.#waitMs(errand, nowMs);
        if (nowMs + waitMs > errand.bornMs + ageMsMax)
          this.#take(lane, index).refuse("NOT_SENT", `it would leave ${waitMs} ms too late`);
        else if (waitMs > 0) index++;
        else {
          lane.splice(index, 1);
          if (errand.isOrder) this.#budget.spend(nowMs);
          errand.run(() => this.#clock.nowMs() <= errand.bornMs + ageMsMax);
        }
      }
    }
    const [next] = lane;
    if (next === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(1, this.#waitMs(next, this.#clock.nowMs()));
  }

  #take(lane: Waiting[], index: number): Waiting {
    const [errand] = lane.splice(index, 1);
    if (errand === undefined) throw new Error("Invariant: an errand stands in its lane");
    return errand;
  }

  #waitMs({ lane, isOrder }: Errand, nowMs: number): number {
    const pauseMs = this.#brakes.waitUntilMs(isOrder) - nowMs;
    const countMs = isOrder ? this.#budget.waitMs(nowMs, lane === "entry") : 0;
    return Math.max(0, pauseMs, countMs);
  }
}
