import { TaskPool, type WorkerEntry } from "@smcq/cluster";
import type { Logger } from "@smcq/kernel";

/** Grounds that are held at once: two commands may work, a third one waits for one of them. */
export const POOLS_MAX = 2;

/** Threads that share a ground: the bars that all settings of a sweep trade on, a model with its market. */
export interface PoolPlan {
  readonly entry: WorkerEntry;
  /** The entry's export that takes the tasks. */
  readonly name: string;
  readonly youngMb: number;
  /** What the ground needed on the disk may go. */
  readonly onClosed: () => void;
}

interface OpenPool {
  readonly opening: Promise<{ readonly plan: PoolPlan; readonly pool: TaskPool<unknown, unknown> }>;
  users: number;
}

/** Pools of threads by their ground; one that nobody uses makes room for another. */
export class JobPools {
  readonly #threads: number;
  readonly #logger: Logger;
  /** Last use last. */
  readonly #pools = new Map<string, OpenPool>();
  readonly #waiting: (() => void)[] = [];

  constructor(threads: number, logger: Logger) {
    this.#threads = threads;
    this.#logger = logger;
  }

  /** Does a task on the pool of a ground, which is opened first if need be. */
  async run<Task, Reply>(key: string, open: () => Promise<PoolPlan>, task: Task): Promise<Reply> {
    const own = await this.#use(key, open);
    try {
      const { pool } = await own.opening;
      return (await pool.run(task)) as Reply;
    } finally {
      own.users--;
      for (const go of this.#waiting.splice(0)) go();
    }
  }

  /** Waits for running tasks. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.keys()].map((key) => this.#close(key)));
  }

  async #use(key: string, open: () => Promise<PoolPlan>): Promise<OpenPool> {
    for (;;) {
      const found = this.#pools.get(key);
      if (found !== undefined) {
        found.users++;
        this.#pools.delete(key);
        this.#pools.set(key, found);
        return found;
      }
      const idle = [...this.#pools].find(([, { users }]) => users === 0);
      if (this.#pools.size < POOLS_MAX) return this.#open(key, open);
      if (idle === undefined) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
      else await this.#close(idle[0]);
    }
  }

  #open(key: string, open: () => Promise<PoolPlan>): OpenPool {
    const opening = open().then((plan) => {
      const { entry, name, youngMb } = plan;
      const threads = this.#threads;
      return {
        plan,
        pool: new TaskPool<unknown, unknown>({ entry, name, threads, youngMb, logger: this.#logger }),
      };
    });
    const own: OpenPool = { opening, users: 1 };
    this.#pools.set(key, own);
    // What could not be opened is tried again by the next task.
    opening.catch(() => this.#pools.get(key) === own && this.#pools.delete(key));
    return own;
  }

  async #close(key: string): Promise<void> {
    const own = this.#pools.get(key);
    this.#pools.delete(key);
    if (own === undefined) return;
    try {
      const { plan, pool } = await own.opening;
      await pool.close();
      plan.onClosed();
    } catch {
      // It was never open.
    }
  }
}
