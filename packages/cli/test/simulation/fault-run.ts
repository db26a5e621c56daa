import { M1_SCALP } from "@smcq/features";
import { type SimChild, forkBinanceSim, type SimStats } from "@smcq/binance-sim";
import { type ClusterHealth, type Coordinator, UniverseFollower } from "@smcq/cluster";
import { loadConfig } from "@smcq/config";
import type { Signal } from "@smcq/engine";
import { FEED_COUNTER_COUNT, FeedCounter } from "@smcq/exchange";
import { CandidateScanner, HeuristicScorer } from "@smcq/features";
import {
  BAR_FIELDS,
  type Clock,
  createClock,
  type LogFields,
  type Logger,
  MeasuredOffset,
  MINUTE_MS,
  OffsetClock,
  present,
  SystemClock,
} from "@smcq/kernel";
import { type LedgerClient, openLedger } from "@smcq/ledger";
import { RING_BARS } from "@smcq/wire";
import { join } from "node:path";
import { modeOf } from "../../src/modes/mode-of.ts";
import type { VenueConnection } from "../../src/modes/ports.ts";
import { createEngine } from "../../src/run/create-engine.ts";
import { OWN_SIDE } from "../../src/bus/run-side.ts";
import { loadScoring } from "../../src/run/models/load-models.ts";
import { memoryAccount } from "../../src/accounts/memory-account.ts";
import type { EnginePayload } from "../../src/modes/engine-payload.ts";
import { temporaryFolder } from "../processes/engine-run.ts";
import { RingTap, type TapFault } from "./ring-tap.ts";

/** A symbol's bar was corrected after it was scanned: what was told of it and of its rest may differ for so long. */
const CORRECTION_REACH_MS = 12 * MINUTE_MS;
/** Rows of one klines call in the check at the end: weight 10, the most a call gives. */
const HISTORY_ROWS = 1_500;

export interface FaultRunOptions {
  readonly symbols: number;
  readonly shards: number;
  readonly speed: number;
  readonly seed: number;
  readonly faults: string;
  /** Venue minutes from READY to the end of the faults. */
  readonly minutes: number;
  /** Venue minutes without faults at the end, in which everything has to come right (the liveness phase). */
  readonly calmMinutes: number;
  /** Called about ten times a wall second with the share of `minutes` that has passed. */
  readonly disturb?: (coordinator: Coordinator, progress: number) => void;
}

export interface FaultRunResult {
  readonly symbols: number;
  /** Bars that the tap saw, of the symbols and minutes watched to the end. */
  readonly bars: number;
  readonly barsMissing: number;
  readonly barsDoubled: number;
  /** Bars still in a ring at the end whose numbers differ from what REST finally serves. */
  readonly barsDifferent: number;
  readonly tapFaults: readonly TapFault[];
  readonly resets: number;
  readonly candidates: number;
  /** Candidates that only one side has, or has with another score, without a correction that explains it. */
  readonly candidatesDifferent: readonly string[];
  readonly candidatesExplained: number;
  readonly health: ClusterHealth;
  readonly feed: Readonly<Record<string, number>>;
  readonly venue: SimStats;
  readonly stored: number;
  readonly lost: number;
  readonly warnings: ReadonlyMap<string, number>;
}

/** A logger that counts constant texts of warnings and errors. */
class CountingLogger implements Logger {
  readonly texts = new Map<string, number>();
  readonly isLoud = process.env["SMCQ_TEST_LOUD"] !== undefined;
  debug(): void {}
  info(fields: LogFields, text: string): void {
    if (this.isLoud) console.log("info", text, JSON.stringify(fields));
  }
  warn(fields: LogFields, text: string): void {
    this.#count("warn", fields, text);
  }
  error(fields: LogFields, text: string): void {
    this.#count("error", fields, text);
  }
  child(): Logger {
    return this;
  }
  #count(level: string, fields: LogFields, text: string): void {
    this.texts.set(text, (this.texts.get(text) ?? 0) + 1);
    if (this.isLoud) console.log(level, text, JSON.stringify(fields));
  }
}

/** Runs the whole engine, in this process but with its real threads and sockets, against the faulty venue. */
export async function faultRun(options: FaultRunOptions): Promise<FaultRunResult> {
  const folder = temporaryFolder();
  const venue = await forkBinanceSim({ symbols: options.symbols, seed: options.seed, speed: options.speed });
  try {
    return await new FaultRun(options, venue, folder.path).run();
  } finally {
    await venue.stop();
    folder.remove();
  }
}

