import type { HeldPosition, OrderWish, VenueAlgo, VenueOrder } from "@smcq/exchange-sim";
import { divRound, E8, type SymbolId } from "@smcq/kernel";
import type { AccountDesk } from "../account-desk.ts";

/** How a stop is dragged (AC14). */
export type Drag = "tighter" | "looser" | "close-position";

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** A person, or another program, who trades on the same account. */
export class Person {
  readonly #desk: AccountDesk;
  #deeds = 0;

  constructor(desk: AccountDesk) {
    this.#desk = desk;
  }

  /** Positions, the one that is worth most first. */
  byWorth(): readonly HeldPosition[] {
    const { exchange } = this.#desk;
    const worth = ({ symbolId, qtyE8 }: HeldPosition): bigint =>
      abs(qtyE8) * (exchange.lastPrint(symbolId)?.markE8 ?? 0n);
    return exchange.positions().toSorted((a, b) => (worth(b) > worth(a) ? 1 : worth(b) < worth(a) ? -1 : 0));
  }

  /** The conditional order that would close a position at a loss; undefined: none waits. */
  stopOf({ symbolId, qtyE8 }: HeldPosition): VenueAlgo | undefined {
    return this.#desk.exchange
      .openAlgos()
      .find((algo) => algo.symbolId === symbolId && algo.status === "NEW" && BigInt(algo.side) * qtyE8 < 0n);
  }

  /** The limit order that only reduces a position; undefined: none waits. */
  targetOf({ symbolId, qtyE8 }: HeldPosition): VenueOrder | undefined {
    return this.#desk.exchange
      .openOrders()
      .find((order) => order.symbolId === symbolId && order.isReduceOnly && BigInt(order.side) * qtyE8 < 0n);
  }

  /** Sells (or buys back) so many hundredths of a position at the market, a step at least. */
  leave({ symbolId, qtyE8 }: HeldPosition, percent: bigint, nowMs: number): void {
    const { stepE8 } = this.#desk.exchange.rules(symbolId).marketLot;
    const sharedE8 = (abs(qtyE8) * percent) / 100n;
    this.#place(
      {
        symbolId,
        side: qtyE8 > 0n ? -1 : 1,
        type: "MARKET",
        qtyE8: sharedE8 > stepE8 ? sharedE8 - (sharedE8 % stepE8) : stepE8,
        priceE8: 0n,
        isReduceOnly: true,
      },
      nowMs,
    );
  }

  /** Closes a position and opens it again, in one millisecond. */
  reopen(held: HeldPosition, nowMs: number): void {
    this.leave(held, 100n, nowMs);
    const { symbolId, qtyE8 } = held;
    const side = qtyE8 > 0n ? 1 : -1;
    this.#place(
      { symbolId, side, type: "MARKET", qtyE8: abs(qtyE8), priceE8: 0n, isReduceOnly: false },
      nowMs,
    );
  }

  /** Puts a stop somewhere else: the old one ends, and one of his own waits. False: there is none. */
  drag(held: HeldPosition, drag: Drag, nowMs: number): boolean {
    const { exchange } = this.#desk;
    const { symbolId } = held;
    const stop = this.stopOf(held);
    const print = exchange.lastPrint(symbolId);
    if (stop === undefined || print === null) return false;
    exchange.cancelAlgo(symbolId, stop.clientAlgoId, nowMs);
    const { tickE8 } = exchange.rules(symbolId);
    const awayE8 = stop.triggerPriceE8 - print.lastE8;
    const movedE8 = drag === "tighter" ? awayE8 / 2n : drag === "looser" ? awayE8 + awayE8 / 2n : awayE8;
    const isClosePosition = drag === "close-position";
    const { workingType, side } = stop;
    const reply = exchange.placeAlgo(
      {
        symbolId,
        clientAlgoId: this.#nextId("web"),
        side,
        type: "STOP_MARKET",
        triggerPriceE8: ((print.lastE8 + movedE8) / tickE8) * tickE8,
        priceE8: 0n,
        timeInForce: "GTC",
        qtyE8: isClosePosition ? 0n : abs(held.qtyE8),
        isClosePosition,
        isReduceOnly: !isClosePosition,
        workingType,
        isPriceProtected: false,
        selfTradePrevention: "EXPIRE_MAKER",
      },
      nowMs,
    );
    return reply.type === "done";
  }

  /** A limit order at the best price that a market order would meet; what is returned takes it back. */
  offer(symbolId: SymbolId, isBuyMeeting: boolean): () => void {
    const { exchange, nowMs } = this.#desk;
    const print = exchange.lastPrint(symbolId);
    if (print === null) return () => {};
    const { tickE8 } = exchange.rules(symbolId);
    const bidE8 = (print.lastE8 / tickE8) * tickE8;
    const priceE8 = isBuyMeeting ? bidE8 + tickE8 : bidE8;
    const order = this.#rest(symbolId, { side: isBuyMeeting ? -1 : 1, priceE8, prefix: "web" }, nowMs);
    return () => void (order === null || exchange.cancel(symbolId, order.clientOrderId, this.#desk.nowMs));
  }

  /** Somebody else's BUY 4 % below the last price. */
  waitBelow(symbolId: SymbolId, nowMs: number): boolean {
    const { exchange } = this.#desk;
    const print = exchange.lastPrint(symbolId);
    if (print === null) return false;
    const { tickE8 } = exchange.rules(symbolId);
    const priceE8 = (divRound(print.lastE8 * 96n, 100n) / tickE8) * tickE8;
    return this.#rest(symbolId, { side: 1, priceE8, prefix: "other" }, nowMs) !== null;
  }

  /** A limit order as large as the venue lets it be small. */
  #rest(
    symbolId: SymbolId,
    at: { readonly side: 1 | -1; readonly priceE8: bigint; readonly prefix: string },
    nowMs: number,
  ): VenueOrder | null {
    const { lot, minNotionalE8 } = this.#desk.exchange.rules(symbolId);
    const { side, priceE8, prefix } = at;
    const wantedE8 = (minNotionalE8 * E8) / priceE8 + lot.stepE8;
    const qtyE8 = (wantedE8 / lot.stepE8 + 1n) * lot.stepE8;
    return this.#place(
      {
        symbolId,
        side,
        type: "LIMIT",
        qtyE8: qtyE8 > lot.minE8 ? qtyE8 : lot.minE8,
        priceE8,
        isReduceOnly: false,
      },
      nowMs,
      prefix,
    );
  }

  #place(
    wish: Omit<OrderWish, "clientOrderId" | "timeInForce" | "selfTradePrevention">,
    nowMs: number,
    prefix = "web",
  ): VenueOrder | null {
    const clientOrderId = this.#nextId(prefix);
    const reply = this.#desk.exchange.place(
      { ...wish, clientOrderId, timeInForce: "GTC", selfTradePrevention: "EXPIRE_MAKER" },
      nowMs,
    );
    return reply.type === "done" ? reply.value : null;
  }

  #nextId(prefix: string): string {
    return `${prefix}_${String(++this.#deeds).padStart(12, "0")}`;
  }
}
