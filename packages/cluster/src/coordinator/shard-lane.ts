import { errorCode, errorMessage, type Clock, type Logger } from "@smcq/kernel";
import type { ScoredCandidate } from "@smcq/engine";
import type { M5Seed, ScanReply, ScanTask } from "@smcq/wire";
import { RestartLimit, THREAD_RESTARTS } from "./restart-limit.ts";
import type { RowDrain } from "./row-drain.ts";

/** A task that could not go on (a ring in motion) is tried again after this time, wall ms. */
const RETRY_MS = 5;

export interface LaneOptions {
  readonly shardId: number;
  readonly rows: RowDrain;
  /** Runs a task in a scan thread, or in the shard's own thread. */
  readonly run: (task: ScanTask) => Promise<ScanReply>;
  readonly takeSeeds: () => M5Seed[];
  readonly hasSeeds: () => boolean;
  readonly returnSeeds: (seeds: readonly M5Seed[]) => void;
  readonly onSeeded: (seeds: readonly M5Seed[]) => void;
  readonly onRows: (candidates: readonly ScoredCandidate[]) => void;
  /** Nothing of this shard is in flight: freed slots may be given again. */
  readonly onIdle: () => void;
  readonly onOff: () => void;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/**
 * The scans of one shard, one after another: at most one in flight, whatever closed meanwhile is one task.
 *
 *   due ──► in flight ──► rows taken ──► idle, or due again
 *               └─ died ─► committed rows taken ─► due again (at most 3 in 10 minutes), else off
 */
export class ShardLane {
  readonly restarts: RestartLimit;
  readonly #options: LaneOptions;
  #isDue = false;
  #isInFlight = false;
  #isOff = false;
  #isClosed = false;
  #idleWaiters: (() => void)[] = [];

  constructor(options: LaneOptions) {
    this.#options = options;
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
    else if (!this.#isInFlight) this.#pump();
  }

  /** The shard died while it may have been scanning by itself: take what it had committed. */
  salvage(): void {
    this.#options.onRows(this.#options.rows.salvage());
  }

  /** Starts no further task and resolves when none is in flight. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (!this.#isInFlight) return;
    await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  #pump(): void {
    if (this.#isInFlight || this.#isOff || this.#isClosed) return;
    if (!this.#isDue && !this.#options.hasSeeds()) {
      this.#options.onIdle();
      return;
    }
    this.#isDue = false;
    this.#isInFlight = true;
    const seeds = this.#options.takeSeeds();
    this.#options.run({ shardId: this.#options.shardId, seeds }).then(
      (reply) => this.#done(reply, seeds),
      (error: unknown) => this.#failed(error, seeds),
    );
  }

  #done(reply: ScanReply, seeds: readonly M5Seed[]): void {
    this.#isInFlight = false;
    this.#options.onRows(this.#options.rows.take(reply.rows));
    const isRefused = (seed: M5Seed): boolean => reply.refusedSeeds.includes(seed.slot);
    if (seeds.length > 0) {
      this.#options.returnSeeds(seeds.filter(isRefused));
      this.#options.onSeeded(seeds.filter((seed) => !isRefused(seed)));
    }
    this.#next(reply.isUnfinished || reply.refusedSeeds.length > 0, reply.bars > 0);
  }

  #failed(error: unknown, seeds: readonly M5Seed[]): void {
    this.#isInFlight = false;
    this.#options.onRows(this.#options.rows.salvage());
    this.#options.returnSeeds(seeds);
    const isRestarted = this.restarts.tryRestart();
    this.#options.logger.error(
      {
        shardId: this.#options.shardId,
        code: errorCode(error),
        error: errorMessage(error),
        restartsInWindow: this.restarts.recent,
      },
      isRestarted ? "scan died; the shard is scanned again" : "scan died too often; the shard is off",
    );
    if (!isRestarted) {
      this.#isOff = true;
      this.#options.onOff();
    }
    this.#next(true, true);
  }

  #next(isAgain: boolean, isProgress: boolean): void {
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
    if (!isAgain) this.#pump();
    else if (isProgress) this.due();
    else this.#options.wallClock.after(RETRY_MS, () => this.due(), { unref: true });
  }
}
