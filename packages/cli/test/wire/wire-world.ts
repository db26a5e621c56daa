import { type BinanceSim, startBinanceSim } from "@smcq/binance-sim";
import { CommandRouter, EngineLoop, EVENT_LOOP_DEFERRAL, Inbox } from "@smcq/cluster";
import { loadConfig } from "@smcq/config";
import {
  Engine,
  type EngineInput,
  NO_JOURNAL,
  type OperatorWord,
  type TradeRecord,
  type TradingCommand,
  type TradingCore,
} from "@smcq/engine";
import { assertRouted, BinanceReferenceData } from "@smcq/exchange-binance";
import { loadCredentials } from "@smcq/exchange-binance/trading";
import { parseFaults } from "@smcq/exchange-sim";
import { M1_SCALP } from "@smcq/features";
import {
  type Clock,
  e8Text,
  e8ToNumber,
  type Logger,
  MINUTE_MS,
  numberToE8,
  OffsetClock,
  present,
  Rng,
  silentLogger,
  type SymbolId,
  symbolId,
  SystemClock,
} from "@smcq/kernel";
import type { TradingAccount } from "../../src/accounts/account.ts";
import type { DeskMarket } from "../../src/accounts/ring-market.ts";
import { SymbolBook } from "../../src/accounts/symbol-book.ts";
import { openVenueAccount } from "../../src/accounts/venue-account.ts";
import { newSimulatedKey } from "../../src/modes/engine-payload.ts";
import { Desk } from "../../src/run/trading/desk.ts";
import { KnownTickers } from "../support/known-tickers.ts";

const SYMBOLS = 6;
const CHECK_MS = 30_000;
/** Of the bundled data: some minutes before a fall. */
const CRASH_MINUTE = 7_200;
/** Venue ms in a wall ms: a storm of some wall seconds is minutes of a market. */
const SPEED = 20;
const EQUITY = "10000";
/** The least that is waited for a word, wall ms (docs/decisions.md 40). */
const WORD_WALL_MS = 500;
const WINDOW_WALL_MS = 250;
/** How often what must hold is looked at, wall ms. */
const LOOK_MS = 10;
/** How often the venue's list is read, wall ms. */
const LIST_MS = 250;
/** How often a setup is found, and how often a person has everything left, venue ms. */
const SIGNAL_MS = 2_000;
/** Lines that a failure tells. */
const LINES_MAX = 100;
const FLATTEN_MS = 20_000;
/** The venue refuses a request for its time alone. */
const UNTIMELY = /"code":-(?:1021|5028)/;

/** Of a campaign. */
export const SEEDS: number = Number(process.env.SMCQ_WIRE_SEEDS ?? 60);
const FIRST_SEED = Number(process.env.SMCQ_WIRE_FIRST ?? 1);

/** Settled when the last world stands. */
let opened: Promise<unknown> = Promise.resolve();

export interface WireWeather {
  readonly seed: number;
  /** Knobs of the venue, as `smcq venue --faults` takes them; their times count from the storm's begin. */
  readonly faults: string;
  /** Wall ms. */
  readonly stormMs: number;
  /** The market falls by some per cent soon after the start, every setup is a long, and nobody has anything left. */
  readonly isCrash?: boolean;
  readonly logger: Logger;
  /** Symbols that are traded; absent: the first six of the document. */
  readonly names?: readonly string[];
  /** Absent: cross. */
  readonly marginType?: "cross" | "isolated";
  /** For how long a position may stand bare while nobody has been told so, ms; absent: not at all. */
  readonly unseenMs?: number;
  /** The delivery of what is held is announced for so long ahead, ms, until a trade has ended for that. */
  readonly deliveryMs?: number;
  /** A fault may find no occasion: the storm does not wait for each of them. */
  readonly mayMiss?: boolean;
  /** How far the machine's clock jumps in the middle of the storm, and back at its end, ms. */
  readonly clockStepMs?: number;
}

/** A machine's clock that somebody sets. */
class SteppedClock {
  stepMs = 0;
  readonly clock: Clock;

  constructor(base: Clock) {
    this.clock = new OffsetClock(base, () => this.stepMs);
  }
}

class NotedInbox extends Inbox {
  readonly #note: (input: EngineInput) => void;

  constructor(note: (input: EngineInput) => void) {
    super();
    this.#note = note;
  }

  override put(input: EngineInput): boolean {
    this.#note(input);
    return super.put(input);
  }
}

