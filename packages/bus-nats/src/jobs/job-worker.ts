import {
  assert,
  type CancelTimer,
  type Clock,
  errorCode,
  errorMessage,
  type Logger,
  repeat,
  SmcqError,
} from "@smcq/kernel";
import type { Consumer, JsMsg } from "@nats-io/jetstream";
import type { BusConnection } from "../connection.ts";
import { BusErrorCode } from "../errors.ts";
import { BlobCache } from "./blob-cache.ts";
import {
  JOB_LIMITS,
  type JobLimits,
  type JobOutcome,
  type JobVersion,
  type PostedJob,
  postedJob,
  RESULT_BYTES_MAX,
} from "./job.ts";
import { JobErrorCode } from "./job-errors.ts";
import { HERE_MS, JobNewsWire } from "./job-news.ts";
import { JobStores } from "./job-stores.ts";
import { pause, withPatience } from "./patience.ts";
import { Slots } from "./slots.ts";

/** A pull for a job waits so long at the servers. */
const PULL_MS = 1_000;
const PULL_FAULT_MS = 500;
/** Commands of another version that were spoken of; then it begins anew. */
const STRANGERS_MAX = 1_000;
/** A job that was tried more often is done alone: what else is at work would die with it. */
const ALONE_AFTER = 2;

export interface JobWorkerOptions {
  readonly connection: BusConnection;
  readonly version: JobVersion;
  /** What others call it. */
  readonly id: string;
  /** Jobs at once. */
  readonly threads: number;
  /** Where inputs are kept. */
  readonly folder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly execute: (job: PostedJob, files: BlobCache) => Promise<JobOutcome>;
  readonly limits?: Partial<JobLimits>;
}

/** Counts since the start. */
export interface WorkerCounts {
  readonly done: number;
  /** Results that were there when their job came. */
  readonly found: number;
  readonly refused: number;
  readonly failed: number;
  readonly givenUp: number;
}

/** A worker's side of the jobs: takes one a free thread, says that it is at it, keeps the result, and takes the next. */
export class JobWorker {
  readonly #options: JobWorkerOptions;
  readonly #stores: JobStores;
  readonly #limits: JobLimits;
  readonly #cache: BlobCache;
  readonly #news: JobNewsWire;
  readonly #slots: Slots;
  readonly #held = new Map<JsMsg, PostedJob>();
  readonly #strangers = new Set<string>();
  readonly #counts = { done: 0, found: 0, refused: 0, failed: 0, givenUp: 0 };
  #fault: SmcqError | null = null;
  #stop: AbortSignal | null = null;
  #isLeaving = false;

  private constructor(options: JobWorkerOptions, stores: JobStores, limits: JobLimits) {
    const { folder, clock, threads, connection } = options;
    this.#options = options;
    this.#stores = stores;
    this.#limits = limits;
    this.#cache = new BlobCache({ folder, inputs: stores.inputs, clock });
    this.#news = new JobNewsWire(connection);
    this.#slots = new Slots(threads);
  }

  /** Errors: BUS_REFUSED, BUS_UNREACHABLE, JOBS_STORE, JOBS_FOLDER. */
  static async open(options: JobWorkerOptions, stop?: AbortSignal): Promise<JobWorker> {
    const limits = { ...JOB_LIMITS, ...options.limits };
    const { connection, clock } = options;
    const stores = await JobStores.open(connection, {
      clock,
      limits,
      ...(stop === undefined ? {} : { stop }),
    });
    return new JobWorker(options, stores, limits);
  }

  get counts(): WorkerCounts {
    return this.#counts;
  }

