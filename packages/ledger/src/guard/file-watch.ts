import { type BigIntStats, statSync } from "node:fs";
import { errorCode, SmcqError } from "@smcq/kernel";
import { LedgerErrorCode } from "../errors.ts";

/** Undefined where there is none. */
function look(file: string): BigIntStats | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false });
}

/**
 * Whether the file that a connection has open is still the one that its path leads to. What is written to a file that was
 * removed, replaced or cut is stored nowhere, and SQLite does not notice.
 */
export class FileWatch {
  readonly #file: string;
  readonly #own: BigIntStats | undefined;
  /** The log beside it holds what is not yet in it; it comes with the first write. */
  #log: BigIntStats | undefined;
  #bytes: bigint;

  /** To be made while the file is open, for the file that is open. */
  constructor(file: string) {
    this.#file = file;
    this.#own = look(file);
    this.#log = look(`${file}-wal`);
    this.#bytes = this.#own?.size ?? 0n;
  }

  /** Throws LEDGER_MOVED when the file is not there any more, is another one, or has lost a part. */
  requireSame(): void {
    const own = this.#look(this.#file);
    const log = this.#look(`${this.#file}-wal`);
    this.#log ??= log;
    if (own === undefined) throw this.#moved("was removed");
    if (!isSame(own, this.#own)) throw this.#moved("was replaced by another file");
    if (own.size < this.#bytes) throw this.#moved(`was cut from ${this.#bytes} to ${own.size} bytes`);
    if (!isSame(log, this.#log)) throw this.#moved("has lost the -wal file beside it");
    this.#bytes = own.size;
  }

  /** The connection was closed, and the log has gone with it. */
  forgetLog(): void {
    this.#log = undefined;
  }

  #look(file: string): BigIntStats | undefined {
    try {
      return look(file);
    } catch (error) {
      // A folder that is gone or became a file; what cannot be looked at says nothing about the file.
      if (errorCode(error) === "ENOTDIR") return undefined;
      return file === this.#file ? this.#own : this.#log;
    }
  }

  #moved(what: string): SmcqError {
    return new SmcqError(
      LedgerErrorCode.Moved,
      `${this.#file} ${what} while the engine runs: what this run has stored is not in it`,
      { context: { file: this.#file } },
    );
  }
}

function isSame(left: BigIntStats | undefined, right: BigIntStats | undefined): boolean {
  return left?.ino === right?.ino && left?.dev === right?.dev;
}
