import type { Worker } from "node:worker_threads";
import { errorMessage, type Logger } from "@smcq/kernel";
import type { ScanReply, ScanTask } from "@smcq/wire";
import { Piscina } from "piscina";

/** A worker's entry file and the data it is started with. */
export interface WorkerEntry {
  readonly url: URL;
  readonly data: object;
}

/** Tasks that may wait for a thread: one a shard, or one a symbol of a backtest, is the most that can ever be in flight. */
const QUEUE_MAX = 1_024;

export interface TaskPoolOptions {
  readonly entry: WorkerEntry;
  /** The entry's export that takes the tasks. */
  readonly name: string;
  readonly threads: number;
  /** Room for what lives shortly in a thread, MiB; without it V8's own, which takes more memory for less collecting. */
  readonly youngMb?: number;
  readonly logger: Logger;
}

/**
 * Threads that do one kind of task. A thread that died is replaced by the pool; its task is rejected, and the caller may
 * send it again. Nothing here is ever aborted or destroyed while a task runs: a worker inside a native call takes the
 * whole process with it.
 */
export class TaskPool<Task, Reply> {
  readonly #pool: Piscina<Task, Reply>;

  constructor({ entry, name, threads, youngMb, logger }: TaskPoolOptions) {
    this.#pool = new Piscina<Task, Reply>({
      filename: entry.url.href,
      name,
      minThreads: threads,
      maxThreads: threads,
      maxQueue: QUEUE_MAX,
      idleTimeout: Infinity,
      atomics: "disabled",
      stricterFIFO: true,
      recordTiming: false,
      env: {},
      workerData: entry.data,
      ...(youngMb === undefined ? {} : { resourceLimits: { maxYoungGenerationSizeMb: youngMb } }),
    });
    this.#pool.on("error", (error: unknown) =>
      logger.error({ error: errorMessage(error) }, `${name} thread failed`),
    );
  }

  /** Does a task; rejects when it threw or its thread died. */
  run(task: Task): Promise<Reply> {
    // Seeds are cloned, not transferred: a refused one is sent again.
    return this.#pool.run(task);
  }

  /** Threads of the pool, for tests that end one in the middle of a task. */
  get threads(): readonly Worker[] {
    return this.#pool.threads;
  }

  /** Waits for running tasks, then lets the threads go. */
  async close(): Promise<void> {
    await this.#pool.close();
  }
}

/** The threads that scan. */
export type ScanPool = TaskPool<ScanTask, ScanReply>;
