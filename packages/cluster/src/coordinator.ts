import type { Worker } from "node:worker_threads";
import type { EngineCounters, ScoredCandidate } from "@smcq/engine";
import { FeedCounter } from "@smcq/exchange";
import { assertNever, type Clock, createClock, OffsetClock, SmcqError, SystemClock } from "@smcq/kernel";
import {
  DetectorStates,
  KlineRingReader,
  KlineRingWriter,
  type M5Seed,
  type ModelEpochs,
  type ScanReply,
  type ScanTask,
  type ShardEvent,
  type ShardMemory,
} from "@smcq/wire";
import { createShardMemory } from "./memory.ts";
import type { ScanInit } from "./scan/run-scan.ts";
import type { ClusterHealth, CoordinatorOptions } from "./coordinator-options.ts";
import { EngineLoop } from "./loop/engine-loop.ts";
import { MinuteReporter } from "./minute-report.ts";
import { requireShards, untilReady } from "./symbols/ready-gate.ts";
import { RowDrain } from "./scan/row-drain.ts";
import { ScanPool } from "./threads/scan-pool.ts";
import { ShardThread } from "./threads/shard-thread.ts";
import { ShardScans } from "./shard/shard-scans.ts";
import { ShardScanQueue } from "./shard/shard-scan-queue.ts";
import { type SlotEntry, SlotTable } from "./symbols/slot-table.ts";
import { isShardOff, mayScan, threadHealth } from "./threads/thread-health.ts";
import { SymbolNews } from "./symbols/symbol-news.ts";
import { WarmUp } from "./symbols/warm-up.ts";

/** Slots kept free in each shard for listings, besides a quarter of its share. */
const SPARE_SLOTS = 8;
/** How often symbols are looked at on their way to READY, wall ms. */
const REVIEW_MS = 50;
/** Symbols that get no further on their way to READY hold the others up for so long at most, wall ms. */
const WARM_UP_STALL_MS_MAX = 60_000;
const SYMBOLS_NAMED_MAX = 10;

/**
 * The coordinator's side of the cluster: memory, shard threads, scan threads, and the way of a closed bar through
 * them to the decision core.
 */
