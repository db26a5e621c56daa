import { backOffMs, type Clock, errorMessage, SmcqError } from "@smcq/kernel";
import { JetStreamApiError } from "@nats-io/jetstream";
import { BusErrorCode, busError } from "../errors.ts";
import { JobErrorCode } from "./job-errors.ts";

const TRY = { firstMs: 50, msMax: 2_000 };
/** What the servers say while they find themselves again after a start. */
const STARTING = 503;

export interface Patience {
  readonly clock: Clock;
  /** Longest time without an answer, wall ms. */
  readonly msMax: number;
  /** Aborted: the next failure is the last one. */
  readonly stop?: AbortSignal | undefined;
}

/**
 * Does `work` again until the servers answer, which they do not while they are gone. Throws BUS_REFUSED where they say no,
 * JOBS_STORE where they keep nothing more, BUS_UNREACHABLE after `msMax`; errors of ours pass through.
 */
export async function withPatience<T>(
  { clock, msMax, stop }: Patience,
  doing: string,
  work: () => Promise<T>,
): Promise<T> {
  const endNs = clock.monoNs() + msMax * 1e6;
  for (let failures = 1; ; failures++)
    try {
      return await work();
    } catch (error) {
      if (error instanceof SmcqError) throw error;
      if (error instanceof JetStreamApiError && error.status !== STARTING)
        throw new SmcqError(JobErrorCode.Store, `${doing}: ${errorMessage(error)}`, { cause: error });
      const ours = busError(error, doing);
      const isStarting = error instanceof Error && error.name === "JetStreamNotEnabled";
      if (ours.code === BusErrorCode.Refused && !isStarting) throw ours;
      if (clock.monoNs() >= endNs || stop?.aborted === true) throw ours;
      await pause(clock, backOffMs(failures, TRY));
    }
}

/** So long, wall ms. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
