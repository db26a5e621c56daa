import type { JobInput, JobQueue, JobSpec } from "@smcq/bus-nats";
import type { BusConfig } from "@smcq/config";
import { type Logger, SmcqError, SystemClock } from "@smcq/kernel";
import { openBus } from "../open-bus.ts";
import { codeVersion } from "./code-version.ts";

/** Says `--jobs` that the settings name the servers. */
const AS_SET = "bus";

/** Where a command's work is done by others. */
export interface Jobs {
  /** The result of a job, as bytes (`JobQueue.run`). */
  run(spec: JobSpec): Promise<Uint8Array>;
  /** Refuses with JOBS_UNEQUAL when workers did not agree on a job. */
  verify(): Promise<void>;
  /** Jobs are at the servers and workers at the same time; so many are handed out at once, and the rest waits here. */
  close(): Promise<void>;
}

/** The settings of the bus with the address that a flag gives; `bus`, or nothing given: the settings' own. */
export function withBusUrl(set: readonly string[], url: string | undefined): string[] {
  return url === undefined || url === AS_SET ? [...set] : [...set, `bus.url=${url}`];
}

/** Opens the jobs of `--jobs`. Errors: USAGE_JOBS without an address, BUS_*, JOBS_STORE. */
export async function openJobs(bus: BusConfig, command: string, logger: Logger): Promise<Jobs> {
  requireUrl(bus, "--jobs nats://host:port");
  const connection = await openBus(bus, command, logger);
  try {
    const { JobQueue: Queue } = await import("@smcq/bus-nats");
    const queue = await Queue.open({ connection, version: codeVersion(), clock: new SystemClock(), logger });
    return jobsOf(queue, () => connection.close());
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Refuses settings that name no servers; `flag` says how to. */
export function requireUrl(bus: BusConfig, flag: string): void {
  if (bus.url === null) throw new SmcqError("USAGE_JOBS", `where are the jobs? Say ${flag}, or set bus.url`);
}

function jobsOf(queue: JobQueue, closeConnection: () => Promise<void>): Jobs {
  return {
    run: (spec) => queue.run(spec),
    verify: () => queue.verify(),
    close: async () => {
      await queue.close();
      await closeConnection();
    },
  };
}

export type { JobInput, JobSpec };
