import { SmcqError } from "@smcq/kernel";
import { LEDGER_SCHEMA } from "@smcq/ledger";
import { ENGINE_VERSION } from "../engine-version.ts";

/** Form of a backup; raised when an older engine could not read it. */
export const BACKUP_FORMAT = 1;
export const MANIFEST_NAME = "manifest.json";
/** A manifest that is longer is none. */
export const MANIFEST_BYTES_MAX = 16_777_216;
/** More files has no data folder. */
const FILES_MAX = 100_000;
/** Folders that a file may be below. */
const LEVELS_MAX = 4;

/** A name below a data folder: no way out of it. */
function isBelow(path: string): boolean {
  const names = path.split("/");
  return (
    names.length <= LEVELS_MAX &&
    names.every((name) => !["", ".", ".."].includes(name)) &&
    !path.includes("\0")
  );
}

/** A file of a backup, by its path below the data folder. */
export interface BackupFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Manifest {
  readonly format: number;
  readonly engineVersion: string;
  readonly createdAtMs: number;
  readonly ledger: { readonly schema: number; readonly rows: number; readonly head: string };
  readonly files: readonly BackupFile[];
  /** What stood in the data folder and is not in the backup. */
  readonly leftOut: readonly string[];
}

export function damaged(place: string, what: string, cause?: unknown): SmcqError {
  return new SmcqError("BACKUP_DAMAGED", `${place} is damaged: ${what}. Take another backup`, {
    context: { place },
    cause,
  });
}

function isFile(value: unknown): value is BackupFile {
  if (typeof value !== "object" || value === null) return false;
  const { path, bytes, sha256 } = value as Partial<BackupFile>;
  return (
    typeof path === "string" &&
    isBelow(path) &&
    Number.isSafeInteger(bytes) &&
    Number(bytes) >= 0 &&
    typeof sha256 === "string" &&
    /^[0-9a-f]{64}$/.test(sha256)
  );
}

/** Refuses what a newer engine has made, before anything of it is believed. */
function refuseNewer(place: string, found: Partial<Manifest>): void {
  const { format, engineVersion, ledger } = found;
  const schema = ledger?.schema ?? 0;
  if (Number(format) <= BACKUP_FORMAT && schema <= LEDGER_SCHEMA) return;
  throw new SmcqError(
    "BACKUP_NEWER",
    `${place} was made by engine ${String(engineVersion)} (backup format ${String(format)}, ledger schema ${schema}), this is engine ${ENGINE_VERSION} (format ${BACKUP_FORMAT}, schema ${LEDGER_SCHEMA}): there is no way back, restore it with that engine or a newer one`,
    { context: { place, format: Number(format), schema, known: LEDGER_SCHEMA } },
  );
}

/** The manifest in a text; refuses (BACKUP_NEWER, BACKUP_DAMAGED) what a newer engine has made and what is none. */
export function parseManifest(text: string, place: string): Manifest {
  let read: Partial<Manifest> | null;
  try {
    read = JSON.parse(text) as Partial<Manifest> | null;
  } catch (cause) {
    throw damaged(place, `its ${MANIFEST_NAME} is no JSON`, cause);
  }
  if (typeof read !== "object" || read === null || typeof read.format !== "number")
    throw damaged(place, `its ${MANIFEST_NAME} is not a backup's`);
  refuseNewer(place, read);
  const { format, engineVersion, createdAtMs, ledger, files, leftOut } = read;
  const isSound =
    typeof engineVersion === "string" &&
    typeof createdAtMs === "number" &&
    typeof ledger?.schema === "number" &&
    typeof ledger.rows === "number" &&
    typeof ledger.head === "string" &&
    Array.isArray(files) &&
    files.length <= FILES_MAX &&
    files.every(isFile) &&
    new Set(files.map(({ path }) => path)).size === files.length &&
    files.some(({ path }) => path === "ledger.db");
  if (!isSound) throw damaged(place, `its ${MANIFEST_NAME} does not say what a backup says`);
  return { format, engineVersion, createdAtMs, ledger, files, leftOut: leftOut ?? [] };
}
