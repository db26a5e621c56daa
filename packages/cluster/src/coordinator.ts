import type { Worker } from "node:worker_threads";
import { SmcqError } from "@smcq/kernel";
import type { ClusterHealth, CoordinatorOptions } from "./coordinator-options.ts";
import type { ClusterMemory } from "./memory/cluster-memory.ts";
import { MinuteReporter } from "./minute-report.ts";
import { Shard } from "./shard/shard.ts";
import type { ShardReport } from "./shard/shard-report.ts";
import type { GateVenue } from "./first-klines.ts";
import { requireShards, untilReady } from "./ready-gate.ts";
import { SeedQueue } from "./symbols/seed-queue.ts";
import type { SlotEntry, SlotTable } from "./memory/slot-table.ts";
import { SymbolCare } from "./symbols/symbol-care.ts";
import { type Stage, WarmUp } from "./symbols/warm-up.ts";
import { type ScanPool, TaskPool } from "./threads/task-pool.ts";

/** How often shards, and symbols on their way to READY, are looked at, wall ms. */
const REVIEW_MS = 50;
/** Symbols that get no further on their way to READY hold the others up for so long at most, wall ms. */
const WARM_UP_STALL_MS_MAX = 60_000;
/** A stop of REST that lasts longer ends a start, ms: requests do not wait for it either. */
const REST_STOP_MS_MAX = 300_000;
const SYMBOLS_NAMED_MAX = 10;

/**
 * The cluster's threads and symbols, from the first bar to the last: starts the shards, brings symbols to READY,
 * follows listings, and drains everything in order at the end. What the shards find goes to the inbox.
 */
export class Coordinator {
  readonly memory: ClusterMemory;
  readonly #options: CoordinatorOptions;
  readonly #pool: ScanPool | null;
  readonly #warmUp: WarmUp;
  readonly #symbols: SymbolCare;
  readonly #shards: readonly Shard[];
  #cancelReview: () => void = () => {};
  #isStopping = false;
  #stopped: Promise<void> | null = null;

