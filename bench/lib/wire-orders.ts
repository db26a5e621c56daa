import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forkBinanceSim } from "@smcq/binance-sim";
import { Desk, newSimulatedKey, openVenueAccount, SymbolBook } from "@smcq/cli";
import { CommandRouter, EngineLoop, EVENT_LOOP_DEFERRAL, Inbox } from "@smcq/cluster";
import { loadConfig } from "@smcq/config";
import {
  Engine,
  type EngineInput,
  type EngineOptions,
  type TradingCommand,
  type TradingCore,
} from "@smcq/engine";
import type { TickerFeed } from "@smcq/exchange";
import { assertRouted, BinanceReferenceData } from "@smcq/exchange-binance";
import { loadCredentials } from "@smcq/exchange-binance/trading";
import { M1_SCALP } from "@smcq/features";
import {
  type Clock,
  createClock,
  type Instrument,
  MINUTE_MS,
  numberToE8,
  present,
  Rng,
  silentLogger,
  symbolId,
  SystemClock,
} from "@smcq/kernel";
import { type LedgerClient, ledgerFile, openLedger } from "@smcq/ledger";
import { RUN } from "./ledger-cost.ts";
import { SyncFloor } from "./sync-floor.ts";

const SYMBOLS = 12;
const EQUITY = "1000000";
/** Before each signal, wall ms: signals come at a minute's close, when nothing else of an order is on its way. */
const REST_MS = 40;
/** Before the first, wall ms: the ledger makes room for its log while nobody asks for anything, in the first seconds of its life. */
const SETTLE_MS = 4_000;
/** Longest wait for a state, wall ms. */
const STATE_MS_MAX = 30_000;
const LOOK_MS = 2;
const ENGINE_ID = "bnch";

/** What an order on the wire takes, us each. */
export interface WireLatency {
  /** From a scored signal to the frame of its order at the socket: core, row synced, signed, written. */
  readonly signalToFrameUs: readonly number[];
  /** From the word of the entry's fill to the ack of the stop that guards it. */
  readonly fillToStopUs: readonly number[];
  /** The disk's own part of the first: a page synced in place, before each signal. */
  readonly syncUs: readonly number[];
}

/** What undici tells when it writes a request's head. */
interface SentHead {
  readonly request: { readonly method: string; readonly body: unknown };
}

const clock = new SystemClock();

/**
 * Enters and leaves `SYMBOLS` symbols, one after the other, `rounds` times, through the running engine's own parts: loop,
 * ledger in its thread, adapter, and a simulated venue in a process of its own. One round before is not counted: leverage is
 * set then, and code is warmed up.
 */
