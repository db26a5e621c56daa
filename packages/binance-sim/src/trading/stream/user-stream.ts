import type { VenueEvent } from "@smcq/exchange-sim";
import { wireJson } from "../../http/wire-json.ts";
import type { Hub } from "../../ws/hub.ts";
import type { Agenda } from "../../stream/agenda.ts";
import type { AccountAudience, AccountDesk } from "../account-desk.ts";
import type { Telling } from "../faults/words.ts";
import {
  accountUpdate,
  algoUpdate,
  leverageUpdate,
  orderUpdate,
  type PrivateEvent,
  tradeLite,
} from "./event-words.ts";
import { ListenKeys } from "./listen-keys.ts";

type Told<T extends VenueEvent["type"]> = Extract<VenueEvent, { type: T }>;

/** What is sent of an event, and how late: the event itself at once, unless under a fault. */
export type Tell = (event: PrivateEvent) => readonly Telling[];

/**
 * The private stream: the account's events in the venue's order, for whoever follows the live key.
 *
 *   a trade:        TRADE_LITE, ACCOUNT_UPDATE, ORDER_TRADE_UPDATE, the last two with equal times
 *   a fired order:  ALGO_UPDATE TRIGGERING, its child's events, ALGO_UPDATE TRIGGERED, FINISHED (as recorded in 2026)
 */
export class UserStream implements AccountAudience {
  readonly keys: ListenKeys;
  readonly #desk: AccountDesk;
  readonly #hub: Hub;
  readonly #agenda: Agenda;
  readonly #tell: Tell;
  /** Held back until it is known what it belongs to. */
  #account: Told<"account"> | null = null;
  #triggered: Told<"algo">[] = [];
  #walletE8: bigint;
  #isMuted = false;

  constructor(desk: AccountDesk, hub: Hub, agenda: Agenda, tell: Tell) {
    this.#desk = desk;
    this.#hub = hub;
    this.#agenda = agenda;
    this.#tell = tell;
    this.keys = new ListenKeys(desk.venue.settings.seed);
    this.#walletE8 = desk.exchange.walletE8();
  }

  /** The account has been taken up: changes of its wallet count from here. */
  takenUp(): void {
    this.#walletE8 = this.#desk.exchange.walletE8();
  }

  /** From now on nothing is told, or it is again. */
  setMuted(isMuted: boolean): void {
    this.#isMuted = isMuted;
  }

  hear(event: VenueEvent): void {
    switch (event.type) {
      case "account":
        this.#tellAccount();
        this.#account = event;
        return;
      case "order":
        if (event.execution === "TRADE") this.#send(tradeLite(this.#desk, event));
        this.#tellAccount();
        this.#send(orderUpdate(this.#desk, event));
        return;
      case "algo":
        this.#tellAccount();
        this.#hearAlgo(event);
        return;
      case "leverage":
        this.#send(leverageUpdate(this.#desk, event));
        return;
      case "income":
        return;
      default:
        event satisfies never;
    }
  }

  callIsOver(): void {
    this.#tellAccount();
    this.#tellTriggered();
  }

  #hearAlgo(event: Told<"algo">): void {
    if (event.algo.status === "TRIGGERED") {
      this.#triggered.push(event);
      return;
    }
    if (event.algo.status === "FINISHED") this.#tellTriggered();
    this.#send(algoUpdate(this.#desk, event));
  }

  #tellTriggered(): void {
    for (const event of this.#triggered.splice(0)) this.#send(algoUpdate(this.#desk, event));
  }

  #tellAccount(): void {
    const event = this.#account;
    if (event === null) return;
    this.#account = null;
    // What trades bring and cost is no change of the balance by itself.
    const changeE8 = event.reason === "ORDER" ? 0n : event.walletE8 - this.#walletE8;
    this.#walletE8 = event.walletE8;
    this.#send(accountUpdate(this.#desk, event, changeE8));
  }

  /** Sends an event of the account to everybody who follows the live key. */
  send(event: PrivateEvent): void {
    this.#send(event);
  }

  #send(event: PrivateEvent): void {
    if (this.keys.live === null || this.#isMuted) return;
    for (const telling of this.#tell(event))
      if (telling.lateMs === 0) this.#sendNow(telling.event);
      else this.#agenda.add(this.#desk.nowMs + telling.lateMs, () => this.#sendNow(telling.event));
  }

  #sendNow(event: PrivateEvent): void {
    const { live } = this.keys;
    if (live !== null && !this.#isMuted) this.#sendTo(live, event);
  }

  #sendTo(key: string, event: PrivateEvent): void {
    const text = wireJson(event);
    for (const connection of this.#hub.connections) {
      if (connection.category !== "private" || !connection.streams.has(key)) continue;
      if (connection.events !== null && !connection.events.has(event.e)) continue;
      const frame = connection.isCombined ? `{"stream":${JSON.stringify(key)},"data":${text}}` : text;
      connection.appendText(frame);
    }
  }

  /** Ends the key where its time is over, or at once; those who follow it hear of it, and then nothing more. */
  expire(nowMs: number, isForced = false): void {
    const ended = isForced ? this.keys.end() : this.keys.expired(nowMs);
    if (ended !== null) this.#sendTo(ended, { e: "listenKeyExpired", E: nowMs, listenKey: ended });
  }
}