/** A position without a stop: since when, and how often it was seen so. */
interface Bare {
  sinceMs: number;
  looks: number;
}

/** A signed call of an order, as the venue heard it. */
interface HeardOrder {
  readonly id: string;
  readonly status: number;
  readonly reply: string;
}

/**
 * The core that trades live, the adapter that speaks Binance's protocol, and the simulated venue on real sockets: what goes
 * wrong goes wrong on the wire. Venue and core live in one process, so that after every event the one is held against the
 * other.
 */
export class WireWorld {
  readonly core: TradingCore;
  readonly trades: TradeRecord[] = [];
  /** What did not hold. */
  readonly faults: string[] = [];
  readonly sim: BinanceSim;
  readonly inbox = new NotedInbox((input) => this.#noteInput(input));
  /** What the core heard and wanted, a line each; the oldest are forgotten. */
  readonly #lines: string[] = [];
  readonly #desk: Desk;
  readonly #loop: EngineLoop;
  readonly #market: DeskMarket;
  readonly #symbols: SymbolBook;
  readonly #names: readonly string[];
  readonly #reference: BinanceReferenceData;
  readonly #rng: Rng;
  readonly #bare = new Map<string, Bare>();
  readonly #isCrash: boolean;
  readonly #cancels: (() => void)[] = [];
  readonly #machine: SteppedClock;
  readonly #unseenMs: number;

  private constructor(parts: {
    readonly sim: BinanceSim;
    readonly machine: SteppedClock;
    readonly reference: BinanceReferenceData;
    readonly account: TradingAccount;
    readonly instruments: ConstructorParameters<typeof SymbolBook>[0]["instruments"];
    readonly weather: WireWeather;
  }) {
    const { sim, machine, reference, account, instruments, weather } = parts;
    this.sim = sim;
    this.#machine = machine;
    this.#unseenMs = weather.unseenMs ?? 0;
    this.#reference = reference;
    this.#rng = new Rng(weather.seed);
    this.#isCrash = weather.isCrash ?? false;
    this.#names = [...instruments.keys()];
    const { inbox } = this;
    const { risk, protocol, fees } = loadConfig({ env: {}, flags: {} }).config;
    const market = marketOf(sim);
    this.#market = market;
    this.#symbols = new SymbolBook({
      inbox,
      instruments,
      fees,
      idOf: (symbol) => (this.#names.includes(symbol) ? symbolId(this.#names.indexOf(symbol)) : null),
    });
    const engine = new Engine({
      scoreMin: 0.6,
      decisionWindowNs: 5e6,
      signalAgeMsMax: MINUTE_MS,
      trading: {
        engineId: "wire",
        startWalletE8: account.walletE8,
        // Much happens in a storm of seconds.
        risk: { ...risk, entriesPerMinuteMax: 100 },
        // What nobody is told of is found by looking alone.
        protocol: { ...protocol, ...(this.#unseenMs > 0 ? { reconcileMs: CHECK_MS } : {}) },
        plan: M1_SCALP,
        isVenueRemote: true,
        isSlippageMeasured: true,
        wordFloorMs: WORD_WALL_MS * SPEED,
        refusesUnproven: false,
      },
    });
    this.core = present(engine.trading, "Invariant: this engine trades");
    const wallClock = new SystemClock();
    const tickers = new KnownTickers();
    const venueClock = new OffsetClock(machine.clock, () => reference.rest.offset.offsetMs());
    this.#desk = new Desk({
      inbox,
      account: account.open({ market, symbols: this.#symbols, tickers }),
      orders: account.orders,
      market,
      tickers,
      symbols: this.#symbols,
      openIds: () => this.core.holdings.trades.keys(),
      toldMinuteMs: null,
      venueClock,
      logger: weather.logger,
    });
    this.#loop = new EngineLoop({
      engine,
      inbox,
      journal: NO_JOURNAL,
      router: new CommandRouter(
        {
          onSignals() {},
          onDecision() {},
          onInvalidScores() {},
          onTrading: (command) => {
            if (command.type === "trade-closed") this.trades.push(command.trade);
            this.#noteCommand(command);
            this.#desk.carryOut(command);
          },
        },
        { inbox, wallClock },
      ),
      venueClock,
      wallClock,
      deferral: EVENT_LOOP_DEFERRAL,
    });
    this.#desk.start();
    this.#desk.startMinutes();
    this.#cancels.push(every(LOOK_MS, () => this.#judge()));
  }

