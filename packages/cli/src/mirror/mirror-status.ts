import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MirrorProgress } from "@smcq/mirror";

/** What is longer is no word of a mirror's. */
const BYTES_MAX = 16_384;

/** How the mirror beside an engine does, as it last said. */
export interface MirrorStatus extends MirrorProgress {
  /** Server, database and schema, without a password. */
  readonly target: string;
  readonly atMs: number;
}

function statusFile(dataDir: string): string {
  return join(dataDir, "mirror.json");
}

/** Leaves word in the data folder, whole. */
export function writeMirrorStatus(dataDir: string, status: MirrorStatus): void {
  const draft = `${statusFile(dataDir)}.draft`;
  writeFileSync(draft, `${JSON.stringify(status)}\n`, { mode: 0o600 });
  renameSync(draft, statusFile(dataDir));
}

/** What the mirror of a data folder last said; null: nothing that can be read. */
export function readMirrorStatus(dataDir: string): MirrorStatus | null {
  try {
    const file = statusFile(dataDir);
    if (statSync(file).size > BYTES_MAX) return null;
    const read = JSON.parse(readFileSync(file, "utf8")) as Partial<MirrorStatus> | null;
    const { target, atMs, journalKey, rowsBehind, behindSinceMs, problem } = read ?? {};
    const isSound =
      typeof target === "string" &&
      typeof atMs === "number" &&
      typeof journalKey === "number" &&
      typeof rowsBehind === "number";
    if (!isSound) return null;
    return {
      target,
      atMs,
      journalKey,
      rowsBehind,
      behindSinceMs: typeof behindSinceMs === "number" ? behindSinceMs : null,
      problem: typeof problem === "string" ? problem : null,
    };
  } catch {
    // No mirror has run here, or the file is another's: there is nothing to tell.
    return null;
  }
}
