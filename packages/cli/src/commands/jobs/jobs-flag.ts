import type { EngineConfig } from "@smcq/config";
import type { Options } from "yargs";
import { type Jobs, openJobs, withBusUrl } from "../../bus/jobs/open-jobs.ts";
import { createStderrLogger } from "../../output/logger.ts";

type Args = Readonly<Record<string, unknown>>;

/** Of the commands whose work other hosts may do. */
export const JOBS_FLAG: Options = {
  type: "string",
  requiresArg: true,
  describe:
    "let `smcq worker`s do the work, met at nats://host:port, or at bus.url of the settings with the word bus; the result is the same",
};

/** `--set` of a command, and the address of `--jobs` as one more. */
export function withJobsUrl(args: Args): string[] {
  return withBusUrl((args["set"] as readonly string[] | undefined) ?? [], args["jobs"] as string | undefined);
}

export interface JobsWish extends Pick<EngineConfig, "bus" | "log"> {
  readonly args: Args;
  /** What servers call the client. */
  readonly command: string;
}

/** Does a command's work with the jobs of `--jobs`, null without the flag, and takes back what nobody is at in the end. */
export async function withJobs<T>(
  { args, bus, log, command }: JobsWish,
  work: (jobs: Jobs | null) => Promise<T>,
): Promise<T> {
  if (args["jobs"] === undefined) return await work(null);
  const jobs = await openJobs(bus, command, createStderrLogger(log));
  try {
    return await work(jobs);
  } finally {
    await jobs.close();
  }
}