class FaultRun {
  readonly #options: FaultRunOptions;
  readonly #sim: SimChild;
  readonly #payload: EnginePayload;
  readonly #clock: Clock;
  readonly #wallClock = new SystemClock();
  readonly #logger = new CountingLogger();
  readonly #signals: Signal[] = [];

  constructor(options: FaultRunOptions, sim: SimChild, dataDir: string) {
    this.#options = options;
    this.#sim = sim;
    const { config, hash, json } = loadConfig({
      env: {},
      flags: {
        dataDir,
        shards: options.shards,
        seed: options.seed,
        speed: options.speed,
        "feed.wsBaseUrl": `ws://127.0.0.1:${sim.port}`,
        "feed.restBaseUrl": `http://127.0.0.1:${sim.port}`,
      },
    });
    this.#payload = {
      config,
      configHash: hash,
      configJson: json,
      plan: M1_SCALP,
      clock: sim.clockSpec,
      key: null,
    };
    this.#clock = createClock(sim.clockSpec);
  }

  async run(): Promise<FaultRunResult> {
    const { config } = this.#payload;
    const ports = modeOf(config).ports(this.#payload);
    const offset = new MeasuredOffset();
    const venue = ports.openVenue({ machineClock: this.#clock, offset, logger: this.#logger });
    await venue.start();
    const ledger = await openLedger({
      file: join(config.dataDir, "ledger.db"),
      queueMax: 20_000,
      clock: this.#wallClock,
      onEvent() {},
    });
    await ledger.beginRun({
      runId: "fault-run",
      mode: "sim",
      startedAtMs: this.#clock.nowMs(),
      engineVersion: "0.0.0",
      configHash: this.#payload.configHash,
      configJson: this.#payload.configJson,
      scorerId: "heuristic-1",
      modelJson: "{}",
      featureSchemaHash: "",
      smcParametersJson: "{}",
      seed: this.#options.seed,
    });
    const universe = await venue.reference.universe();
    // The ledger's door is where every signal passes: note it there and hand it on.
    const door: LedgerClient = {
      beginRun: (run) => ledger.beginRun(run),
      resumeRun: (...run) => ledger.resumeRun(...run),
      openJournal: (options) => ledger.openJournal(options),
      noteModel: (event) => ledger.noteModel(event),
      append: (batch) => {
        this.#signals.push(...batch);
        ledger.append(batch);
      },
      stats: () => ledger.stats(),
      endRun: (...end) => ledger.endRun(...end),
      close: () => ledger.close(),
    };
    const venueClock = new OffsetClock(this.#clock, () => offset.offsetMs);
    const threads: Coordinator[] = [];
    const { loop, desk } = createEngine({
      side: {
        ...OWN_SIDE,
        createSource: ({ local }) => {
          const own = local();
          threads.push(own);
          return own;
        },
      },
      plan: M1_SCALP,
      fail: (error) => {
        throw error;
      },
      config,
      ports,
      symbols: universe.instruments.map(({ symbol }) => symbol),
      instruments: new Map(universe.instruments.map((instrument) => [instrument.symbol, instrument])),
      venue,
      run: { client: door, noteModel() {}, sizeFactorBefore: () => 1 },
      trading: {
        account: memoryAccount(config, {
          venueClock,
          wallClock: this.#wallClock,
          logger: this.#logger,
        }),
        engineId: "test",
        before: null,
        duty: null,
      },
      scoring: await loadScoring(config, {
        plan: M1_SCALP,
        policy: ports.scorer,
        venueClock,
        wallClock: this.#wallClock,
        logger: this.#logger,
      }),
      offset,
      venueClock,
      wallClock: this.#wallClock,
      logger: this.#logger,
    });
    const coordinator = present(threads[0], "Invariant: an engine has its threads");
    const tap = new RingTap(coordinator);
    await coordinator.start();
    await coordinator.whenReady(20_000, venue.gate);
    desk?.start();
    desk?.startMinutes();
    const follower = new UniverseFollower({
      symbols: coordinator,
      slots: coordinator.memory.slots,
      reference: venue.reference,
      onApplied: () => venue.keepUniverse(),
      contracts: (onNews) =>
        ports.contracts(
          { machineClock: this.#clock, wallClock: this.#wallClock, logger: this.#logger },
          onNews,
        ),
      wish: config.universe,
      refreshMs: config.universe.refreshMs,
      cacheMaxAgeMs: config.universe.cacheMaxAgeMs,
      machineClock: this.#clock,
      logger: this.#logger,
    });
    await follower.start();
    await this.#until(
      () => coordinator.health().m5Ready === coordinator.health().ready,
      "the M5 history",
      60_000,
    );
    const watched = new Set(coordinator.memory.slots.all().map((entry) => entry.symbol));
    tap.start();
    const fromMs = this.#nextMinuteMs();
    this.#sim.send({ type: "faults", faults: this.#options.faults });
    await this.#minutes(this.#options.minutes, (progress) => this.#options.disturb?.(coordinator, progress));
    this.#sim.send({ type: "faults", faults: "none" });
    await this.#minutes(this.#options.calmMinutes, () => {});
    const toMs = this.#nextMinuteMs() - 2 * MINUTE_MS;
    await this.#until(() => this.#isWholeUpTo(coordinator, toMs), "every symbol to have caught up", 60_000);
    tap.stop();
    const rings = this.#readRings(coordinator);
    const health = coordinator.health();
    const feed = this.#feedCounters(coordinator);
    await follower.stop();
    await coordinator.stop();
    loop.stop();
    await desk?.stop();
    await ledger.endRun("fault-run", this.#clock.nowMs(), {});
    const stats = await this.#stats();
    const checked = await this.#check(venue, tap, { rings, watched, fromMs, toMs });
    await venue.close();
    await ledger.close();
    const { stored, lost, overflowed } = ledger.stats();
    return {
      ...checked,
      tapFaults: tap.faults,
      resets: tap.resets,
      health,
      feed,
      venue: stats,
      stored,
      lost: lost + overflowed,
      warnings: this.#logger.texts,
    };
  }

  #nextMinuteMs(): number {
    return Math.ceil(this.#clock.nowMs() / MINUTE_MS) * MINUTE_MS;
  }

  async #minutes(minutes: number, look: (progress: number) => void): Promise<void> {
    const startMs = this.#clock.nowMs();
    for (;;) {
      const progress = (this.#clock.nowMs() - startMs) / (minutes * MINUTE_MS);
      if (progress >= 1) return;
      look(progress);
      await this.#pause(100);
    }
  }

  async #until(isDone: () => boolean, what: string, msMax: number): Promise<void> {
    const startNs = this.#wallClock.monoNs();
    while (!isDone()) {
      if ((this.#wallClock.monoNs() - startNs) / 1e6 > msMax)
        throw new Error(`waited ${msMax} ms for ${what}`);
      await this.#pause(50);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#wallClock.after(ms, resolve));
  }

  #isWholeUpTo(coordinator: Coordinator, openTimeMs: number): boolean {
    const rings = this.#readRings(coordinator);
    return [...rings.values()].every((bars) => (bars.at(-BAR_FIELDS) ?? 0) >= openTimeMs);
  }

  /** Every symbol's bars as they stand in the rings. */
  #readRings(coordinator: Coordinator): Map<string, Float64Array> {
    const rings = new Map<string, Float64Array>();
    const copy = new Float64Array(RING_BARS * BAR_FIELDS);
    for (const { symbol, shardId, slot } of coordinator.memory.slots.all()) {
      const reader = coordinator.memory.reader(shardId);
      if (!reader.begin(slot) || !reader.copy(reader.from, reader.tail, copy)) continue;
      rings.set(symbol, copy.slice(0, (reader.tail - reader.from) * BAR_FIELDS));
    }
    return rings;
  }

  #feedCounters(coordinator: Coordinator): Readonly<Record<string, number>> {
    const reporter = coordinator.createReporter(0);
    const names = Object.entries(FeedCounter);
    if (names.length !== FEED_COUNTER_COUNT) throw new Error("a feed counter has no name");
    return Object.fromEntries(names.map(([name, counter]) => [name, reporter.total(counter)]));
  }

  #stats(): Promise<SimStats> {
    return new Promise((resolve) => {
      this.#sim.onReport((report) => {
        if (report.type === "stats") resolve(report.stats);
      });
      this.#sim.send({ type: "stats" });
    });
  }

  /** Holds what the engine has against what the venue serves now. */
  async #check(
    venue: VenueConnection,
    tap: RingTap,
    run: {
      readonly rings: ReadonlyMap<string, Float64Array>;
      readonly watched: ReadonlySet<string>;
      readonly fromMs: number;
      readonly toMs: number;
    },
  ): Promise<
    Pick<
      FaultRunResult,
      | "symbols"
      | "bars"
      | "barsMissing"
      | "barsDoubled"
      | "barsDifferent"
      | "candidates"
      | "candidatesDifferent"
      | "candidatesExplained"
    >
  > {
    const sum = {
      symbols: 0,
      bars: 0,
      barsMissing: 0,
      barsDoubled: 0,
      barsDifferent: 0,
      candidates: 0,
      candidatesExplained: 0,
    };
    const candidatesDifferent: string[] = [];
    const symbols = [...run.rings.keys()].filter((symbol) => run.watched.has(symbol));
    await Promise.all(
      symbols.map(async (symbol) => {
        const truth = await this.#history(venue, symbol, run.toMs);
        const ring = run.rings.get(symbol) as Float64Array;
        const counts = tap.countsOf(symbol);
        const changed = tap.changedSince(symbol, truth);
        sum.symbols++;
        for (let openTimeMs = run.fromMs; openTimeMs <= run.toMs; openTimeMs += MINUTE_MS) {
          const count = counts.get(openTimeMs) ?? 0;
          sum.bars += count;
          if (count === 0) sum.barsMissing++;
          if (count > 1) sum.barsDoubled++;
          if (openTimeMs >= (ring[0] as number) && !isSameBar(ring, truth, openTimeMs)) sum.barsDifferent++;
        }
        const wanted = scanCandidates(truth, run.fromMs, run.toMs);
        const found = this.#signals
          .filter(
            (signal) =>
              signal.symbol === symbol && signal.openTimeMs >= run.fromMs && signal.openTimeMs <= run.toMs,
          )
          .map((signal) => `${signal.openTimeMs} ${signal.side} S${signal.setup} ${signal.score}`);
        sum.candidates += wanted.length;
        for (const line of difference(wanted, found)) {
          if (isExplained(Number(line.slice(1).split(" ")[0]), changed)) sum.candidatesExplained++;
          else candidatesDifferent.push(`${symbol} ${line}`);
        }
      }),
    );
    return { ...sum, candidatesDifferent };
  }

  /** All bars of a symbol that the venue has, up to `toMs`, through the engine's own REST client. */
  async #history(venue: VenueConnection, symbol: string, toMs: number): Promise<Float64Array> {
    const older = await venue.reference.klines({
      symbol,
      interval: "1m",
      limit: HISTORY_ROWS,
      endMs: toMs - HISTORY_ROWS * MINUTE_MS,
    });
    const newer = await venue.reference.klines({ symbol, interval: "1m", limit: HISTORY_ROWS, endMs: toMs });
    return Float64Array.from([...older, ...newer]);
  }
}

