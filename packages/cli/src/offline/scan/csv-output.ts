import { createWriteStream } from "node:fs";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";

const FLUSH_CHARS = 256 * 1_024;

/** A CSV being written to a file (gzip when its name ends in `.gz`) or, for `-`, to standard output. */
export class CsvOutput {
  readonly #path: string;
  readonly #stream: Writable;
  readonly #done: Promise<void> | null;
  #text: string;
  #isClosed = false;

  constructor(path: string, header: string) {
    this.#path = path;
    this.#text = `${header}\n`;
    if (path === "-") {
      this.#stream = process.stdout;
      // A reader that goes away (`| head`) is no fault; the failure of the write itself is handled in `#write`.
      process.stdout.on("error", ignoreLateFault);
      this.#done = null;
    } else if (path.endsWith(".gz")) {
      const gzip = createGzip();
      this.#stream = gzip;
      this.#done = pipeline(gzip, createWriteStream(path));
    } else {
      const file = createWriteStream(path);
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

  /** Writes the rest and waits until the file is complete; standard output stays open. */
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

  /** Gives up after a failure elsewhere: the file is closed as it is. */
  async abandon(): Promise<void> {
    if (this.#done === null) return;
    this.#stream.destroy();
    await this.#done.catch(() => undefined);
  }
}

function ignoreLateFault(): void {
  // The write that failed has reported it already.
}
