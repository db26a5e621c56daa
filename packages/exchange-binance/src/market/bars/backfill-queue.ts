import { BAR_FIELDS, backOffMs, errorCode, errorMessage, intervalMs } from "@smcq/kernel";
import type { BackOffPolicy, BarInterval, BarRequest, CancelTimer, Clock, Logger, Rng } from "@smcq/kernel";
import type { BarReply, KlinesQuery } from "@smcq/exchange";
import { BinanceErrorCode } from "../../errors.ts";
import { BACKFILL_QUEUE_MAX, BARS_PER_CALL_MAX } from "../../limits.ts";

const CONCURRENCY = 8;
const TRIES_MAX = 6;
const RETRY: BackOffPolicy = { firstMs: 1_000, msMax: 60_000 };
/** During a ban the budget is asked this often whether it still holds, venue ms. */
const BAN_LOOK_MS = 300_000;
const RETRY_JITTER_RATIO = 0.5;
/**
 * A bar counts as closed when REST was asked this long after its end on the venue's clock: its row still moves before,
 * and our idea of that clock has an error.
 */
const SETTLE_MS = 2_000;

export interface BackfillQueueOptions {
  readonly klines: (query: KlinesQuery) => Promise<Float64Array>;
  /** The venue's clock. */
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  /** The venue's time, ms; bars that are still open by it are left out of replies. */
  readonly venueNowMs: () => number;
  /** REST calls at the same time. Default 8. */
  readonly concurrency?: number;
}

export interface BackfillStats {
  readonly queued: number;
  readonly running: number;
  readonly asked: number;
  /** Requests that joined a call of another one. */
  readonly merged: number;
  readonly calls: number;
  readonly retries: number;
  /** Requests answered without bars because the venue refused, every try failed, or the queue was full. */
  readonly failed: number;
  /** Requests dropped with their symbol. */
  readonly dropped: number;
}

type OnReply = (reply: BarReply) => void;

interface Waiter {
  readonly request: BarRequest;
  readonly onReply: OnReply;
}

/** One REST call to be: the union of the ranges that its waiters asked for. */
interface Job {
  readonly symbol: string;
  readonly interval: BarInterval;
  readonly order: number;
  fromMs: number;
  toMs: number;
  priority: number;
  waiters: Waiter[];
  tries: number;
  notBeforeMs: number;
}

/**
 * The coordinator's queue of wishes for bars: one REST call per symbol and interval at a time, most urgent and then
 * oldest bars first, overlapping wishes in one call. Every request gets exactly one reply (fewer or no bars when the
 * venue has none or could not be asked), except those dropped with their symbol.
 */
export class BackfillQueue {
  readonly #options: BackfillQueueOptions;
  readonly #waiting: Job[] = [];
  readonly #running = new Set<Job>();
  #nextOrder = 0;
  #pausedUntilMs = 0;
  #cancelTimer: CancelTimer | undefined;
  #isStopped = false;
  #asked = 0;
  #merged = 0;
  #calls = 0;
  #retries = 0;
  #failed = 0;
  #dropped = 0;

  constructor(options: BackfillQueueOptions) {
    this.#options = options;
  }

