import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import type { Database } from "better-sqlite3";

/** The write-ahead log is grown to this size before it needs it: what some hundred commits write between two checkpoints. */
export const LOG_ROOM_BYTES = 8_388_608;
/** Written and synced at once: an intent that comes meanwhile waits for it. */
export const LOG_GROWTH_BYTES = 1_048_576;

/**
 * Grows the write-ahead log by one piece of zeros, synced: a sync of a file that grows writes the file system's own records
 * too, one in place does not. Zeros are no frames: SQLite reads none of them, and writes over them. Returns whether room
 * is still lacking; a disk that gives none leaves the log as it was, and nothing lacks it.
 */
export function growLog(db: Database): boolean {
  // Under the write lock: no other process adds to the log, or cuts it, meanwhile.
  return db.transaction(() => grown(`${db.name}-wal`)).immediate();
}

function grown(log: string): boolean {
  const file = openSync(log, "r+");
  try {
    const { size } = fstatSync(file);
    if (size >= LOG_ROOM_BYTES) return false;
    const bytes = Math.min(LOG_GROWTH_BYTES, LOG_ROOM_BYTES - size);
    try {
      if (writeSync(file, Buffer.alloc(bytes), 0, bytes, size) < bytes) throw new Error("no room");
      fdatasyncSync(file);
    } catch {
      ftruncateSync(file, size);
      return false;
    }
    return size + bytes < LOG_ROOM_BYTES;
  } finally {
    closeSync(file);
  }
}