  /** Worlds open one after the other: the beginning of one takes the machine for a while, and a venue refuses what is late. */
  static open(weather: WireWeather): Promise<WireWorld> {
    const world = opened.then(() => WireWorld.#open(weather));
    opened = world.catch(() => {});
    return world;
  }

  static async #open(weather: WireWeather): Promise<WireWorld> {
    const { seed, logger, names, marginType = "cross" } = weather;
    const key = newSimulatedKey();
    const sim = await startBinanceSim({
      seed,
      speed: SPEED,
      ...(names === undefined ? { symbols: SYMBOLS } : {}),
      startMinute: weather.isCrash === true ? CRASH_MINUTE : 2_600 + (seed % 200),
      trading: { keys: [{ ...key, type: "hmac" }], equity: EQUITY, marginType },
    });
    const machine = new SteppedClock(sim.clock);
    const bases = { wsBase: sim.wsUrl, restBase: sim.restUrl };
    const { clock } = machine;
    const origin = assertRouted(bases).restOrigin;
    const reference = new BinanceReferenceData({ origin, clock, rng: new Rng(seed), log: logger });
    await reference.synchroniseClock();
    const { instruments } = await reference.universe();
    const account = await openVenueAccount({
      orders: "binance-sim",
      bases,
      credentials: loadCredentials({ env: { BINANCE_API_KEY: key.key, BINANCE_API_SECRET: key.secret } }),
      rest: reference.rest,
      venueClock: new OffsetClock(clock, () => reference.rest.offset.offsetMs()),
      wallClock: new SystemClock(),
      rng: new Rng(seed).fork("account"),
      floorMs: WINDOW_WALL_MS * SPEED,
      gates: null,
      marginType,
      watched: [],
      logger,
    });
    const traded = instruments.filter(({ symbol }) => names?.includes(symbol) ?? true);
    const bySymbol = new Map(traded.map((instrument) => [instrument.symbol, instrument]));
    return new WireWorld({ sim, machine, reference, account, instruments: bySymbol, weather });
  }

  /** Faults strike, setups are found, and now and then a person has everything left. */
  async storm(weather: WireWeather): Promise<void> {
    const { faults, stormMs, clockStepMs = 0, isCrash = false, deliveryMs, mayMiss = false } = weather;
    await this.until(() => this.core.holdings.state === "ACTIVE", "an account that is known");
    this.sim.setFaults(faults);
    if (deliveryMs !== undefined) this.#cancels.push(every(LIST_MS, () => void this.#deliver(deliveryMs)));
    const signals = every(SIGNAL_MS / SPEED, () => this.#signal());
    const flattens = isCrash ? () => {} : every(FLATTEN_MS / SPEED, () => this.say("flatten"));
    await wait(stormMs / 2);
    this.#machine.stepMs = clockStepMs;
    await wait(stormMs / 2);
    if (!mayMiss)
      await this.until(() => this.#missed(faults, clockStepMs).length === 0, "all faults to strike");
    if (deliveryMs !== undefined)
      await this.until(() => this.#isDelivered(), "a trade that ends by delivery");
    signals();
    flattens();
  }

  /** Announces the delivery of something that is held, and does what follows from news of a contract. */
  async #deliver(aheadMs: number): Promise<void> {
    const held = this.core.holdings.openTrades().find(({ phase }) => phase === "guarded");
    const isDue = held !== undefined && !this.#isDelivered();
    if (isDue) this.sim.announceDelisting(held.symbol, this.sim.clock.nowMs() + aheadMs);
    const { instruments } = await this.#reference.universe({ maxAgeMs: 0 });
    this.#symbols.relist(instruments, silentLogger);
  }

  #isDelivered(): boolean {
    return this.trades.some(({ reason }) => reason === "delist");
  }

  /** What has not struck yet. */
  #missed(faults: string, clockStepMs: number): readonly string[] {
    const { faults: struck } = this.sim.stats();
    const silent: string[] = [...parseFaults(faults).keys()].filter((id) => (struck[id] ?? 0) === 0);
    if (clockStepMs !== 0 && this.untimely() === 0) silent.push("a request whose time is wrong");
    if (this.trades.length === 0) silent.push("a trade");
    return silent;
  }

