import {
  type ClusterMemory,
  CommandRouter,
  Coordinator,
  EngineLoop,
  ENTRY_HOLD_MS_MAX,
  EVENT_LOOP_DEFERRAL,
  Inbox,
  RecentRingBars,
  type SeedWish,
} from "@smcq/cluster";
import type { EngineConfig, WarmupConfig } from "@smcq/config";
import { Engine, type EngineOptions, NO_JOURNAL, type TradingOptions } from "@smcq/engine";
import { planInMinutes, type TradePlanParameters, withTickBound } from "@smcq/features";
import {
  assertNever,
  type Clock,
  type Instrument,
  type Logger,
  type MeasuredOffset,
  type SmcqError,
  type SymbolId,
  workerUrl,
} from "@smcq/kernel";
import type { Ports, VenueConnection } from "../modes/ports.ts";
import type { Scoring } from "./models/load-models.ts";
import { HEURISTIC_MODELS, LivingModels, type RunModels } from "./models/run-models.ts";
import type { RunLedger } from "./run-ledger.ts";
import { TimedJournal } from "./timed-journal.ts";
import { StageTimes } from "./stage-times.ts";
import { LastCandidates } from "./last-candidates.ts";
import { SignalCounter } from "./signal-tally.ts";
import { RingMarket } from "../accounts/ring-market.ts";
import { Desk } from "./trading/desk.ts";
import { riskLimits } from "./trading/risk-limits.ts";
import type { TradingAccount } from "../accounts/account.ts";
import { SymbolBook } from "../accounts/symbol-book.ts";
import type { Duty } from "./duty/duty.ts";
import { idsOf, type RecoveredRun } from "./trading/recover.ts";
import { scanThreadCount } from "../modes/thread-count.ts";
import type { RunSide, SignalSource } from "../bus/run-side.ts";

/** A signal of a bar that closed longer ago is recorded and never decided on, venue ms. */
const SIGNAL_AGE_MS_MAX = 60_000;
/** The least that is waited for a word, wall ms: an entry may have waited for its row before it left. */
const WORD_WALL_MS: number = ENTRY_HOLD_MS_MAX + 250;