export class Coordinator {
  readonly slots: SlotTable;
  readonly memories: readonly ShardMemory[];
  readonly #options: CoordinatorOptions;
  readonly #clock: Clock;
  readonly #wallClock: Clock = new SystemClock();
  readonly #readers: readonly KlineRingReader[];
  /** Only to read whose a slot is. */
  readonly #owners: readonly KlineRingWriter[];
  readonly #hosts: readonly ShardThread[];
  readonly #lanes: readonly ShardScanQueue[];
  readonly #pool: ScanPool | null;
  readonly #warmUp: WarmUp;
  readonly #desk: EngineLoop;
  readonly #shardScans = new ShardScans();
  readonly #online = new Set<number>();
  readonly #news: SymbolNews;
  #clockOffsetMs = 0;
  #cancelReview: () => void = () => {};
  #isStopping = false;
  #stopped: Promise<void> | null = null;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.#clock = new OffsetClock(createClock(options.clock), () => this.#clockOffsetMs);
    this.#news = new SymbolNews(this.#wallClock, options.logger);
    const share = Math.ceil(options.symbols.length / options.shards);
    const slotsPerShard = share + Math.ceil(share / 4) + SPARE_SLOTS;
    this.slots = new SlotTable(options.shards, slotsPerShard);
    const shardIds = Array.from({ length: options.shards }, (_, index) => index);
    this.memories = shardIds.map((shardId) => createShardMemory(shardId, slotsPerShard));
    this.#readers = this.memories.map((memory) => new KlineRingReader(memory.rings));
    this.#owners = this.memories.map((memory) => new KlineRingWriter(memory.rings));
    const states = this.memories.map((memory) => new DetectorStates(memory.states));
    this.#warmUp = new WarmUp({
      barsReadyMin: options.barsReadyMin,
      m5Bars: options.m5Bars,
      history: options.history,
      clock: this.#clock,
      reader: (shardId) => this.reader(shardId),
      states: (shardId) => states[shardId] as DetectorStates,
      onSeed: (shardId) => this.#lanes[shardId]?.due(),
    });
    this.#desk = new EngineLoop(options.engine, {
      clock: this.#clock,
      wallClock: this.#wallClock,
      listeners: options.listeners,
    });
    this.#pool = options.compute === "pool" ? this.#createPool() : null;
    this.#hosts = this.memories.map((memory) => this.#createHost(memory));
    this.#lanes = this.memories.map((memory) => this.#createLane(memory));
    for (const symbol of options.symbols) this.#assign(symbol);
    this.setModels(options.models);
  }

  /** Starts the shard threads; resolves when each has opened its feed once. Refuses with SHARD_OFF when one cannot. */
  async start(): Promise<void> {
    for (const host of this.#hosts) host.start();
    this.#review();
    while (this.#online.size < this.#hosts.length && !this.#isStopping) {
      requireShards(this.health());
      await this.#pause();
    }
  }

  /**
   * Resolves when every symbol is READY (or known to have too short a history, or gets no further for
   * `stallMsMax` wall ms) and every shard has heard an unfinished kline: a subscription that was acknowledged proves
   * nothing. Refuses after `dataMsMax` wall ms of silence with the code FEED_SILENT.
   */
  async whenReady(dataMsMax: number, stallMsMax: number = WARM_UP_STALL_MS_MAX): Promise<ClusterHealth> {
    const health = await untilReady(
      {
        health: () => this.health(),
        silentShards: () => this.#silentShards(),
        isStopping: () => this.#isStopping,
        wallClock: this.#wallClock,
      },
      { dataMsMax, stallMsMax, lookMs: REVIEW_MS },
    );
    const { warming: count } = health;
    if (count > 0 && !this.#isStopping) {
      const symbols = this.#warmUp.warmingSymbols(SYMBOLS_NAMED_MAX);
      this.#options.logger.warn({ count, symbols }, "symbols still warm up; the others do not wait for them");
    }
    return health;
  }

  /** Follows a listing: the running shard with most room takes the symbol, it warms up. False when no slot is free. */
  addSymbol(symbol: string): boolean {
    if (this.slots.of(symbol) !== null) return true;
    const entry = this.#assign(symbol, (shardId) => !this.#isOff(shardId));
    if (entry === null) return false;
    this.#hosts[entry.shardId]?.send({
      type: "add",
      assignment: { slot: entry.slot, symbol, symbolId: entry.symbolId, isTakenOver: false },
    });
    return true;
  }

  /** Follows a delisting: no further bar, no further signal. */
  removeSymbol(symbol: string): boolean {
    const entry = this.slots.remove(symbol);
    if (entry === null) return false;
    this.#warmUp.remove(symbol);
    this.#options.history.forget(symbol);
    this.#hosts[entry.shardId]?.send({ type: "remove", slot: entry.slot });
    this.#lanes[entry.shardId]?.due();
    return true;
  }

  /** The offset of the venue's clock, for every shard's timers. */
  setClockOffsetMs(offsetMs: number): void {
    this.#clockOffsetMs = offsetMs;
    for (const host of this.#hosts) host.control.setClockOffsetMs(offsetMs);
  }

  /** Scans score with these models from their next task on. */
  setModels(models: Readonly<ModelEpochs>): void {
    for (const host of this.#hosts) host.control.setModels(models);
  }

  /** True while a scan may still score with a model that was taken back. */
  isModelUsed(epoch: number): boolean {
    return this.#hosts.some((host, id) => mayScan(host, this.#lanes[id]) && host.control.isModelUsed(epoch));
  }

  /** Tells the decision core how much of a trade's usual size the model is good for, 0..1. */
  setSizeFactor(sizeFactor: number): void {
    this.#desk.process({ type: "model-health", sizeFactor });
  }

  health(): ClusterHealth {
    return { symbols: this.slots.size, ...this.#warmUp.count(), ...threadHealth(this.#hosts, this.#lanes) };
  }

  get engineCounters(): EngineCounters {
    return this.#desk.engine.counters;
  }

  /** A reporter that begins at the minute which opened at `minuteMs`. */
  createReporter(minuteMs: number): MinuteReporter {
    return new MinuteReporter(
      {
        controls: this.#hosts.map((host) => host.control),
        reader: (shardId) => this.reader(shardId),
        entries: () => this.slots.all(),
        barsReadyMin: this.#options.barsReadyMin,
      },
      minuteMs,
    );
  }

  reader(shardId: number): KlineRingReader {
    const reader = this.#readers[shardId];
    if (reader === undefined) throw new RangeError(`no shard ${shardId}`);
    return reader;
  }

  /** The live threads, for tests that end one in the middle of its work. */
  threads(): { readonly shards: readonly (Worker | null)[]; readonly scans: readonly Worker[] } {
    return { shards: this.#hosts.map((host) => host.worker), scans: this.#pool?.threads ?? [] };
  }

  /**
   * Drains feeds, then scans, then the decision window, then lets the threads go. Idempotent. Rejects with SCAN_STUCK
   * when a scan does not end: its thread is left alone.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#isStopping = true;
    this.#cancelReview();
    await Promise.all(this.#hosts.map((host) => host.drain()));
    const closing = this.#lanes.map((lane) => lane.close(this.#pool !== null));
    for (const { shardId } of this.memories) this.#shardScans.fail(shardId);
    const stuck = (await Promise.all(closing)).filter((isInTime) => !isInTime).length;
    if (this.#pool === null) for (const lane of this.#lanes) lane.salvage();
    this.#desk.process({ type: "time", nowMs: this.#clock.nowMs(), nowNs: Infinity });
    this.#news.flush();
    if (stuck > 0)
      throw new SmcqError("SCAN_STUCK", `${stuck} scans did not end`, { context: { shards: stuck } });
    await this.#pool?.close();
  }

  #silentShards(): number {
    const isSilent = (host: ShardThread, shardId: number): boolean =>
      host.control.feedCounter(FeedCounter.Formings) === 0 && this.slots.ofShard(shardId).length > 0;
    return this.#hosts.filter(isSilent).length;
  }

  /** Nothing of the shard's symbols is received or scanned. */
  #isOff(shardId: number): boolean {
    return isShardOff(this.#hosts[shardId], this.#lane(shardId));
  }

  #lane(shardId: number): ShardScanQueue {
    const lane = this.#lanes[shardId];
    if (lane === undefined) throw new RangeError(`no shard ${shardId}`);
    return lane;
  }

  #createPool(): ScanPool {
    const { scanWorker, scanThreads, logger, clock, scan } = this.#options;
    const init: ScanInit = { shards: this.memories, clock, scan };
    return new ScanPool({
      entry: { url: scanWorker.url, data: { init, data: scanWorker.data } },
      threads: scanThreads,
      logger,
    });
  }

  #createHost(memory: ShardMemory): ShardThread {
    const { clock, scan, shardWorker, compute, logger } = this.#options;
    const { shardId } = memory;
    return new ShardThread({
      memory,
      clock,
      wallClock: this.#wallClock,
      isScanning: compute === "shard",
      scan,
      entry: shardWorker,
      logger,
      assignments: (isTakenOver) =>
        this.slots
          .ofShard(shardId)
          .map(({ slot, symbol, symbolId }) => ({ slot, symbol, symbolId, isTakenOver })),
      onEvent: (event) => this.#onShardEvent(shardId, event),
      onDeath: (isRestarted) => this.#onShardDeath(shardId, isRestarted),
    });
  }

  #createLane(memory: ShardMemory): ShardScanQueue {
    const { shardId } = memory;
    return new ShardScanQueue({
      shardId,
      rows: new RowDrain(memory, this.slots, this.#options.modelId, this.#options.listeners.onInvalidScore),
      run: (task) => (this.#pool === null ? this.#runInShard(task) : this.#pool.run(task)),
      takeSeeds: () => this.#warmUp.takeSeeds(shardId),
      hasSeeds: () => this.#warmUp.hasSeeds(shardId),
      returnSeeds: (seeds) => this.#warmUp.returnSeeds(shardId, seeds),
      onSeeded: (seeds) => this.#onSeeded(shardId, seeds),
      onRows: (candidates) => this.#onRows(candidates),
      onIdle: () => this.slots.settle(shardId, (slot) => this.#owners[shardId]?.owner(slot) === 0),
      wallClock: this.#wallClock,
      logger: this.#options.logger,
    });
  }

  /** With `--compute shard` the thread scans as bars close; a task is sent only for seeds and leftovers. */
  #runInShard(task: ScanTask): Promise<ScanReply> {
    return this.#shardScans.run(task, (command) => this.#hosts[task.shardId]?.send(command) === true);
  }

  #assign(symbol: string, isOpen?: (shardId: number) => boolean): SlotEntry | null {
    const entry = this.slots.add(symbol, isOpen);
    if (entry !== null) this.#warmUp.add(entry);
    return entry;
  }

  #onShardEvent(shardId: number, event: ShardEvent): void {
    switch (event.type) {
      case "online":
        this.#online.add(shardId);
        // What a dead thread had closed, and not told, is still to be scanned.
        this.#lane(shardId).due();
        return;
      case "closed":
        this.#lane(shardId).due();
        return;
      case "want-bars":
        this.#fetchBars(shardId, event.wanted);
        return;
      case "reset":
      case "corrected": {
        const symbol = this.slots.at(shardId, event.slot)?.symbol;
        if (symbol !== undefined) this.#onChanged(symbol, event);
        return;
      }
      case "scanned":
        this.#onShardScan(shardId, event.reply, event.isTask);
        return;
      case "log":
        this.#options.logger[event.level](event.fields as Record<string, unknown>, event.text);
        return;
      case "drained":
      case "failed":
        return;
      default:
        assertNever(event);
    }
  }

  #onChanged(symbol: string, event: Extract<ShardEvent, { type: "reset" | "corrected" }>): void {
    if (event.type === "reset") {
      this.#warmUp.reset(symbol);
      this.#news.add("warn", symbol, "bars broken off; the symbols warm up anew");
    } else {
      this.#warmUp.corrected(symbol);
      this.#news.add("info", symbol, "bars corrected after the fact");
    }
  }

  #fetchBars(shardId: number, wanted: Extract<ShardEvent, { type: "want-bars" }>["wanted"]): void {
    this.#options.history.request(wanted, (reply) => {
      // The slot may have gone to another symbol while the request was under way.
      if (this.slots.at(shardId, wanted.slot)?.symbol !== wanted.symbol) return;
      this.#warmUp.historyAnswered(wanted.symbol);
      this.#hosts[shardId]?.send({ type: "bars", wanted, bars: reply.bars });
    });
  }

  #onShardScan(shardId: number, reply: ScanReply, isTask: boolean): void {
    if (isTask && this.#shardScans.answer(shardId, reply)) return;
    this.#lane(shardId).scannedBySelf(reply);
  }

  #onShardDeath(shardId: number, isRestarted: boolean): void {
    const isAwaited = this.#shardScans.fail(shardId);
    if (this.#pool === null && !isAwaited) this.#lane(shardId).salvage();
    if (this.#pool === null && !isRestarted) this.#lane(shardId).turnOff();
  }

  #onSeeded(shardId: number, seeds: readonly M5Seed[]): void {
    const symbols = seeds.flatMap(({ slot, generation }) => {
      const entry = this.slots.at(shardId, slot);
      return entry === null ? [] : [{ symbol: entry.symbol, generation }];
    });
    this.#warmUp.seedsApplied(symbols);
  }

  #onRows(candidates: readonly ScoredCandidate[]): void {
    if (candidates.length === 0) return;
    this.#desk.process({
      type: "candidates",
      nowMs: this.#clock.nowMs(),
      nowNs: this.#wallClock.monoNs(),
      candidates,
    });
  }

  #review(): void {
    this.#warmUp.review((symbol) => this.slots.of(symbol));
    for (const lane of this.#lanes) lane.look();
    this.#cancelReview = this.#wallClock.after(REVIEW_MS, () => this.#review(), { unref: true });
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#wallClock.after(REVIEW_MS, resolve);
    });
  }
}