  /** Nothing goes wrong any more: core and venue come to agree, everything is left, and the last cent is the same. */
  async calm(): Promise<void> {
    this.sim.setFaults("none");
    this.#machine.stepMs = 0;
    // A signal that is still collected would be entered after everything was left.
    this.say("halt");
    await this.until(() => this.differences().length === 0, "core and venue to agree");
    this.say("flatten");
    await this.until(() => this.#isFlat() && this.differences().length === 0, "everything to be left");
    // Payments are in the account book some time after they were made.
    await this.until(() => this.#walletGapE8() === 0n, "the venue's wallet");
    this.#judgeEnd();
  }

  async close(): Promise<void> {
    for (const cancel of this.#cancels) cancel();
    this.#loop.stop();
    await this.#desk.stop();
    await this.#reference.close();
    await this.sim.stop();
  }

  say(word: OperatorWord): void {
    this.inbox.put({ type: "operator", word });
  }

  /** Awaits a state, a minute at most. */
  async until(holds: () => boolean, what: string): Promise<void> {
    const wallClock = new SystemClock();
    const untilNs = wallClock.monoNs() + 60e9;
    while (!holds()) {
      if (wallClock.monoNs() > untilNs) {
        this.faults.push(
          `waited a minute for ${what}: ${[...this.differences(), ...this.#left()].join("\n  ")}`,
        );
        return;
      }
      await wait(20);
    }
  }

  /** Where core and venue do not agree, or something is left undone; empty when all is well. */
  differences(): readonly string[] {
    const { trading } = this.#venue();
    const found: string[] = [];
    const held = new Map(trading.positions().map((position) => [this.#nameAt(position.symbolId), position]));
    for (const name of this.#names) {
      const symbol = this.#symbols.bySymbol(name);
      if (symbol === null) continue;
      const position = this.core.holdings.portfolio.position(symbol.symbolId);
      const ours = position === null ? 0n : BigInt(position.side * position.qtySteps) * symbol.rules.stepE8;
      const theirs = held.get(name)?.qtyE8 ?? 0n;
      if (ours !== theirs) found.push(`${name}: ours ${e8Text(ours)}, the venue's ${e8Text(theirs)}`);
      if (this.#uncoveredE8(name) > 0n) found.push(`${name}: held and not covered`);
    }
    const { unknownCount } = this.core.orders;
    if (unknownCount > 0) found.push(`${unknownCount} orders of unknown outcome`);
    return found;
  }

  #venue(): { readonly trading: NonNullable<BinanceSim["trading"]> } {
    return { trading: present(this.sim.trading ?? undefined, "Invariant: this venue trades") };
  }

  #note(line: string): void {
    this.#lines.push(`${this.sim.clock.nowMs() % 1_000_000} ${line}`);
    if (this.#lines.length > 2 * LINES_MAX) this.#lines.splice(0, LINES_MAX);
  }

  #noteCommand(command: TradingCommand): void {
    if (command.type === "submit") {
      const { clientOrderId, symbol, type, qtySteps } = command.order.value;
      this.#note(`submit ${clientOrderId} ${symbol} ${type} ${qtySteps}`);
    } else if (command.type === "cancel") this.#note(`cancel ${command.clientOrderId}`);
    else if (command.type === "state") this.#note(`${command.state} ${command.reasons.join()}`);
  }

  #noteInput(input: EngineInput): void {
    if (input.type === "order-update") {
      const { clientOrderId, status, cumQtySteps, fill } = input.update;
      const trade = fill === null ? "" : ` fill ${fill.qtySteps}`;
      this.#note(`update ${clientOrderId} ${status} ${cumQtySteps}${trade}`);
    } else if (input.type === "order-outcome") {
      const { clientOrderId, outcome } = input;
      this.#note(`outcome ${clientOrderId} ${outcome.type === "acked" ? "acked" : outcome.text}`);
    } else if (input.type === "operator") this.#note(input.word);
    else if (input.type === "answer" && input.answer.type !== "failed" && input.answer.type === "order")
      this.#note(`answer ${JSON.stringify(input.answer, asText)}`);
  }

  /** What is held, waits or is under way on either side. */
  #left(): readonly string[] {
    const { trading } = this.#venue();
    return [
      ...trading.positions().map(({ symbolId: id, qtyE8 }) => `held ${this.#nameAt(id)} ${e8Text(qtyE8)}`),
      ...trading.openOrders().map(({ clientOrderId }) => `waits ${clientOrderId}`),
      ...trading.openAlgos().map(({ clientAlgoId }) => `waits ${clientAlgoId}`),
      ...[...this.core.orders.open()].map(({ request, state }) => `ours ${request.clientOrderId} ${state}`),
      ...[...this.core.holdings.trades.values()].map(({ symbol, phase }) => `${symbol} ${phase}`),
      `${this.core.holdings.state} ${this.core.holdings.reasons.join()}`,
      ...this.#lines.slice(-LINES_MAX),
    ];
  }

  #walletGapE8(): bigint {
    return this.core.holdings.portfolio.walletE8 - this.#venue().trading.walletE8();
  }

  #isFlat(): boolean {
    const { trading } = this.#venue();
    const own = trading.openOrders().filter(({ clientOrderId }) => clientOrderId.startsWith("wire"));
    return (
      trading.positions().length === 0 &&
      own.length === 0 &&
      trading.openAlgos().every(({ clientAlgoId }) => !clientAlgoId.startsWith("wire")) &&
      this.core.orders.openCount === 0
    );
  }

  #nameAt(id: SymbolId): string {
    return this.sim.market.at(id).symbol;
  }