export interface EngineParts {
  readonly config: EngineConfig;
  readonly plan: TradePlanParameters;
  readonly ports: Ports;
  /** What is watched, in the venue's order. */
  readonly symbols: readonly string[];
  /** What the venue lists, by symbol. */
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly venue: Pick<VenueConnection, "history">;
  readonly run: Pick<RunLedger, "client" | "noteModel" | "sizeFactorBefore">;
  readonly scoring: Scoring;
  /** What is traded on, and the four characters that begin the ids of this process's orders; null: nobody trades. */
  readonly trading: {
    readonly account: TradingAccount;
    readonly engineId: string;
    /** The run that this process goes on with; null: it begins one. */
    readonly before: RecoveredRun | null;
    /** What this host is to an account that it shares with others; null: it shares none. */
    readonly duty: Duty | null;
  } | null;
  /** What the role of the settings changes. */
  readonly side: RunSide;
  readonly offset: MeasuredOffset;
  /** Ends the run with this error: nothing of this process can mend it. */
  readonly fail: (error: SmcqError) => void;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/** The engine of a run, built and not started. */
export interface RunEngine {
  readonly core: Engine;
  readonly inbox: Inbox;
  readonly loop: EngineLoop;
  readonly models: RunModels;
  readonly signals: SignalCounter;
  readonly stages: StageTimes;
  readonly lastCandidates: LastCandidates;
  readonly coordinator: SignalSource;
  readonly side: RunSide;
  /** Who carries orders out; null: nobody trades. */
  readonly desk: Desk | null;
  /** Null: nobody trades, and nothing has to be proved. */
  readonly journal: TimedJournal | null;
}

/**
 * Builds the engine that the configuration describes, each part on those before it: memory, inbox, models, loop,
 * threads. Nothing is started yet.
 */
export function createEngine(parts: EngineParts): RunEngine {
  const { config, ports, run, side, offset, venueClock, wallClock, logger } = parts;
  const before = parts.trading?.before ?? null;
  const memory = createMemory(parts, before);
  offset.follow((offsetMs) => memory.setClockOffsetMs(offsetMs));
  const inbox = new Inbox();
  if (parts.trading !== null) offset.followHealth((isSound) => inbox.put({ type: "clock-health", isSound }));
  const models = createModels(parts, memory, inbox);
  memory.setModels(models.epochs);
  const signals = new SignalCounter(config.scan.scoreMin);
  const stages = new StageTimes();
  const lastCandidates = new LastCandidates();
  const openIds = (): Iterable<SymbolId> => heldIds(core);
  const desk = createDesk(parts, { memory, inbox, openIds, isOpen: (symbolId) => isOpenIn(core, symbolId) });
  const options: EngineOptions = {
    scoreMin: config.scan.scoreMin,
    decisionWindowNs: config.scan.decisionWindowMs * 1e6,
    signalAgeMsMax: SIGNAL_AGE_MS_MAX,
    ...(parts.trading === null ? {} : { trading: tradingOptions(parts, parts.trading, ports) }),
  };
  const core = before?.engine ?? new Engine(options);
  const router = new CommandRouter(
    {
      onSignals: (batch) => {
        signals.add(batch);
        stages.add(batch);
        lastCandidates.add(batch);
        models.onSignals(batch);
        // After emission, never before: the ledger's own thread writes when the signal is out.
        run.client.append(batch);
        side.onSignals(batch);
        desk?.onSignals(batch.filter(({ score }) => score > config.scan.scoreMin));
      },
      onInvalidScores: (epoch, rows) => models.onInvalidScores(epoch, rows),
      ...(desk === null ? {} : { onTrading: (command) => desk.carryOut(command) }),
      onDecision: ({ batch }) => logger.debug({ symbols: batch.map((signal) => signal.symbol) }, "decision"),
    },
    { inbox, wallClock },
  );
  // Who trades proves what it did; signals alone are in the ledger anyway.
  const journal = desk === null ? null : openJournal(parts, options, { inbox, desk });
  const loop = new EngineLoop({
    engine: core,
    inbox,
    journal: journal === null ? NO_JOURNAL : (parts.trading?.duty?.copy?.guard(journal) ?? journal),
    router,
    venueClock,
    wallClock,
    deferral: EVENT_LOOP_DEFERRAL,
    ...(before === null ? {} : { afterSeq: before.lastSeq }),
  });
  if (before !== null) goOn({ before, inbox, desk, options });
  followLease(parts.trading?.duty ?? null, inbox, desk);
  const coordinator = side.createSource({
    memory,
    inbox,
    models,
    account: parts.trading?.account.fingerprint ?? null,
    local: () => createCoordinator(parts, { memory, inbox, models }),
  });
  return { core, inbox, loop, models, signals, stages, lastCandidates, coordinator, side, desk, journal };
}

function createMemory(
  { config, plan, scoring, side, symbols }: EngineParts,
  before: RecoveredRun | null,
): ClusterMemory {
  const knownIds = before === null ? null : idsOf(before);
  const needs = { timeframe: plan.timeframe, isRich: isRich(scoring) };
  return side.createMemory({ config, needs, symbols, knownIds });
}

function openJournal(
  { run, trading, wallClock }: EngineParts,
  engine: EngineOptions,
  { inbox, desk }: { readonly inbox: Inbox; readonly desk: Desk },
): TimedJournal {
  const journal = run.client.openJournal({
    engine,
    orders: desk.orders,
    ...journalPlace(trading),
    onStored: (rows) => trading?.duty?.copy?.stored(rows),
    onHealth: (isSound) => inbox.put({ type: "ledger-health", isSound }),
  });
  return new TimedJournal(journal, wallClock);
}

/** On which account the run trades, and where its journal goes on. */
function journalPlace(trading: EngineParts["trading"]): { account?: string; afterSeq?: number } {
  const fingerprint = trading?.account.fingerprint ?? null;
  return {
    ...(fingerprint === null ? {} : { account: fingerprint }),
    ...(trading?.before ? { afterSeq: trading.before.lastSeq } : {}),
  };
}

/** The core hears that its process is another one, before anything else; then of what it has traded, as it is listed now. */
function goOn({
  before,
  inbox,
  desk,
  options,
}: {
  readonly before: RecoveredRun;
  readonly inbox: Inbox;
  readonly desk: Desk | null;
  readonly options: EngineOptions;
}): void {
  inbox.put({ type: "restarted", engine: options });
  desk?.meet(before.symbols.keys());
}

/** The core hears when this host may not, or may again, send; then all that it knows is held against the venue. */
function followLease(duty: Duty | null, inbox: Inbox, desk: Desk | null): void {
  if (duty === null) return;
  const tell = (isHeld: boolean): void => {
    inbox.put({ type: "account-lease", isHeld });
    if (isHeld) desk?.recheck();
  };
  duty.onHeld(tell);
  // The process before, or the host, may have said otherwise last.
  inbox.put({ type: "account-lease", isHeld: duty.look() });
}

function createCoordinator(
  { config, plan, ports, scoring, venue, fail, venueClock, wallClock, logger }: EngineParts,
  {
    memory,
    inbox,
    models,
  }: { readonly memory: ClusterMemory; readonly inbox: Inbox; readonly models: RunModels },
): Coordinator {
  const shared = scoring.models?.shared ?? null;
  return new Coordinator({
    memory,
    inbox,
    compute: config.compute,
    scanThreads: scanThreadCount(config),
    clockSpec: ports.clockSpec,
    venueClock,
    wallClock,
    modelId: (epoch) => models.modelId(epoch),
    scan: { isEveryBarScored: false },
    barsReadyMin: config.warmup.barsReadyMin,
    seed: seedWish(plan, config.warmup, isRich(scoring)),
    shardWorker: {
      url: workerUrl(import.meta.url, "../workers/shard.worker"),
      data: { ...ports.feed, models: shared },
    },
    scanWorker: {
      url: workerUrl(import.meta.url, "../workers/scan.worker"),
      data: { models: shared },
    },
    history: venue.history,
    onStuck: fail,
    logger,
  });
}

/** Models that take rows of feature set v2 are loaded: what those are made of is kept and fetched. */
function isRich({ models }: Scoring): boolean {
  return models?.isRich ?? false;
}

/** What the longer state of each symbol begins with: the plan's own timeframe, and M5 beside M1. */
function seedWish(
  { timeframe }: TradePlanParameters,
  { m5Bars, planBars }: WarmupConfig,
  hasRich: boolean,
): SeedWish {
  switch (timeframe) {
    case "M1":
      return { interval: "5m", bars: m5Bars, isRebuiltByScan: false, isRich: hasRich };
    case "M5":
      return { interval: "5m", bars: planBars, isRebuiltByScan: true, isRich: hasRich };
    case "M15":
      return { interval: "15m", bars: planBars, isRebuiltByScan: true, isRich: hasRich };
    default:
      return assertNever(timeframe);
  }
}

function createDesk(
  { config, ports, trading, side, instruments, venueClock, wallClock, logger }: EngineParts,
  {
    memory,
    inbox,
    openIds,
    isOpen,
  }: {
    readonly memory: ClusterMemory;
    readonly inbox: Inbox;
    readonly openIds: () => Iterable<SymbolId>;
    readonly isOpen: (symbolId: SymbolId) => boolean;
  },
): Desk | null {
  if (trading === null) return null;
  const tickers = ports.tickers({ venueClock, wallClock, logger });
  const market = side.market(new RingMarket(memory, tickers, venueClock), tickers);
  const symbols = new SymbolBook({
    inbox,
    instruments,
    fees: config.fees,
    idOf: (symbol) => memory.slots.of(symbol)?.symbolId ?? null,
    isOpen,
    ...(trading.before === null ? {} : { before: trading.before.symbols }),
  });
  const account = trading.account.open({ market, symbols, tickers });
  const { orders } = trading.account;
  const toldMinuteMs = trading.before?.toldMinuteMs ?? null;
  return new Desk({
    inbox,
    account,
    orders,
    market,
    tickers,
    symbols,
    openIds,
    toldMinuteMs,
    venueClock,
    logger,
  });
}

function heldIds({ trading }: Engine): Iterable<SymbolId> {
  return trading?.holdings.trades.keys() ?? [];
}

/** Something of the symbol is held, rests or is under way. */
function isOpenIn({ trading }: Engine, symbolId: SymbolId): boolean {
  return trading !== null && (trading.holdings.trades.has(symbolId) || trading.orders.hasOpen(symbolId));
}

/** Time runs faster than our threads in `sim`: no word is given up before its wall time (docs/decisions.md 40). */
function tradingOptions(
  { config: { risk, protocol, strategy }, plan }: EngineParts,
  { account, engineId }: NonNullable<EngineParts["trading"]>,
  { clockSpec: clock, refusesUnproven }: Ports,
): TradingOptions {
  return {
    engineId,
    startWalletE8: account.walletE8,
    ...(account.walletMs === undefined ? {} : { startWalletMs: account.walletMs }),
    risk: riskLimits(risk),
    protocol,
    // Its events are minutes, whatever bars it counts in.
    plan: withTickBound(planInMinutes(plan), strategy.tickRatioMax),
    isVenueRemote: true,
    isSlippageMeasured: account.fingerprint !== null,
    refusesUnproven,
    wordFloorMs: WORD_WALL_MS * (clock.type === "scaled" ? clock.speed : 1),
  };
}

function createModels(parts: EngineParts, memory: ClusterMemory, inbox: Inbox): RunModels {
  const { config, plan, run, scoring, venueClock, wallClock, logger } = parts;
  if (scoring.models === null) return HEURISTIC_MODELS;
  return new LivingModels(scoring.models, {
    memory,
    recentBars: new RecentRingBars(memory),
    entries: {
      plan: planInMinutes(plan),
      tickSizeOf: (symbol) => {
        const tickSize = parts.instruments.get(symbol)?.tickSize;
        return tickSize === undefined ? null : Number(tickSize);
      },
    },
    inbox,
    sizeFactorBefore: (modelId) => run.sizeFactorBefore(modelId),
    keep: (event) => run.noteModel(event),
    shadowBars: config.scan.shadowBars,
    pollMs: config.scan.modelPollMs,
    venueClock,
    wallClock,
    logger,
  });
}
