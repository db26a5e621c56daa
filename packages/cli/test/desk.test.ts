import { ClusterMemory, CommandRouter, EngineLoop, Inbox } from "@smcq/cluster";
import { loadConfig } from "@smcq/config";
import { Engine, NO_JOURNAL, type ScoredCandidate, type TradingCore } from "@smcq/engine";
import { M1_SCALP } from "@smcq/features";
import {
  ManualClock,
  MINUTE_MS,
  numberToE8,
  parseE8,
  present,
  silentLogger,
  type SymbolId,
} from "@smcq/kernel";
import { KlineRingWriter } from "@smcq/wire";
import { describe, expect, it } from "vitest";
import { SymbolBook } from "../src/accounts/symbol-book.ts";
import { RingMarket } from "../src/accounts/ring-market.ts";
import { Desk } from "../src/run/trading/desk.ts";
import { MemoryAccount } from "../src/accounts/memory-account.ts";
import { KnownTickers } from "./support/known-tickers.ts";
import { instrumentOf } from "./support/instruments.ts";

const START_MS = 1_769_990_400_000;
const WALLET_E8 = parseE8("10000");
const SYMBOLS = ["AUSDT", "BUSDT"];

/** The running engine's parts around a desk, over rings that the test writes, on a clock that it moves. */
class Floor {
  readonly clock = new ManualClock(START_MS);
  readonly memory = new ClusterMemory({ symbols: SYMBOLS, shards: 1 });
  readonly writer: KlineRingWriter;
  readonly inbox = new Inbox();
  readonly tickers = new KnownTickers();
  readonly desk: Desk;
  readonly core: TradingCore;
  readonly #loop: EngineLoop;

  constructor() {
    const { memory } = this.memory.shard(0);
    this.writer = new KlineRingWriter(memory.rings);
    const { risk, protocol, fees } = loadConfig({ env: {}, flags: {} }).config;
    const { inbox, clock } = this;
    const instruments = new Map(SYMBOLS.map((symbol) => [symbol, instrumentOf(symbol)]));
    const { tickers } = this;
    const market = new RingMarket(this.memory, tickers, clock);
    const clocks = { venueClock: clock, wallClock: clock };
    const logger = silentLogger;
    const idOf = (symbol: string): SymbolId | null => this.memory.slots.of(symbol)?.symbolId ?? null;
    const symbols = new SymbolBook({ inbox, instruments, fees, idOf });
    const own = { market, tickers, symbols, fees, walletE8: WALLET_E8, seed: 1, ...clocks, logger };
    const account = new MemoryAccount(own);
    const openIds = (): Iterable<SymbolId> => this.core.holdings.trades.keys();
    this.desk = new Desk({
      inbox,
      account,
      orders: "sim-gateway",
      market,
      tickers,
      symbols,
      openIds,
      toldMinuteMs: null,
      venueClock: clock,
      logger,
    });
    const engine = new Engine({
      scoreMin: 0.6,
      decisionWindowNs: 100e6,
      signalAgeMsMax: MINUTE_MS,
      trading: {
        engineId: "sim0",
        startWalletE8: WALLET_E8,
        risk,
        protocol,
        plan: M1_SCALP,
        isVenueRemote: true,
        isSlippageMeasured: false,
        wordFloorMs: 0,
        refusesUnproven: false,
      },
    });
    this.core = present(engine.trading, "Invariant: this engine trades");
    const router = new CommandRouter(
      {
        onSignals: (batch) => this.desk.onSignals(batch),
        onDecision() {},
        onInvalidScores() {},
        onTrading: (command) => this.desk.carryOut(command),
      },
      { inbox, wallClock: clock },
    );
    this.#loop = new EngineLoop({
      engine,
      inbox,
      journal: NO_JOURNAL,
      router,
      ...clocks,
      deferral: { soon() {}, later() {} },
    });
    for (const slot of [0, 1]) this.writer.reset(slot, 0);
    this.close(100);
    this.desk.start();
    this.desk.startMinutes();
    this.run(5_000);
  }

  /** A bar of both symbols, opened a minute ago. */
  close(price: number): void {
    const openMs = this.clock.nowMs() - MINUTE_MS;
    for (const slot of [0, 1])
      this.writer.append(slot, openMs, price, price, price, price, 1_000, 0, 0, 0, 0);
  }

  forming(slot: number, price: number): void {
    this.writer.forming(slot, this.clock.nowMs(), price, price, price, price, 10, this.clock.nowMs());
  }

  /** Time goes on, step by step, as the event loop would turn. */
  run(ms: number): void {
    const untilMs = this.clock.nowMs() + ms;
    while (this.clock.nowMs() < untilMs) {
      this.clock.advance(10);
      while (this.inbox.size > 0) this.#loop.drain();
    }
  }

  signal(symbol: string, change: Partial<ScoredCandidate> = {}): void {
    const entry = present(this.memory.slots.of(symbol), "Invariant: the symbol is watched");
    const candidate: ScoredCandidate = {
      symbol,
      symbolId: entry.symbolId,
      side: 1,
      setup: 1,
      openTimeMs: this.clock.nowMs() - MINUTE_MS,
      score: 0.75,
      features: new Float32Array(12),
      scorerId: "heuristic-1",
      challenger: null,
      invalidationPrice: 99.5,
      atr: 0.5,
      medianTurnover: 1e7,
      exchangeMs: this.clock.nowMs(),
      isRestConfirmed: false,
      times: { receivedNs: 0, writtenNs: 0, takenNs: 0, featuresNs: 0, scoredNs: 0 },
      ...change,
    };
    this.inbox.put({ type: "candidates", shardId: 0, candidates: [candidate] });
    this.run(1_000);
  }
}

