import type { Worker } from "node:worker_threads";
import { errorMessage, type Logger } from "@smcq/kernel";
import type { ScanReply, ScanTask } from "@smcq/wire";
import { Piscina } from "piscina";

/** A worker's entry file and the data it is started with. */
export interface WorkerEntry {
  readonly url: URL;
  readonly data: object;
}

/** Tasks that may wait for a thread: one a shard is the most that can ever be in flight. */
const QUEUE_MAX_DEFAULT = 1_024;

/**
 * The threads that scan. A thread that died is replaced by the pool; its task is rejected and the coordinator sends
 * it again. Nothing here is ever aborted or destroyed while a task runs: a worker inside a native call takes the
 * whole process with it.
 */
export class ScanPool {
  readonly #pool: Piscina<ScanTask, ScanReply>;

  constructor(options: { readonly entry: WorkerEntry; readonly threads: number; readonly logger: Logger }) {
    const { entry, threads, logger } = options;
    this.#pool = new Piscina<ScanTask, ScanReply>({
      filename: entry.url.href,
      name: "scan",
      minThreads: threads,
      maxThreads: threads,
      maxQueue: QUEUE_MAX_DEFAULT,
      idleTimeout: Infinity,
      atomics: "disabled",
      stricterFIFO: true,
      recordTiming: false,
      env: {},
      workerData: entry.data,
    });
    this.#pool.on("error", (error: unknown) =>
      logger.error({ error: errorMessage(error) }, "scan thread failed"),
    );
  }

  /** Scans a shard; rejects when the task threw or its thread died. */
  run(task: ScanTask): Promise<ScanReply> {
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
