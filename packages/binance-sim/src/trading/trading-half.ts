import { SmcqError, e8Text, type SymbolId } from "@smcq/kernel";
import type { Endpoint } from "../http/endpoint.ts";
import type { Fate, Guard } from "../http/guard.ts";
import type { Parameters } from "../http/parameters.ts";
import { type BookedRequest, RequestBook } from "../http/request-book.ts";
import type { FundingTimes } from "../market/funding.ts";
import type { Prices } from "../market/prices.ts";
import { countUnexpected, type SimStats } from "../stats.ts";
import type { Agenda } from "../stream/agenda.ts";
import type { Venue } from "../venue.ts";
import type { Hub } from "../ws/hub.ts";
import { AccountDesk } from "./account-desk.ts";
import { CallDeeds } from "./faults/deeds.ts";
import { FalseAnswers } from "./faults/answers.ts";
import { CallFaults } from "./faults/call-faults.ts";
import { Deadlines } from "./faults/deadlines.ts";
import { Person } from "./faults/person.ts";
import { PositionDeeds } from "./faults/position-deeds.ts";
import { AccountSchedule } from "./faults/schedule.ts";
import { Strikes } from "./faults/strikes.ts";
import { noTroubles } from "./faults/troubles.ts";
import { FalseWords } from "./faults/words.ts";
import { AccountKeeper, type Keeping } from "./keeping/account-keeper.ts";
import type { KeptPart } from "./keeping/rows.ts";
import type { TradingSettings } from "./options.ts";
import { OrderCounts } from "./order-counts.ts";
import { accountEndpoints } from "./rest/account.ts";
import { AlgoCalls } from "./rest/algos.ts";
import { Gatekeeper, type RawRequest } from "./rest/auth.ts";
import { OrderCalls } from "./rest/orders.ts";
import { SettingCalls } from "./rest/settings.ts";
import { WishReader } from "./rest/wishes.ts";
import { UserStream } from "./stream/user-stream.ts";
import { Upkeep } from "./upkeep.ts";

/** Steps of a time that the venue was away, venue ms at least; and how many of them at most. */
const MISSED_STEP_MS = 1000;
const MISSED_STEPS_MAX = 10_000;

interface Parts {
  readonly venue: Venue;
  readonly stats: SimStats;
  readonly agenda: Agenda;
  /** Refuses the address until then. */
  readonly ban: (untilMs: number) => void;
  readonly hub: Hub;
  readonly prices: Prices;
  readonly funding: FundingTimes;
  readonly settings: TradingSettings;
  /** Where the account is kept; null: nowhere. */
  readonly keeping: Keeping | null;
  /** Lists a symbol that the venue did not have at its start. */
  readonly list: (name: string, firstMinute: number) => void;
}

/** The account's half of the venue: order path, account, private stream. */
export class TradingHalf implements Guard {
  readonly desk: AccountDesk;
  readonly stream: UserStream;
  readonly endpoints: readonly Endpoint[];
  readonly #book = new RequestBook();
  readonly #gatekeeper: Gatekeeper;
  readonly #counts: OrderCounts;
  readonly #settings: SettingCalls;
  readonly #upkeep: Upkeep;
  readonly #strikes: Strikes;
  readonly #faults: CallFaults;
  readonly #deeds: CallDeeds;
  readonly #words: FalseWords;
  readonly #answers: FalseAnswers;
  readonly #schedule: AccountSchedule;
  /** Null: the account is in memory alone. */
  readonly #keeper: AccountKeeper | null;

