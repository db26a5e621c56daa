import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Clock, errorMessage, SmcqError } from "@smcq/kernel";
import type { Blobs } from "./blobs.ts";
import { sha256Of } from "./job.ts";
import { JobErrorCode } from "./job-errors.ts";

/** Bytes that the folder keeps at most; what was used longest ago goes first. */
export const CACHE_BYTES_MAX: number = 8 * 2 ** 30;
/** What was used within this time stays whatever the bound: a job may still read it. */
const IN_USE_MS = 600_000;
const NAME = /^[0-9a-f]{64}$/;

export interface BlobCacheOptions {
  readonly folder: string;
  readonly inputs: Blobs;
  readonly clock: Clock;
  readonly bytesMax?: number;
}

/** Inputs of jobs as files named by their hash, which is looked at whenever one is asked for. */
export class BlobCache {
  readonly folder: string;
  readonly #inputs: Blobs;
  readonly #clock: Clock;
  readonly #bytesMax: number;
  /** Those on their way. */
  readonly #coming = new Map<string, Promise<string>>();
  #drafts = 0;

  /** Refuses with JOBS_FOLDER a folder that cannot be made. */
  constructor({ folder, inputs, clock, bytesMax = CACHE_BYTES_MAX }: BlobCacheOptions) {
    this.folder = folder;
    this.#inputs = inputs;
    this.#clock = clock;
    this.#bytesMax = bytesMax;
    this.#onDisk(() => mkdirSync(folder, { recursive: true }));
  }

  /** The path of the file with these bytes. JOBS_INPUT where nobody keeps them, JOBS_FOLDER where they cannot be written. */
  file(sha256: string): Promise<string> {
    const coming = this.#coming.get(sha256) ?? this.#fetch(sha256);
    this.#coming.set(sha256, coming);
    return coming.finally(() => this.#coming.delete(sha256));
  }

  /** The bytes themselves. */
  async bytes(sha256: string): Promise<Uint8Array> {
    const path = await this.file(sha256);
    return this.#onDisk(() => readFileSync(path));
  }

  async #fetch(sha256: string): Promise<string> {
    if (!NAME.test(sha256)) throw new SmcqError(JobErrorCode.Input, "an input's name is no hash");
    const path = join(this.folder, sha256);
    if (this.#holds(path, sha256)) return path;
    const bytes = await this.#inputs.get(sha256);
    if (bytes === null)
      throw new SmcqError(JobErrorCode.Input, `input ${sha256} is not kept any more`, {
        context: { sha256 },
      });
    const draft = `${path}.${process.pid}-${this.#drafts++}`;
    this.#onDisk(() => {
      writeFileSync(draft, bytes);
      renameSync(draft, path);
    });
    this.#prune();
    return path;
  }

  #holds(path: string, sha256: string): boolean {
    try {
      if (sha256Of(readFileSync(path)) !== sha256) return false;
      const nowS = this.#clock.nowMs() / 1_000;
      utimesSync(path, nowS, nowS);
      return true;
    } catch {
      return false;
    }
  }

  #prune(): void {
    const nowMs = this.#clock.nowMs();
    let left = this.#bytesMax;
    for (const { path, bytes, usedMs } of this.#files()) {
      left -= bytes;
      if (left < 0 && nowMs - usedMs > IN_USE_MS) rmSync(path, { force: true });
    }
  }

  /** Latest use first; drafts of killed workers are among them. */
  #files(): readonly { readonly path: string; readonly bytes: number; readonly usedMs: number }[] {
    return readdirSync(this.folder)
      .flatMap((name) => {
        const path = join(this.folder, name);
        // Another worker may have taken it away.
        const found = statSync(path, { throwIfNoEntry: false });
        return found === undefined || !found.isFile()
          ? []
          : [{ path, bytes: found.size, usedMs: found.mtimeMs }];
      })
      .sort((a, b) => b.usedMs - a.usedMs);
  }

  #onDisk<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new SmcqError(JobErrorCode.Folder, `${this.folder}: ${errorMessage(error)}`, { cause: error });
    }
  }
}
