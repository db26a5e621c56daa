import { createHash } from "node:crypto";
import { SmcqError } from "@smcq/kernel";
import { JobErrorCode } from "./job-errors.ts";

/** Letters of a task's text; what is larger belongs into an input. */
export const TASK_CHARS_MAX: number = 262_144;
export const INPUTS_MAX = 1_024;
export const INPUT_BYTES_MAX: number = 512 * 2 ** 20;
export const RESULT_BYTES_MAX: number = 256 * 2 ** 20;

/** Limits of waits and tries; wall ms. */
export interface JobLimits {
  /** A job that nobody says to be at work on for so long is given to another worker. */
  readonly ackWaitMs: number;
  /** How often a worker says so. */
  readonly beatMs: number;
  /** Workers that may die of a job, or fail in it, before it is given up. */
  readonly triesMax: number;
  /** How long a job that failed waits for its next try. */
  readonly againMs: number;
  /** Jobs of a command that wait or are worked on. */
  readonly inFlightMax: number;
  /** How often a command looks for what it was not told. */
  readonly lookMs: number;
  /** How often a command that finds no worker says so, and when it gives up. */
  readonly noWorkerSayMs: number;
  readonly noWorkerMsMax: number;
  /** Longest time without the servers that work waits out. */
  readonly outageMsMax: number;
  /** Longest job. */
  readonly jobMsMax: number;
  /** How often the servers may lose a job that they said to keep. */
  readonly lossesMax: number;
}

export const JOB_LIMITS: JobLimits = {
  ackWaitMs: 10_000,
  beatMs: 3_000,
  triesMax: 5,
  againMs: 1_000,
  inFlightMax: 256,
  lookMs: 5_000,
  noWorkerSayMs: 30_000,
  noWorkerMsMax: 600_000,
  outageMsMax: 600_000,
  jobMsMax: 6 * 3_600_000,
  lossesMax: 100,
};

/** Jobs go to workers of the same version only: another one may come to other bytes. */
export interface JobVersion {
  /** 1 to 32 of a-z and 0-9. */
  readonly id: string;
  /** For people. */
  readonly text: string;
}

/** Bytes that a job needs, by their hash. */
export interface JobInput {
  readonly sha256: string;
  /** Read when the servers do not have it. */
  read(): Uint8Array | Promise<Uint8Array>;
  /** What these bytes name by hash, sent before them. */
  readonly parts?: readonly JobInput[];
}

/** Work that somebody else may do: the same kind, task and inputs are the same job and have one result. */
export interface JobSpec {
  readonly kind: string;
  /** For people: which one it is. */
  readonly label: string;
  readonly task: string;
  readonly inputs: readonly JobInput[];
  /** What the result does not depend on. */
  readonly hint: string;
}

/** A job as it waits for a worker. */
export interface PostedJob {
  readonly key: string;
  readonly kind: string;
  readonly label: string;
  readonly task: string;
  readonly hint: string;
  /** Hashes. */
  readonly inputs: readonly string[];
  /** Of the command that wants it. */
  readonly run: string;
  /** How often the servers had lost it when it was posted. */
  readonly losses: number;
}

/** The job that the bytes hold; null: none. */
export function postedJob(bytes: Uint8Array): PostedJob | null {
  let given: Partial<PostedJob> | null;
  try {
    given = JSON.parse(Buffer.from(bytes).toString()) as Partial<PostedJob> | null;
  } catch {
    return null;
  }
  const { key, kind, label, task, hint, run, losses, inputs } = given ?? {};
  const isNamed = typeof key === "string" && typeof run === "string" && Number.isSafeInteger(losses);
  const isTold = [kind, label, task, hint].every((text) => typeof text === "string");
  return isNamed && isTold && Array.isArray(inputs) ? (given as PostedJob) : null;
}

/** What a job came to. */
export type JobOutcome =
  | { readonly type: "done"; readonly bytes: Uint8Array }
  /** By the job's own rules; another worker would say the same. */
  | { readonly type: "refused"; readonly code: string; readonly message: string };

/** The hash that a job and its result are known by. */
export function jobKey(version: JobVersion, { kind, task, inputs }: JobSpec): string {
  if (task.length > TASK_CHARS_MAX)
    throw new SmcqError(
      JobErrorCode.Size,
      `a task of ${task.length} letters, ${TASK_CHARS_MAX} at most are sent`,
    );
  if (inputs.length > INPUTS_MAX)
    throw new SmcqError(
      JobErrorCode.Size,
      `a job of ${inputs.length} inputs, ${INPUTS_MAX} at most are sent`,
    );
  return sha256Of(JSON.stringify([version.id, kind, task, inputs.map(({ sha256 }) => sha256)]));
}

/** In hex. */
export function sha256Of(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