  /** Asks for bars; `onReply` is called once, never before this returns. */
  request(request: BarRequest, onReply: OnReply): void {
    if (this.#isStopped) return;
    this.#asked++;
    const waiter: Waiter = { request, onReply };
    if (this.#merge(waiter)) return;
    if (this.#waiting.length >= BACKFILL_QUEUE_MAX) {
      this.#failed++;
      this.#options.log.warn({ queued: this.#waiting.length }, "the backfill queue is full");
      queueMicrotask(() => onReply({ request, bars: new Float64Array(0) }));
      return;
    }
    const { symbol, interval, fromMs, toMs, priority } = request;
    const job: Job = {
      symbol,
      interval,
      order: this.#nextOrder++,
      fromMs,
      toMs,
      priority,
      waiters: [waiter],
      tries: 0,
      notBeforeMs: 0,
    };
    this.#waiting.push(job);
    queueMicrotask(() => this.#pump());
  }

  /** Drops what is wanted for a symbol; a call under way is not answered. Returns how many wishes were dropped. */
  removeSymbol(symbol: string): number {
    let dropped = 0;
    for (const job of [...this.#waiting, ...this.#running]) {
      if (job.symbol !== symbol) continue;
      dropped += job.waiters.length;
      job.waiters = [];
    }
    const kept = this.#waiting.filter((job) => job.symbol !== symbol);
    this.#waiting.splice(0, this.#waiting.length, ...kept);
    this.#dropped += dropped;
    if (dropped > 0) this.#options.log.info({ symbol, dropped }, "bar requests dropped with their symbol");
    return dropped;
  }

  stats(): BackfillStats {
    return {
      queued: this.#waiting.length,
      running: this.#running.size,
      asked: this.#asked,
      merged: this.#merged,
      calls: this.#calls,
      retries: this.#retries,
      failed: this.#failed,
      dropped: this.#dropped,
    };
  }

  /** Drops everything. Idempotent. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#waiting.length = 0;
    for (const job of this.#running) job.waiters = [];
  }

  /** Joins a waiting job of the same symbol when the two ranges touch and fit in one call. */
  #merge(waiter: Waiter): boolean {
    const { symbol, interval, fromMs, toMs, priority } = waiter.request;
    const step = intervalMs(interval);
    for (const job of this.#waiting) {
      if (job.symbol !== symbol || job.interval !== interval) continue;
      if (fromMs > job.toMs + step || toMs < job.fromMs - step) continue;
      const unionFromMs = Math.min(fromMs, job.fromMs);
      const unionToMs = Math.max(toMs, job.toMs);
      if ((unionToMs - unionFromMs) / step + 1 > BARS_PER_CALL_MAX) continue;
      job.fromMs = unionFromMs;
      job.toMs = unionToMs;
      job.priority = Math.min(job.priority, priority);
      job.waiters.push(waiter);
      this.#merged++;
      return true;
    }
    return false;
  }

  #pump(): void {
    if (this.#isStopped) return;
    const nowMs = this.#options.clock.nowMs();
    while (this.#running.size < (this.#options.concurrency ?? CONCURRENCY) && nowMs >= this.#pausedUntilMs) {
      const job = this.#takeNext(nowMs);
      if (job === undefined) break;
      this.#running.add(job);
      void this.#run(job);
    }
    this.#armTimer(nowMs);
  }

  /** Most urgent first, then oldest bars, then first come; a symbol whose call is under way waits. */
  #takeNext(nowMs: number): Job | undefined {
    let bestIndex = -1;
    for (const [index, job] of this.#waiting.entries()) {
      if (job.notBeforeMs > nowMs || this.#isRunning(job)) continue;
      const best = this.#waiting[bestIndex];
      if (best === undefined || isBefore(job, best)) bestIndex = index;
    }
    return bestIndex < 0 ? undefined : this.#waiting.splice(bestIndex, 1)[0];
  }

  #isRunning(job: Job): boolean {
    for (const other of this.#running)
      if (other.symbol === job.symbol && other.interval === job.interval) return true;
    return false;
  }

  #armTimer(nowMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    let wakeMs = Number.POSITIVE_INFINITY;
    for (const job of this.#waiting)
      wakeMs = Math.min(wakeMs, Math.max(job.notBeforeMs, this.#pausedUntilMs));
    if (wakeMs <= nowMs || wakeMs === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = this.#options.clock.after(wakeMs - nowMs, () => this.#pump(), { unref: true });
  }

  async #run(job: Job): Promise<void> {
    this.#calls++;
    job.tries++;
    const limit = (job.toMs - job.fromMs) / intervalMs(job.interval) + 1;
    // The earliest moment at which the venue may have made its answer.
    const askedMs = this.#options.venueNowMs();
    try {
      const bars = await this.#options.klines({
        symbol: job.symbol,
        interval: job.interval,
        // The venue's smallest useful limit; one bar or 99 cost the same.
        limit: Math.max(2, limit),
        startMs: job.fromMs,
        endMs: job.toMs,
        priority: job.priority,
      });
      this.#running.delete(job);
      this.#answer(job, bars, askedMs);
    } catch (error) {
      this.#running.delete(job);
      this.#onFailure(job, error);
    }
    this.#pump();
  }

  #onFailure(job: Job, error: unknown): void {
    const code = errorCode(error);
    const nowMs = this.#options.clock.nowMs();
    const context = { symbol: job.symbol, code, tries: job.tries, error: errorMessage(error) };
    if (code === BinanceErrorCode.Banned) {
      // The ban is not the job's fault: it does not use up its tries.
      job.tries--;
      const endMs = Math.min(banEndMs(error) ?? nowMs + RETRY.msMax, nowMs + BAN_LOOK_MS);
      this.#pausedUntilMs = Math.max(this.#pausedUntilMs, endMs);
    } else if (code === BinanceErrorCode.Closed) {
      return;
    } else if (code === BinanceErrorCode.Refused || job.tries >= TRIES_MAX) {
      this.#options.log.warn(context, "bars could not be fetched");
      this.#failed += job.waiters.length;
      this.#answer(job, new Float64Array(0), nowMs);
      return;
    }
    this.#retries++;
    const jitter = { rng: this.#options.rng, ratio: RETRY_JITTER_RATIO };
    job.notBeforeMs = nowMs + backOffMs(job.tries, RETRY, jitter);
    if (job.waiters.length > 0) this.#waiting.push(job);
  }

  /** Gives each waiter the bars of its own range that were closed when REST was asked. */
  #answer(job: Job, bars: Float64Array, askedMs: number): void {
    const closedMs = askedMs - intervalMs(job.interval) - SETTLE_MS;
    for (const { request, onReply } of job.waiters) {
      const kept: number[] = [];
      for (let at = 0; at < bars.length; at += BAR_FIELDS) {
        const openMs = bars[at] as number;
        if (openMs < request.fromMs || openMs > request.toMs || openMs > closedMs) continue;
        for (let field = 0; field < BAR_FIELDS; field++) kept.push(bars[at + field] as number);
      }
      onReply({ request, bars: Float64Array.from(kept) });
    }
  }
}

function isBefore(a: Job, b: Job): boolean {
  if (a.priority !== b.priority) return a.priority < b.priority;
  return a.fromMs === b.fromMs ? a.order < b.order : a.fromMs < b.fromMs;
}

/** The end of a ban as the error's context says it. */
function banEndMs(error: unknown): number | undefined {
  const context =
    typeof error === "object" && error !== null && "context" in error ? error.context : undefined;
  if (typeof context !== "object" || context === null || !("untilMs" in context)) return undefined;
  return typeof context.untilMs === "number" ? context.untilMs : undefined;
}