function isSameBar(ring: Float64Array, truth: Float64Array, openTimeMs: number): boolean {
  const at = (bars: Float64Array): number => ((openTimeMs - (bars[0] as number)) / MINUTE_MS) * BAR_FIELDS;
  const left = ring.subarray(at(ring), at(ring) + BAR_FIELDS);
  const right = truth.subarray(at(truth), at(truth) + BAR_FIELDS);
  return (
    left.length === BAR_FIELDS &&
    left[0] === openTimeMs &&
    left.every((value, index) => value === right[index])
  );
}

/** True when a bar was corrected so shortly before that the engine had scanned its former numbers. */
function isExplained(openTimeMs: number, changed: readonly number[]): boolean {
  return changed.some((at) => openTimeMs >= at && openTimeMs - at <= CORRECTION_REACH_MS);
}

/** What `smcq scan` finds in these bars: candidates that open in [fromMs, toMs]. */
function scanCandidates(bars: Float64Array, fromMs: number, toMs: number): string[] {
  const buffer = new ArrayBuffer(CandidateScanner.M1_BYTES + CandidateScanner.CARRY_BYTES);
  const scanner = new CandidateScanner({ m1Buffer: buffer, carryBuffer: buffer });
  scanner.attach(0, CandidateScanner.M1_BYTES);
  scanner.resetAll();
  const scorer = new HeuristicScorer();
  const row = new Float32Array(12);
  const score = new Float64Array(1);
  const found: string[] = [];
  for (let at = 0; at < bars.length; at += BAR_FIELDS) {
    const [openTimeMs = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = bars.subarray(
      at,
      at + BAR_FIELDS,
    );
    const code = scanner.push(openTimeMs, open, high, low, close, volume);
    if (code === 0 || openTimeMs < fromMs || openTimeMs > toMs) continue;
    scanner.features(row, 0, code < 0 ? -1 : 1);
    scorer.score(row, 1, score);
    found.push(`${openTimeMs} ${Math.sign(code)} S${Math.abs(code)} ${score[0]}`);
  }
  return found;
}

/** Lines that only one side has: "-" wanted and not found, "+" found and not wanted. Doubles count. */
function difference(wanted: readonly string[], found: readonly string[]): string[] {
  const left = [...found];
  const lines: string[] = [];
  for (const line of wanted) {
    const at = left.indexOf(line);
    if (at < 0) lines.push(`-${line}`);
    else left.splice(at, 1);
  }
  return [...lines, ...left.map((line) => `+${line}`)];
}