  /** What of a position no waiting stop would close. */
  #uncoveredE8(name: string): bigint {
    const { trading } = this.#venue();
    const position = trading.positions().find(({ symbolId: id }) => this.#nameAt(id) === name);
    if (position === undefined) return 0n;
    const { qtyE8 } = position;
    let leftE8 = qtyE8 < 0n ? -qtyE8 : qtyE8;
    for (const algo of trading.openAlgos())
      if (this.#nameAt(algo.symbolId) === name && BigInt(algo.side) * qtyE8 < 0n)
        leftE8 -= algo.isClosePosition ? leftE8 : algo.qtyE8;
    return leftE8 > 0n ? leftE8 : 0n;
  }

  /** No position that the core knows of stands bare for longer than it may, unless it is being left. */
  #judge(): void {
    const nowMs = this.sim.clock.nowMs();
    for (const { symbolId: id } of this.#venue().trading.positions()) {
      const name = this.#nameAt(id);
      const own = this.#symbols.bySymbol(name);
      const trade = own === null ? undefined : this.core.holdings.trades.get(own.symbolId);
      const isLeft = [trade?.wantedExit, trade?.owedExit, trade?.exit].some((exit) => exit != null);
      const isKnown = trade !== undefined && trade.qtySteps > 0;
      if (!isKnown || isLeft || this.#uncoveredE8(name) === 0n) {
        this.#bare.delete(name);
        continue;
      }
      const bare = this.#bare.get(name) ?? { sinceMs: nowMs, looks: 0 };
      bare.looks++;
      this.#bare.set(name, bare);
      // A look more on either side, and the way there.
      const mostMs = this.core.holdings.protectMs + (2 * LOOK_MS + WORD_WALL_MS) * SPEED + this.#unseenMs;
      // A machine that does something else looks seldom, and acts as seldom.
      if (nowMs - bare.sinceMs <= mostMs || bare.looks * LOOK_MS * SPEED <= mostMs) continue;
      this.faults.push(`${name}: bare for ${nowMs - bare.sinceMs} ms and not being left`);
      bare.sinceMs = Number.POSITIVE_INFINITY;
    }
  }

