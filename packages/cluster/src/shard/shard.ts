import type { Worker } from "node:worker_threads";
import { FeedCounter } from "@smcq/exchange";
import {
  assertNever,
  type Clock,
  type ClockSpec,
  type FeedState,
  type Logger,
  UNCONNECTED,
} from "@smcq/kernel";
import type { ShardCommand, ShardEvent, SlotAssignment } from "@smcq/wire";
import type { Inbox } from "../loop/inbox.ts";
import type { ShardViews } from "../memory/cluster-memory.ts";
import { type DrainedRows, type ModelId, RowDrain } from "../scan/row-drain.ts";
import type { ScanOptions } from "../scan/scan-core.ts";
import type { SeedQueue } from "../symbols/seed-queue.ts";
import type { SlotEntry, SlotTable } from "../memory/slot-table.ts";
import type { SymbolCare } from "../symbols/symbol-care.ts";
import type { ScanPool, WorkerEntry } from "../threads/task-pool.ts";
import type { ShardSilence } from "../first-klines.ts";
import { ShardThread } from "../threads/shard-thread.ts";
import { type ShardReport, shardReport } from "./shard-report.ts";
import { OwnThreadScan } from "./own-thread-scan.ts";
import { ShardScanQueue } from "./shard-scan-queue.ts";

export interface ShardOptions {
  readonly views: ShardViews;
  readonly slots: SlotTable;
  readonly seeds: SeedQueue;
  readonly symbols: SymbolCare;
  readonly inbox: Inbox;
  readonly modelId: ModelId;
  /** Null: the shard's own thread scans (`--compute shard`). */
  readonly pool: ScanPool | null;
  readonly clockSpec: ClockSpec;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  readonly scan: ScanOptions;
  readonly entry: WorkerEntry;
  /** A scan of the shard does not end. */
  readonly onStuck: () => void;
  readonly logger: Logger;
}

/**
 * One shard as the coordinator has it: its thread, its scans, its rows, on its memory.
 *
 *   thread ── closed ──► scans ── task ──► scan pool (or the thread itself) ── reply ──► rows ──► inbox
 *     └── wants bars, broken off, corrected ──► symbols
 */
export class Shard {
  readonly id: number;
  readonly #options: ShardOptions;
  readonly #thread: ShardThread;
  readonly #scans: ShardScanQueue;
  readonly #ownScan = new OwnThreadScan();
  readonly #rows: RowDrain;
  #isOnline = false;
  #feed: FeedState = UNCONNECTED;
  #feedSinceMs: number | null = null;

