import type { AccountAnswer, Fill, OpenOrder, Outcome, VenuePosition } from "@smcq/exchange";
import { divRound, type SymbolId } from "@smcq/kernel";
import type { Alarm } from "../alarm.ts";
import type { Books } from "../books.ts";
import type { EngineEvent } from "../../events.ts";
import type { Holdings } from "../holdings.ts";
import { coveredSteps, earlier } from "../trade.ts";
import {
  CHECK_AGAIN_MS,
  CHECK_MS,
  DAY_LATE_MS,
  DAY_MS,
  INCOME_AGREE,
  INCOME_AGREE_GAP,
  INCOME_LOOK_BACK_MS,
  LOOK_BACK_MS,
  SILENT_MS,
  STALE_MS,
  STOP_SLOTS_MAX,
  TRADES_WAIT_MS,
  WALLET_DRIFT_DIVISOR,
  WATCH_MS,
  nextDayMs,
} from "./check-times.ts";
import type { Turn } from "./closing-orders.ts";
import { AGREE_MS, type OrderTracker } from "./order-tracker.ts";

/** Refusals that say so. */
const LOOK: ReadonlySet<string> = new Set(["REDUCE_ONLY_REJECT", "MARGIN_INSUFFICIENT"]);

/** What the venue says of a symbol, against the books. */
interface Difference {
  readonly venueSteps: number;
  readonly askedMs: number;
  /** When it was first seen. */
  readonly sinceMs: number;
  /** When the question left whose answer told the symbol's trades. */
  tradesMs: number;
}

/** What is held, or what the order came to, may be something else than we think. */
function isDoubtful(outcome: Outcome): boolean {
  return outcome.type === "unknown" || (outcome.type === "refused" && LOOK.has(outcome.code));
}

type Answered<Type extends AccountAnswer["type"]> = Extract<AccountAnswer, { type: Type }>;

/**
 * Holds the books against what the venue says: positions, resting orders, wallet. Learning what was missed may follow
 * from one answer; anything else needs two that agree, both asked after the last word of the symbol (docs/trading.md 5).
 */
export class AccountCheck {
  readonly #holdings: Holdings;
  readonly #orders: OrderTracker;
  readonly #books: Books;
  readonly #alarm: Alarm;
  readonly #differences = new Map<SymbolId, Difference>();
  /** The last word of each symbol, and of money at all. */
  readonly #toldMs = new Map<SymbolId, number>();
  #moneyMs = 0;
  /** Orders of ours that nobody keeps any more, by when they were first listed. */
  #strays = new Map<string, number>();
  /** When the last questions left whose answers agreed with the positions, and listed what rests. */
  #agreedMs = -1;
  #listedMs = -1;
  /** When the account's words came (again). */
  #liveMs = 0;
  /** When the stream was last found silent. */
  #silentMs = 0;
  #dueMs = Number.POSITIVE_INFINITY;
  /** When the last UTC day is looked at as a whole. */
  #dayDueMs = Number.POSITIVE_INFINITY;
  /** Until when it is looked at closely. */
  #watchUntilMs = 0;
  /** When the wallet was read that the run began with: what happened before is in it. */
  #startMs: number | null = null;
  /** The last agreement but one. */
  #positionsAgreedMs = 0;
  #lastAgreedMs = 0;
  /** Until when the venue's account book is known, or need not be. */
  #incomeMs = 0;
  /** Lists of payments in a row that had nothing new. */
  #incomeAgreed = 0;
  #walletDoubtMs: number | null = null;
  /** The last wallet was not ours to the last unit. */
  #hasGap = false;
  /** When the last question left whose answer was the wallet of the books to the last unit. */
  #walletAgreedMs = -1;

  constructor(
    parts: { readonly holdings: Holdings; readonly orders: OrderTracker; readonly books: Books },
    alarm: Alarm,
  ) {
    this.#holdings = parts.holdings;
    this.#orders = parts.orders;
    this.#books = parts.books;
    this.#alarm = alarm;
  }

