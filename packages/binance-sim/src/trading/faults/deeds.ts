import type { VenueEvent, VenueOrder } from "@smcq/exchange-sim";
import type { Endpoint } from "../../http/endpoint.ts";
import type { Parameters } from "../../http/parameters.ts";
import type { Agenda } from "../../stream/agenda.ts";
import type { AccountAudience, AccountDesk, TradedSymbol } from "../account-desk.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Person } from "./person.ts";
import type { Strikes } from "./strikes.ts";
import type { Troubles } from "./troubles.ts";
import type { FalseWords } from "./words.ts";

const PIECES = 20n;

interface Parts {
  readonly desk: AccountDesk;
  readonly strikes: Strikes;
  readonly agenda: Agenda;
  readonly troubles: Troubles;
  readonly person: Person;
  readonly words: FalseWords;
  /** EX29: orders that are not found. */
  readonly hidden: Deadlines;
  /** EX38: orders that are told as expired. */
  readonly denied: Deadlines;
}

/** What goes wrong while a call is carried out: the market that an order meets, and what is seen of it afterwards. */
export class CallDeeds implements AccountAudience {
  readonly #parts: Parts;
  readonly #desk: AccountDesk;
  readonly #strikes: Strikes;
  #isHiding = false;
  /** A conditional order of this call is cancelled so much later; null: it is not. */
  #cancel: { readonly delayMs: number; readonly isSilent: boolean } | null = null;
  readonly #restores: (() => void)[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#desk = parts.desk;
    this.#strikes = parts.strikes;
  }

  /** A new plan: what was hidden is seen. */
  restart(): void {
    this.#parts.hidden.clear();
    this.#parts.denied.clear();
  }

  /** Begins with a call; `end` is due when it has been carried out. */
  begin({ kind, name }: Endpoint, parameters: Parameters): void {
    const traded = this.#traded(parameters);
    if (traded === null) return;
    if (kind === "order" || kind === "stop") this.#isHiding = this.#strikes.next("EX29");
    if (kind === "stop") {
      if (this.#strikes.next("EX09")) this.#desk.exchange.setFiringRejected(traded.id, true);
      this.#cancel = this.#drawCancel();
    }
    if (name === "DELETE /fapi/v1/order" && this.#strikes.next("EX24")) this.#fillWaiting(traded);
    if (name !== "POST /fapi/v1/order" || parameters.search().get("type") !== "MARKET") return;
    this.#thinMarket(traded, parameters);
    if (this.#strikes.next("EX36"))
      this.#restores.push(this.#parts.person.offer(traded.id, parameters.search().get("side") === "BUY"));
  }

  #drawCancel(): { readonly delayMs: number; readonly isSilent: boolean } | null {
    if (this.#strikes.next("EX32"))
      return {
        delayMs: this.#strikes.value("EX32", "delay"),
        isSilent: (this.#strikes.value("EX32", "kind") || 1 + this.#strikes.pick("EX32", 2)) === 2,
      };
    if (!this.#strikes.next("EX10")) return null;
    return { delayMs: this.#strikes.value("EX10", "delay"), isSilent: false };
  }

  end(): void {
    this.#isHiding = false;
    this.#cancel = null;
    Object.assign(this.#parts.troubles, { isDenying: false, isHalving: false });
    for (const restore of this.#restores.splice(0)) restore();
  }

  /** What a wish for a leverage becomes. */
  leverage(asked: number): number {
    return this.#parts.troubles.isHalving ? Math.max(1, Math.floor(asked / 2)) : asked;
  }

  /** New orders of the present call are hidden or denied, or get a date at which somebody cancels them. */
  hear(event: VenueEvent): void {
    if (event.type === "order" && event.trade !== null && this.#desk.purse.isOpen)
      this.#strikes.count("AC09");
    if (event.type === "order" && event.execution === "NEW") {
      this.#hide(event.order.orderId);
      this.#deny(event.order.orderId);
    }
    if (event.type !== "algo" || event.algo.status !== "NEW") return;
    const { symbolId, clientAlgoId, algoId } = event.algo;
    this.#hide(algoId);
    if (this.#cancel === null) return;
    const { exchange } = this.#desk;
    const { agenda, words } = this.#parts;
    if (this.#cancel.isSilent) words.silence(algoId);
    agenda.add(this.#desk.nowMs + this.#cancel.delayMs, () =>
      this.#desk.act(() => exchange.cancelAlgo(symbolId, clientAlgoId, this.#desk.nowMs)),
    );
  }

  callIsOver(): void {}

  #hide(id: string): void {
    if (!this.#isHiding) return;
    this.#parts.hidden.set(id, this.#desk.nowMs + this.#strikes.value("EX29", "duration"));
  }

  #deny(orderId: string): void {
    if (!this.#parts.troubles.isDenying) return;
    this.#parts.denied.set(orderId, this.#desk.nowMs + this.#strikes.value("EX38", "duration"));
    this.#parts.words.hush(orderId);
  }

  isHidden(id: string): boolean {
    return this.#parts.hidden.holds(id, this.#desk.nowMs);
  }

  #traded(parameters: Parameters): TradedSymbol | null {
    const name = parameters.search().get("symbol");
    return name === null ? null : this.#desk.find(name);
  }

  /** Everything that waits in a symbol is taken. */
  #fillWaiting({ id }: TradedSymbol): void {
    const waiting = this.#desk.exchange.openOrders().filter(({ symbolId }) => symbolId === id);
    const leftE8 = (side: 1 | -1): bigint =>
      waiting
        .filter((order: VenueOrder) => order.side === side)
        .reduce((sum, { qtyE8, executedE8 }) => sum + qtyE8 - executedE8, 0n);
    for (const side of [1, -1] as const)
      this.#desk.exchange.takeWaiting(id, side, leftE8(side), this.#desk.nowMs);
  }

  /** A market in which an order is filled in pieces (EX07, EX42), or two fifths of it and no more (EX06, EX34). */
  #thinMarket({ id, rules, qtyPlaces }: TradedSymbol, parameters: Parameters): void {
    const qtyE8 = parameters.decimalE8("quantity", qtyPlaces) ?? 0n;
    const { exchange } = this.#desk;
    const isCut = this.#strikes.next("EX06") || this.#isExitCut(parameters);
    if (!isCut && !this.#strikes.next("EX07") && !this.#strikes.next("EX42")) return;
    const { stepE8 } = rules.marketLot;
    const wholeE8 = (wantedE8: bigint): bigint =>
      wantedE8 > stepE8 ? wantedE8 - (wantedE8 % stepE8) : stepE8;
    // A piece takes a tenth of the minute's volume.
    if (isCut) exchange.setOffer(id, wholeE8((qtyE8 * 2n) / 5n));
    else this.#desk.setVolume(id, 10n * wholeE8(qtyE8 / PIECES));
    this.#restores.push(() => {
      exchange.setOffer(id, null);
      this.#desk.setVolume(id, null);
    });
  }

  /** Its other kind is refused before it comes here (`CallFaults`). */
  #isExitCut(parameters: Parameters): boolean {
    if (!this.#strikes.isOn("EX34") || parameters.search().get("reduceOnly") !== "true") return false;
    const kind = this.#strikes.value("EX34", "kind") || 1 + this.#strikes.pick("EX34", 2);
    return kind === 1 && this.#strikes.next("EX34");
  }
}
