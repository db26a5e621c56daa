import type {
  AccountAnswer,
  OpenOrder,
  OrderRequest,
  OrderStatus,
  OrderUpdate,
  VenuePosition,
} from "@smcq/exchange";
import { assert, type SymbolId } from "@smcq/kernel";
import type { EngineEvent } from "../../events.ts";
import { earlier } from "../trade.ts";
import type { OrderChange, TrackedOrder } from "./tracked-order.ts";

export type { OrderChange, TrackedOrder } from "./tracked-order.ts";

/** The least of `OrderTracker.outcomeMs`. */
export const OUTCOME_MS = 3_000;
/**
 * A venue that does not know an order is believed from this age of the order on: its receive window, 2 s for an entry and 5 s for
 * what guards and leaves a position, and clocks' skew.
 */
const ABSENT_AGE_MS = { entry: 3_000, other: 6_000 } as const;
/** The same of a stop that was acked: it may only be late to be seen (EX29). */
export const GHOST_AGE_MS = 30_000;
/** An order of that age stands in a list of what rests. */
export const LISTED_MS = 1_000;
/** Two answers agree when their questions lie so far apart at least. */
export const AGREE_MS = 2_000;
/** How long a stop that went missing is looked for. */
export const MISSING_MS = 86_400_000;

type OrderAnswer = Extract<AccountAnswer, { type: "order" }>;

const SET_OFF: ReadonlySet<OrderStatus> = new Set(["triggering", "triggered"]);
const DONE: ReadonlySet<OrderStatus> = new Set(["filled", "finished"]);
const TERMINAL: ReadonlySet<OrderStatus> = new Set([...DONE, "canceled", "expired", "rejected"]);

/**
 * Every order that was sent, by its client id: three-state outcomes, trades counted once, quantities that never go back,
 * ends that stay ends. What the stream tells is believed at once; an answer's end when its trades were asked for twice
 * and the venue's position agrees, and that nobody knows an order when two answers agree.
 *
 *   sent ──► working ──► ended
 *     └─► unknown ─┘ └────▲ ▲
 *                └─► missing┘
 */
export class OrderTracker {
  readonly #orders = new Map<string, TrackedOrder>();
  /** How many of them a symbol has; none: no entry. */
  readonly #openIn = new Map<SymbolId, number>();
  /** Of them, those in these states, in the order in which they came to them. */
  readonly #sent = new Set<TrackedOrder>();
  readonly #unknown = new Set<TrackedOrder>();
  /** Orders that were acked and that the stream has told nothing of, by when they were; the oldest first. */
  readonly #untold = new Map<string, number>();
  /** An order without any word for so long is one whose outcome was lost. */
  #outcomeMs = OUTCOME_MS;
  /** Of the books, signed. */
  readonly #heldSteps: (symbolId: SymbolId) => number;
  #version = 0;

  constructor(wordFloorMs: number, heldSteps: (symbolId: SymbolId) => number) {
    this.setWordFloor(wordFloorMs);
    this.#heldSteps = heldSteps;
  }

  get outcomeMs(): number {
    return this.#outcomeMs;
  }

  setWordFloor(wordFloorMs: number): void {
    this.#outcomeMs = Math.max(OUTCOME_MS, wordFloorMs);
  }

  /** Another number after anything may have become known of an order. */
  get version(): number {
    return this.#version;
  }

  /** Orders that may still do something. */
  get openCount(): number {
    return this.#orders.size;
  }

  get unknownCount(): number {
    return this.#unknown.size;
  }