  /** The clock was set back, or set right: nothing was told, agreed or in doubt later than now (CL01). */
  setBack(nowMs: number): void {
    this.#differences.clear();
    this.#strays.clear();
    for (const [symbolId, toldMs] of this.#toldMs) this.#toldMs.set(symbolId, Math.min(toldMs, nowMs));
    this.#moneyMs = Math.min(this.#moneyMs, nowMs);
    this.#liveMs = Math.min(this.#liveMs, nowMs);
    this.#silentMs = Math.min(this.#silentMs, nowMs);
    this.#agreedMs = Math.min(this.#agreedMs, nowMs);
    this.#listedMs = Math.min(this.#listedMs, nowMs);
    this.#walletAgreedMs = Math.min(this.#walletAgreedMs, nowMs);
    this.#positionsAgreedMs = Math.min(this.#positionsAgreedMs, nowMs);
    this.#lastAgreedMs = Math.min(this.#lastAgreedMs, nowMs);
    this.#incomeMs = Math.min(this.#incomeMs, nowMs);
    this.#walletDoubtMs = earlier(this.#walletDoubtMs, nowMs);
  }

  /** Takes an answer; returns rows for what the venue holds and no trade explains. */
  hear(event: EngineEvent, turn: Turn): readonly Fill[] {
    if (this.#startMs === null) {
      this.#startMs = this.#holdings.options.startWalletMs ?? turn.nowMs;
      this.#positionsAgreedMs = turn.nowMs;
      this.#lastAgreedMs = turn.nowMs;
      this.#incomeMs = this.#startMs;
      this.#dayDueMs = nextDayMs(turn.nowMs) + DAY_LATE_MS;
    }
    if (event.type === "order-update") {
      this.told(event.update.symbolId, event.update.fill !== null, turn);
      this.#holdings.isStreamSilent = false;
    } else if (event.type === "income") this.#moneyMs = turn.nowMs;
    else if (event.type === "account-stream" && event.isLive) {
      this.#look(turn);
      this.#liveMs = turn.nowMs;
      this.#holdings.isUnchecked = true;
    }
    // What is held, or in the wallet, is not what we thought.
    else if (event.type === "order-outcome" && isDoubtful(event.outcome)) this.#look(turn);
    this.#hearken(turn);
    return event.type === "answer" ? this.#onAnswer(event.answer, turn) : [];
  }

  /** Now, and closely for a while. */
  #look(turn: Turn): void {
    this.#dueMs = turn.nowMs;
    this.#watch(turn);
  }

