import { SmcqError } from "@smcq/kernel";
import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import type { KV } from "@nats-io/kv";
import { type PostedJob } from "./job.ts";
import { JobErrorCode } from "./job-errors.ts";
import { type Patience, withPatience } from "./patience.ts";

/** Where a job's result is, and who made it. */
export interface DoneRecord {
  readonly sha256: string;
  readonly bytes: number;
  readonly worker: string;
}

/** Why a job has no result for the command that wants it. */
export interface FailedRecord {
  readonly code: string;
  readonly message: string;
}

/** Another result of the same job. */
export interface UnequalRecord {
  readonly workers: readonly string[];
}

interface Found<T> {
  readonly value: T;
  readonly revision: number;
}

/**
 * What became of jobs: `r.KEY` its result, for everybody; `f.RUN.KEY.LOSSES` why one command gets none; `c.KEY` that workers
 * do not agree.
 */
export class JobRecords {
  readonly #kv: KV;
  readonly #patience: Patience;

  constructor(kv: KV, patience: Patience) {
    this.#kv = kv;
    this.#patience = patience;
  }

  async done(key: string): Promise<Found<DoneRecord> | null> {
    return await this.#get<DoneRecord>(`r.${key}`);
  }

  /** Notes a result; returns the one that was noted before, if there is one. */
  async noteDone(key: string, record: DoneRecord): Promise<DoneRecord | null> {
    return (await this.#create(`r.${key}`, record)) ? null : ((await this.done(key))?.value ?? null);
  }

  /** Forgets a result that is not what it was, unless another one was noted meanwhile. */
  async forget(key: string, { revision }: Found<DoneRecord>): Promise<void> {
    await this.#ask(`r.${key}`, async () => {
      try {
        await this.#kv.delete(`r.${key}`, { previousSeq: revision });
      } catch (error) {
        if (!isThere(error)) throw error;
      }
    });
  }

  async failed({
    run,
    key,
    losses,
  }: Pick<PostedJob, "run" | "key" | "losses">): Promise<FailedRecord | null> {
    return (await this.#get<FailedRecord>(`f.${run}.${key}.${losses}`))?.value ?? null;
  }

  async noteFailed({ run, key, losses }: PostedJob, record: FailedRecord): Promise<void> {
    await this.#create(`f.${run}.${key}.${losses}`, record);
  }

  async noteUnequal(key: string, record: UnequalRecord): Promise<void> {
    await this.#create(`c.${key}`, record);
  }

  async unequal(key: string): Promise<UnequalRecord | null> {
    return (await this.#get<UnequalRecord>(`c.${key}`))?.value ?? null;
  }

  /** Keys of all jobs that workers do not agree on. */
  async unequalKeys(): Promise<readonly string[]> {
    return await this.#ask("c.*", async () => {
      const keys: string[] = [];
      for await (const key of await this.#kv.keys("c.*")) keys.push(key.slice(2));
      return keys;
    });
  }

  /** Forgets the job's results, so that it is done anew. */
  async forgetUnequal(key: string): Promise<void> {
    for (const name of [`r.${key}`, `c.${key}`])
      await this.#ask(name, async () => {
        await this.#kv.delete(name);
      });
  }

  async #get<T>(name: string): Promise<Found<T> | null> {
    return await this.#ask(name, async () => {
      const entry = await this.#kv.get(name);
      if (entry === null || entry.operation !== "PUT") return null;
      return { value: parsed<T>(name, entry.string()), revision: entry.revision };
    });
  }

  /** False: there was one. */
  async #create(name: string, value: object): Promise<boolean> {
    return await this.#ask(name, async () => {
      try {
        await this.#kv.create(name, JSON.stringify(value));
        return true;
      } catch (error) {
        if (isThere(error)) return false;
        throw error;
      }
    });
  }

  #ask<T>(name: string, work: () => Promise<T>): Promise<T> {
    return withPatience(this.#patience, `no record of job ${name}`, work);
  }
}

function isThere(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence;
}

function parsed<T>(name: string, text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new SmcqError(JobErrorCode.Store, `the record of job ${name} is none`, { cause });
  }
}
