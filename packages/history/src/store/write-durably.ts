import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";

const DRAFT_MARK = ".draft-";

/**
 * Puts bytes at a path so that after any end of the process or the machine the old file stands there or the new one, whole:
 * written beside, synced, renamed, and the folder synced. HISTORY_WRITE when it cannot be done.
 */
export function writeDurably(path: string, bytes: Uint8Array): void {
  const draft = `${path}${DRAFT_MARK}${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const handle = openSync(draft, "w");
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(draft, path);
    syncFolder(dirname(path));
  } catch (error) {
    removeQuietly(draft);
    throw new SmcqError("HISTORY_WRITE", `cannot write ${path}: ${errorMessage(error)}`, {
      context: { file: path, cause: errorCode(error) },
      cause: error,
    });
  }
}

/** Removes what a killed writer has left in a folder; a draft of a process that lives is another one's work. */
export function removeDrafts(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(/\.draft-(\d+)$/u.exec(basename(name))?.[1] ?? Number.NaN);
    if (Number.isInteger(pid) && pid !== process.pid && !isAlive(pid))
      rmSync(join(folder, name), { force: true });
  }
}

/** What cannot be removed is told of by what failed before. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The folder is no folder, or not ours.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

function syncFolder(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