  /** When the oldest order was acked of which the stream has told nothing since; null: there is none. */
  get untoldSinceMs(): number | null {
    for (const ackedMs of this.#untold.values()) return ackedMs;
    return null;
  }

  forgetUntold(): void {
    this.#untold.clear();
  }

  /** The stream has told of the order. */
  told(clientOrderId: string): void {
    this.#untold.delete(clientOrderId);
    const order = this.#orders.get(clientOrderId);
    if (order !== undefined) order.isTold = true;
  }

  /** When the oldest order of unknown outcome was sent; null: there is none. */
  get unknownSinceMs(): number | null {
    let sinceMs: number | null = null;
    for (const { sentMs } of this.#unknown) sinceMs = Math.min(sinceMs ?? sentMs, sentMs);
    return sinceMs;
  }

  /** Orders that may still do something, in the order in which they were sent. */
  open(): Iterable<TrackedOrder> {
    return this.#orders.values();
  }

  get(clientOrderId: string): TrackedOrder | null {
    return this.#orders.get(clientOrderId) ?? null;
  }

  /** Something of ours is in flight, unknown or resting in the symbol. */
  hasOpen(symbolId: SymbolId): boolean {
    return this.#openIn.has(symbolId);
  }

  /** From now on the order is in flight. */
  sent(request: OrderRequest, nowMs: number): void {
    assert(!this.#orders.has(request.clientOrderId), "Invariant: a client order id is used once");
    assert(
      request.role !== "entry" || !this.#hasEntry(request.symbolId),
      "Invariant I1: a symbol has one live entry at most",
    );
    const order: TrackedOrder = {
      request,
      sentMs: nowMs,
      state: "sent",
      doubtedMs: 0,
      cumQtySteps: 0,
      filledSteps: 0,
      isTerminal: false,
      isSeen: false,
      isTold: false,
      isUnlisted: false,
      isSetOff: false,
      endStatus: null,
      isCancelled: false,
      endAnsweredMs: null,
      isPositionAgreed: false,
      agreeingMs: null,
      tradeIds: new Set(),
    };
    this.#orders.set(request.clientOrderId, order);
    this.#openIn.set(request.symbolId, (this.#openIn.get(request.symbolId) ?? 0) + 1);
    this.#sent.add(order);
    this.#version++;
  }

  #hasEntry(symbolId: SymbolId): boolean {
    if (!this.hasOpen(symbolId)) return false;
    for (const { request } of this.#orders.values())
      if (request.role === "entry" && request.symbolId === symbolId) return true;
    return false;
  }

  /** It was kept back until now. */
  departed(clientOrderId: string, nowMs: number): void {
    const order = this.#orders.get(clientOrderId);
    if (order !== undefined) order.sentMs = nowMs;
    this.#version++;
  }

  /** It was kept back, and will never be sent. */
  dropped(clientOrderId: string): readonly OrderChange[] {
    const order = this.#orders.get(clientOrderId);
    if (order === undefined) return [];
    this.#version++;
    this.#end(order);
    return [{ type: "refused", order, code: "LEVERAGE_UNCONFIRMED" }];
  }

  /** From now on its end is wanted. */
  cancelled(clientOrderId: string): void {
    const order = this.#orders.get(clientOrderId);
    if (order !== undefined) order.isCancelled = true;
    this.#version++;
  }

  on(event: EngineEvent): readonly OrderChange[] {
    if (event.type === "order-update") return this.onUpdate(event.update);
    if (event.type === "answer" || event.type === "order-outcome") this.#version++;
    if (event.type === "answer") return this.#onAnswer(event.answer, event.nowMs);
    if (event.type !== "order-outcome") return [];
    const order = this.#orders.get(event.clientOrderId);
    if (order === undefined) return [];
    const { outcome } = event;
    // The stream may have been faster: what it told of the order stands.
    if (outcome.type === "acked") {
      if (!order.isTold) this.#untold.set(event.clientOrderId, event.nowMs);
      return this.#working(order);
    }
    // A second order of that id was refused, by whoever sent it twice: nothing is told of the first.
    if (outcome.type === "refused" && outcome.code !== "DUPLICATE_ID") {
      if (order.state === "working") return [];
      this.#end(order);
      return [{ type: "refused", order, code: outcome.code }];
    }
    return this.#lost(order, event.nowMs);
  }

  /** The clock was set back, or set right: nothing of an order was later than now (CL01). */
  setBack(nowMs: number): void {
    for (const order of this.#orders.values()) {
      order.sentMs = Math.min(order.sentMs, nowMs);
      order.doubtedMs = Math.min(order.doubtedMs, nowMs);
      order.endAnsweredMs = earlier(order.endAnsweredMs, nowMs);
      order.agreeingMs = earlier(order.agreeingMs, nowMs);
    }
    for (const [id, ackedMs] of this.#untold) this.#untold.set(id, Math.min(ackedMs, nowMs));
    this.#version++;
  }

  /** Orders that nobody has told of for too long. */
  overdue(nowMs: number): readonly OrderChange[] {
    const changes: OrderChange[] = [];
    for (const order of this.#sent)
      if (nowMs >= order.sentMs + this.outcomeMs) changes.push(...this.#lost(order, nowMs));
    return changes;
  }

  /** The account's own word of an order; a trade that was asked for comes the same way. */
  onUpdate(update: OrderUpdate): readonly OrderChange[] {
    const order = this.#orders.get(update.clientOrderId);
    if (order === undefined) return [];
    this.#version++;
    const isEnd = TERMINAL.has(update.status);
    const seen = this.#seen(order);
    // An order whose first word is its end works no more.
    const changes: OrderChange[] = isEnd ? [] : [...seen];
    const { fill } = update;
    if (fill !== null && !order.tradeIds.has(fill.tradeId)) {
      order.tradeIds.add(fill.tradeId);
      order.filledSteps += fill.qtySteps;
      order.agreeingMs = null;
      assert(
        order.filledSteps <= order.request.qtySteps || isWhole(order.request),
        "Invariant: an order fills no more than it asked for",
      );
      changes.push({ type: "filled", order, fill });
    }
    order.cumQtySteps = Math.max(order.cumQtySteps, update.cumQtySteps);
    order.isTerminal ||= isEnd;
    order.isSetOff ||= SET_OFF.has(update.status);
    if (isEnd) order.endStatus = update.status;
    return [...changes, ...this.#endIfAllTold(order)];
  }

  #onAnswer(answer: AccountAnswer, nowMs: number): readonly OrderChange[] {
    if (answer.type === "order") return this.#onOrderAnswer(answer, nowMs);
    if (answer.type === "open-orders") return this.#onList(answer.orders, answer.askedMs);
    if (answer.type === "positions") this.#onPositions(answer.positions, answer.askedMs);
    if (answer.type !== "trades" || answer.query.type !== "trades") return [];
    const { symbolId, sinceMs } = answer.query;
    const changes: OrderChange[] = [];
    for (const order of this.#orders.values())
      if (order.request.symbolId === symbolId && sinceMs <= order.sentMs)
        changes.push(...this.#onTradesTold(order, answer.askedMs));
    return changes;
  }

  #onOrderAnswer({ query, update, askedMs }: OrderAnswer, nowMs: number): readonly OrderChange[] {
    const order = query.type === "order" ? this.#orders.get(query.clientOrderId) : undefined;
    if (order === undefined) return [];
    if (update === null) return this.#onAbsent(order, askedMs, nowMs);
    const isEnd = TERMINAL.has(update.status);
    if (order.endAnsweredMs === null) order.agreeingMs = null;
    const isPowerless =
      isEnd && order.endAnsweredMs === null && !DONE.has(update.status) && !order.isCancelled;
    if (isEnd) order.endAnsweredMs ??= nowMs;
    if (isEnd) order.endStatus = update.status;
    const seen = this.#seen(order);
    order.cumQtySteps = Math.max(order.cumQtySteps, update.cumQtySteps);
    if (!isEnd) return seen;
    const ended = this.#endIfAllTold(order);
    return isPowerless && ended.length === 0 ? [{ type: "powerless", order }] : ended;
  }

  /** What is listed rests; what is not, and should, is asked for one by one. */
  #onList(listed: readonly OpenOrder[], askedMs: number): readonly OrderChange[] {
    const changes: OrderChange[] = [];
    const open = new Map(listed.map((one) => [one.request.clientOrderId, one]));
    for (const order of this.#orders.values()) {
      const found = open.get(order.request.clientOrderId);
      if (found !== undefined) {
        changes.push(...this.#seen(order));
        order.cumQtySteps = Math.max(order.cumQtySteps, found.cumQtySteps);
      } else if (order.state === "working" && askedMs >= order.sentMs + LISTED_MS) order.isUnlisted = true;
    }
    return changes;
  }

  #onPositions(positions: readonly VenuePosition[], askedMs: number): void {
    for (const order of this.#orders.values()) {
      if (order.endAnsweredMs === null || askedMs < order.endAnsweredMs) continue;
      const { symbolId } = order.request;
      const venueSteps = positions.find((held) => held.symbolId === symbolId)?.qtySteps ?? 0;
      order.isPositionAgreed = venueSteps === this.#heldSteps(symbolId);
      if (!order.isPositionAgreed) order.agreeingMs = null;
    }
  }

  /** The venue knows no such order: believed when the order is old enough and two answers say so. */
  #onAbsent(order: TrackedOrder, askedMs: number, nowMs: number): readonly OrderChange[] {
    if (order.isTerminal || order.endAnsweredMs !== null) return [];
    const isStanding = order.state === "working" && order.request.type === "stop-market";
    const absentMs = order.request.role === "entry" ? ABSENT_AGE_MS.entry : ABSENT_AGE_MS.other;
    const age = isStanding ? GHOST_AGE_MS : absentMs;
    if (order.state === "missing") {
      if (nowMs >= order.doubtedMs + MISSING_MS) this.#end(order);
      return [];
    }
    if (askedMs < order.sentMs + absentMs) return [];
    order.agreeingMs ??= askedMs;
    if (askedMs < order.agreeingMs + AGREE_MS || askedMs < order.sentMs + age) return [];
    if (isStanding) {
      order.state = "missing";
      order.doubtedMs = nowMs;
      order.isCancelled = true;
    } else this.#end(order);
    return [{ type: "ended", order }];
  }

  /** All its trades until `askedMs` were told; an answered end is believed after the second time, if the position agrees. */
  #onTradesTold(order: TrackedOrder, askedMs: number): readonly OrderChange[] {
    if (order.endAnsweredMs === null || askedMs < order.endAnsweredMs) return [];
    order.agreeingMs ??= askedMs;
    if (askedMs < order.agreeingMs + AGREE_MS || !order.isPositionAgreed) return [];
    order.isTerminal = true;
    return this.#endIfAllTold(order);
  }

  /** The venue has it in its books. */
  #seen(order: TrackedOrder): readonly OrderChange[] {
    order.isSeen = true;
    order.isUnlisted = false;
    if (order.state === "missing") return [{ type: "appeared", order }];
    return this.#working(order);
  }

  #working(order: TrackedOrder): readonly OrderChange[] {
    if (order.state !== "sent" && order.state !== "unknown") return [];
    order.state = "working";
    this.#sent.delete(order);
    this.#unknown.delete(order);
    return [{ type: "working", order }];
  }

  #lost(order: TrackedOrder, nowMs: number): readonly OrderChange[] {
    if (order.state !== "sent") return [];
    order.state = "unknown";
    this.#sent.delete(order);
    this.#unknown.add(order);
    this.#version++;
    order.doubtedMs = nowMs;
    return [{ type: "unknown", order }];
  }

  /** A stop that has finished may have trades on their way still: it ends when they are all told. */
  #endIfAllTold(order: TrackedOrder): readonly OrderChange[] {
    const isFilled = order.filledSteps === order.request.qtySteps && !isWhole(order.request);
    if (!isFilled && !(order.isTerminal && order.filledSteps >= order.cumQtySteps)) return [];
    this.#end(order);
    return [{ type: "ended", order }];
  }

  #end(order: TrackedOrder): void {
    order.state = "ended";
    this.#sent.delete(order);
    this.#unknown.delete(order);
    const { clientOrderId, symbolId } = order.request;
    if (!this.#orders.delete(clientOrderId)) return;
    const left = (this.#openIn.get(symbolId) ?? 0) - 1;
    if (left > 0) this.#openIn.set(symbolId, left);
    else this.#openIn.delete(symbolId);
  }
}

function isWhole(request: OrderRequest): boolean {
  return request.type === "stop-market" && request.isClosePosition === true;
}
