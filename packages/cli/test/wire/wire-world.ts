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
import { MARKET_ENTRY } from "@smcq/features";
import {
  e8Text,
  e8ToNumber,
  type Logger,
  MINUTE_MS,
  numberToE8,
  OffsetClock,
  present,
  Rng,
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

const SYMBOLS = 6;
/** Venue ms in a wall ms: a storm of some wall seconds is minutes of a market. */
const SPEED = 20;
const EQUITY = "10000";
/** The least that is waited for a word, wall ms (docs/decisions.md 40). */
const WORD_WALL_MS = 500;
const WINDOW_WALL_MS = 250;
/** How often what must hold is looked at, wall ms. */
const LOOK_MS = 10;
/** How often a setup is found, and how often a person has everything left, venue ms. */
const SIGNAL_MS = 2_000;
/** Lines that a failure tells. */
const LINES_MAX = 100;
const FLATTEN_MS = 20_000;

export interface WireWeather {
  readonly seed: number;
  /** Knobs of the venue, as `smcq venue --faults` takes them; their times count from the storm's begin. */
  readonly faults: string;
  /** Wall ms. */
  readonly stormMs: number;
  readonly logger: Logger;
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
  readonly #bareSinceMs = new Map<string, number>();
  readonly #cancels: (() => void)[] = [];

  private constructor(parts: {
    readonly sim: BinanceSim;
    readonly reference: BinanceReferenceData;
    readonly account: TradingAccount;
    readonly instruments: ConstructorParameters<typeof SymbolBook>[0]["instruments"];
    readonly weather: WireWeather;
  }) {
    const { sim, reference, account, instruments, weather } = parts;
    this.sim = sim;
    this.#reference = reference;
    this.#rng = new Rng(weather.seed);
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
        protocol,
        entry: MARKET_ENTRY,
        isVenueRemote: true,
        wordFloorMs: WORD_WALL_MS * SPEED,
        refusesUnproven: false,
      },
    });
    this.core = present(engine.trading, "Invariant: this engine trades");
    const wallClock = new SystemClock();
    this.#desk = new Desk({
      inbox,
      account: account.open({ market, symbols: this.#symbols }),
      orders: account.orders,
      market,
      symbols: this.#symbols,
      openIds: () => this.core.holdings.trades.keys(),
      toldMinuteMs: null,
      venueClock: sim.clock,
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
      venueClock: sim.clock,
      wallClock,
      deferral: EVENT_LOOP_DEFERRAL,
    });
    this.#desk.start();
    this.#cancels.push(every(LOOK_MS, () => this.#judge()));
  }

  static async open(weather: WireWeather): Promise<WireWorld> {
    const { seed, logger } = weather;
    const key = newSimulatedKey();
    const sim = await startBinanceSim({
      seed,
      speed: SPEED,
      symbols: SYMBOLS,
      startMinute: 2_600 + (seed % 200),
      trading: { keys: [{ ...key, type: "hmac" }], equity: EQUITY },
    });
    const bases = { wsBase: sim.wsUrl, restBase: sim.restUrl };
    const { clock } = sim;
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
      logger,
    });
    const bySymbol = new Map(instruments.map((instrument) => [instrument.symbol, instrument]));
    return new WireWorld({ sim, reference, account, instruments: bySymbol, weather });
  }

  /** Faults strike, setups are found, and now and then a person has everything left. */
  async storm({ faults, stormMs }: WireWeather): Promise<void> {
    await this.until(() => this.core.holdings.state === "ACTIVE", "an account that is known");
    this.sim.setFaults(faults);
    const signals = every(SIGNAL_MS / SPEED, () => this.#signal());
    const flattens = every(FLATTEN_MS / SPEED, () => this.say("flatten"));
    await wait(stormMs);
    signals();
    flattens();
  }

  /** Nothing goes wrong any more: core and venue come to agree, everything is left, and the last cent is the same. */
  async calm(): Promise<void> {
    this.sim.setFaults("none");
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
        this.#bareSinceMs.delete(name);
        continue;
      }
      const sinceMs = this.#bareSinceMs.get(name) ?? nowMs;
      this.#bareSinceMs.set(name, sinceMs);
      // A look more on either side, and the way there.
      const mostMs = this.core.holdings.protectMs + (2 * LOOK_MS + WORD_WALL_MS) * SPEED;
      if (nowMs - sinceMs <= mostMs) continue;
      this.faults.push(`${name}: bare for ${nowMs - sinceMs} ms and not being left`);
      this.#bareSinceMs.set(name, Number.POSITIVE_INFINITY);
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
      if (before !== undefined && !/-1021|-5028/.test(before.reply))
        this.faults.push(`${order.id} was sent again after ${before.status} ${before.reply}`);
      sent.set(order.id, order);
    }
    const { unexpected, unexpectedSamples } = this.sim.stats();
    if (unexpected > 0) this.faults.push(`the venue cannot explain: ${unexpectedSamples.join("; ")}`);
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
    const side = this.#rng.chance(0.5) ? 1 : -1;
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
      return lastE8 === null ? null : { lastE8, volumeE8: numberToE8(1e9) };
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
}> {
  const world = await WireWorld.open(weather);
  try {
    await world.storm(weather);
    await world.calm();
  } finally {
    await world.close();
  }
  const place = `seed ${weather.seed}, faults ${weather.faults}`;
  return { faults: world.faults.map((fault) => `${place}: ${fault}`), trades: world.trades.length };
}
