import { createWriteStream, statSync } from "node:fs";
import { chmod, copyFile, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";

const FLUSH_CHARS = 256 * 1_024;

/**
 * A CSV being written to a file (gzip when its name ends in `.gz`) or, for `-`, to standard output. A file is written beside
 * its name and gets it with `publish`: until then, and after a failure, what stood there stands. A device or a pipe is
 * written as it is.
 */
export class CsvOutput {
  readonly #path: string;
  /** Where it is written; null: at its name itself. */
  readonly #draft: string | null;
  readonly #stream: Writable;
  readonly #done: Promise<void> | null;
  #text: string;
  #isClosed = false;

  constructor(path: string, header: string) {
    this.#path = path;
    this.#text = `${header}\n`;
    this.#draft = path === "-" || isDevice(path) ? null : draftOf(path);
    const target = this.#draft ?? path;
    if (path === "-") {
      this.#stream = process.stdout;
      // A reader that goes away (`| head`) is no fault; the failure of the write itself is handled in `#write`.
      process.stdout.on("error", ignoreLateFault);
      this.#done = null;
    } else if (path.endsWith(".gz")) {
      const gzip = createGzip();
      this.#stream = gzip;
      this.#done = pipeline(gzip, createWriteStream(target));
    } else {
      const file = createWriteStream(target);
      this.#stream = file;
      this.#done = new Promise((resolve, reject) => {
        file.once("close", resolve).once("error", reject);
      });
    }
    // Awaited in `close`; until then a failure shows in the next write.
    this.#done?.catch(() => undefined);
  }

  /** False once nobody reads standard output any more. */
  get isOpen(): boolean {
    return !this.#isClosed;
  }

  add(text: string): void {
    this.#text += text;
  }

  /** Writes what has gathered, when it is enough to be worth it. */
  async flush(): Promise<void> {
    if (this.#text.length >= FLUSH_CHARS) await this.#write();
  }

  async #write(): Promise<void> {
    const text = this.#text;
    this.#text = "";
    if (this.#isClosed || text === "") return;
    const fault = await new Promise<Error | null | undefined>((resolve) => {
      this.#stream.write(text, resolve);
    });
    if (fault) this.#fail(await this.#reasonOf(fault));
  }

  /** A write into a stream that has failed before says only that; the stream's own end says why. */
  async #reasonOf(fault: Error): Promise<unknown> {
    try {
      await this.#done;
    } catch (error) {
      return error;
    }
    return fault;
  }

  #fail(fault: unknown): void {
    if (this.#done === null && errorCode(fault) === "EPIPE") {
      this.#isClosed = true;
      return;
    }
    throw new SmcqError("SCAN_WRITE", `cannot write ${this.#path}: ${errorMessage(fault)}`, {
      context: { file: this.#path, cause: errorCode(fault) },
      cause: fault,
    });
  }

  /** Writes the rest and waits until the draft is complete; standard output stays open. */
  async close(): Promise<void> {
    await this.#write();
    if (this.#done === null) return;
    this.#stream.end();
    try {
      await this.#done;
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Gives the draft its name; to be called when it is closed. */
  async publish(): Promise<void> {
    if (this.#draft === null) return;
    try {
      await replace(this.#path, this.#draft);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Gives up after a failure elsewhere: nothing of it is left. Idempotent. */
  async abandon(): Promise<void> {
    if (this.#done === null) return;
    this.#stream.destroy();
    await this.#done.catch(() => undefined);
    if (this.#draft !== null) await rm(this.#draft, { force: true });
  }
}

/** Of this process alone: two that write the same file leave one whole result. */
function draftOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.draft`);
}

function isDevice(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && !found.isFile() && !found.isDirectory();
}

/** Puts the draft in the place of what stands at `path`, behind a link where it is one, with the same permissions. */
async function replace(path: string, draft: string): Promise<void> {
  const before = statSync(path, { throwIfNoEntry: false });
  const target = before === undefined ? path : await realpath(path);
  if (before !== undefined) await chmod(draft, before.mode & 0o777);
  try {
    await rename(draft, target);
  } catch (error) {
    // A file that is mounted by itself, or a link to another file system, cannot be replaced: only written anew.
    if (errorCode(error) !== "EBUSY" && errorCode(error) !== "EXDEV") throw error;
    await copyFile(draft, target);
    await rm(draft, { force: true });
  }
}

function ignoreLateFault(): void {
  // The write that failed has reported it already.
}
