import { loadConfig } from "@smcq/config";
import {
  type EngineInput,
  type EngineOptions,
  type ScoredCandidate,
  type TradeRecord,
  type TradingCommand,
  type TradingCore,
} from "@smcq/engine";
import { tradingRules } from "@smcq/exchange";
import {
  type MischiefSettings,
  NO_MISCHIEF,
  SIM_EXCHANGE_DEFAULTS,
  SimExchange,
  SimGateway,
  unit4,
  type VenueRules,
  venueRulesAround,
} from "@smcq/exchange-sim";
import { M1_SCALP } from "@smcq/features";
import { ManualClock, MINUTE_MS, parseE8, Rng, type SymbolId, symbolId } from "@smcq/kernel";
import type { RiskParameters } from "@smcq/risk";
import type { DetectedMarket } from "./detected-market.ts";
import { Strikes } from "./strikes.ts";
import type { JournalRow } from "../../../ledger/test/support/inside.ts";
import { CoreProcess, type CoreProcessParts } from "./core-process.ts";
import { type Disk, type DiskFaults, SOUND_DISK, STORE_MS_MAX } from "./disk.ts";

export const WALLET_E8: bigint = parseE8("10000");
const START_MS = 1_769_990_400_000;
const STEP_MS = 250;
/** Longer than any word takes where nothing goes wrong. */
export const SETTLE_S = 2;
/** How long a position may be without cover at the venue before somebody has to have begun to leave it. */
const NAKED_MS = 4_000;
/** Batches that may be on their way when a run ends: the one at the disk, and those behind it. */
const LAST_BATCHES = 3;
/** The same where a word of it was lost: the looks at the account find it, two of which in a row may be told wrong. */
const UNTOLD_NAKED_MS = 75_000;

/** What others do to the account, chance a step. */
export interface Others {
  readonly closes: number;
  readonly deleverages: number;
  readonly opens: number;
  readonly transfers: number;
  readonly funds: number;
  readonly cancelsStops: number;
  readonly setsLeverage: number;
  /** Commissions are taken in BNB from now on, or in USDT again. */
  readonly changesFeeAsset: number;
  /** The venue locks the account for its ways of trading, or a symbol. */
  readonly locks: number;
  readonly cutsStream: number;
  /** kill -9 of the process, which starts again some time later. */
  readonly kills: number;
}

export const NOBODY: Others = {
  closes: 0,
  deleverages: 0,
  opens: 0,
  transfers: 0,
  funds: 0,
  cancelsStops: 0,
  setsLeverage: 0,
  changesFeeAsset: 0,
  locks: 0,
  cutsStream: 0,
  kills: 0,
};

const SYMBOLS = 4;
const DRAWN_SYMBOLS = Array.from({ length: SYMBOLS }, (_, index) => {
  const symbol = `S${index}USDT`;
  const texts = { tickSize: "0.01", stepSize: "0.1", minQty: "0.1", marketMaxQty: "1000", minNotional: "5" };
  return { symbol, rules: venueRulesAround(tradingRules({ symbol, ...texts })) };
});

type MarketDeed = Exclude<keyof Others, "transfers" | "cutsStream" | "kills" | "changesFeeAsset" | "locks">;
const MARKET_DEEDS = [
  "closes",
  "deleverages",
  "opens",
  "funds",
  "setsLeverage",
  "cancelsStops",
] as const satisfies readonly MarketDeed[];
const DEEDS: readonly (keyof Others)[] = [
  ...MARKET_DEEDS,
  "transfers",
  "cutsStream",
  "kills",
  "changesFeeAsset",
  "locks",
];
const NEEDS_POSITION: ReadonlySet<MarketDeed> = new Set(["closes", "deleverages"]);

interface Held {
  readonly id: SymbolId;
  readonly heldE8: bigint;
  readonly stepE8: bigint;
}