  constructor(parts: Parts) {
    const { venue, hub, prices, funding, settings, stats, agenda, ban } = parts;
    const desk = new AccountDesk(venue, prices, settings);
    this.desk = desk;
    const strikes = new Strikes(venue, stats);
    this.#strikes = strikes;
    const troubles = noTroubles();
    this.#faults = new CallFaults(strikes, troubles);
    const hidden = new Deadlines();
    const denied = new Deadlines();
    const words = new FalseWords(desk, strikes, hidden);
    this.#words = words;
    const answers = new FalseAnswers(desk, strikes, denied);
    this.#answers = answers;
    const person = new Person(desk);
    const deeds = new CallDeeds({ desk, strikes, agenda, troubles, person, words, hidden, denied });
    this.#deeds = deeds;
    desk.follow(deeds);
    const stream = new UserStream(desk, hub, agenda, (event) => words.tell(event));
    this.stream = stream;
    desk.follow(stream);
    this.#upkeep = new Upkeep(desk, funding, (event) => stream.send(event));
    const gatekeeper = new Gatekeeper(settings.keys, venue.time.speed);
    this.#gatekeeper = gatekeeper;
    this.#schedule = new AccountSchedule({
      desk,
      stream,
      answers,
      person,
      positions: new PositionDeeds(desk, person, words),
      gatekeeper,
      troubles,
      stats,
      ban,
    });
    this.#counts = new OrderCounts(venue.market.universe);
    const reader = new WishReader(desk);
    const onUnexpected = (what: string): void => countUnexpected(stats, what);
    const orders = new OrderCalls(desk, reader, ({ orderId }) => deeds.isHidden(orderId), onUnexpected);
    const algos = new AlgoCalls(desk, reader, ({ algoId }) => deeds.isHidden(algoId));
    const { keys } = this.stream;
    this.#settings = new SettingCalls({
      desk,
      orders,
      counts: this.#counts,
      keys,
      leverage: (asked) => deeds.leverage(asked),
    });
    this.endpoints = [
      ...orders.endpoints(),
      ...algos.endpoints(),
      ...accountEndpoints(desk),
      ...this.#settings.endpoints(),
    ];
    const keptParts = [desk.keptSwitches(), this.#counts, this.#settings, reader];
    this.#keeper = parts.keeping === null ? null : this.#keep(parts.keeping, keptParts, parts.list);
  }

  /** Takes the account up where there is one, lives what it has missed, and keeps it from now on. */
  #keep(
    keeping: Keeping,
    parts: readonly KeptPart[],
    list: (name: string, firstMinute: number) => void,
  ): AccountKeeper {
    const keeper = new AccountKeeper(keeping, { desk: this.desk, upkeep: this.#upkeep, parts });
    const { kept } = keeping;
    if (kept !== null) {
      keeper.takeUp(kept, list);
      this.stream.takenUp();
      keeper.begin();
      this.#live(kept.stamp.tickedMs, this.desk.nowMs);
    } else keeper.begin();
    return keeper;
  }

  /** Walks through a time that has passed without a tick: all markets side by side, as they went. */
  #live(fromMs: number, toMs: number): void {
    const stepMs = Math.max(MISSED_STEP_MS, (toMs - fromMs) / MISSED_STEPS_MAX);
    for (let atMs = fromMs + stepMs; atMs < toMs; atMs += stepMs) this.tick(atMs);
    this.tick(toMs);
  }

  /** A symbol was listed that the venue did not have at its start. */
  noteListed(symbol: string, firstMinute: number): void {
    this.#keeper?.add(["new-symbol", symbol, firstMinute]);
  }

  /** Writes what the time has done since the last change; nothing is kept afterwards. */
  close(): void {
    this.#keeper?.writeTime();
    this.#keeper?.close();
  }

  /** Moves what is held and waits along with the market, and ends what is over. */
  tick(nowMs: number): void {
    const { faults } = this.desk.venue;
    this.desk.setFeeDiscount(faults.isOn("AC09") ? faults.value("AC09", "discount") : null);
    this.#counts.cap(faults.isOn("EX42") ? faults.value("EX42", "limit") : null);
    this.#upkeep.tick(nowMs);
    this.#schedule.run(nowMs);
    this.#settings.tick(nowMs);
    this.stream.expire(nowMs);
    this.#keeper?.settle();
    this.#keeper?.beat();
  }

  admit(raw: RawRequest, endpoint: Endpoint, parameters: Parameters, nowMs: number): void {
    this.#gatekeeper.check(raw, endpoint.access, parameters, nowMs);
  }

  count({ orderCount }: Endpoint, nowMs: number): Readonly<Record<string, string>> {
    if (orderCount === undefined) return {};
    this.#counts.spend(orderCount, nowMs);
    return this.#counts.headers();
  }

  fate(endpoint: Endpoint, parameters: Parameters, nowMs: number): Fate {
    return this.#faults.fate(endpoint, parameters, nowMs);
  }

  run(endpoint: Endpoint, parameters: Parameters, work: () => unknown): unknown {
    try {
      const value = this.desk.act(() => {
        this.#deeds.begin(endpoint, parameters);
        try {
          return work();
        } finally {
          this.#deeds.end();
        }
      });
      return this.#answers.change(endpoint, value);
    } finally {
      // Before the answer.
      this.#keeper?.settle();
    }
  }

  /** A new plan of faults: its times and numbers count from now. */
  restartFaults(): void {
    this.#strikes.restart();
    this.#deeds.restart();
    this.#words.restart();
    this.#schedule.restart(this.desk.nowMs);
  }

  book(request: BookedRequest): void {
    this.#book.add(request);
  }

  requests(): readonly BookedRequest[] {
    return this.#book.all();
  }

  /** Puts a symbol's market somewhere, and lets happen what the way there reaches; refuses prices that follow the path. */
  move(symbol: string, lastE8: bigint, markE8: bigint): void {
    if (!this.desk.prices.isHeld)
      throw new SmcqError(
        "SIM_OPTION",
        `${symbol} follows the path: trading.prices must be held to be moved`,
      );
    const { market, id } = this.desk.symbol(symbol);
    this.desk.prices.hold(market, lastE8, markE8);
    this.desk.act(() => this.desk.bring(id, this.desk.nowMs));
  }

  /**
   * The account as the venue has booked it, for whoever holds another book against it: its wallet and every line; and, as of the
   * same moment, what is held (signed, base units) and the conditional orders that rest, weightless.
   */
  accountBook(): object {
    const { exchange, nowMs } = this.desk;
    return {
      timeMs: nowMs,
      wallet: e8Text(exchange.walletE8()),
      income: exchange.income(0).map(({ incomeId, type, symbolId, amountE8, timeMs, tradeId }) => ({
        incomeId,
        type,
        symbol: symbolId === null ? null : this.desk.known(symbolId).symbol,
        amount: e8Text(amountE8),
        timeMs,
        tradeId,
      })),
      ...this.#standing(),
    };
  }

  #standing(): object {
    const { exchange } = this.desk;
    const nameOf = (id: SymbolId): string => this.desk.known(id).symbol;
    return {
      positions: exchange
        .positions()
        .map(({ symbolId, qtyE8 }) => ({ symbol: nameOf(symbolId), amount: e8Text(qtyE8) })),
      stops: exchange.openAlgos().map(({ symbolId, side, qtyE8, isClosePosition }) => ({
        symbol: nameOf(symbolId),
        side: side === 1 ? "BUY" : "SELL",
        amount: e8Text(qtyE8),
        isClosePosition,
      })),
    };
  }
}