  #watch({ nowMs }: Turn): void {
    this.#watchUntilMs = nowMs + WATCH_MS;
  }

  /** Something of the symbol was told: what was asked before says nothing any more. */
  told(symbolId: SymbolId, isMoney: boolean, { nowMs }: Turn): void {
    this.#toldMs.set(symbolId, nowMs);
    if (isMoney) this.#moneyMs = nowMs;
  }

  /** Our own orders are acked, and the stream tells nothing of one: it may be silent for everything (AC07, PR16). */
  #hearken(turn: Turn): void {
    const { untoldSinceMs } = this.#orders;
    if (untoldSinceMs === null) return;
    const dueMs = untoldSinceMs + Math.max(SILENT_MS, 2 * this.#holdings.options.wordFloorMs);
    this.#alarm.at(dueMs, turn);
    if (turn.nowMs < dueMs) return;
    this.#orders.forgetUntold();
    this.#look(turn);
    this.#silentMs = turn.nowMs;
    this.#holdings.isStreamSilent = true;
  }

  /** Asks when it is time. */
  on(turn: Turn): void {
    if (turn.nowMs >= this.#dueMs) {
      this.#dueMs = Number.POSITIVE_INFINITY;
      for (const type of ["positions", "open-orders", "wallet"] as const)
        turn.commands.push({ type: "ask", query: { type } });
      for (const [symbolId, sinceMs] of this.#books.unexplained(turn.nowMs))
        turn.commands.push({ type: "ask", query: { type: "trades", symbolId, sinceMs } });
    }
    if (turn.nowMs >= this.#dayDueMs) {
      const sinceMs = this.#since(this.#dayDueMs - DAY_LATE_MS - DAY_MS);
      turn.commands.push({ type: "ask", query: { type: "income", sinceMs } });
      this.#dayDueMs = nextDayMs(turn.nowMs) + DAY_LATE_MS;
    }
    this.#alarm.at(this.#dayDueMs, turn);
    const { reconcileMs } = this.#holdings.options.protocol;
    this.#again(turn.nowMs < this.#watchUntilMs ? Math.min(CHECK_MS, reconcileMs) : reconcileMs, turn);
    this.#alarm.at(this.#dueMs, turn);
  }

  #again(afterMs: number, { nowMs }: Turn): void {
    this.#dueMs = Math.min(this.#dueMs, nowMs + afterMs);
  }

  #onAnswer(answer: AccountAnswer, turn: Turn): readonly Fill[] {
    switch (answer.type) {
      case "positions":
        return this.#onPositions(answer, turn);
      case "open-orders":
        this.#onOpenOrders(answer, turn);
        return [];
      case "wallet":
        this.#onWallet(answer, turn);
        return [];
      case "income":
        this.#onIncome(answer, turn);
        return [];
      case "trades": {
        const difference =
          "symbolId" in answer.query ? this.#differences.get(answer.query.symbolId) : undefined;
        if (difference !== undefined) difference.tradesMs = Math.max(difference.tradesMs, answer.askedMs);
        return [];
      }
      case "failed":
        // What may be bare is not left unknown for long.
        if (answer.query.type !== "order")
          this.#again(this.#holdings.isUnchecked ? CHECK_AGAIN_MS : TRADES_WAIT_MS, turn);
        return [];
      case "limits":
      case "settings":
      case "order":
        return [];
      default:
        answer satisfies never;
        return [];
    }
  }

  #onPositions({ positions, askedMs }: Answered<"positions">, turn: Turn): readonly Fill[] {
    const rows: Fill[] = [];
    const venue = new Map(positions.map((position) => [position.symbolId, position]));
    const ours = this.#holdings.portfolio.positions().map(({ symbolId }) => symbolId);
    // What differed before may have come to nothing on both sides since.
    const asked = new Set([...ours, ...venue.keys(), ...this.#differences.keys()]);
    for (const symbolId of [...asked].sort((a, b) => a - b)) {
      if (this.#holdings.symbol(symbolId) === null) continue;
      rows.push(...this.#compare(symbolId, { position: venue.get(symbolId) ?? null, askedMs }, turn));
    }
    if (this.#differences.size === 0) {
      // One answer may be wrong, and agree with books that miss a trade.
      this.#positionsAgreedMs = this.#lastAgreedMs;
      this.#lastAgreedMs = askedMs;
      this.#agreedMs = askedMs;
      this.#settle();
    } else {
      this.#watch(turn);
      this.#again(CHECK_AGAIN_MS, turn);
    }
    return rows;
  }

  /** Positions agree and what rests is known, both asked since the account's words came again. */
  #settle(): void {
    const knownMs = Math.min(this.#agreedMs, this.#listedMs);
    if (knownMs >= this.#liveMs) this.#holdings.isUnchecked = false;
    if (knownMs >= this.#silentMs) this.#holdings.isStreamSilent = false;
  }

  #since(ms: number): number {
    return Math.max(ms, this.#startMs ?? ms);
  }

  /** One symbol's position at the venue and in the books; rows when their difference is beyond doubt. */
  #compare(
    symbolId: SymbolId,
    { position, askedMs }: { readonly position: VenuePosition | null; readonly askedMs: number },
    turn: Turn,
  ): readonly Fill[] {
    const held = this.#holdings.portfolio.position(symbolId);
    const ourSteps = held === null ? 0 : held.side * held.qtySteps;
    const venueSteps = position?.qtySteps ?? 0;
    if (venueSteps === ourSteps) {
      this.#differences.delete(symbolId);
      return [];
    }
    const toldMs = this.#toldMs.get(symbolId) ?? 0;
    const seen = this.#differences.get(symbolId);
    const sinceMs = this.#since(this.#positionsAgreedMs - LOOK_BACK_MS);
    const isNew = seen === undefined || seen.venueSteps !== venueSteps || seen.askedMs <= toldMs;
    if (isNew) this.#differences.set(symbolId, { venueSteps, askedMs, sinceMs: turn.nowMs, tradesMs: 0 });
    else if (askedMs > toldMs && askedMs >= seen.askedMs + AGREE_MS) {
      const isLess = venueSteps * ourSteps >= 0 && Math.abs(venueSteps) < Math.abs(ourSteps);
      // Whatever reduced it would have moved the wallet: the snapshot is of before (PR16).
      const isStale = isLess && this.#walletAgreedMs >= seen.askedMs && turn.nowMs < seen.sinceMs + STALE_MS;
      const waitMs = Math.max(TRADES_WAIT_MS, 2 * this.#holdings.options.wordFloorMs);
      const isAsked = seen.tradesMs >= seen.askedMs || turn.nowMs >= seen.sinceMs + waitMs;
      const ticks = this.#ticksOf(symbolId, position);
      if (isAsked && !isStale && ticks !== null) {
        this.#differences.delete(symbolId);
        this.told(symbolId, true, turn);
        return this.#books.rows(symbolId, venueSteps - ourSteps, { ticks, atMs: turn.nowMs, sinceMs });
      }
    }
    turn.commands.push({ type: "ask", query: { type: "trades", symbolId, sinceMs } });
    return [];
  }

  /** What a trade that nobody tells may have cost: the venue's own average, the mark, or our average; null: nobody says. */
  #ticksOf(symbolId: SymbolId, position: VenuePosition | null): number | null {
    const { portfolio } = this.#holdings;
    const held = portfolio.position(symbolId);
    const { tickE8, tickSize } = portfolio.rules(symbolId);
    // An odd record has no price (PR13).
    const toldE8 = position !== null && position.entryPriceE8 > 0n ? position.entryPriceE8 : null;
    const priceE8 = (held === null ? toldE8 : null) ?? portfolio.markE8(symbolId);
    if (priceE8 !== null) return Math.max(1, Number(divRound(priceE8, tickE8)));
    return held === null ? null : Math.max(1, Math.round(held.avgPrice / tickSize));
  }

  /** Orders of ours that nobody keeps are taken back when two lists have them, and never a stop that guards alone. */
  #onOpenOrders({ orders, askedMs }: Answered<"open-orders">, turn: Turn): void {
    const strays = new Map<string, number>();
    for (const open of orders) {
      const { clientOrderId, symbolId, type } = open.request;
      if (!this.#isStray(open)) continue;
      const firstMs = this.#strays.get(clientOrderId) ?? askedMs;
      strays.set(clientOrderId, firstMs);
      if (askedMs < firstMs + AGREE_MS || askedMs <= (this.#toldMs.get(symbolId) ?? 0)) continue;
      turn.commands.push({ type: "cancel", symbolId, clientOrderId, isAlgo: type === "stop-market" });
    }
    const waiting = orders.filter(({ request }) => request.type === "stop-market").length;
    this.#holdings.reduce("stop-slots", waiting >= STOP_SLOTS_MAX);
    this.#strays = strays;
    this.#listedMs = askedMs;
    this.#settle();
    if (strays.size === 0) return;
    this.#watch(turn);
    this.#again(CHECK_AGAIN_MS, turn);
  }

  #isStray({ request: { clientOrderId, symbolId } }: OpenOrder): boolean {
    if (!this.#holdings.isOwn(clientOrderId)) return false;
    if (this.#orders.get(clientOrderId) !== null || this.#differences.has(symbolId)) return false;
    const trade = this.#holdings.trades.get(symbolId);
    return trade === undefined || coveredSteps(trade) >= trade.qtySteps;
  }

  #onWallet({ walletE8, askedMs }: Answered<"wallet">, turn: Turn): void {
    if (askedMs <= this.#moneyMs) return;
    const ours = this.#holdings.portfolio.walletE8;
    const gap = walletE8 > ours ? walletE8 - ours : ours - walletE8;
    const size = ours < 0n ? -ours : ours;
    // Commissions that other assets' balances pay leave no trace in the wallet: then only the account book tells all.
    const isProven = gap === 0n && this.#holdings.portfolio.totals.feesElsewhereE8 === 0n;
    this.#hasGap = gap !== 0n;
    if (gap === 0n) this.#walletAgreedMs = askedMs;
    if (isProven) {
      this.#incomeMs = Math.max(this.#incomeMs, askedMs);
    } else {
      const sinceMs = this.#since(this.#incomeMs - INCOME_LOOK_BACK_MS);
      turn.commands.push({ type: "ask", query: { type: "income", sinceMs } });
      this.#watch(turn);
    }
    if (gap <= size / WALLET_DRIFT_DIVISOR) {
      this.#walletDoubtMs = null;
      this.#holdings.isWalletDoubtful = false;
      return;
    }
    // Lists that agreed before say nothing of what is missing now.
    this.#incomeAgreed = 0;
    if (this.#walletDoubtMs === null || this.#walletDoubtMs <= this.#moneyMs) this.#walletDoubtMs = askedMs;
    const isDoubtful = askedMs >= this.#walletDoubtMs + AGREE_MS;
    if (isDoubtful) this.#holdings.isWalletDoubtful = true;
    this.#again(isDoubtful ? TRADES_WAIT_MS : CHECK_AGAIN_MS, turn);
  }

  /** Payments count once; a trade that only the venue's account book knows is asked for. */
  #onIncome({ rows, askedMs }: Answered<"income">, turn: Turn): void {
    let sinceMs = this.#since(this.#incomeMs - INCOME_LOOK_BACK_MS);
    const asked = new Set<SymbolId>();
    let isNew = false;
    for (const { type, tradeId, ...row } of rows)
      if (row.timeMs < (this.#startMs ?? 0)) continue;
      else if (row.symbolId === null || (type !== "realised" && type !== "commission")) {
        // What a person's trade brought in a symbol that nobody here knows is a payment to us.
        const paid = type === "realised" || type === "commission" ? "other" : type;
        if (!this.#holdings.bookIncome({ ...row, type: paid })) continue;
        this.#moneyMs = turn.nowMs;
        isNew = true;
      } else if (tradeId !== null && this.#isMissed(row.symbolId, tradeId, row.incomeId)) {
        asked.add(row.symbolId);
        sinceMs = Math.min(sinceMs, this.#since(row.timeMs - LOOK_BACK_MS));
      }
    // One list may be without rows: only when several had nothing new is nothing older asked for again.
    this.#incomeAgreed = isNew || asked.size > 0 ? 0 : this.#incomeAgreed + 1;
    const needed = this.#hasGap ? INCOME_AGREE_GAP : INCOME_AGREE;
    if (this.#incomeAgreed >= needed && this.#walletDoubtMs === null)
      this.#incomeMs = Math.max(this.#incomeMs, askedMs);
    for (const symbolId of asked)
      turn.commands.push({ type: "ask", query: { type: "trades", symbolId, sinceMs } });
  }

  #isMissed(symbolId: SymbolId, tradeId: string, incomeId: string): boolean {
    const { portfolio } = this.#holdings;
    if (this.#holdings.symbol(symbolId) === null || portfolio.knowsIncome(incomeId)) return false;
    return !portfolio.knows({ symbolId, tradeId });
  }
}
