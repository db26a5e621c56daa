import type { OrderRole } from "@smcq/exchange";
import type { SymbolId } from "@smcq/kernel";
import type { Command, EngineEvent, EventStamp } from "../../events.ts";
import { DurationHistogram } from "./histogram.ts";
import type { Holdings } from "../holdings.ts";
import type { OrderChange } from "../stages/order-tracker.ts";
import { coveredSteps, type Trade } from "../trade.ts";

/** Orders and cancels whose answer is waited for; of more the oldest are not measured. */
export const MEASURED_MAX = 1_024;

export const ROUND_TRIP_KINDS = ["entry", "stop", "target", "exit", "cancel"] as const;
export type RoundTripKind = (typeof ROUND_TRIP_KINDS)[number];

/** What an order of unknown outcome turned out to be. */
export const RESOLUTIONS = ["working", "ended", "refused", "absent"] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

/** What the books had to be put right by: somebody's position, the wallet, a trade no word told, a payment told late. */
export const DIFFERENCES = ["position", "wallet", "trade", "payment"] as const;
export type Difference = (typeof DIFFERENCES)[number];

interface Naked extends EventStamp {
  readonly trade: Trade;
}

function counters<K extends string>(names: readonly K[]): Record<K, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<K, number>;
}

/**
 * Counts what happened on the side of orders, by events and commands alone: a replay counts the same. It decides nothing.
 * Venue time is that of the market; wall time is that of this machine's monotonic clock, which `sim` runs slower than.
 */
export class TradingTally {
  readonly #holdings: Holdings;
  readonly #naked = new Map<SymbolId, Naked>();
  readonly nakedVenueMs: DurationHistogram = new DurationHistogram();
  readonly nakedWallMs: DurationHistogram = new DurationHistogram();
  /** From the command to its answer, of a cancel to the order's end; wall ms. */
  readonly roundTripMs: Readonly<Record<RoundTripKind, DurationHistogram>> = {
    entry: new DurationHistogram(),
    stop: new DurationHistogram(),
    target: new DurationHistogram(),
    exit: new DurationHistogram(),
    cancel: new DurationHistogram(),
  };
  readonly #sentNs = new Map<string, { readonly kind: RoundTripKind; readonly atNs: number }>();
  readonly #cancelledNs = new Map<string, number>();
  readonly #unknown = new Set<string>();
  readonly unknownOutcomes: Record<RoundTripKind, number> = counters(ROUND_TRIP_KINDS);
  readonly resolutions: Record<Resolution, number> = counters(RESOLUTIONS);
  readonly differences: Record<Difference, number> = counters(DIFFERENCES);
  /** Answers about what the venue holds for us, and when the last one came, venue ms; null: none has. */
  reconciliations = 0;
  reconciledMs: number | null = null;
  #wasWalletDoubtful = false;

  constructor(holdings: Holdings) {
    this.#holdings = holdings;
  }

  /** Positions that stand without a confirmed stop for all of it now. */
  get nakedCount(): number {
    return this.#naked.size;
  }

  /** Orders and cancels whose answer is waited for. */
  get waiting(): number {
    return this.#sentNs.size + this.#cancelledNs.size;
  }

  differed(what: Difference, count = 1): void {
    this.differences[what] += count;
  }

  /** Takes an event, and what it changed about orders, after all stages have had it. */
  on(event: EngineEvent, changes: readonly OrderChange[]): void {
    if (event.type === "restarted") this.#forget();
    if (event.type === "order-outcome") this.#answered(event.clientOrderId, event.nowNs);
    if (event.type === "answer" && event.answer.type === "positions") {
      this.reconciliations++;
      this.reconciledMs = event.nowMs;
    }
    const { isWalletDoubtful } = this.#holdings;
    if (isWalletDoubtful && !this.#wasWalletDoubtful) this.differed("wallet");
    this.#wasWalletDoubtful = isWalletDoubtful;
    for (const change of changes) this.#changed(change, event.nowNs);
    this.#watchCover(event);
  }

  /** Takes what leaves because of an event. */
  sent(commands: readonly Command[], from: number, { nowNs }: EventStamp): void {
    for (let at = from; at < commands.length; at++) {
      const command = commands[at];
      if (command?.type === "submit") {
        const { clientOrderId, role } = command.order.value;
        keep(this.#sentNs, clientOrderId, { kind: kindOf(role), atNs: nowNs });
      } else if (command?.type === "cancel" && !this.#cancelledNs.has(command.clientOrderId))
        keep(this.#cancelledNs, command.clientOrderId, nowNs);
      else if (command?.type === "trade-corrected") this.differed("payment");
    }
  }

  #answered(clientOrderId: string, nowNs: number): void {
    const sent = this.#sentNs.get(clientOrderId);
    if (sent === undefined) return;
    this.#sentNs.delete(clientOrderId);
    this.roundTripMs[sent.kind].add((nowNs - sent.atNs) / 1e6);
  }

  #changed(change: OrderChange, nowNs: number): void {
    const { request, endStatus, isSeen } = change.order;
    const { clientOrderId, role } = request;
    if (change.type === "unknown") {
      this.#unknown.add(clientOrderId);
      this.unknownOutcomes[kindOf(role)]++;
      return;
    }
    const isOver = change.type === "ended" || change.type === "refused";
    if (isOver || change.type === "working" || change.type === "filled") {
      const ended = endStatus === null && !isSeen ? "absent" : "ended";
      const found = change.type === "ended" || change.type === "filled" ? ended : change.type;
      if (this.#unknown.delete(clientOrderId)) this.resolutions[found]++;
    }
    if (!isOver) return;
    const cancelledNs = this.#cancelledNs.get(clientOrderId);
    if (cancelledNs === undefined) return;
    this.#cancelledNs.delete(clientOrderId);
    this.roundTripMs.cancel.add((nowNs - cancelledNs) / 1e6);
  }

  /** A spell without cover begins with the first event after which there is none, and ends with cover, or with the position. */
  #watchCover({ nowMs, nowNs }: EventStamp): void {
    const { trades } = this.#holdings;
    for (const [symbolId, { trade, nowMs: sinceMs, nowNs: sinceNs }] of this.#naked) {
      if (trades.get(symbolId) === trade && isNaked(trade)) continue;
      this.#naked.delete(symbolId);
      this.nakedVenueMs.add(nowMs - sinceMs);
      this.nakedWallMs.add((nowNs - sinceNs) / 1e6);
    }
    for (const [symbolId, trade] of trades)
      if (!this.#naked.has(symbolId) && isNaked(trade)) this.#naked.set(symbolId, { trade, nowMs, nowNs });
  }

  /** Monotonic times of another process say nothing. */
  #forget(): void {
    this.#sentNs.clear();
    this.#cancelledNs.clear();
    this.#naked.clear();
  }
}

function isNaked(trade: Trade): boolean {
  return trade.qtySteps > 0 && coveredSteps(trade) < trade.qtySteps;
}

function kindOf(role: OrderRole): Exclude<RoundTripKind, "cancel"> {
  return role === "adopted" ? "stop" : role;
}

/** Keeps the newest `MEASURED_MAX`. */
function keep<V>(map: Map<string, V>, key: string, value: V): void {
  map.set(key, value);
  if (map.size <= MEASURED_MAX) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