describe("the simulated desk", () => {
  it("enters at the price that the ring holds, guards it, and leaves at the stop that the market reaches", async () => {
    const floor = new Floor();
    floor.forming(0, 101);
    floor.signal("AUSDT", { invalidationPrice: 100.5 });
    const [trade] = [...floor.core.holdings.trades.values()];
    expect(trade).toMatchObject({ symbol: "AUSDT", phase: "guarded" });
    // The ask is 101.01; 2 in 10,000 more, rounded up.
    expect(trade?.avgPrice).toBeCloseTo(101.04, 9);
    floor.forming(0, 98);
    floor.run(1_000);
    expect(floor.core.holdings.trades.size).toBe(0);
    const { trades, wins, netE8 } = floor.desk.tally;
    expect([trades, wins]).toEqual([1, 0]);
    expect(floor.core.holdings.portfolio.walletE8).toBe(WALLET_E8 + netE8);
    await floor.desk.stop();
  });

  it("enters and leaves at the venue's best prices where they are told, and follows those of what is held", async () => {
    const floor = new Floor();
    floor.forming(0, 101);
    // Told 6 s ago, since when a buyer has paid more: the ask is the last price, a spread above the bid.
    const timeMs = floor.clock.nowMs() - 6_000;
    floor.tickers.known.set("AUSDT", { bidE8: numberToE8(100.6), askE8: numberToE8(100.8), timeMs });
    floor.signal("AUSDT", { invalidationPrice: 100.5 });
    const [trade] = [...floor.core.holdings.trades.values()];
    expect(trade).toMatchObject({ symbol: "AUSDT", phase: "guarded" });
    // The ask is 101; 2 in 10,000 more, rounded up.
    expect(trade?.avgPrice).toBeCloseTo(101.03, 9);
    expect([...floor.tickers.followed]).toEqual(["AUSDT"]);
    const now = { bidE8: numberToE8(97), askE8: numberToE8(98.5), timeMs: floor.clock.nowMs() };
    floor.tickers.known.set("AUSDT", now);
    floor.forming(0, 98);
    floor.run(900);
    // The bid is 97; 2 in 10,000 less, rounded down.
    const qty = present(trade, "it was entered").approvedSteps / 10;
    const fees = (101.03 + 96.98) * 0.0005;
    expect(Number(floor.desk.tally.netE8) / 1e8 / qty).toBeCloseTo(96.98 - 101.03 - fees, 4);
    expect([floor.desk.tally.trades, [...floor.tickers.followed]]).toEqual([1, []]);
    await floor.desk.stop();
  });

  it("counts minutes by the closes of the rings, and leaves by the rules", async () => {
    const floor = new Floor();
    floor.signal("AUSDT", { side: -1, invalidationPrice: 100.5 });
    expect(floor.core.holdings.trades.size).toBe(1);
    for (let minute = 0; minute < 60 && floor.core.holdings.trades.size > 0; minute++) {
      floor.clock.advanceTo(Math.ceil((floor.clock.nowMs() + 1) / MINUTE_MS) * MINUTE_MS);
      floor.close(99.87);
      floor.run(20_000);
    }
    expect(floor.desk.tally.trades).toBe(1);
    expect(floor.core.holdings.trades.size).toBe(0);
    await floor.desk.stop();
  });

  it("refuses what the venue does not list, and what no price is known of", async () => {
    const floor = new Floor();
    floor.memory.slots.add("CUSDT");
    floor.signal("CUSDT");
    floor.writer.reset(1, 0);
    floor.signal("BUSDT");
    // Neither has a price, which is asked for before the rules.
    expect([...floor.core.outcomes]).toEqual([["FEED_STALE", 2]]);
    await floor.desk.stop();
  });

  it("leaves what is watched no more, at its last price", async () => {
    const floor = new Floor();
    floor.signal("AUSDT");
    floor.memory.slots.remove("AUSDT");
    floor.run(3 * MINUTE_MS);
    expect(floor.core.holdings.trades.size).toBe(0);
    expect(floor.desk.tally.trades).toBe(1);
    await floor.desk.stop();
  });
});
