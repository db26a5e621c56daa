import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";
import { kilobytes, type ShowProgress } from "../output/progress.ts";
import { damaged } from "./manifest.ts";

const CHUNK_BYTES = 1 << 20;
export const OWNER_FILE = 0o600;
export const OWNER_FOLDER = 0o700;

/** How drafts of backups begin, whatever their place: the next one to the same folder clears away what a dead one has left. */
const BACKUP_DRAFT = ".smcq-backup-draft-";

/** What a file is, taken from the bytes that went through our hands. */
export interface Passed {
  readonly bytes: number;
  readonly sha256: string;
}

/** Hands every piece of bytes on, at most `bytesMax` of them. */
export type Pieces = (take: (piece: Uint8Array) => void) => void;

/** An error of ours for what the file system says. */
export function fileError(error: unknown, doing: string): SmcqError {
  if (error instanceof SmcqError) return error;
  const nativeCode = errorCode(error);
  return new SmcqError("BACKUP_FILE", `${doing}: ${errorMessage(error)}`, {
    context: { nativeCode },
    cause: error,
  });
}

/** Adds up bytes that went through our hands, and shows them as thousands of so many. */
export function byteMeter(show: ShowProgress, stage: string, bytesTotal: number): (bytes: number) => void {
  const total = kilobytes(bytesTotal);
  let sum = 0;
  return (bytes) => {
    sum += bytes;
    if (total > 0) show(stage, Math.min(kilobytes(sum), total), total);
  };
}

/** The pieces, each told of by its length when it was taken. */
export function metered(pieces: Pieces, meter: (bytes: number) => void): Pieces {
  return (take) =>
    pieces((piece) => {
      take(piece);
      meter(piece.length);
    });
}

/** The bytes of a regular file; a link, a folder or a device in its place is refused. */
export function piecesOf(path: string): Pieces {
  return (take) => {
    const handle = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!fstatSync(handle).isFile()) throw damaged(path, "it is no file");
      const buffer = Buffer.alloc(CHUNK_BYTES);
      for (let read = readSync(handle, buffer); read > 0; read = readSync(handle, buffer))
        take(buffer.subarray(0, read));
    } finally {
      closeSync(handle);
    }
  };
}

/** What the bytes are, without keeping them. */
export function passed(pieces: Pieces, take: (piece: Uint8Array) => void = () => {}): Passed {
  const hash = createHash("sha256");
  let bytes = 0;
  pieces((piece) => {
    hash.update(piece);
    bytes += piece.length;
    take(piece);
  });
  return { bytes, sha256: hash.digest("hex") };
}

/** Writes a new file that only its owner may read, to the disk; a file that is there is refused. */
export function writeNew(path: string, pieces: Pieces): Passed {
  mkdirSync(dirname(path), { recursive: true, mode: OWNER_FOLDER });
  const handle = openSync(path, "wx", OWNER_FILE);
  try {
    const what = passed(pieces, (piece) => {
      for (let at = 0; at < piece.length;) at += writeSync(handle, piece, at);
    });
    fsyncSync(handle);
    return what;
  } finally {
    closeSync(handle);
  }
}

/** Has what stands in a folder's list of names on the disk. */
export function syncFolder(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Every folder below a folder and itself, deepest first. */
export function syncFolders(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory()) syncFolders(join(path, entry.name));
  syncFolder(path);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === "EPERM";
  }
}

/** A name in a folder for a draft of this process; drafts that dead processes have left are removed. */
export function draftName(folder: string, prefix: string): string {
  for (const name of readdirSync(folder)) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN;
    if (Number.isInteger(pid) && (pid === process.pid || !isAlive(pid)))
      rmSync(join(folder, name), { recursive: true, force: true });
  }
  return join(folder, `${prefix}${process.pid}`);
}

/** The draft of something that will stand at `path`. */
export function draftBeside(path: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: OWNER_FOLDER });
  return draftName(dirname(path), BACKUP_DRAFT);
}
