import type { BusConnection, JobWorker } from "@smcq/bus-nats";
import type { Metric } from "../../output/metrics/metric.ts";
import type { Readiness } from "../../output/metrics/metrics-server.ts";

interface Seen {
  readonly connection: Pick<BusConnection, "isConnected" | "losses">;
  readonly worker: Pick<JobWorker, "counts" | "running">;
  readonly threads: number;
}

/** What a scrape reads of a worker. */
export function workerMetrics({ connection, worker, threads }: Seen): readonly Metric[] {
  const gauge = (name: string, help: string, value: number): Metric => ({ name, help, type: "gauge", value });
  return [
    gauge("bus_connected", "1: there is a connection to the bus", Number(connection.isConnected)),
    {
      name: "bus_losses_total",
      help: "how often the connection to the bus was lost",
      type: "counter",
      value: connection.losses,
    },
    gauge("worker_jobs", "jobs that this worker is at", worker.running.length),
    gauge("worker_threads", "jobs that this worker may be at, at once", threads),
    ...Object.entries(worker.counts).map(([outcome, value]): Metric => ({
      name: "worker_jobs_total",
      help: "jobs that were taken, by what became of them",
      type: "counter",
      labels: { outcome },
      value,
    })),
  ];
}

/** Whether a worker can be given jobs. */
export function workerReadiness({ connection }: Seen, isStopping: boolean): Readiness {
  if (isStopping) return { isReady: false, text: "it stops" };
  if (!connection.isConnected) return { isReady: false, text: "the bus is away" };
  return { isReady: true, text: "it takes jobs" };
}