export async function measureWireOrders(rounds: number): Promise<WireLatency> {
  const dataDir = mkdtempSync(join(tmpdir(), "smcq-bench-"));
  const key = newSimulatedKey();
  const sim = await forkBinanceSim({
    // Entries in a venue minute are bounded: this one has 6 s.
    speed: 10,
    symbols: SYMBOLS,
    weightLimit: 100_000,
    trading: { keys: [{ ...key, type: "hmac" }], equity: EQUITY, prices: "held" },
  });
  const bases = { wsBase: `ws://127.0.0.1:${sim.port}`, restBase: `http://127.0.0.1:${sim.port}` };
  const venueClock = createClock(sim.clockSpec);
  const { restOrigin: origin } = assertRouted(bases);
  const parts = { clock: venueClock, rng: new Rng(1), log: silentLogger };
  const reference = new BinanceReferenceData({ origin, ...parts, weightShareMax: 0.8 });
  const floor = new SyncFloor(dataDir);
  const ledger = await openLedger({ file: ledgerFile(dataDir), queueMax: 1_000, clock, onEvent() {} });
  try {
    await ledger.beginRun(RUN);
    await reference.synchroniseClock();
    const { instruments } = await reference.universe();
    const account = await openVenueAccount({
      orders: "binance-sim",
      bases,
      credentials: loadCredentials({ env: { BINANCE_API_KEY: key.key, BINANCE_API_SECRET: key.secret } }),
      rest: reference.rest,
      venueClock,
      wallClock: clock,
      rng: new Rng(2),
      floorMs: 0,
      gates: null,
      marginType: "cross",
      watched: [],
      logger: silentLogger,
    });
    const prices = await pricesOf(bases.restBase);
    const bed = new WireBed(account, { instruments, prices, ledger, venueClock, floor });
    const latency = await bed.measure(rounds);
    await bed.stop();
    await ledger.endRun(RUN.runId, clock.nowMs(), {});
    return { ...latency, syncUs: floor.us };
  } finally {
    await reference.close();
    await ledger.close();
    floor.close();
    await sim.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function pricesOf(restBase: string): Promise<ReadonlyMap<string, number>> {
  const reply = await fetch(`${restBase}/fapi/v1/ticker/price`);
  const rows = (await reply.json()) as readonly { readonly symbol: string; readonly price: string }[];
  return new Map(rows.map(({ symbol, price }) => [symbol, Number(price)]));
}

/** Somebody hears of every event before it waits its turn. */
class TappedInbox extends Inbox {
  onPut: (input: EngineInput) => void = () => {};

  override put(input: EngineInput): boolean {
    this.onPut(input);
    return super.put(input);
  }
}

class WireBed {
  readonly #core: TradingCore;
  readonly #inbox = new TappedInbox();
  readonly #loop: EngineLoop;
  readonly #desk: Desk;
  readonly #symbols: SymbolBook;
  readonly #names: readonly string[];
  readonly #prices: ReadonlyMap<string, number>;
  readonly #venueClock: Clock;
  readonly #floor: SyncFloor;
  readonly #latency = { signalToFrameUs: [] as number[], fillToStopUs: [] as number[] };
  #signalNs = 0;
  #fillNs = 0;
  #isCounted = false;
  /** The last signal was refused, its entry came to nothing, or its trade is over already. */
  #isRefused = false;

  constructor(
    opened: Awaited<ReturnType<typeof openVenueAccount>>,
    parts: {
      readonly instruments: readonly Instrument[];
      readonly prices: ReadonlyMap<string, number>;
      readonly ledger: LedgerClient;
      readonly venueClock: Clock;
      readonly floor: SyncFloor;
    },
  ) {
    const { instruments, prices, ledger, venueClock } = parts;
    this.#floor = parts.floor;
    const inbox = this.#inbox;
    inbox.onPut = (input) => this.#onPut(input);
    const { risk, protocol, fees } = loadConfig({ env: {}, flags: {} }).config;
    this.#prices = prices;
    this.#venueClock = venueClock;
    this.#names = instruments.map(({ symbol }) => symbol).filter((symbol) => prices.has(symbol));
    const bySymbol = new Map(instruments.map((instrument) => [instrument.symbol, instrument]));
    this.#symbols = new SymbolBook({
      inbox,
      instruments: bySymbol,
      fees,
      idOf: (symbol) => symbolId(this.#names.indexOf(symbol)),
    });
    const market = {
      isGone: () => false,
      now: () => null,
      closeE8: (symbol: string) => numberToE8(prices.get(symbol) ?? 1),
    };
    const options: EngineOptions = {
      scoreMin: 0.6,
      decisionWindowNs: 0,
      signalAgeMsMax: 2 * MINUTE_MS,
      trading: {
        engineId: ENGINE_ID,
        startWalletE8: opened.walletE8,
        // Nothing is held back by what happened before: each round is like the first.
        risk: { ...risk, unprovenRiskRatioMax: 0.0001, costRatioMax: 0.5, entriesPerMinuteMax: 100 },
        protocol,
        plan: M1_SCALP,
        isVenueRemote: true,
        isSlippageMeasured: true,
        wordFloorMs: 0,
        refusesUnproven: false,
      },
    };
    const engine = new Engine(options);
    this.#core = present(engine.trading, "Invariant: this engine trades");
    const tickers: TickerFeed = {
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(),
      connection: () => ({ isOpen: true, sinceMs: 0, connects: 1, streams: 0, words: "" }),
      follow() {},
      ticker: () => null,
    };
    const account = opened.open({ market, symbols: this.#symbols, tickers });
    this.#desk = new Desk({
      inbox,
      account,
      orders: opened.orders,
      market,
      tickers,
      symbols: this.#symbols,
      openIds: () => this.#core.holdings.trades.keys(),
      toldMinuteMs: null,
      venueClock,
      logger: silentLogger,
    });
    this.#loop = new EngineLoop({
      engine,
      inbox,
      journal: ledger.openJournal({ engine: options, orders: opened.orders, onHealth() {} }),
      router: new CommandRouter(
        {
          onSignals() {},
          onDecision() {},
          onInvalidScores() {},
          onTrading: (command) => this.#carryOut(command),
        },
        { inbox, wallClock: clock },
      ),
      venueClock,
      wallClock: clock,
      deferral: EVENT_LOOP_DEFERRAL,
    });
    this.#desk.start();
    this.#desk.startMinutes();
  }

  async measure(rounds: number): Promise<Omit<WireLatency, "syncUs">> {
    const onHead = (message: unknown): void => this.#onHead(message as SentHead);
    subscribe("undici:client:sendHeaders", onHead);
    try {
      // It begins without any word of the account.
      await until(() => this.#core.holdings.state !== "ACTIVE", "the first event");
      await until(() => this.#core.holdings.state === "ACTIVE", "an account that is known");
      await pause(SETTLE_MS);
      for (let round = 0; round <= rounds; round++) {
        this.#isCounted = round > 0;
        for (const name of this.#names) await this.#enter(name);
        this.#inbox.put({ type: "operator", word: "flatten" });
        const isOver = () => this.#core.holdings.trades.size + this.#core.orders.openCount === 0;
        await until(isOver, "everything to be left");
      }
    } finally {
      unsubscribe("undici:client:sendHeaders", onHead);
    }
    return this.#latency;
  }

  async stop(): Promise<void> {
    this.#loop.stop();
    await this.#desk.stop();
  }

  async #enter(name: string): Promise<void> {
    if (this.#isCounted) this.#floor.measure();
    await pause(REST_MS);
    const found = present(this.#symbols.bySymbol(name), "Invariant: every symbol is listed");
    const bid = present(this.#prices.get(name), "Invariant: every symbol has a price");
    const { symbolId: id, rules } = found;
    const nowMs = this.#venueClock.nowMs();
    const signal = {
      symbol: name,
      symbolId: id,
      side: 1,
      setup: 1,
      openTimeMs: Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - MINUTE_MS,
      score: 0.9,
      features: new Float32Array(12),
      scorerId: "bench",
      challenger: null,
      invalidationPrice: bid * 0.99,
      atr: bid * 0.01,
      medianTurnover: 1e9,
      exchangeMs: nowMs,
      isRestConfirmed: false,
      times: { receivedNs: 0, writtenNs: 0, takenNs: 0, featuresNs: 0, scoredNs: 0 },
    } as const;
    this.#inbox.put({ type: "quotes", quotes: [{ symbolId: id, bid, ask: bid + rules.tickSize }] });
    this.#fillNs = 0;
    this.#isRefused = false;
    this.#signalNs = clock.monoNs();
    this.#inbox.put({ type: "candidates", shardId: 0, candidates: [signal] });
    const isOver = () => this.#core.holdings.trades.get(id)?.phase === "guarded" || this.#isRefused;
    await until(isOver, `${name} to be guarded`);
    this.#signalNs = 0;
  }

  #onPut(input: EngineInput): void {
    const nowNs = clock.monoNs();
    if (input.type === "order-update" && input.update.clientOrderId.startsWith(`${ENGINE_ID}E`)) {
      if (input.update.fill !== null && this.#fillNs === 0) this.#fillNs = nowNs;
    } else if (input.type === "order-outcome" && input.clientOrderId.startsWith(`${ENGINE_ID}S`)) {
      if (this.#isCounted) this.#latency.fillToStopUs.push((nowNs - this.#fillNs) / 1e3);
    }
  }

  #carryOut(command: TradingCommand): void {
    if (command.type === "decided") this.#isRefused = command.decision.receipt.outcome !== "APPROVED";
    else if (command.type === "entry-failed" || command.type === "trade-closed") this.#isRefused = true;
    this.#desk.carryOut(command);
  }

  #onHead({ request: { method, body } }: SentHead): void {
    // Targets and exits take the same way.
    const isEntry = method === "POST" && String(body).includes(`newClientOrderId=${ENGINE_ID}E`);
    if (!isEntry || this.#signalNs === 0) return;
    if (this.#isCounted) this.#latency.signalToFrameUs.push((clock.monoNs() - this.#signalNs) / 1e3);
    this.#signalNs = 0;
  }
}

/** Looks now and then: what is measured is measured where it happens. */
async function until(holds: () => boolean, what: string): Promise<void> {
  const untilNs = clock.monoNs() + STATE_MS_MAX * 1e6;
  while (!holds()) {
    if (clock.monoNs() > untilNs) throw new Error(`waited ${STATE_MS_MAX} ms for ${what}`);
    await pause(LOOK_MS);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
