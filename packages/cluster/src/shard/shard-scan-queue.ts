import {
  afterAwake,
  AwakeMeter,
  backOffMs,
  type BackOffPolicy,
  type CancelTimer,
  type Clock,
  errorCode,
  errorMessage,
  type Logger,
  RestartLimit,
  THREAD_RESTARTS,
} from "@smcq/kernel";
import type { BarSeed, ScanReply, ScanTask } from "@smcq/wire";
import type { DrainedRows, RowDrain } from "../scan/row-drain.ts";
import type { SeedQueue } from "../symbols/seed-queue.ts";

/** When a task that could not go on (a ring in motion) is tried again, wall ms. */
const RETRY: BackOffPolicy = { firstMs: 5, msMax: 1_000 };
/** A scan that takes longer is named in the log, once, wall ms awake; it is never ended: it may be inside a native call. */
const SCAN_MS_MAX = 10_000;
/** A scan that takes so long, wall ms awake, never ends: only another process helps. */
export const SCAN_STUCK_MS = 120_000;
/** How long closing waits for a scan to end, each, wall ms. */
const CLOSE_MS_MAX = 5_000;

export interface ShardScanQueueOptions {
  readonly shardId: number;
  readonly rows: Pick<RowDrain, "take" | "salvage">;
  /** Runs a task in a scan thread, or in the shard's own thread. */
  readonly run: (task: ScanTask) => Promise<ScanReply>;
  readonly seeds: SeedQueue;
  readonly onRows: (drained: DrainedRows) => void;
  /** The thread that scanned is gone, or threw: nothing of the shard is being scanned. */
  readonly onDeath: () => void;
  /** A scan does not end; told once. */
  readonly onStuck: () => void;
  /** Nothing of this shard is in flight: freed slots may be given again. */
  readonly onIdle: () => void;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/**
 * The scans of one shard, one after another: at most one in flight, whatever closed meanwhile is one task.
 *
 *   due ──► in flight ──► rows taken ──► idle, or due again
 *               └─ died ─► committed rows taken ─► due again (at most 3 in 10 minutes), else off
 *   close ──► one last scan of what is left ──► closed
 */
export class ShardScanQueue {
  readonly restarts: RestartLimit;
  readonly #options: ShardScanQueueOptions;
  #isDue = false;
  #isInFlight = false;
  #isOff = false;
  #isClosing = false;
  #isClosed = false;
  #hasScanner = true;
  #waited: AwakeMeter;
  #isLateNamed = false;
  #isStuckTold = false;
  #standstills = 0;
  /** Set while a task that could not go on waits to be tried again: seeds wait with it. */
  #isBackingOff = false;
  #cancelLate: CancelTimer = () => {};
  #onClosed: (isInTime: boolean) => void = () => {};

  constructor(options: ShardScanQueueOptions) {
    this.#options = options;
    this.#waited = new AwakeMeter(options.wallClock);
    this.restarts = new RestartLimit(THREAD_RESTARTS, options.wallClock);
  }

  get isOff(): boolean {
    return this.#isOff;
  }

  get isInFlight(): boolean {
    return this.#isInFlight;
  }

  /** There is work in this shard. */
  due(): void {
    this.#isDue = true;
    this.#pump();
  }

  /** The shard scanned by itself (`--compute shard`): take its rows; the rest, if any, is a task. */
  scannedBySelf(reply: ScanReply): void {
    this.#options.onRows(this.#options.rows.take(reply.rows));
    if (reply.isUnfinished) this.due();
    else this.#pump();
  }

  /** Scans nothing any more: there is no thread left that could. */
  turnOff(): void {
    this.#isOff = true;
  }