  get running(): readonly string[] {
    return [...this.#held.values()].map(({ label }) => label);
  }

  /**
   * Works until `stop`, then finishes what it is at; at `hurry` the rest goes back to the queue. Throws JOBS_STUCK, JOBS_STORE,
   * BUS_REFUSED or BUS_UNREACHABLE when it cannot go on.
   */
  async run({ stop, hurry }: { readonly stop: AbortSignal; readonly hurry: AbortSignal }): Promise<void> {
    const { clock } = this.#options;
    const stops: CancelTimer[] = [
      this.#news.onCall((call) => this.#answer(call.run, call.version, call.versionText)),
      repeat(clock, HERE_MS, () => this.#sayHere()),
      repeat(clock, this.#limits.beatMs, () => this.#beat()),
    ];
    this.#sayHere();
    this.#stop = stop;
    try {
      await this.#take(stop);
      await this.#finish(hurry);
    } finally {
      for (const cancel of stops) cancel();
      this.#isLeaving = true;
      for (const message of this.#held.keys()) message.nak();
      this.#sayHere();
    }
    if (this.#fault !== null) throw this.#fault;
  }

  async #take(stop: AbortSignal): Promise<void> {
    const { version } = this.#options;
    const open = async (): Promise<Consumer> => {
      const queue = await this.#stores.openQueue(version.id, this.#limits.ackWaitMs);
      return await withPatience(this.#stores.patience, "no queue of jobs", () =>
        this.#stores.js.consumers.get(this.#stores.stream, queue),
      );
    };
    let queue = await open();
    while (!stop.aborted && this.#fault === null) {
      await this.#slots.take(1);
      let message: JsMsg | null = null;
      try {
        message = stop.aborted || this.#fault !== null ? null : await queue.next({ expires: PULL_MS });
      } catch (error) {
        this.#options.logger.debug({ error: errorMessage(error) }, "no job can be asked for");
        await pause(this.#options.clock, PULL_FAULT_MS);
        queue = await open().catch((fault: unknown) => {
          this.#end(fault);
          return queue;
        });
      }
      if (message === null) this.#slots.free(1);
      else if (stop.aborted) {
        message.nak();
        this.#slots.free(1);
      } else void this.#handle(message);
    }
  }

  /** Waits for what it is at, or for `hurry`. */
  async #finish(hurry: AbortSignal): Promise<void> {
    if (this.#fault !== null) return;
    await new Promise<void>((resolve) => {
      hurry.addEventListener("abort", () => resolve());
      if (hurry.aborted) resolve();
      void this.#slots.take(this.#slots.count).then(resolve);
    });
  }

  async #handle(message: JsMsg): Promise<void> {
    const job = postedJob(message.data);
    if (job === null) {
      message.term("no job");
      this.#slots.free(1);
      return;
    }
    this.#held.set(message, job);
    let slots = 1;
    try {
      const tries = message.info.deliveryCount;
      if (tries > ALONE_AFTER && this.#slots.count > 1) {
        this.#slots.free(1);
        slots = 0;
        await this.#slots.take(this.#slots.count);
        slots = this.#slots.count;
      }
      await this.#do(message, job, tries);
    } catch (error) {
      this.#end(error);
    } finally {
      this.#held.delete(message);
      this.#slots.free(slots);
    }
  }

  async #do(message: JsMsg, job: PostedJob, tries: number): Promise<void> {
    const { records } = this.#stores;
    if ((await records.done(job.key)) !== null) {
      this.#counts.found++;
      this.#close(message, job);
      return;
    }
    if (tries > this.#limits.triesMax) {
      this.#counts.givenUp++;
      const text = `${job.label} is given up: ${tries - 1} workers have taken it, and died or failed in it`;
      await records.noteFailed(job, { code: JobErrorCode.GivenUp, message: text });
      this.#close(message, job);
      return;
    }
    let outcome: JobOutcome;
    try {
      outcome = await this.#execute(job);
    } catch (error) {
      await this.#failed(message, job, error);
      return;
    }
    if (!this.#isLeaving) await this.#keep(message, job, outcome);
  }

  async #execute(job: PostedJob): Promise<JobOutcome> {
    const { clock, execute } = this.#options;
    let cancel: CancelTimer = () => {};
    const stuck = new Promise<never>((_resolve, reject) => {
      cancel = clock.after(this.#limits.jobMsMax, () =>
        reject(
          new SmcqError(JobErrorCode.Stuck, `${job.label} has not ended after ${this.#limits.jobMsMax} ms`),
        ),
      );
    });
    try {
      return await Promise.race([execute(job, this.#cache), stuck]);
    } finally {
      cancel();
    }
  }

  async #keep(message: JsMsg, job: PostedJob, outcome: JobOutcome): Promise<void> {
    const { records, results } = this.#stores;
    if (outcome.type === "refused" || outcome.bytes.length > RESULT_BYTES_MAX) {
      this.#counts.refused++;
      await records.noteFailed(job, refusalOf(job, outcome));
      this.#close(message, job);
      return;
    }
    const { id: worker } = this.#options;
    const { bytes } = outcome;
    const own = { sha256: await results.put(bytes), bytes: bytes.length, worker };
    const other = await records.noteDone(job.key, own);
    if (other !== null && other.sha256 !== own.sha256)
      await records.noteUnequal(job.key, { workers: [other.worker, worker] });
    this.#counts.done++;
    this.#close(message, job);
  }

  /** A try that says nothing about the job: another worker may have more luck. */
  async #failed(message: JsMsg, job: PostedJob, error: unknown): Promise<void> {
    const code = errorCode(error);
    if (code === JobErrorCode.Stuck) throw error;
    this.#counts.failed++;
    const fault = errorMessage(error);
    this.#options.logger.warn({ job: job.label, fault }, "a job has failed here");
    if (code === JobErrorCode.Input) {
      await this.#stores.records.noteFailed(job, { code, message: fault });
      this.#close(message, job);
      return;
    }
    message.nak(this.#limits.againMs);
    const { run, key } = job;
    this.#news.sayNews({ run, key, worker: this.#options.id, fault });
  }

  #close(message: JsMsg, { run, key }: PostedJob): void {
    message.ack();
    this.#news.sayNews({ run, key, worker: this.#options.id, fault: null });
  }

  /** The worker cannot go on. Who was told to stop does not wait for servers that are gone: they give its jobs to others. */
  #end(error: unknown): void {
    assert(error !== null, "Invariant: an end has a reason");
    if (this.#stop?.aborted === true && errorCode(error) === BusErrorCode.Unreachable) return;
    this.#fault ??=
      error instanceof SmcqError
        ? error
        : new SmcqError(JobErrorCode.Store, errorMessage(error), { cause: error });
  }

  #beat(): void {
    for (const message of this.#held.keys()) message.working();
  }

  #sayHere(): void {
    const { id, version, threads } = this.#options;
    const { running } = this;
    const isLeaving = this.#isLeaving;
    this.#news.sayHere({ id, version: version.id, versionText: version.text, threads, running, isLeaving });
  }

  #answer(run: string, version: string, versionText: string): void {
    const own = this.#options.version;
    if (version !== own.id && !this.#strangers.has(run)) {
      if (this.#strangers.size >= STRANGERS_MAX) this.#strangers.clear();
      this.#strangers.add(run);
      this.#options.logger.warn(
        { its: versionText, ours: own.text },
        "a command of another engine version waits for workers; this one takes none of its jobs",
      );
    }
    this.#sayHere();
  }
}

function refusalOf(
  { label }: PostedJob,
  outcome: JobOutcome,
): { readonly code: string; readonly message: string } {
  if (outcome.type === "refused") return { code: outcome.code, message: outcome.message };
  return {
    code: JobErrorCode.Size,
    message: `${label} came to ${outcome.bytes.length} bytes, ${RESULT_BYTES_MAX} at most are sent`,
  };
}