  constructor(options: ShardOptions) {
    const { views, slots, seeds, pool, wallClock, onStuck, logger } = options;
    this.#options = options;
    this.id = views.memory.shardId;
    this.#rows = new RowDrain(views.memory, slots, options.modelId);
    this.#thread = new ShardThread({
      views,
      clockSpec: options.clockSpec,
      wallClock,
      isScanning: pool === null,
      scan: options.scan,
      entry: options.entry,
      logger,
      assignments: (isTakenOver) => slots.ofShard(this.id).map((entry) => assignmentOf(entry, isTakenOver)),
      onEvent: (event) => this.#onEvent(event),
      onDeath: (isRestarted) => this.#onDeath(isRestarted),
    });
    this.#scans = new ShardScanQueue({
      shardId: this.id,
      rows: this.#rows,
      seeds,
      run: (task) =>
        pool === null ? this.#ownScan.run(task, (command) => this.#thread.send(command)) : pool.run(task),
      onRows: (drained) => this.#onRows(drained),
      // The scan has ended: no memory of a model is in its use any more. Where the shard's own thread scans, its death
      // has said so; here its successor may have begun.
      onDeath: () => {
        if (pool !== null) views.control.leaveModels();
      },
      onStuck,
      onIdle: () => slots.settle(this.id, (slot) => views.owners.owner(slot) === 0),
      wallClock,
      logger,
    });
  }

  /** Its feed has been opened once. */
  get isOnline(): boolean {
    return this.#isOnline;
  }

  /** Nothing of its symbols is received or scanned any more. */
  get isOff(): boolean {
    return this.#thread.state === "off" || this.#scans.isOff;
  }

  get isRunning(): boolean {
    return this.#thread.state === "running" && !this.isOff;
  }

  /** What is known of its feed while it has symbols and has not heard one kline; null: it has. */
  get silence(): ShardSilence | null {
    const { views, slots } = this.#options;
    if (this.#feed.isHeard || views.control.feedCounter(FeedCounter.Formings) > 0) return null;
    const symbols = slots.ofShard(this.id).map(({ symbol }) => symbol);
    return symbols.length === 0 ? null : { symbols, feed: this.#feed };
  }

  get isScanInFlight(): boolean {
    return this.#scans.isInFlight;
  }

  get threadRestarts(): number {
    return this.#thread.restarts.total;
  }

  get scanRestarts(): number {
    return this.#scans.restarts.total;
  }

  /** How it does, read without disturbing it. */
  report(): ShardReport {
    const { views, slots, wallClock } = this.#options;
    const facts = {
      state: this.#thread.state,
      isScanOff: this.#scans.isOff,
      isScanInFlight: this.isScanInFlight,
      restarts: this.threadRestarts,
      scanRestarts: this.scanRestarts,
      feed: this.#feed,
      feedSinceMs: this.#feedSinceMs,
    };
    return shardReport(views, slots, facts, wallClock);
  }

  /** The live thread, for tests that end it in the middle of its work. */
  get worker(): Worker | null {
    return this.#thread.worker;
  }

  start(): void {
    this.#thread.start();
  }

  /** The shard is to watch one more symbol. */
  add(entry: SlotEntry): void {
    this.#thread.send({ type: "add", assignment: assignmentOf(entry, false) });
  }

  /** The shard is to give up a slot; what its former symbol left is scanned away. */
  remove(slot: number): void {
    this.#thread.send({ type: "remove", slot });
    this.#scans.due();
  }

  /** To be called from time to time: takes seeds that wait, names a scan that does not answer. */
  look(): void {
    this.#scans.look();
  }

  /** Closes the feed and lets the thread end. */
  drain(): Promise<void> {
    return this.#thread.drain();
  }

  /** Scans what is left; false when a scan did not end in time. To be called when every feed is closed. */
  async close(): Promise<boolean> {
    const { pool } = this.#options;
    const closing = this.#scans.close(pool !== null);
    this.#ownScan.fail();
    const isInTime = await closing;
    if (pool === null) this.#onRows(this.#rows.salvage());
    return isInTime;
  }

  #onEvent(event: ShardEvent): void {
    const { symbols, logger, inbox } = this.#options;
    switch (event.type) {
      case "online":
        this.#isOnline = true;
        inbox.put({ type: "feed-health", shardId: this.id, isLive: true });
        // What a dead thread had closed, and not told, is still to be scanned.
        this.#scans.due();
        return;
      case "closed":
        this.#scans.due();
        return;
      case "feed-state":
        this.#takeFeed(event.state);
        return;
      case "want-bars":
        symbols.fetch(this.id, event.wanted, (reply) =>
          this.#send({ type: "bars", wanted: event.wanted, bars: reply.bars }),
        );
        return;
      case "reset":
        symbols.brokenOff(this.id, event.slot);
        return;
      case "corrected":
        symbols.corrected(this.id, event.slot);
        return;
      case "scanned":
        if (event.isTask && this.#ownScan.answer(event.reply)) return;
        this.#scans.scannedBySelf(event.reply);
        return;
      case "log":
        logger[event.level](event.fields as Record<string, unknown>, event.text);
        return;
      case "drained":
      case "failed":
        return;
      default:
        assertNever(event);
    }
  }

  #takeFeed(state: FeedState): void {
    if (state.open !== this.#feed.open) this.#feedSinceMs = this.#options.venueClock.nowMs();
    this.#feed = state;
  }

  #send(command: ShardCommand): void {
    this.#thread.send(command);
  }

  #onDeath(isRestarted: boolean): void {
    const { pool, inbox, views } = this.#options;
    inbox.put({ type: "feed-health", shardId: this.id, isLive: false });
    this.#takeFeed({ ...UNCONNECTED, isHeard: this.#feed.isHeard });
    const isAwaited = this.#ownScan.fail();
    if (pool !== null) return;
    // Before another thread begins: the mark of a living scan is never taken away.
    views.control.leaveModels();
    if (!isAwaited) this.#onRows(this.#rows.salvage());
    if (!isRestarted) this.#scans.turnOff();
  }

  #onRows({ candidates, invalid }: DrainedRows): void {
    const { inbox } = this.#options;
    if (candidates.length > 0) inbox.put({ type: "candidates", shardId: this.id, candidates });
    for (const { epoch, rows } of invalid) inbox.put({ type: "invalid-score", epoch, rows });
  }
}

function assignmentOf(
  { slot, symbol, symbolId, liveFromMs }: SlotEntry,
  isTakenOver: boolean,
): SlotAssignment {
  return { slot, symbol, symbolId, isTakenOver, ...(liveFromMs === undefined ? {} : { liveFromMs }) };
}
