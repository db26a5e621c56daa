import {
  type AccountAnswer,
  type AccountData,
  type AccountListener,
  type AccountQuery,
  type AccountStream,
  type CancelTarget,
  isApproved,
  type MarginType,
  type OrderGateway,
  type OrderRequest,
  type Outcome,
  type Refusal,
  type RiskApproved,
} from "@smcq/exchange";
import { assert, type Clock, type Logger, type Rng, type SymbolId } from "@smcq/kernel";
import { assertRouted, type VenueBases } from "../check-url.ts";
import { type ConnectBudget, LocalConnectBudget } from "../market/stream/connect-budget.ts";
import type { SocketTimeouts } from "../market/stream/stream-socket.ts";
import type { BinanceRest } from "../rest/rest-client.ts";
import { AccountVoice, type VoiceStats } from "./account/account-voice.ts";
import { BoundedMap } from "./account/bounded-map.ts";
import { FeeBook } from "./account/fee-book.ts";
import { IncomeWatch } from "./account/income-watch.ts";
import { OrderNames } from "./account/order-names.ts";
import { AccountQuestions } from "./account/questions.ts";
import { WordReader } from "./account/words.ts";
import type { Credentials } from "./keys/credentials.ts";
import { HEARD_MAX } from "./limits.ts";
import { type BrakeState, Brakes } from "./orders/brakes.ts";
import { OrderBudget } from "./orders/order-budget.ts";
import { readOrderLimits } from "./orders/order-limits.ts";
import type { Leverages } from "./orders/leverages.ts";
import type { MarginTypes } from "./orders/margin-types.ts";
import { cancelCall, leverageCall, marginTypeCall, orderCall } from "./orders/order-form.ts";
import { leverageOutcomeOf, orderIdOf, outcomeOf } from "./orders/outcomes.ts";
import { type Errand, OrderSender } from "./orders/sender.ts";
import { UnderWay } from "./orders/under-way.ts";
import { ListenKeys } from "./stream/listen-key.ts";
import { MuteWatch } from "./stream/mute-watch.ts";
import { UserStream } from "./stream/user-stream.ts";
import type { SymbolDirectory, TradedSymbol } from "./symbols.ts";
import type { SendingRight } from "./wire/sending-right.ts";
import { type Call, type CallResult, SignedRest } from "./wire/signed-rest.ts";
import { heldBack } from "./wire/verdict.ts";

export interface BinanceGatewayOptions {
  readonly bases: VenueBases;
  readonly credentials: Credentials;
  /** The address' public REST: its rate budget and its measured clock are this gateway's too. */
  readonly rest: BinanceRest;
  readonly symbols: SymbolDirectory;
  /** The venue's clock. */
  readonly clock: Clock;
  readonly wallClock: Clock;
  readonly rng: Rng;
  /** No window or wait of a call is shorter, ms of `clock`: where that runs faster than life, we do not. Default 0. */
  readonly floorMs?: number;
  readonly log: Logger;
  /** The margin type that a symbol must have before it is entered; absent: whichever it has. */
  readonly marginTypes?: MarginTypes;
  /** Learns which leverage each symbol has; absent: an entry has it set whenever it is the first. */
  readonly leverages?: Leverages;
  readonly connectBudget?: ConnectBudget;
  readonly timeouts?: SocketTimeouts;
  /** Where others may have the account at other times; absent: it is ours alone, which costs nothing. */
  readonly right?: SendingRight;
  /** Hears of orders that the venue refuses, before their outcome is told. */
  readonly onRefused?: (symbolId: SymbolId, code: Refusal) => void;
}

export interface GatewayStats extends VoiceStats {
  /** Calls that wait to leave, or have not been answered. */
  readonly calls: number;
  /** Words, and payments whose line is not known yet, that are still to be told. */
  readonly untold: number;
  readonly skippedRecords: number;
  readonly isStreamLive: boolean;
  readonly connects: number;
  readonly brakes: BrakeState;
}

