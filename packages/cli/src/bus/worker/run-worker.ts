import { hostname } from "node:os";
import { join } from "node:path";
import type { BusConnection, JobOutcome, JobWorker, PostedJob } from "@smcq/bus-nats";
import type { EngineConfig } from "@smcq/config";
import { type Clock, type Logger, repeat } from "@smcq/kernel";
import { MetricsServer } from "../../output/metrics/metrics-server.ts";
import { codeVersion } from "../jobs/code-version.ts";
import { JobKind } from "../jobs/job-tasks.ts";
import { openBus } from "../open-bus.ts";
import { doLabel } from "./do-label.ts";
import { doScan, type JobGround } from "./do-scan.ts";
import { doTrade } from "./do-trade.ts";
import { JobPools } from "./job-pools.ts";
import { WorkFolder } from "./work-folder.ts";
import { workerMetrics, workerReadiness } from "./worker-metrics.ts";

const STATUS_MS = 60_000;
/** What a worker is at when it is told to stop may end within this time; then it goes to another one. */
const FINISH_MS = 30_000;

export interface WorkerOptions {
  readonly config: Pick<EngineConfig, "bus" | "dataDir" | "metrics">;
  readonly threads: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stop: AbortSignal;
  /** Hand back at once what is not done. */
  readonly hurry: AbortSignal;
}

/**
 * Does jobs of commands until it is told to stop. False: jobs went back to the queue whose threads still run. Errors: BUS_*, JOBS_STORE,
 * JOBS_FOLDER, JOBS_STUCK, METRICS_PORT.
 */
export async function runWorker({
  config,
  threads,
  clock,
  logger,
  stop,
  hurry,
}: WorkerOptions): Promise<boolean> {
  const version = codeVersion();
  const folder = join(config.dataDir, "worker");
  const work = new WorkFolder(folder);
  const pools = new JobPools(threads, logger);
  const connection = await openBus(config.bus, "worker", logger);
  const handBack = new AbortController();
  hurry.addEventListener("abort", () => handBack.abort());
  stop.addEventListener("abort", () => void clock.after(FINISH_MS, () => handBack.abort(), { unref: true }));
  try {
    const { JobWorker: Worker } = await import("@smcq/bus-nats");
    const worker = await Worker.open(
      {
        connection,
        version,
        id: `${hostname()}-${process.pid}`,
        threads,
        folder: join(folder, "inputs"),
        clock,
        logger,
        execute: (job, files) => doJob(job, { files, pools, work, clock }),
      },
      stop,
    );
    const server = await serveMetrics(config.metrics.port, { connection, worker, threads, stop, logger });
    logger.info({ version: version.text, threads }, "worker is ready");
    const cancel = repeat(clock, STATUS_MS, () =>
      logger.info({ ...worker.counts, running: worker.running }, "worker status"),
    );
    try {
      await worker.run({ stop, hurry: handBack.signal });
    } finally {
      cancel();
      await server?.close();
      logger.info({ ...worker.counts, handedBack: worker.running }, "worker ends");
    }
    if (worker.running.length > 0) return false;
    await pools.close();
    return true;
  } finally {
    await connection.close();
    work.close();
  }
}

async function serveMetrics(
  port: number | null,
  {
    connection,
    worker,
    threads,
    stop,
    logger,
  }: { connection: BusConnection; worker: JobWorker; threads: number; stop: AbortSignal; logger: Logger },
): Promise<MetricsServer | null> {
  if (port === null) return null;
  const seen = { connection, worker, threads };
  const server = new MetricsServer(
    () => workerMetrics(seen),
    () => workerReadiness(seen, stop.aborted),
  );
  const url = `http://127.0.0.1:${await server.listen(port)}/metrics`;
  logger.info({ url }, "metrics are served");
  return server;
}

function doJob(job: PostedJob, ground: JobGround): Promise<JobOutcome> {
  switch (job.kind) {
    case JobKind.Scan:
      return doScan(job, ground);
    case JobKind.Trade:
      return doTrade(job, ground);
    case JobKind.Label:
      return doLabel(job, ground);
    default:
      return Promise.resolve({
        type: "refused",
        code: "JOBS_TASK",
        message: `a job of kind ${JSON.stringify(job.kind.slice(0, 40))}: nobody knows such`,
      });
  }
}
