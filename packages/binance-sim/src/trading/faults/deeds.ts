import type { VenueEvent, VenueOrder } from "@smcq/exchange-sim";
import type { Endpoint } from "../../http/endpoint.ts";
import type { Parameters } from "../../http/parameters.ts";
import type { Agenda } from "../../stream/agenda.ts";
import type { AccountAudience, AccountDesk, TradedSymbol } from "../account-desk.ts";
import type { PrivateEvent } from "../stream/event-words.ts";
import type { Strikes } from "./strikes.ts";

const PIECES = 20n;
/** Ids that nobody finds are remembered; the oldest are forgotten. */
const HIDDEN_MAX = 1000;

/** What goes wrong while a call is carried out: the market that an order meets, and what is seen of it afterwards. */
export class CallDeeds implements AccountAudience {
  readonly #desk: AccountDesk;
  readonly #strikes: Strikes;
  readonly #agenda: Agenda;
  /** Until when an order of this id of the venue's is not found. */
  readonly #hiddenUntilMs = new Map<string, number>();
  #isHiding = false;
  #isCancelling = false;
  #restore: (() => void) | null = null;

  constructor(desk: AccountDesk, strikes: Strikes, agenda: Agenda) {
    this.#desk = desk;
    this.#strikes = strikes;
    this.#agenda = agenda;
  }

  /** A new plan: what was hidden is seen. */
  restart(): void {
    this.#hiddenUntilMs.clear();
  }

  /** Begins with a call; `end` is due when it has been carried out. */
  begin({ kind, name }: Endpoint, parameters: Parameters): void {
    const traded = this.#traded(parameters);
    if (traded === null) return;
    if (kind === "order" || kind === "stop") this.#isHiding = this.#strikes.next("EX29");
    if (kind === "stop") {
      if (this.#strikes.next("EX09")) this.#desk.exchange.setFiringRejected(traded.id, true);
      this.#isCancelling = this.#strikes.next("EX10");
    }
    if (name === "DELETE /fapi/v1/order" && this.#strikes.next("EX24")) this.#fillWaiting(traded);
    if (name === "POST /fapi/v1/order" && parameters.search().get("type") === "MARKET")
      this.#thinMarket(traded, parameters);
  }

  end(): void {
    this.#isHiding = false;
    this.#isCancelling = false;
    this.#restore?.();
    this.#restore = null;
  }

  /** New orders of the present call are hidden, or get a date at which somebody cancels them. */
  hear(event: VenueEvent): void {
    if (event.type === "order" && event.execution === "NEW") this.#hide(event.order.orderId);
    if (event.type !== "algo" || event.algo.status !== "NEW") return;
    const { symbolId, clientAlgoId, algoId } = event.algo;
    this.#hide(algoId);
    if (!this.#isCancelling) return;
    const { exchange } = this.#desk;
    this.#agenda.add(this.#desk.nowMs + this.#strikes.value("EX10", "delay"), () =>
      this.#desk.act(() => exchange.cancelAlgo(symbolId, clientAlgoId, this.#desk.nowMs)),
    );
  }

  callIsOver(): void {}

  #hide(id: string): void {
    if (!this.#isHiding) return;
    this.#hiddenUntilMs.set(id, this.#desk.nowMs + this.#strikes.value("EX29", "duration"));
    if (this.#hiddenUntilMs.size <= HIDDEN_MAX) return;
    const [oldest] = this.#hiddenUntilMs.keys();
    if (oldest !== undefined) this.#hiddenUntilMs.delete(oldest);
  }

  isHidden(id: string): boolean {
    return (this.#hiddenUntilMs.get(id) ?? 0) > this.#desk.nowMs;
  }

  /** How often an event is sent. */
  copies(event: PrivateEvent): number {
    const algoId = event.e === "ALGO_UPDATE" ? (event["o"] as { readonly aid: bigint }).aid : null;
    if (algoId !== null && this.isHidden(String(algoId))) return 0;
    return this.#strikes.next("EX05") ? 2 : 1;
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

  /** A market in which an order is filled in pieces (EX07), or two fifths of it and no more (EX06). */
  #thinMarket({ id, rules, qtyPlaces }: TradedSymbol, parameters: Parameters): void {
    const qtyE8 = parameters.decimalE8("quantity", qtyPlaces) ?? 0n;
    const { exchange } = this.#desk;
    const isCut = this.#strikes.next("EX06");
    if (!isCut && !this.#strikes.next("EX07")) return;
    const { stepE8 } = rules.marketLot;
    const wholeE8 = (wantedE8: bigint): bigint =>
      wantedE8 > stepE8 ? wantedE8 - (wantedE8 % stepE8) : stepE8;
    // A piece takes a tenth of the minute's volume.
    if (isCut) exchange.setOffer(id, wholeE8((qtyE8 * 2n) / 5n));
    else this.#desk.setVolume(id, 10n * wholeE8(qtyE8 / PIECES));
    this.#restore = () => {
      exchange.setOffer(id, null);
      this.#desk.setVolume(id, null);
    };
  }
}