/**
 * Trades at Binance: orders by REST, one send each; the account's words by its own socket; questions by REST. It decides
 * nothing: what is unknown is told as unknown, and what to do about it is the core's business.
 *
 *   submit, cancel, set ──► OrderSender ──► SignedRest ──► venue ──► UserStream ──► AccountVoice ──► listener
 *                             ▲ Brakes ◄──────┘ refusals               ▲ MuteWatch      ▲ IncomeWatch, FeeBook
 *   ask ──────────────────────────────────► AccountQuestions            └── acks         └── account book
 */
export class BinanceGateway implements OrderGateway, AccountStream, AccountData {
  readonly #options: BinanceGatewayOptions;
  readonly #rest: SignedRest;
  readonly #orderBudget = new OrderBudget();
  readonly #brakes: Brakes;
  readonly #sender: OrderSender;
  readonly #names = new OrderNames();
  readonly #underWay = new UnderWay();
  readonly #questions: AccountQuestions;
  readonly #voice: AccountVoice;
  readonly #incomeWatch: IncomeWatch;
  readonly #keys: ListenKeys;
  readonly #mute: MuteWatch;
  readonly #stream: UserStream;
  #calls = 0;
  #skippedRecords = 0;
  /** What was left out of them, each told once: nobody here guards it. */
  readonly #skipped = new BoundedMap<true>(HEARD_MAX);
  /** Since when the account is followed, venue ms: payments before are in the wallet that was read. */
  #followedMs = 0;
  #isClosed = false;

