import { M1_SCALP } from "@smcq/features";
import { CommandRouter, EngineLoop, Inbox } from "@smcq/cluster";
import { loadConfig } from "@smcq/config";
import {
  Engine,
  type EngineInput,
  type EngineOptions,
  type Journal,
  NO_JOURNAL,
  type ScoredCandidate,
  type TradingCommand,
  type TradingOptions,
} from "@smcq/engine";
import { tradingRules } from "@smcq/exchange";
import { BarExchange } from "@smcq/exchange-sim";
import { ManualClock, MINUTE_MS, parseE8, qtySteps, symbolId, SystemClock } from "@smcq/kernel";

const OPEN = 50;
export const WARM_UP = 2_000;
/** Signals of this symbol go through every gate and every cap, and are too small at last: nothing changes by them. */
const REFUSED = OPEN;
const T0 = 20_000 * 86_400_000;
const PRICE = 100;

const WALLET_E8 = parseE8("1000000");
const SETTINGS = loadConfig({ env: {}, flags: {} }).config;
const CORE_TRADING: TradingOptions = {
  engineId: "bnch",
  startWalletE8: WALLET_E8,
  // So small that fifty of them fit into every cap.
  risk: { ...SETTINGS.risk, unprovenRiskRatioMax: 0.0001 },
  protocol: SETTINGS.protocol,
  plan: M1_SCALP,
  isVenueRemote: true,
  isSlippageMeasured: true,
  wordFloorMs: 0,
  refusesUnproven: false,
};
const CORE_OPTIONS: EngineOptions = {
  scoreMin: 0.6,
  decisionWindowNs: 0,
  signalAgeMsMax: Number.POSITIVE_INFINITY,
  trading: CORE_TRADING,
};
/** The same where the venue tells everything: a decision is a decision, and no question about the account. */
export const TOLD_OPTIONS: EngineOptions = {
  ...CORE_OPTIONS,
  trading: { ...CORE_TRADING, isVenueRemote: false },
};

const clock = new SystemClock();

/** A core with `OPEN` guarded positions against a venue in memory. */
class CoreBed {
  readonly #engine: Engine;
  readonly #venue: BarExchange;
  readonly #inbox = new Inbox();
  readonly #clock = new ManualClock(T0);
  readonly #loop: EngineLoop;

  constructor(journal: Journal, options: EngineOptions) {
    const { fees } = SETTINGS;
    this.#engine = new Engine(options);
    this.#venue = new BarExchange({
      walletE8: WALLET_E8,
      listener: {
        onOrder: (update) => this.#inbox.put({ type: "order-update", update }),
        onIncome: (income) => this.#inbox.put({ type: "income", income }),
      },
    });
    this.#loop = new EngineLoop({
      engine: this.#engine,
      inbox: this.#inbox,
      journal,
      router: new CommandRouter(
        {
          onSignals() {},
          onDecision() {},
          onInvalidScores() {},
          onTrading: (command) => this.#carryOut(command),
        },
        { inbox: this.#inbox, wallClock: this.#clock },
      ),
      venueClock: this.#clock,
      wallClock: this.#clock,
      // The bench drains by itself.
      deferral: { soon() {}, later() {} },
    });
    for (let id = 0; id <= REFUSED; id++) {
      const rules = tradingRules({
        symbol: `S${id}`,
        tickSize: "0.01",
        stepSize: "0.001",
        minQty: "0.001",
        marketMaxQty: "100000",
        minNotional: id === REFUSED ? "10000000" : "5",
      });
      this.#venue.list(symbolId(id), rules, fees);
      this.put({ type: "instrument", symbolId: symbolId(id), symbol: `S${id}`, rules, fees });
    }
    for (let id = 0; id < OPEN; id++) this.#enter(id);
  }

  get open(): number {
    return this.#engine.trading?.holdings.portfolio.openCount ?? 0;
  }

  /** Processes an event and all that comes of it. */
  put(input: EngineInput): void {
    this.#inbox.put(input);
    while (this.#inbox.size > 0) this.#loop.drain();
  }

  #carryOut(command: TradingCommand): void {
    if (command.type === "set-leverage") {
      const { symbolId: id, leverage } = command;
      this.#venue.setLeverage(id, leverage, (outcome) =>
        this.#inbox.put({ type: "leverage-outcome", symbolId: id, leverage, outcome }),
      );
    }
    if (command.type !== "submit") return;
    const { clientOrderId, symbolId: id, type } = command.order.value;
    this.#venue.submit(command.order, (outcome) =>
      this.#inbox.put({ type: "order-outcome", clientOrderId, outcome }),
    );
    if (type === "market") return;
    // What rests is told of: a stream that says nothing of it would end all entries.
    const word = { clientOrderId, symbolId: id, fill: null, timeMs: this.#clock.nowMs() };
    this.#inbox.put({ type: "order-update", update: { ...word, status: "new", cumQtySteps: qtySteps(0) } });
  }

  /** Microseconds from a scored signal to its decision. */
  time(): number {
    this.#clock.advance(MINUTE_MS);
    this.#quote(REFUSED);
    const signal = candidate(REFUSED, this.#clock.nowMs() - MINUTE_MS);
    const startNs = clock.monoNs();
    this.put({ type: "candidates", shardId: 0, candidates: [signal] });
    this.put({ type: "time" });
    return (clock.monoNs() - startNs) / 1e3;
  }

  #enter(id: number): void {
    this.#clock.advance(MINUTE_MS);
    this.#quote(id);
    this.put({
      type: "candidates",
      shardId: 0,
      candidates: [candidate(id, this.#clock.nowMs() - MINUTE_MS)],
    });
    this.put({ type: "time" });
    this.#venue.open(this.#clock.nowMs(), () => parseE8(String(PRICE)));
    this.put({ type: "time" });
  }

  #quote(id: number): void {
    this.put({ type: "quotes", quotes: [{ symbolId: symbolId(id), bid: PRICE, ask: PRICE }] });
  }
}

function candidate(id: number, openTimeMs: number): ScoredCandidate {
  const side = id % 2 === 0 ? 1 : -1;
  return {
    symbolId: symbolId(id),
    symbol: `S${id}`,
    side,
    setup: 1,
    openTimeMs,
    score: 0.9,
    features: new Float32Array(12),
    scorerId: "bench",
    challenger: null,
    invalidationPrice: PRICE - side * 0.4,
    atr: 0.3,
    medianTurnover: 1e9,
    exchangeMs: openTimeMs + MINUTE_MS,
    isRestConfirmed: false,
    times: { receivedNs: 0, writtenNs: 0, takenNs: 0, featuresNs: 0, scoredNs: 0 },
  };
}

/** Times `count` signals of a core that holds positions, one after another. */
export function measureCore(
  count: number,
  journal: Journal = NO_JOURNAL,
  options: EngineOptions = CORE_OPTIONS,
): { readonly us: readonly number[]; readonly open: number } {
  const bed = new CoreBed(journal, options);
  for (let warm = 0; warm < WARM_UP; warm++) bed.time();
  const us = Array.from({ length: count }, () => bed.time());
  return { us, open: bed.open };
}