export interface WorldOptions {
  /** Absent: as the settings have it. */
  readonly reconcileMs?: number;
  readonly seed: number;
  /** Absent: prices and setups are drawn by lot. */
  readonly detected?: DetectedMarket;
  readonly mischief: MischiefSettings;
  readonly others: Others;
  readonly disk?: DiskFaults;
  /** Names of the only strikes that may happen; absent: whatever chance wants. */
  readonly only?: readonly string[];
  readonly risk?: Partial<RiskParameters>;
  readonly isStrictReduceOnly?: boolean;
}

export interface Market {
  readonly id: SymbolId;
  readonly symbol: string;
  readonly rules: VenueRules;
  price: number;
}

/**
 * Loop, core, gateway, venue, market and everybody else in one thread under one seed, in virtual time. Faults may strike
 * (the safety phase), then not any more (the liveness phase): by then core and venue must agree.
 */
export class World {
  readonly exchange: SimExchange;
  readonly trades: TradeRecord[] = [];
  readonly faults: string[] = [];
  /** Everything that left the core, a line each. */
  record = "";
  readonly #options: WorldOptions;
  readonly #rng: Rng;
  readonly #startMs: number;
  readonly #clock: ManualClock;
  readonly #parts: CoreProcessParts;
  #process: CoreProcess;
  /** When the killed process is started again; null: it runs. */
  #startAgainMs: number | null = null;
  /** Minutes that nobody has heard of. */
  readonly #missed: EngineInput[] = [];
  #kills = 0;
  /** What the disk had at the last kill. */
  #stored: readonly JournalRow[] = [];
  readonly #gateway: SimGateway;
  readonly strikes: Strikes;
  readonly markets: readonly Market[];
  readonly #nakedSinceMs = new Map<SymbolId, number>();
  /** The same of what the core knows to be held. */
  readonly #knownNakedSinceMs = new Map<SymbolId, number>();
  readonly #entryIds = new Map<string, number>();
  #others: Others;
  #areSignals = true;
  #isStill = false;
  #darkUntilMs = 0;
  #persons = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    const { seed, mischief, others, risk = {} } = options;
    this.#startMs = options.detected?.startMs ?? START_MS;
    this.#clock = new ManualClock(this.#startMs);
    this.#rng = new Rng(seed);
    this.#others = others;
    this.strikes = new Strikes(seed, mischief, options.only ?? null);
    const isStrictReduceOnly = options.isStrictReduceOnly ?? false;
    this.exchange = new SimExchange({ ...SIM_EXCHANGE_DEFAULTS, walletE8: WALLET_E8, isStrictReduceOnly });
    const clock = this.#clock;
    const latency = { outMs: 20, backMs: 20, jitterMs: 60 };
    this.#gateway = new SimGateway({
      exchange: this.exchange,
      clock,
      latency,
      seed,
      mischief: this.strikes,
    });
    const { risk: defaults, protocol, fees } = loadConfig({ env: {}, flags: {} }).config;
    const engineOptions: EngineOptions = {
      scoreMin: 0.6,
      decisionWindowNs: 100e6,
      signalAgeMsMax: MINUTE_MS,
      trading: {
        engineId: "wrld",
        startWalletE8: WALLET_E8,
        risk: { ...defaults, symbolLockMs: 0, streakMs: 0, ...risk },
        protocol: { ...protocol, reconcileMs: options.reconcileMs ?? protocol.reconcileMs },
        plan: M1_SCALP,
        isVenueRemote: true,
        isSlippageMeasured: true,
        wordFloorMs: 0,
        refusesUnproven: false,
      },
    };
    this.#parts = {
      clock,
      strikes: this.strikes,
      engine: engineOptions,
      disk: options.disk ?? SOUND_DISK,
      carryOut: (command) => this.#carryOut(command),
    };
    this.#process = new CoreProcess(this.#parts, []);
    this.markets = (options.detected?.symbols ?? DRAWN_SYMBOLS).map(({ symbol, rules }, index) => {
      const id = symbolId(index);
      this.exchange.list(id, rules, fees);
      this.exchange.setVolume(id, parseE8(this.#rng.chance(0.3) ? "60" : "100000"));
      this.#put({ type: "instrument", symbolId: id, symbol, rules: rules.trading, fees });
      return { id, symbol, rules, price: 100 };
    });
    this.#listen();
    this.#move();
    this.#drain();
  }

  get core(): TradingCore {
    return this.#process.core;
  }

  get disk(): Disk {
    return this.#process.disk;
  }

  /** How often the process was killed. */
  get kills(): number {
    return this.#kills;
  }

  #put(input: EngineInput): void {
    this.#process.inbox.put(input);
  }

  #listen(): void {
    const { inbox } = this.#process;
    this.#gateway.listen({
      onOrder: (update) => inbox.put({ type: "order-update", update }),
      onIncome: (income) => inbox.put({ type: "income", income }),
      onLeverage: (id, leverage) => inbox.put({ type: "leverage", symbolId: id, leverage }),
      onStream: (isLive) => inbox.put({ type: "account-stream", isLive }),
    });
  }

  /** kill -9, and a start from what the disk has, some time later: until then nobody hears or guards anything. */
  kill(downMs: number): void {
    this.#kills++;
    this.#stored = this.#process.kill();
    this.#gateway.listen(null);
    this.#startAgainMs = this.#clock.nowMs() + downMs;
    this.#darkUntilMs = Math.max(this.#darkUntilMs, this.#startAgainMs);
  }

  #startAgain(): void {
    this.#startAgainMs = null;
    this.#process = new CoreProcess(this.#parts, this.#stored);
    const { engine } = this.#parts;
    const { trading } = engine;
    // A process has ids of its own, and goes on with the orders of those before.
    const engineId = `w${this.#kills.toString(36).padStart(3, "0")}`;
    this.#put({
      type: "restarted",
      engine: trading === undefined ? engine : { ...engine, trading: { ...trading, engineId } },
    });
    for (const minute of this.#missed.splice(0)) this.#put(minute);
    this.#listen();
    this.#drain();
  }

  /** The detector begins: before anything else of a world that has one. */
  async watch(): Promise<void> {
    const { inbox, loop } = this.#process;
    await this.#options.detected?.attach({ inbox, loop, clock: this.#clock });
  }

  /** From now on nothing goes wrong, and nobody else trades. */
  calm(): void {
    if (this.#startAgainMs !== null) this.#startAgain();
    this.strikes.set(NO_MISCHIEF);
    this.disk.set(SOUND_DISK);
    this.#others = NOBODY;
    this.exchange.setLimits([]);
    this.#areSignals = false;
  }

  /** A person halts, resumes, or has everything left. */
  say(word: "halt" | "resume" | "flatten"): void {
    this.#put({ type: "operator", word });
    this.#drain();
  }

  /** Prices stand still until every word has arrived. */
  settle(): void {
    this.#isStill = true;
    this.seconds(SETTLE_S);
    this.#isStill = false;
  }

  seconds(count: number): void {
    const untilMs = this.#clock.nowMs() + count * 1_000;
    while (this.#clock.nowMs() < untilMs) this.#step();
  }

  /** Where core and venue do not agree, or something is left undone; empty when all is well. */
  differences(): readonly string[] {
    const found: string[] = [];
    const { portfolio } = this.core.holdings;
    for (const { id, symbol } of this.markets) {
      const [ours, theirs] = [this.#oursE8(id), this.#heldE8(id)];
      if (ours !== theirs) found.push(`${symbol}: ours ${ours}, the venue's ${theirs}`);
      if (this.#uncoveredE8(id) > 0n) found.push(`${symbol}: ${theirs} held and not covered`);
    }
    // Averages are rounded by each side in its own way: what is open may move a unit between wallet and position.
    const ours = portfolio.walletE8 - this.#openCostE8();
    const theirs = this.exchange.walletE8() - this.#venueCostE8();
    if (ours !== theirs) found.push(`money ${ours}, the venue's ${theirs}`);
    if (this.core.orders.unknownCount > 0) found.push(`${this.core.orders.unknownCount} unknown orders`);
    // Failures of protection keep entries off for ten minutes: a quarantine with a reason.
    const reasons = this.core.holdings.reasons.filter((reason) => reason !== "protection");
    if (this.core.holdings.state === "REDUCING" && reasons.length > 0)
      found.push(`REDUCING: ${reasons.join()}`);
    return found;
  }

  /** What the journal does not have of this run, which is over. */
  unkept(): readonly string[] {
    // What was given last is on its way to the disk, or waits behind it.
    for (let turn = 0; turn < LAST_BATCHES; turn++) this.#clock.advance(STORE_MS_MAX);
    const { journal, rows } = this.disk;
    const found: string[] = [];
    if (!journal.isIdle) found.push(`${journal.stats.waiting} rows wait for the disk`);
    if (journal.stats.eventsLost > 0) found.push(`${journal.stats.eventsLost} events lost`);
    const hole = rows.findIndex(({ seq }, index) => seq !== index);
    if (hole >= 0) found.push(`row ${hole} of the journal says ${rows[hole]?.seq}`);
    if (journal.isIdle && rows.length !== this.#process.loop.seq + 1)
      found.push(`${rows.length} rows of ${this.#process.loop.seq} events`);
    return found;
  }

  /** What a world in which everything was left holds still. */
  left(): readonly string[] {
    const { core, exchange } = this;
    const counts = {
      trades: core.holdings.trades.size,
      positions: exchange.positions().length,
      orders: exchange.openOrders().length,
      conditional: exchange.openAlgos().length,
      kept: core.orders.openCount,
    };
    return Object.entries(counts).flatMap(([what, count]) => (count > 0 ? [`${count} ${what} left`] : []));
  }

  #openCostE8(): bigint {
    return this.core.holdings.portfolio
      .positions()
      .reduce((sum, { side, entryNotionalE8 }) => sum + BigInt(side) * entryNotionalE8, 0n);
  }

  #venueCostE8(): bigint {
    // What trades have moved so far, less what the wallet says of it.
    let costE8 = 0n;
    const flows = this.exchange
      .income(0)
      .reduce((sum, { type, amountE8 }) => (type === "realised" ? sum + amountE8 : sum), 0n);
    for (const { id } of this.markets)
      for (const { side, priceE8, qtyE8 } of this.exchange.trades(id, 0))
        costE8 += BigInt(side) * ((priceE8 * qtyE8 + 50_000_000n) / 100_000_000n);
    return costE8 + flows;
  }

  #step(): void {
    const nextMs = this.#clock.nowMs() + STEP_MS;
    for (let due = this.#clock.nextDueMs; due !== null && due <= nextMs; due = this.#clock.nextDueMs) {
      this.#clock.advanceTo(due);
      this.#drain();
    }
    this.#clock.advanceTo(nextMs);
    if (this.#startAgainMs !== null && nextMs >= this.#startAgainMs) this.#startAgain();
    this.#move();
    this.#meddle();
    if (nextMs % MINUTE_MS === 0) this.#minute(nextMs);
    this.#drain();
    this.#judge();
  }

  #move(): void {
    const { detected } = this.#options;
    const nowMs = this.#clock.nowMs();
    for (const market of this.markets) {
      if (detected !== undefined && !this.#isStill) market.price = detected.priceAt(market.id, nowMs);
      else if (detected === undefined) this.#draw(market);
      const lastE8 = e8Of(market);
      this.exchange.print(market.id, { timeMs: nowMs, lastE8, markE8: lastE8 });
    }
  }

  #draw(market: Market): void {
    const jump = this.#rng.chance(0.002) ? 0.01 : 0.0006;
    const change = this.#isStill ? 0 : this.#rng.normal() * jump;
    market.price = Math.min(130, Math.max(70, market.price * (1 + change)));
  }

  #minute(closeMs: number): void {
    const { detected } = this.#options;
    const marks = this.markets.map((market) => ({ symbolId: market.id, priceE8: e8Of(market) }));
    if (this.#startAgainMs !== null) {
      this.#missed.push({ type: "minute", closeMs, marks });
      return;
    }
    this.#put({ type: "minute", closeMs, marks });
    if (!this.#areSignals) return;
    // Persons look often.
    if (this.core.holdings.state === "HALTED") this.#put({ type: "operator", word: "resume" });
    const quotes = this.markets.map(({ id, price, rules }) => ({
      symbolId: id,
      bid: price,
      ask: price + rules.trading.tickSize,
    }));
    this.#put({ type: "quotes", quotes });
    if (detected !== undefined) {
      detected.closeMinute();
      return;
    }
    const candidates = this.markets
      .filter(() => this.#rng.chance(0.4))
      .map((market) => this.#candidate(market, closeMs));
    this.#put({ type: "candidates", shardId: 0, candidates });
  }

  #candidate({ id, symbol, price }: Market, closeMs: number): ScoredCandidate {
    const side = this.#rng.chance(0.5) ? 1 : -1;
    return {
      symbol,
      symbolId: id,
      side,
      setup: 1,
      openTimeMs: closeMs - MINUTE_MS,
      score: 0.65 + this.#rng.next() * 0.3,
      features: new Float32Array(12),
      scorerId: "heuristic-1",
      challenger: null,
      invalidationPrice: price * (1 - side * 0.004),
      atr: price * 0.003,
      medianTurnover: 1e7,
      exchangeMs: closeMs,
      isRestConfirmed: false,
      times: { receivedNs: 0, writtenNs: 0, takenNs: 0, featuresNs: 0, scoredNs: 0 },
    };
  }

  /** Somebody else in the account, or the venue by itself. */
  #meddle(): void {
    const { transfers, cutsStream, kills } = this.#others;
    const nowMs = this.#clock.nowMs();
    const held = this.#held();
    for (const { id, rules } of this.markets)
      for (const deed of MARKET_DEEDS) {
        if (NEEDS_POSITION.has(deed) && !held.has(id)) continue;
        const rng = this.#deed(deed, id, this.#others[deed]);
        if (rng !== null)
          this.#do(deed, { id, heldE8: held.get(id) ?? 0n, stepE8: rules.trading.stepE8 }, rng);
      }
    const transfer = this.#deed("transfers", 0, transfers);
    if (transfer !== null) this.exchange.transfer(parseE8(String(transfer.int(400) - 200)), nowMs);
    this.#changeTerms(nowMs);
    const kill = this.#startAgainMs === null ? this.#deed("kills", 0, kills) : null;
    if (kill !== null) this.kill(kill.chance(0.5) ? kill.int(3_000) : kill.int(150_000));
    const cut = this.#startAgainMs === null ? this.#deed("cutsStream", 0, cutsStream) : null;
    if (cut === null) return;
    const forMs = 1_000 + cut.int(20_000);
    this.#darkUntilMs = Math.max(this.#darkUntilMs, nowMs + forMs);
    this.#gateway.cut(forMs);
  }

  /** What the venue takes for trades, and whether it lets the account open any. */
  #changeTerms(nowMs: number): void {
    const fee = this.#deed("changesFeeAsset", 0, this.#others.changesFeeAsset);
    if (fee !== null)
      this.exchange.setFeeAsset(
        fee.chance(0.5) ? null : { asset: "BNB", priceE8: parseE8(`${500 + fee.int(300)}.37`) },
      );
    if (this.exchange.limits().some(({ untilMs }) => untilMs !== null && nowMs >= untilMs))
      this.exchange.setLimits([]);
    const lock = this.#deed("locks", 0, this.#others.locks);
    if (lock === null) return;
    const symbol = lock.chance(0.5) ? null : symbolId(lock.int(this.markets.length));
    const untilMs = nowMs + 1_000 + lock.int(120_000);
    const limit = { symbolId: symbol, indicator: "UFR", value: 1, triggerValue: 0.995, untilMs };
    this.exchange.setLimits([{ ...limit, isLocked: lock.chance(0.7) }]);
  }

  /** The chance of a deed that happens in this step; null: it does not. */
  #deed(deed: keyof Others, id: number, share: number): Rng | null {
    const step = (this.#clock.nowMs() - this.#startMs) / STEP_MS;
    if (unit4(this.#options.seed, step, id, DEEDS.indexOf(deed)) >= share) return null;
    const name = `${deed} S${id} ${step}`;
    return this.strikes.strikes(name) ? this.strikes.rng(name) : null;
  }

  #do(deed: MarketDeed, market: Held, rng: Rng): void {
    const { id, heldE8, stepE8 } = market;
    const nowMs = this.#clock.nowMs();
    switch (deed) {
      case "closes":
        this.#person(id, heldE8 > 0n ? -1 : 1, partOf(market, rng));
        return;
      case "deleverages":
        this.exchange.deleverage(id, partOf(market, rng), nowMs);
        return;
      case "opens":
        this.#person(id, rng.chance(0.5) ? 1 : -1, BigInt(1 + rng.int(20)) * stepE8);
        return;
      case "funds":
        this.exchange.fund(id, BigInt(rng.int(40_000) - 20_000), nowMs);
        return;
      case "setsLeverage":
        this.exchange.setLeverage(id, 1 + rng.int(20), nowMs);
        return;
      case "cancelsStops":
        for (const algo of this.exchange.openAlgos().filter(({ symbolId: own }) => own === id))
          this.exchange.cancelAlgo(id, algo.clientAlgoId, nowMs);
        return;
      default:
        deed satisfies never;
    }
  }

  #person(id: SymbolId, side: 1 | -1, qtyE8: bigint): void {
    const wish = {
      symbolId: id,
      clientOrderId: `web_${++this.#persons}`,
      side,
      type: "MARKET",
      timeInForce: "GTC",
      qtyE8,
      priceE8: 0n,
      isReduceOnly: false,
      selfTradePrevention: "EXPIRE_MAKER",
    } as const;
    this.exchange.place(wish, this.#clock.nowMs());
  }

  /** What must hold at the venue at every step, whatever goes wrong. */
  #judge(): void {
    const nowMs = this.#clock.nowMs();
    if (this.#startAgainMs !== null) return;
    const held = this.#held();
    for (const { id, symbol } of this.markets) {
      if (!held.has(id)) {
        this.#covered(id);
        continue;
      }
      const trade = this.core.holdings.trades.get(id);
      const isLeft =
        trade !== undefined && (trade.wantedExit !== null || trade.owedExit !== null || trade.exit !== null);
      // Nobody can guard what he has not been told of: the account check finds it at the latest.
      const isTold = trade !== undefined && trade.qtySteps > 0 && nowMs > this.#darkUntilMs + 1_000;
      if (this.#uncoveredE8(id) === 0n || isLeft || !isTold) {
        this.#covered(id);
        continue;
      }
      // A cut swallows words, that a stop is off among them: so long the account check has to find what it left out.
      const isWhole = this.#options.mischief.wordLost === 0 && nowMs > this.#darkUntilMs + UNTOLD_NAKED_MS;
      const isKnown = isWhole && this.#oursE8(id) === this.#heldE8(id);
      const bareMs = this.#bareMs(this.#nakedSinceMs, id, true);
      // What nobody knew until now is to be guarded from now on.
      const knownMs = this.#bareMs(this.#knownNakedSinceMs, id, isKnown);
      if (bareMs <= UNTOLD_NAKED_MS && knownMs <= NAKED_MS) continue;
      this.faults.push(`${symbol}: not covered for ${Math.max(knownMs, bareMs)} ms and not being left`);
      for (const since of [this.#nakedSinceMs, this.#knownNakedSinceMs]) since.set(id, nowMs + 3_600_000);
    }
  }

  /** How long it has been so, ms; 0 when it is not. */
  #bareMs(sinceMs: Map<SymbolId, number>, id: SymbolId, isSo: boolean): number {
    const nowMs = this.#clock.nowMs();
    if (!isSo) sinceMs.delete(id);
    else if (!sinceMs.has(id)) sinceMs.set(id, nowMs);
    return nowMs - (sinceMs.get(id) ?? nowMs);
  }

  #covered(id: SymbolId): void {
    this.#nakedSinceMs.delete(id);
    this.#knownNakedSinceMs.delete(id);
  }

  #held(): ReadonlyMap<SymbolId, bigint> {
    return new Map(this.exchange.positions().map(({ symbolId: id, qtyE8 }) => [id, qtyE8]));
  }

  #heldE8(id: SymbolId): bigint {
    return this.#held().get(id) ?? 0n;
  }

  #oursE8(id: SymbolId): bigint {
    const position = this.core.holdings.portfolio.position(id);
    return position === null ? 0n : BigInt(position.side) * position.qtyE8;
  }

  /** What of a position no waiting stop would close. */
  #uncoveredE8(id: SymbolId): bigint {
    const heldE8 = this.#heldE8(id);
    let leftE8 = heldE8 < 0n ? -heldE8 : heldE8;
    for (const { symbolId: own, side, qtyE8 } of this.exchange.openAlgos())
      if (own === id && BigInt(side) * heldE8 < 0n) leftE8 -= qtyE8;
    return leftE8 > 0n ? leftE8 : 0n;
  }

  #carryOut(command: TradingCommand): void {
    const { inbox } = this.#process;
    switch (command.type) {
      case "submit": {
        const { clientOrderId, role, qtySteps } = command.order.value;
        this.record += `${clientOrderId} ${qtySteps}\n`;
        if (role === "entry") {
          const sent = (this.#entryIds.get(clientOrderId) ?? 0) + 1;
          this.#entryIds.set(clientOrderId, sent);
          if (sent > 1 || !clientOrderId.endsWith("-0")) this.faults.push(`${clientOrderId} was sent again`);
        }
        this.#gateway.submit(command.order, (outcome) =>
          inbox.put({ type: "order-outcome", clientOrderId, outcome }),
        );
        return;
      }
      case "cancel":
        this.#gateway.cancel(command, () => {});
        return;
      case "set-leverage": {
        const { symbolId: id, leverage } = command;
        this.#gateway.setLeverage(id, leverage, (outcome) =>
          inbox.put({ type: "leverage-outcome", symbolId: id, leverage, outcome }),
        );
        return;
      }
      case "ask":
        this.#gateway.ask(command.query, (answer) => inbox.put({ type: "answer", answer }));
        return;
      case "trade-closed":
        this.trades.push(command.trade);
        this.record += `${command.trade.reason} ${command.trade.pnlE8}\n`;
        return;
      case "state":
        this.record += `${command.state} ${command.reasons.join()}\n`;
        return;
      case "decided":
      case "trade-corrected":
      case "entry-failed":
      case "equity":
        return;
      default:
        command satisfies never;
    }
  }

  #drain(): void {
    if (this.#startAgainMs === null) this.#process.drain();
  }
}

/** The price that is printed, on the tick. */
function e8Of({ price, rules }: Market): bigint {
  return BigInt(Math.round(price / rules.trading.tickSize)) * rules.tickE8;
}

/** All of it, or some steps. */
function partOf({ heldE8, stepE8 }: Held, rng: Rng): bigint {
  const sizeE8 = heldE8 < 0n ? -heldE8 : heldE8;
  return rng.chance(0.4) ? sizeE8 : BigInt(1 + rng.int(Number(sizeE8 / stepE8))) * stepE8;
}
