import type { EngineEvent } from "../../events.ts";
import type { Alarm } from "../alarm.ts";
import type { Turn } from "./closing-orders.ts";
import { OUTCOME_MS, type OrderTracker, type TrackedOrder } from "./order-tracker.ts";

/** Fills of an order are asked for from so long before it was sent on: clocks may differ. */
export const CLOCK_SKEW_MS = 1_000;

/** What is not known of an order. */
type Doubt =
  /** What became of sending it. */
  | "outcome"
  /** Whether a stop has come to the venue whose sending nobody has told of. */
  | "word"
  /** Trades that it must have had, or whose absence proves its end. */
  | "trades"
  /** Whether its cancel has found it. */
  | "cancel"
  /** Whether it rests still. */
  | "rest"
  /** The end of what takes from the book at once, a stop that was set off among it. */
  | "end"
  /** Whether a stop that was only acked stands. */
  | "cover"
  /** Where a stop is that nobody knows any more. */
  | "missing";

/** When it is asked, ms from the first doubt; after the last one every `thenMs`. */
const SCHEDULES: Readonly<Record<Doubt, { readonly delaysMs: readonly number[]; readonly thenMs: number }>> =
  {
    word: { delaysMs: [500, 1_000], thenMs: 10_000 },
    // Twice as soon as a venue that knows nothing is believed, of an entry and of the others: until then nothing is done again.
    outcome: { delaysMs: [300, 1_000, 3_250, 5_500, 6_250, 8_500], thenMs: 10_000 },
    trades: { delaysMs: [300, 1_000, 3_000], thenMs: 10_000 },
    cancel: { delaysMs: [1_000, 3_000], thenMs: 10_000 },
    rest: { delaysMs: [0, 3_000], thenMs: 10_000 },
    end: { delaysMs: [3_000, 6_000], thenMs: 10_000 },
    cover: { delaysMs: [1_000, 3_000, 10_000, 30_000], thenMs: 10_000 },
    missing: { delaysMs: [1_000, 5_000, 30_000], thenMs: 60_000 },
  };

/** After a question that failed the schedule begins anew so much later. */
const FAILED_MS = 2_000;

interface Inquiry {
  readonly doubt: Doubt;
  sinceMs: number;
  asked: number;
}

/**
 * Asks the venue what it did not tell of an order, on a schedule, until it is known; nothing is ever sent again. What is
 * to be taken back is cancelled again with each question. A schedule that has come to its long waits begins anew when the venue
 * answers again: a position may stand without a stop until it is known what became of one.
 */
export class Inquiries {
  readonly #orders: OrderTracker;
  readonly #alarm: Alarm;
  readonly #inquiries = new Map<string, Inquiry>();
  /** When the next question is due, as of this version of what is known. */
  #dueMs = Number.POSITIVE_INFINITY;
  #version = -1;
  /** Our own threads are slow: no word is late before `outcomeMs`. */
  readonly #isSlow: boolean;

  constructor(orders: OrderTracker, alarm: Alarm) {
    this.#orders = orders;
    this.#isSlow = orders.outcomeMs > OUTCOME_MS;
    this.#alarm = alarm;
  }