  /** Begins with seeds that wait; names a scan that does not answer. To be called from time to time. */
  look(): void {
    if (!this.#isInFlight && !this.#isBackingOff && this.#hasSeeds()) this.#pump();
    if (!this.#isInFlight) return;
    const waitedMs = this.#waited.look();
    if (waitedMs >= SCAN_STUCK_MS && !this.#isStuckTold) {
      this.#isStuckTold = true;
      this.#options.onStuck();
    }
    if (waitedMs < SCAN_MS_MAX || this.#isLateNamed) return;
    this.#isLateNamed = true;
    this.#options.logger.error(
      { shardId: this.#options.shardId, waitedMs: Math.round(waitedMs) },
      "scan does not answer; the shard's symbols are not scanned meanwhile",
    );
  }

  /**
   * Scans what is left (unless `hasScanner` is false) and starts nothing after that; false when a scan did not end in
   * time.
   */
  async close(hasScanner: boolean): Promise<boolean> {
    this.#isClosing = true;
    this.#hasScanner = hasScanner;
    if (this.#isInFlight || (hasScanner && !this.#isOff)) {
      const closed = new Promise<boolean>((resolve) => {
        this.#onClosed = resolve;
      });
      this.#armLate();
      if (hasScanner) this.due();
      return closed.finally(() => {
        this.#isClosed = true;
      });
    }
    this.#isClosed = true;
    return true;
  }

  #hasSeeds(): boolean {
    return !this.#isClosing && this.#options.seeds.has(this.#options.shardId);
  }

  #armLate(): void {
    this.#cancelLate();
    this.#cancelLate = afterAwake(this.#options.wallClock, CLOSE_MS_MAX, () => this.#onClosed(false));
  }

  #pump(): void {
    if (this.#isInFlight || this.#isOff || this.#isClosed) return;
    if (!this.#isDue && !this.#hasSeeds()) {
      this.#options.onIdle();
      return;
    }
    this.#isDue = false;
    this.#isInFlight = true;
    this.#waited = new AwakeMeter(this.#options.wallClock);
    this.#isLateNamed = false;
    this.#isStuckTold = false;
    const { shardId } = this.#options;
    const seeds = this.#isClosing ? [] : this.#options.seeds.take(shardId);
    this.#options.run({ shardId, seeds }).then(
      (reply) => this.#done(reply, seeds),
      (error: unknown) => this.#failed(error, seeds),
    );
  }

  #done(reply: ScanReply, seeds: readonly BarSeed[]): void {
    this.#isInFlight = false;
    this.#options.onRows(this.#options.rows.take(reply.rows));
    const isRefused = (seed: BarSeed): boolean => reply.refusedSeeds.includes(seed.slot);
    if (seeds.length > 0) {
      this.#options.seeds.put(this.#options.shardId, seeds.filter(isRefused));
      this.#options.seeds.applied(
        this.#options.shardId,
        seeds.filter((seed) => !isRefused(seed)),
      );
    }
    this.#next(reply.isUnfinished || reply.refusedSeeds.length > 0, reply.bars > 0);
  }

  #failed(error: unknown, seeds: readonly BarSeed[]): void {
    this.#isInFlight = false;
    this.#options.onDeath();
    this.#options.onRows(this.#options.rows.salvage());
    this.#options.seeds.put(this.#options.shardId, seeds);
    const isRestarted = this.#hasScanner && this.restarts.tryRestart();
    this.#options.logger.error(
      {
        shardId: this.#options.shardId,
        code: errorCode(error),
        error: errorMessage(error),
        restartsInWindow: this.restarts.recent,
      },
      isRestarted ? "scan died; the shard is scanned again" : "scan died; the shard is not scanned any more",
    );
    if (!isRestarted) this.#isOff = true;
    this.#next(isRestarted, true);
  }

  #next(isAgain: boolean, isProgress: boolean): void {
    if (isProgress) this.#standstills = 0;
    // A ring that stands still now, and cannot be read, never will be: its writers have ended.
    const isLeft = this.#isDue || (isAgain && isProgress);
    if (this.#isClosing && (this.#isOff || !isLeft)) {
      this.#isClosed = true;
      this.#cancelLate();
      this.#onClosed(true);
      return;
    }
    if (this.#isClosing) this.#armLate();
    if (!isAgain) this.#pump();
    else if (isProgress || this.#isDue) this.due();
    else this.#tryLater();
  }

  #tryLater(): void {
    const waitMs = backOffMs(++this.#standstills, RETRY);
    if (this.#isBackingOff) return;
    this.#isBackingOff = true;
    const again = (): void => {
      this.#isBackingOff = false;
      this.due();
    };
    this.#options.wallClock.after(waitMs, again, { unref: true });
  }
}