  /** Money to the last unit, no order sent twice, and no request that the venue cannot explain. */
  #judgeEnd(): void {
    const { trading } = this.#venue();
    const gapE8 = this.#walletGapE8();
    if (gapE8 !== 0n)
      this.faults.push(`wallet ${e8Text(gapE8)} off the venue's ${e8Text(trading.walletE8())}`);
    const sent = new Map<string, HeardOrder>();
    for (const order of this.#heardOrders()) {
      const before = sent.get(order.id);
      // What was refused for its time alone is sent once more, with the same id.
      if (before !== undefined && !UNTIMELY.test(before.reply))
        this.faults.push(`${order.id} was sent again after ${before.status} ${before.reply}`);
      sent.set(order.id, order);
    }
    const { unexpected, unexpectedSamples } = this.sim.stats();
    if (unexpected > 0) this.faults.push(`the venue cannot explain: ${unexpectedSamples.join("; ")}`);
  }

  /** Answers that a request's time was wrong. */
  untimely(): number {
    return this.#venue()
      .trading.requests()
      .filter(({ reply }) => UNTIMELY.test(reply)).length;
  }

  #heardOrders(): readonly HeardOrder[] {
    return this.#venue()
      .trading.requests()
      .filter(({ method, path }) => method === "POST" && /\/(?:order|algoOrder)$/.test(path))
      .map(({ query, body, status, reply }) => {
        const text = `${query}&${body}`;
        return {
          id: /new?Client(?:Order|Algo)Id=([^&]+)|clientAlgoId=([^&]+)/.exec(text)?.slice(1).join("") ?? "",
          status,
          reply,
        };
      });
  }

  /** A setup of the last price, half a percent from its invalidation. */
  #signal(): void {
    const name = this.#names[this.#rng.int(this.#names.length)] ?? "";
    const found = this.#symbols.bySymbol(name);
    const now = this.#market.now(name);
    if (found === null || now === null) return;
    const side = this.#isCrash || this.#rng.chance(0.5) ? 1 : -1;
    const price = e8ToNumber(now.lastE8);
    const nowMs = this.sim.clock.nowMs();
    const signal = {
      symbol: name,
      symbolId: found.symbolId,
      side,
      setup: 1,
      openTimeMs: Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - MINUTE_MS,
      score: 0.7 + 0.2 * this.#rng.next(),
      features: new Float32Array(12),
      scorerId: "heuristic-1",
      challenger: null,
      invalidationPrice: price * (1 - side * 0.007),
      atr: price * 0.007,
      medianTurnover: 1e9,
      exchangeMs: nowMs,
      isRestConfirmed: false,
      times: { receivedNs: 0, writtenNs: 0, takenNs: 0, featuresNs: 0, scoredNs: 0 },
    } as const;
    const { tickSize } = found.rules;
    this.inbox.put({
      type: "quotes",
      quotes: [{ symbolId: found.symbolId, bid: price, ask: price + tickSize }],
    });
    this.inbox.put({ type: "candidates", shardId: 0, candidates: [signal] });
  }
}

/** The venue's market as a watcher of its closed minutes sees it. */
function marketOf(sim: BinanceSim): DeskMarket {
  const closeE8 = (symbol: string, minute: number): bigint | null => {
    const found = sim.market.find(symbol);
    if (found === null) return null;
    const [, , , , close] = sim.market.flatBars(found, minute, minute);
    return close === undefined ? null : numberToE8(close);
  };
  return {
    isGone: () => false,
    now: (symbol) => {
      const lastE8 = closeE8(symbol, sim.market.minuteAt(sim.clock.nowMs()) - 1);
      return lastE8 === null ? null : { lastE8, volumeE8: numberToE8(1e9), book: null };
    },
    closeE8: (symbol, closeMs) => closeE8(symbol, sim.market.minuteAt(closeMs) - 1),
  };
}

function asText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

function every(ms: number, work: () => void): () => void {
  const timer = setInterval(work, ms);
  return () => clearInterval(timer);
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Lives through one storm on the wire; what did not hold, with the seed and the faults before it. */
export async function outliveOnTheWire(weather: WireWeather): Promise<{
  readonly faults: readonly string[];
  readonly trades: number;
  /** How often each knob struck. */
  readonly struck: Readonly<Partial<Record<string, number>>>;
}> {
  const world = await WireWorld.open(weather);
  try {
    await world.storm(weather);
    await world.calm();
  } finally {
    await world.close();
  }
  const place = `seed ${weather.seed}, faults ${weather.faults}`;
  return {
    faults: world.faults.map((fault) => `${place}: ${fault}`),
    trades: world.trades.length,
    struck: world.sim.stats().faults,
  };
}

/** What many storms came to. */
export interface Campaign {
  readonly faults: readonly string[];
  readonly trades: number;
  /** How often each knob struck, in all of them together. */
  readonly struck: ReadonlyMap<string, number>;
}

/** Storms by the environment's seeds (`SMCQ_WIRE_FIRST`, `SMCQ_WIRE_SEEDS`): most of one is waiting, so that some go on at once. */
export async function campaignOnTheWire(
  atOnce: number,
  weatherOf: (seed: number) => WireWeather,
): Promise<Campaign> {
  const faults: string[] = [];
  const struck = new Map<string, number>();
  let trades = 0;
  const seeds = Array.from({ length: SEEDS }, (_, index) => FIRST_SEED + index);
  const next = async (): Promise<void> => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      const outlived = await outliveOnTheWire(weatherOf(seed));
      faults.push(...outlived.faults);
      trades += outlived.trades;
      for (const [id, count = 0] of Object.entries(outlived.struck))
        struck.set(id, (struck.get(id) ?? 0) + count);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, next));
  return { faults, trades, struck };
}