  on(event: EngineEvent, turn: Turn): void {
    if (event.type === "account-stream" && event.isLive)
      for (const inquiry of this.#inquiries.values()) this.#beginAnew(inquiry, turn.nowMs);
    else if (event.type === "answer" && event.answer.type === "failed") {
      const { query, refusal } = event.answer;
      // Where the key itself is refused the next question fares no better.
      if (query.type === "order" && refusal === undefined)
        this.#beginAnew(this.#inquiries.get(query.clientOrderId), turn.nowMs + FAILED_MS);
    }
    // As long as nothing was told and nothing is due there is nothing to look at.
    if (turn.nowMs >= this.#dueMs || this.#version !== this.#orders.version) this.#lookAtAll(turn);
    this.#alarm.at(this.#dueMs, turn);
  }

  /** The clock was set back, or set right: every schedule begins anew, whatever it had slept through or waits for (CL01). */
  setBack(nowMs: number): void {
    for (const inquiry of this.#inquiries.values()) {
      inquiry.sinceMs = nowMs;
      inquiry.asked = 0;
    }
    this.#dueMs = 0;
  }

  #beginAnew(inquiry: Inquiry | undefined, sinceMs: number): void {
    if (inquiry === undefined || inquiry.asked + 1 < SCHEDULES[inquiry.doubt].delaysMs.length) return;
    inquiry.sinceMs = sinceMs;
    inquiry.asked = 0;
    this.#dueMs = 0;
  }

  #lookAtAll(turn: Turn): void {
    this.#version = this.#orders.version;
    this.#dueMs = Number.POSITIVE_INFINITY;
    for (const order of this.#orders.open()) this.#dueMs = Math.min(this.#dueMs, this.#look(order, turn));
    for (const id of this.#inquiries.keys()) if (this.#orders.get(id) === null) this.#inquiries.delete(id);
  }

  /** Asks about the order if it is time, and returns when that is next. */
  #look(order: TrackedOrder, turn: Turn): number {
    const { clientOrderId } = order.request;
    // A stop is asked for while there is still time to leave what it does not guard; others when they are lost.
    const isSent = order.state === "sent";
    const lostMs = isSent ? order.sentMs + this.#orders.outcomeMs : Number.POSITIVE_INFINITY;
    if (isSent && (order.request.type !== "stop-market" || this.#isSlow)) return lostMs;
    const doubt = doubtOf(order);
    if (doubt === null) {
      this.#inquiries.delete(clientOrderId);
      return Number.POSITIVE_INFINITY;
    }
    let inquiry = this.#inquiries.get(clientOrderId);
    if (inquiry?.doubt !== doubt) {
      inquiry = { doubt, sinceMs: isSent ? order.sentMs : turn.nowMs, asked: 0 };
      this.#inquiries.set(clientOrderId, inquiry);
    }
    if (turn.nowMs >= dueOf(inquiry)) {
      // Questions that were slept through are asked once.
      while (dueOf(inquiry) <= turn.nowMs) inquiry.asked++;
      ask(order, doubt, turn);
    }
    return Math.min(dueOf(inquiry), lostMs);
  }
}

function doubtOf(order: TrackedOrder): Doubt | null {
  if (order.state === "sent") return "word";
  if (order.endAnsweredMs !== null || order.filledSteps < order.cumQtySteps) return "trades";
  if (order.state === "missing") return "missing";
  if (order.isCancelled) return "cancel";
  if (order.state === "unknown") return "outcome";
  if (order.isUnlisted) return "rest";
  if (order.request.type === "market" || order.isSetOff) return "end";
  return order.request.type === "stop-market" && !order.isSeen ? "cover" : null;
}

function dueOf({ doubt, sinceMs, asked }: Inquiry): number {
  const { delaysMs, thenMs } = SCHEDULES[doubt];
  const last = delaysMs.at(-1) ?? 0;
  return sinceMs + (delaysMs[asked] ?? last + (asked - delaysMs.length + 1) * thenMs);
}

function ask(
  { request, sentMs, isCancelled, endAnsweredMs }: TrackedOrder,
  doubt: Doubt,
  { commands }: Turn,
): void {
  const { symbolId, clientOrderId } = request;
  const isAlgo = request.type === "stop-market";
  if (doubt === "trades") {
    const sinceMs = sentMs - CLOCK_SKEW_MS;
    commands.push({ type: "ask", query: { type: "trades", symbolId, sinceMs } });
    // That nothing more has filled is what the position has to say as well (EX38).
    if (endAnsweredMs !== null) commands.push({ type: "ask", query: { type: "positions" } });
    return;
  }
  if (isCancelled) commands.push({ type: "cancel", symbolId, clientOrderId, isAlgo });
  commands.push({ type: "ask", query: { type: "order", symbolId, clientOrderId, isAlgo } });
}