  constructor(options: CoordinatorOptions) {
    const { memory, history, logger, venueClock, wallClock } = options;
    const { slots } = memory;
    this.#options = options;
    this.memory = memory;
    const seeds = new SeedQueue(slots);
    this.#warmUp = new WarmUp({
      barsReadyMin: options.barsReadyMin,
      seed: options.seed,
      history,
      venueClock,
      memory,
      seeds,
    });
    for (const entry of slots.all()) this.#warmUp.add(entry);
    this.#symbols = new SymbolCare({ slots, warmUp: this.#warmUp, history, wallClock, logger });
    this.#pool = options.compute === "pool" ? createPool(options) : null;
    this.#shards = memory.shards.map(
      (views) =>
        new Shard({
          views,
          slots,
          seeds,
          symbols: this.#symbols,
          inbox: options.inbox,
          modelId: options.modelId,
          pool: this.#pool,
          clockSpec: options.clockSpec,
          venueClock,
          wallClock,
          scan: options.scan,
          entry: options.shardWorker,
          onStuck: () =>
            options.onStuck(
              new SmcqError("SCAN_STUCK", `a scan of shard ${views.memory.shardId} does not end`, {
                context: { shardId: views.memory.shardId },
              }),
            ),
          logger,
        }),
    );
  }

  /** Starts the shard threads; resolves when each has opened its feed once. Refuses with SHARD_OFF when one cannot. */
  async start(): Promise<void> {
    for (const shard of this.#shards) shard.start();
    this.#review();
    while (!this.#isStopping && this.#shards.some((shard) => !shard.isOnline)) {
      requireShards(this.health());
      await this.#pause();
    }
  }

  /**
   * Resolves when every symbol is READY (or known to have too short a history, or gets no further for a minute) and
   * every shard has heard a kline or has nothing to hear: a subscription that was acknowledged proves nothing. Shards
   * that are silent for `dataMsMax` wall ms are judged by what is known of them and by what `venue` says.
   */
  async whenReady(dataMsMax: number, venue: GateVenue): Promise<ClusterHealth> {
    const health = await untilReady(
      {
        health: () => this.health(),
        silences: () => this.#shards.flatMap(({ silence }) => silence ?? []),
        isStopping: () => this.#isStopping,
        venue,
        wallClock: this.#options.wallClock,
        logger: this.#options.logger,
      },
      {
        dataMsMax,
        stallMsMax: WARM_UP_STALL_MS_MAX,
        restStopMsMax: REST_STOP_MS_MAX,
        lookMs: REVIEW_MS,
      },
    );
    const { warming: count } = health;
    if (count > 0 && !this.#isStopping) {
      const symbols = this.#warmUp.warmingSymbols(SYMBOLS_NAMED_MAX);
      this.#options.logger.warn({ count, symbols }, "symbols still warm up; the others do not wait for them");
    }
    return health;
  }

  /** What is watched now. */
  get watched(): SlotTable {
    return this.memory.slots;
  }

  /**
   * Follows a listing: the running shard with most room takes the symbol, it warms up. Bars that open at `liveFromMs` (venue ms) or
   * later raise signals, also those of them that have closed by now. False when no slot is free.
   */
  addSymbol(symbol: string, liveFromMs: number | null = null): boolean {
    const { slots } = this.memory;
    if (slots.of(symbol) !== null) return true;
    const entry = slots.add(symbol, {
      isOpen: (shardId) => this.#shards[shardId]?.isOff === false,
      liveFromMs,
    });
    if (entry === null) return false;
    this.#warmUp.add(entry);
    this.#shardOf(entry)?.add(entry);
    return true;
  }

  /** Follows a delisting: no further bar, no further signal. */
  removeSymbol(symbol: string): boolean {
    const entry = this.memory.slots.remove(symbol);
    if (entry === null) return false;
    this.#warmUp.remove(symbol);
    this.#options.history.forget(symbol);
    this.#shardOf(entry)?.remove(entry.slot);
    return true;
  }

  health(): ClusterHealth {
    const sum = (of: (shard: Shard) => number): number =>
      this.#shards.reduce((total, shard) => total + of(shard), 0);
    return {
      symbols: this.memory.slots.size,
      ...this.#warmUp.count(),
      shardsRunning: sum((shard) => Number(shard.isRunning)),
      shardsOff: sum((shard) => Number(shard.isOff)),
      shardRestarts: sum((shard) => shard.threadRestarts),
      scanRestarts: sum((shard) => shard.scanRestarts),
      scansInFlight: sum((shard) => Number(shard.isScanInFlight)),
    };
  }

  /** Each shard as it does now, and how many threads scan beside the shards' own. */
  report(): { readonly shards: readonly ShardReport[]; readonly scanThreads: number } {
    return {
      shards: this.#shards.map((shard) => shard.report()),
      scanThreads: this.#pool?.threads.length ?? 0,
    };
  }

  /** How far a symbol is; null: nobody watches it. */
  stageOf(symbol: string): Stage | null {
    return this.#warmUp.stageOf(symbol);
  }

  /** The symbol is READY with its M5 history, or can be no more than it is: its history is too short. */
  isWarm(symbol: string): boolean {
    return this.#warmUp.isWarm(symbol);
  }

  /** A reporter that begins at the minute which opened at `minuteMs`. */
  createReporter(minuteMs: number): MinuteReporter {
    return new MinuteReporter({ memory: this.memory, barsReadyMin: this.#options.barsReadyMin }, minuteMs);
  }

  /** The live threads, for tests that end one in the middle of its work. */
  threads(): { readonly shards: readonly (Worker | null)[]; readonly scans: readonly Worker[] } {
    return { shards: this.#shards.map((shard) => shard.worker), scans: this.#pool?.threads ?? [] };
  }

  /**
   * Drains feeds, then scans, then lets the threads go; what was found stands in the inbox then. Idempotent. Rejects
   * with SCAN_STUCK when a scan does not end: its thread is left alone.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#isStopping = true;
    this.#cancelReview();
    await Promise.all(this.#shards.map((shard) => shard.drain()));
    const closed = await Promise.all(this.#shards.map((shard) => shard.close()));
    this.#symbols.flush();
    const stuck = closed.filter((isInTime) => !isInTime).length;
    if (stuck > 0)
      throw new SmcqError("SCAN_STUCK", `${stuck} scans did not end`, { context: { shards: stuck } });
    await this.#pool?.close();
  }

  #shardOf(entry: SlotEntry): Shard | undefined {
    return this.#shards[entry.shardId];
  }

  #review(): void {
    this.#warmUp.review();
    for (const shard of this.#shards) shard.look();
    this.#cancelReview = this.#options.wallClock.after(REVIEW_MS, () => this.#review(), { unref: true });
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.wallClock.after(REVIEW_MS, resolve);
    });
  }
}

function createPool({
  memory,
  scanWorker,
  scanThreads,
  clockSpec,
  scan,
  logger,
}: CoordinatorOptions): ScanPool {
  const shards = memory.shards.map((views) => views.memory);
  return new TaskPool({
    entry: {
      url: scanWorker.url,
      data: { init: { shards, gc: memory.scanGc, clockSpec, scan }, data: scanWorker.data },
    },
    name: "scan",
    threads: scanThreads,
    logger,
  });
}
