import { type Clock, type Logger, SmcqError } from "@smcq/kernel";
import { type JobLimits, type JobVersion } from "./job.ts";
import { JobErrorCode } from "./job-errors.ts";
import type { WorkerHere } from "./job-news.ts";
import { WorkerList } from "./worker-list.ts";

const LABELS_SHOWN_MAX = 5;

export interface WorkerWatchOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: JobVersion;
  readonly limits: JobLimits;
}

/** What a command knows of its workers, and says of them. */
export class WorkerWatch {
  readonly #options: WorkerWatchOptions;
  readonly #workers: WorkerList;
  readonly #strangers = new Set<string>();
  /** Since when jobs wait and nobody takes them, ns; null: somebody does, or none waits. */
  #aloneNs: number | null = null;
  #saidNs = 0;

  constructor(options: WorkerWatchOptions) {
    this.#options = options;
    this.#workers = new WorkerList(options.clock);
  }

  hear(here: WorkerHere): void {
    const { logger, version } = this.#options;
    const isNew = this.#workers.hear(here);
    if (!isNew) return;
    if (here.version === version.id) {
      logger.info({ worker: here.id, threads: here.threads }, "a worker takes these jobs");
      return;
    }
    if (this.#strangers.has(here.id)) return;
    this.#strangers.add(here.id);
    logger.warn(
      { worker: here.id, its: here.versionText, ours: version.text },
      "a worker of another engine version is there; it takes none of these jobs",
    );
  }

  tellFault(worker: string, label: string, fault: string): void {
    this.#options.logger.warn(
      { worker, job: label, fault },
      "a job has failed at a worker; it is tried again",
    );
  }

  /** Hears now and then which jobs wait. Returns JOBS_NO_WORKER when nobody has taken them for too long. */
  turn(labels: readonly string[]): SmcqError | null {
    const { clock, logger, version } = this.#options;
    for (const { id, running } of this.#workers.takeGone())
      if (running.length > 0)
        logger.warn(
          { worker: id, jobs: shown(running) },
          "a worker is gone without a word; others take its jobs",
        );
    if (labels.length === 0 || this.#workers.of(version.id).length > 0) {
      this.#aloneNs = null;
      return null;
    }
    const nowNs = clock.monoNs();
    if (this.#aloneNs === null) {
      this.#aloneNs = nowNs;
      this.#saidNs = nowNs;
    }
    return this.#alone((nowNs - this.#aloneNs) / 1e6, labels);
  }

  #alone(aloneMs: number, labels: readonly string[]): SmcqError | null {
    const { clock, logger, version, limits } = this.#options;
    const others = this.#workers.others(version.id).length;
    const hint =
      others === 0
        ? "start `smcq worker` on one host or more"
        : `workers are there (${others}), of another engine version than this command's (${version.text})`;
    if (aloneMs >= limits.noWorkerMsMax)
      return new SmcqError(
        JobErrorCode.NoWorker,
        `no worker for ${Math.round(aloneMs / 1_000)} s: ${hint}. Waiting: ${shown(labels)}`,
      );
    const nowNs = clock.monoNs();
    if (nowNs - this.#saidNs < limits.noWorkerSayMs * 1e6) return null;
    this.#saidNs = nowNs;
    logger.warn({ jobs: labels.length, waitedMs: Math.round(aloneMs) }, `no worker takes the jobs: ${hint}`);
    return null;
  }
}

function shown(labels: readonly string[]): string {
  const more = labels.length - LABELS_SHOWN_MAX;
  return labels.slice(0, LABELS_SHOWN_MAX).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
