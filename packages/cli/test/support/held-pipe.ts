import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorCode } from "@smcq/kernel";

/** A real pipe whose reader reads when the test says so. */
export class HeldPipe {
  readonly #folder: string;
  readonly path: string;
  readonly writer: number;
  #reader: number;

  constructor(flags: number = 0) {
    this.#folder = mkdtempSync(join(tmpdir(), "smcq-pipe-"));
    this.path = join(this.#folder, "pipe");
    execFileSync("mkfifo", [this.path]);
    this.#reader = openSync(this.path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.writer = openSync(this.path, constants.O_WRONLY | flags);
  }

  /** Writes until no byte fits any more. */
  fill(): void {
    const filler = openSync(this.path, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      for (const size of [4_096, 1]) while (wrote(filler, size));
    } finally {
      closeSync(filler);
    }
  }

  /** All that is there now. */
  read(): string {
    const chunk = Buffer.alloc(65_536);
    let text = "";
    for (;;) {
      try {
        const bytes = readSync(this.#reader, chunk);
        if (bytes === 0) return text;
        text += chunk.toString("utf8", 0, bytes);
      } catch (error) {
        if (errorCode(error) === "EAGAIN") return text;
        throw error;
      }
    }
  }

  /** The reader goes away. */
  closeReader(): void {
    if (this.#reader >= 0) closeSync(this.#reader);
    this.#reader = -1;
  }

  close(): void {
    this.closeReader();
    closeSync(this.writer);
    rmSync(this.#folder, { recursive: true });
  }
}

function wrote(fd: number, size: number): boolean {
  try {
    return writeSync(fd, Buffer.alloc(size, "#")) > 0;
  } catch (error) {
    if (errorCode(error) === "EAGAIN") return false;
    throw error;
  }
}
