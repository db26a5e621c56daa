import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ArchiveBytes } from "@smcq/exchange-binance/archive";
import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";

/** Files of the archive while they are read: a folder a process, which takes away what dead ones have left. */
export class Downloads {
  readonly #folder: string;

  constructor(storeFolder: string) {
    const all = join(storeFolder, "downloads");
    this.#folder = join(all, String(process.pid));
    removeDead(all);
  }

  /** Hands `read` the path of a file with these bytes, which is there only meanwhile. HISTORY_WRITE. */
  async while<T>({ name, bytes }: ArchiveBytes, read: (path: string) => Promise<T>): Promise<T> {
    const path = join(this.#folder, name);
    try {
      mkdirSync(this.#folder, { recursive: true });
      writeFileSync(path, bytes);
    } catch (error) {
      throw new SmcqError("HISTORY_WRITE", `cannot write ${path}: ${errorMessage(error)}`, {
        context: { file: path, cause: errorCode(error) },
        cause: error,
      });
    }
    try {
      return await read(path);
    } finally {
      rmSync(path, { force: true });
    }
  }

  /** Nothing more is read. */
  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function removeDead(all: string): void {
  if (statSync(all, { throwIfNoEntry: false }) === undefined) return;
  for (const name of readdirSync(all))
    if (/^\d+$/u.test(name) && !isAlive(Number(name)))
      rmSync(join(all, name), { recursive: true, force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}
