import { parseE8 } from "@smcq/kernel";
import type { Endpoint } from "../http/endpoint.ts";
import { type Fate, type Guard, TRUE_FATE } from "../http/guard.ts";
import type { Parameters } from "../http/parameters.ts";
import { type BookedRequest, RequestBook } from "../http/request-book.ts";
import type { Prices } from "../prices.ts";
import type { Venue } from "../venue.ts";
import type { Hub } from "../ws/hub.ts";
import { AccountDesk } from "./account-desk.ts";
import type { TradingSettings } from "./options.ts";
import { OrderCounts } from "./order-counts.ts";
import { accountEndpoints } from "./rest/account.ts";
import { AlgoCalls } from "./rest/algos.ts";
import { Gatekeeper, type RawRequest } from "./rest/auth.ts";
import { OrderCalls } from "./rest/orders.ts";
import { SettingCalls } from "./rest/settings.ts";
import { WishReader } from "./rest/wishes.ts";
import { UserStream } from "./stream/user-stream.ts";

/** The account's half of the venue: order path, account, private stream. */
export class TradingHalf implements Guard {
  readonly desk: AccountDesk;
  readonly stream: UserStream;
  readonly endpoints: readonly Endpoint[];
  readonly #book = new RequestBook();
  readonly #gatekeeper: Gatekeeper;
  readonly #counts: OrderCounts;
  readonly #settings: SettingCalls;

  constructor(parts: {
    readonly venue: Venue;
    readonly hub: Hub;
    readonly prices: Prices;
    readonly settings: TradingSettings;
  }) {
    const { venue, hub, prices, settings } = parts;
    const desk = new AccountDesk(venue, prices, settings);
    this.desk = desk;
    this.stream = new UserStream(desk, hub, () => 1);
    desk.follow(this.stream);
    this.#gatekeeper = new Gatekeeper(settings.keys);
    this.#counts = new OrderCounts(venue.market.universe);
    const reader = new WishReader(desk);
    const orders = new OrderCalls(desk, reader, () => false);
    const algos = new AlgoCalls(desk, reader, () => false);
    const { keys } = this.stream;
    this.#settings = new SettingCalls({ desk, orders, counts: this.#counts, keys });
    this.endpoints = [
      ...orders.endpoints(),
      ...algos.endpoints(),
      ...accountEndpoints(desk),
      ...this.#settings.endpoints(),
    ];
  }

  /** Moves what is held and waits along with the market, and ends what is over. */
  tick(nowMs: number): void {
    this.desk.tick(nowMs);
    this.#settings.tick(nowMs);
    this.stream.expire(nowMs);
  }

  admit(raw: RawRequest, endpoint: Endpoint, parameters: Parameters, nowMs: number): void {
    this.#gatekeeper.check(raw, endpoint.access, parameters, nowMs);
  }

  count({ orderCount }: Endpoint, nowMs: number): Readonly<Record<string, string>> {
    if (orderCount === undefined) return {};
    this.#counts.spend(orderCount, nowMs);
    return this.#counts.headers();
  }

  fate(): Fate {
    return TRUE_FATE;
  }

  run(_endpoint: Endpoint, work: () => unknown): unknown {
    return this.desk.act(work);
  }

  book(request: BookedRequest): void {
    this.#book.add(request);
  }

  requests(): readonly BookedRequest[] {
    return this.#book.all();
  }

  /** Held prices: puts a symbol's market somewhere, and lets happen what that reaches. */
  move(symbol: string, last: string, mark: string): void {
    const { market, id } = this.desk.symbol(symbol);
    this.desk.prices.hold(market, parseE8(last), parseE8(mark));
    this.desk.act(() => this.desk.bring(id, this.desk.nowMs));
  }
}