  constructor(options: BinanceGatewayOptions) {
    const { rest, symbols, clock, log } = options;
    this.#options = options;
    this.#brakes = new Brakes(rest.budget, log);
    this.#sender = new OrderSender(this.#options, this.#brakes, this.#orderBudget);
    this.#rest = this.#createRest();
    const fees = new FeeBook(this.#rest, symbols, clock);
    this.#questions = new AccountQuestions({
      rest: this.#rest,
      symbols,
      names: this.#names,
      fees,
      onSkipped: (what) => this.#skip(what),
    });
    this.#voice = this.#createVoice(fees);
    this.#incomeWatch = new IncomeWatch({
      clock,
      log,
      income: (sinceMs) => this.#questions.income(Math.max(sinceMs, this.#followedMs)),
      onIncome: (income) => this.#voice.tellIncome(income),
    });
    this.#keys = new ListenKeys(this.#rest);
    this.#mute = new MuteWatch(options, () =>
      this.#stream.renew("an order was acked, and nothing told", true),
    );
    this.#stream = this.#createStream();
  }

  /** The signed way to the venue, for the checks of the start. */
  get rest(): SignedRest {
    return this.#rest;
  }

  get stats(): GatewayStats {
    return {
      ...this.#voice.stats,
      calls: this.#calls,
      untold: this.#voice.waiting + this.#incomeWatch.pending,
      skippedRecords: this.#skippedRecords,
      isStreamLive: this.#stream.isLive,
      connects: this.#stream.connects,
      brakes: this.#brakes.state,
    };
  }

  /** Opens the account's stream, again and again until it stands, and sockets for orders; reads the account's order limits. */
  start(): void {
    this.#followedMs = this.#options.clock.nowMs();
    this.#stream.start();
    this.#rest.keepReady(this.#options.wallClock);
    void readOrderLimits(this.#rest, this.#orderBudget, this.#options.log);
  }

  /**
   * Refuses what waits, ends sockets and timers, and forgets the keys. The listen key lives on at the venue: it is the
   * account's one, and others may listen under it. Idempotent.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#sender.close();
    this.#stream.stop();
    this.#mute.reset();
    this.#incomeWatch.close();
    this.#voice.close();
    await this.#rest.close();
    this.#keys.drop();
    this.#options.credentials.apiKey.drop();
    this.#options.credentials.signer.drop();
  }

  listen(listener: AccountListener | null): void {
    this.#voice.listen(listener);
  }

  submit(order: RiskApproved<OrderRequest>, onOutcome: (outcome: Outcome) => void): void {
    assert(isApproved(order), "Invariant: no order without the seal of risk");
    const request = order.value;
    const symbol = this.#symbol(request.symbolId, onOutcome);
    if (symbol === null) return;
    assert(symbol.symbol === request.symbol, "Invariant: an order's symbol is the one of its number");
    if (request.role === "entry" && this.#options.marginTypes?.isOther(symbol.symbol) === true) {
      onOutcome({ type: "refused", code: "SETTING_REFUSED", text: "somebody has changed its margin type" });
      return;
    }
    const { clientOrderId, symbolId } = request;
    const lane = request.role === "entry" ? "entry" : "protective";
    const call = orderCall(request, symbol, this.#options.floorMs);
    const { clock } = this.#options;
    this.#underWay.waits(clientOrderId, clock.nowMs());
    const onLeaves = (): void => this.#underWay.leaves(clientOrderId, clock.nowMs(), call.windowMs);
    this.#send(call, { lane, isOrder: true, onLeaves }, (result) => {
      const outcome = outcomeOf(result, (body) => orderIdOf(body, clientOrderId), request.type);
      if (outcome.type !== "unknown") this.#underWay.ended(clientOrderId);
      if (outcome.type === "acked") {
        if (request.type === "stop-market") this.#names.noteAlgo(outcome.orderId, clientOrderId);
        else this.#names.noteOrder(symbolId, outcome.orderId, clientOrderId);
        if (this.#stream.isLive) this.#mute.acked(clientOrderId);
      } else if (outcome.type === "refused") this.#options.onRefused?.(symbolId, outcome.code);
      onOutcome(outcome);
    });
  }

  cancel(target: CancelTarget, onOutcome: (outcome: Outcome) => void): void {
    const symbol = this.#symbol(target.symbolId, onOutcome);
    if (symbol === null) return;
    this.#send(cancelCall(target, symbol), { lane: "protective", isOrder: false }, (result) =>
      onOutcome(outcomeOf(result, (body) => orderIdOf(body, target.clientOrderId))),
    );
  }

  /** Where the symbol is not known to have the wanted margin type, that is set first: without it there is no leverage either. */
  setLeverage(symbolId: SymbolId, leverage: number, onOutcome: (outcome: Outcome) => void): void {
    const symbol = this.#symbol(symbolId, onOutcome);
    if (symbol === null) return;
    const { marginTypes } = this.#options;
    if (marginTypes?.has(symbol.symbol) === false)
      this.setMarginType(symbolId, marginTypes.wanted, (outcome) => {
        if (outcome.type !== "acked") {
          onOutcome(outcome);
          return;
        }
        marginTypes.settled(symbol.symbol);
        this.#options.log.info({ symbol: symbol.symbol, marginType: marginTypes.wanted }, "margin type set");
        this.#sendLeverage(symbol, leverage, onOutcome);
      });
    else this.#sendLeverage(symbol, leverage, onOutcome);
  }

  #sendLeverage(symbol: TradedSymbol, leverage: number, onOutcome: (outcome: Outcome) => void): void {
    const settled = this.#options.leverages?.setting(symbol.symbol);
    this.#send(leverageCall(leverage, symbol), { lane: "entry", isOrder: false }, (result) => {
      const outcome = leverageOutcomeOf(result, leverage);
      settled?.(outcome.type === "acked" ? leverage : null);
      onOutcome(outcome);
    });
  }

  setMarginType(symbolId: SymbolId, marginType: MarginType, onOutcome: (outcome: Outcome) => void): void {
    const symbol = this.#symbol(symbolId, onOutcome);
    if (symbol === null) return;
    this.#send(marginTypeCall(marginType, symbol), { lane: "entry", isOrder: false }, (result) =>
      onOutcome(outcomeOf(result, () => "")),
    );
  }

  ask(query: AccountQuery, onAnswer: (answer: AccountAnswer) => void): void {
    this.#calls++;
    void this.#questions.ask(query, this.#options.clock.nowMs()).then((answer) => {
      this.#calls--;
      onAnswer(this.#believable(answer));
      return null;
    });
  }

  /** That the venue does not know an order that may still come to it is no answer. */
  #believable(answer: AccountAnswer): AccountAnswer {
    const { query, askedMs } = answer;
    if (answer.type !== "order" || answer.update !== null || query.type !== "order") return answer;
    if (!this.#underWay.mayFollow(query.clientOrderId, askedMs)) return answer;
    return { type: "failed", query, askedMs, text: "the order may be on its way still" };
  }

  #createRest(): SignedRest {
    const { bases, credentials, rest, clock, log, right } = this.#options;
    if (right !== undefined) rest.offset.follow(() => right.measured(rest.offset.venueNowMs()));
    return new SignedRest({
      origin: assertRouted(bases).restOrigin,
      credentials,
      budget: rest.budget,
      offset: rest.offset,
      serverTime: () => rest.serverTime(),
      log,
      ...(right === undefined ? {} : { right }),
      onVerdict: (verdict, isQuestion) => {
        this.#brakes.take(verdict, this.#rest.nowMs(), isQuestion);
        this.#sender.wake();
      },
      onOrderCounts: (in10s, inMinute) => {
        this.#orderBudget.report(10_000, in10s, clock.nowMs());
        this.#orderBudget.report(60_000, inMinute, clock.nowMs());
      },
    });
  }

  #createVoice(fees: FeeBook): AccountVoice {
    const { symbols, wallClock, log, leverages } = this.#options;
    return new AccountVoice({
      reader: new WordReader(symbols, this.#names),
      names: this.#names,
      fees,
      wallClock,
      log,
      nameOfAlgo: (algoId) => this.#questions.nameOfAlgo(algoId),
      onMoney: (word) => this.#incomeWatch.expect(word),
      onLeverage: (symbolId, leverage) => {
        const symbol = symbols.byId(symbolId);
        if (symbol !== null) leverages?.heard(symbol.symbol, leverage);
      },
      onKeyExpired: (listenKey) => {
        if (this.#keys.isCurrent(listenKey)) this.#stream.renew("its key has expired");
      },
      onHeard: (clientOrderId) => this.#mute.heard(clientOrderId),
      onLost: () => this.#stream.renew("a word of it was lost"),
    });
  }

  #createStream(): UserStream {
    const { bases, clock, wallClock, rng, log, connectBudget, timeouts } = this.#options;
    return new UserStream({
      privateUrl: assertRouted(bases).privateUrl,
      keys: this.#keys,
      clock,
      wallClock,
      rng,
      log,
      connectBudget: connectBudget ?? new LocalConnectBudget({ clock }),
      ...(timeouts === undefined ? {} : { timeouts }),
      onEvent: (event) => this.#voice.onEvent(event),
      onBadFrame: () => this.#voice.onBadFrame(),
      onLive: (isLive) => {
        if (!isLive) this.#mute.reset();
        this.#voice.setLive(isLive);
        if (isLive) void this.#options.leverages?.read(this.#rest);
        else this.#options.leverages?.lost();
      },
    });
  }

  /** Sends a call when its lane lets it; held back, it is refused. */
  #send(
    call: Call,
    { lane, isOrder, onLeaves }: Pick<Errand, "lane" | "isOrder"> & { readonly onLeaves?: () => void },
    onResult: (result: CallResult) => void,
  ): void {
    this.#calls++;
    const end = (result: CallResult): void => {
      this.#calls--;
      onResult(result);
    };
    this.#sender.send({
      lane,
      isOrder,
      run: (isYoung) => {
        const isWanted = (): boolean => {
          if (!isYoung()) return false;
          onLeaves?.();
          return true;
        };
        void this.#rest.send({ ...call, isWanted }).then(end);
      },
      refuse: (code, text) => end({ isOk: false, verdict: heldBack(text, code) }),
    });
  }

  /** The symbol of a call; null: nobody knows it, which its outcome has told. */
  #symbol(symbolId: SymbolId, onOutcome: (outcome: Outcome) => void): TradedSymbol | null {
    const symbol = this.#options.symbols.byId(symbolId);
    if (symbol === null)
      onOutcome({ type: "refused", code: "NOT_SENT", text: `symbol ${symbolId} is unknown` });
    return symbol;
  }

  #skip(what: string): void {
    this.#skippedRecords++;
    const level = this.#skipped.has(what) ? "debug" : "warn";
    this.#skipped.set(what, true);
    this.#options.log[level]({ what }, "a record of the account was left out");
  }
}
