import type { AccountDesk } from "../account-desk.ts";
import type { PrivateEvent } from "../stream/event-words.ts";
import { Deadlines } from "./deadlines.ts";
import type { Strikes } from "./strikes.ts";

/** An event on its way to those who follow the stream, so much later (venue ms). */
export interface Telling {
  readonly event: PrivateEvent;
  readonly lateMs: number;
}

/** Which order an event is about, by the venue's ids; "" and 0: none. */
interface About {
  readonly orderId: string;
  readonly algoId: string;
}

const FOREVER_MS = Number.MAX_SAFE_INTEGER;
/** How late a word of a stop that fires may come (EX37). */
const CONFUSED_LATE_MS = 900;
const FUNDING_LATE_MS = 5_000;

/** What becomes of the private stream's events: lost, late, doubled, or as they are. */
export class FalseWords {
  readonly #desk: AccountDesk;
  readonly #strikes: Strikes;
  /** EX29: conditional orders that nobody is told of. */
  readonly #hidden: Deadlines;
  /** EX32: conditional orders whose end is not told. */
  readonly #silenced: Deadlines = new Deadlines();
  /** EX37: conditional orders whose words come in any order. */
  readonly #confused: Deadlines = new Deadlines();
  /** EX38: regular orders that nothing is told of. */
  readonly #hushed: Deadlines = new Deadlines();
  /** AC12: regular orders, and how late their words are; -1: they never come. */
  readonly #overtaken = new Map<string, number>();
  #draws = 0;

  constructor(desk: AccountDesk, strikes: Strikes, hidden: Deadlines) {
    this.#desk = desk;
    this.#strikes = strikes;
    this.#hidden = hidden;
  }

  /** A new plan: all is told. */
  restart(): void {
    this.#silenced.clear();
    this.#confused.clear();
    this.#hushed.clear();
    this.#overtaken.clear();
  }

  silence(algoId: string): void {
    this.#silenced.set(algoId, FOREVER_MS);
  }

  confuse(algoId: string): void {
    this.#confused.set(algoId, FOREVER_MS);
  }

  hush(orderId: string): void {
    this.#hushed.set(orderId, FOREVER_MS);
  }

  tell(event: PrivateEvent): readonly Telling[] {
    const about = this.#aboutOf(event);
    if (this.#isLost(event, about)) return [];
    const tellings = this.#changed(event, about);
    return this.#strikes.next("EX05") ? [...tellings, ...tellings] : tellings;
  }

  #isLost({ e, o }: PrivateEvent, { orderId, algoId }: About): boolean {
    const { nowMs } = this.#desk;
    if (e === "ALGO_UPDATE" && this.#hidden.holds(algoId, nowMs)) return true;
    const isEnd = e === "ALGO_UPDATE" && (o as { readonly X: string }).X === "CANCELED";
    return (isEnd && this.#silenced.holds(algoId, nowMs)) || this.#hushed.holds(orderId, nowMs);
  }

  #changed(event: PrivateEvent, { orderId, algoId }: About): readonly Telling[] {
    if (this.#confused.holds(algoId, this.#desk.nowMs)) return this.#anyhow(event, algoId);
    const lateMs = this.#lateMs(event, orderId);
    return lateMs < 0 ? [] : [{ event, lateMs }];
  }

  /** As it is, lost, doubled or late; a child's client id is its own. */
  #anyhow(event: PrivateEvent, algoId: string): readonly Telling[] {
    const named = withClientId(event, `child_${algoId.slice(-12)}`);
    const way = this.#strikes.pick("EX37", 4, ++this.#draws);
    if (way === 0) return [];
    const lateMs = way === 1 ? this.#strikes.pick("EX37", CONFUSED_LATE_MS, ++this.#draws) : 0;
    const telling = { event: named, lateMs };
    return way === 2 ? [telling, telling] : [telling];
  }

  #lateMs(event: PrivateEvent, orderId: string): number {
    if (event.e === "ACCOUNT_UPDATE") {
      const { m } = event["a"] as { readonly m: string };
      return m === "FUNDING_FEE" && this.#strikes.isOn("AC17") ? FUNDING_LATE_MS : 0;
    }
    if (event.e === "ORDER_TRADE_UPDATE") {
      const { x, R } = event["o"] as { readonly x: string; readonly R: boolean };
      if (x === "NEW" && !R && this.#strikes.next("AC12")) {
        const isNever = this.#strikes.pick("AC12", 2) === 1;
        this.#overtaken.set(orderId, isNever ? -1 : this.#strikes.value("AC12", "late"));
      }
    }
    return this.#overtaken.get(orderId) ?? 0;
  }

  #aboutOf({ e, o, i }: PrivateEvent): About {
    if (e === "ALGO_UPDATE") return { orderId: "", algoId: String((o as { readonly aid: bigint }).aid) };
    if (e === "ORDER_TRADE_UPDATE") {
      const { i: orderId, si } = o as { readonly i: bigint; readonly si: bigint };
      return { orderId: String(orderId), algoId: String(si) };
    }
    if (e !== "TRADE_LITE") return { orderId: "", algoId: "" };
    const orderId = String(i);
    const order = this.#desk.history.order(orderId);
    const clientAlgoId = order?.clientAlgoId ?? null;
    if (order === undefined || clientAlgoId === null) return { orderId, algoId: "" };
    return { orderId, algoId: String(this.#desk.history.algoIdOf(order.symbolId, clientAlgoId)) };
  }
}

function withClientId(event: PrivateEvent, c: string): PrivateEvent {
  if (event.e === "TRADE_LITE") return { ...event, c };
  if (event.e !== "ORDER_TRADE_UPDATE") return event;
  return { ...event, o: Object.assign({}, event["o"], { c }) };
}
