import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { SmcqError } from "@smcq/kernel";
import { acquireRunLock, examineLedger } from "@smcq/ledger";
import {
  type BackupFile,
  damaged,
  type Manifest,
  MANIFEST_BYTES_MAX,
  MANIFEST_NAME,
  parseManifest,
} from "./manifest.ts";
import { readTar } from "./tar.ts";
import type { ShowProgress } from "../output/progress.ts";
import {
  byteMeter,
  draftName,
  fileError,
  metered,
  OWNER_FOLDER,
  type Passed,
  type Pieces,
  piecesOf,
  syncFolder,
  syncFolders,
  writeNew,
} from "./whole-files.ts";

const LEDGER_NAME = "ledger.db";
/** What a folder may hold that is to become a data folder: our own lock and draft, and what a file system puts at its top. */
const IS_NOTHING = /^(run\.lock(\..*)?|\.restoring-\d+|lost\+found)$/;
const DRAFT_PREFIX = ".restoring-";

export interface RestoreWish {
  /** A folder or a `.tar` file. */
  readonly from: string;
  readonly dataDir: string;
}

export interface Restored {
  readonly dataDir: string;
  readonly manifest: Manifest;
}

function requireSame({ path, bytes, sha256 }: BackupFile, found: Passed, place: string): void {
  if (found.bytes !== bytes)
    throw damaged(place, `${path} has ${found.bytes} bytes, its manifest says ${bytes}`);
  if (found.sha256 !== sha256) throw damaged(place, `${path} does not have the hash that its manifest says`);
}

function meterOf({ files }: Manifest, show: ShowProgress): (bytes: number) => void {
  return byteMeter(
    show,
    "kB put back",
    files.reduce((sum, { bytes }) => sum + bytes, 0),
  );
}

function unpackFolder(from: string, draft: string, show: ShowProgress): Manifest {
  const file = join(from, MANIFEST_NAME);
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size === undefined)
    throw damaged(from, `there is no ${MANIFEST_NAME} in it: it is no backup, or a half of one`);
  if (size > MANIFEST_BYTES_MAX) throw damaged(from, `its ${MANIFEST_NAME} is too long`);
  const manifest = parseManifest(readFileSync(file, "utf8"), from);
  const meter = meterOf(manifest, show);
  for (const entry of manifest.files) {
    const source = join(from, entry.path);
    if (statSync(source, { throwIfNoEntry: false }) === undefined)
      throw damaged(from, `${entry.path} is missing`);
    requireSame(entry, writeNew(join(draft, entry.path), metered(piecesOf(source), meter)), from);
  }
  return manifest;
}

function textOf(bytes: number, pieces: Pieces, place: string): string {
  if (bytes > MANIFEST_BYTES_MAX) throw damaged(place, `its ${MANIFEST_NAME} is too long`);
  const parts: Uint8Array[] = [];
  pieces((piece) => parts.push(Uint8Array.from(piece)));
  return Buffer.concat(parts).toString("utf8");
}

/** The manifest comes first in an archive. */
function unpackArchive(from: string, draft: string, show: ShowProgress): Manifest {
  let manifest: Manifest | null = null;
  let meter = (_bytes: number): void => {};
  const missing = new Map<string, BackupFile>();
  readTar(from, (path, bytes, pieces) => {
    if (manifest === null) {
      if (path !== MANIFEST_NAME) throw damaged(from, `it does not begin with ${MANIFEST_NAME}`);
      manifest = parseManifest(textOf(bytes, pieces, from), from);
      for (const entry of manifest.files) missing.set(entry.path, entry);
      meter = meterOf(manifest, show);
      return;
    }
    const entry = missing.get(path);
    if (entry === undefined) throw damaged(from, `${path} is in it and not in its manifest, or twice`);
    missing.delete(path);
    requireSame(entry, writeNew(join(draft, path), metered(pieces, meter)), from);
  });
  if (manifest === null) throw damaged(from, "it is empty");
  const [first] = missing.keys();
  if (first !== undefined) throw damaged(from, `${first} is missing`);
  return manifest;
}

/** The copy is the ledger that the manifest tells of, and its chain is whole. */
function requireLedger(
  file: string,
  { ledger }: Manifest,
  { place, show }: { readonly place: string; readonly show: ShowProgress },
): void {
  const { problem, ...found } = examineLedger(file, (done, of) =>
    show("rows of the journal checked", done, of),
  );
  if (problem !== null) throw damaged(place, `the journal's chain is broken at ${problem}`);
  if (found.head !== ledger.head || found.rows !== ledger.rows || found.schema !== ledger.schema)
    throw damaged(
      place,
      `its ledger has ${found.rows} rows of the journal, its manifest says ${ledger.rows}, or other ones`,
    );
}

function requireEmpty(dataDir: string): void {
  const found = readdirSync(dataDir).filter((name) => !IS_NOTHING.test(name));
  if (found.length === 0) return;
  throw new SmcqError(
    "BACKUP_NOT_EMPTY",
    `${dataDir} is not empty (${found.slice(0, 3).join(", ")}${found.length > 3 ? " ..." : ""}): nothing is written over; name a new folder with --data-dir, or move that one aside`,
    { context: { dataDir } },
  );
}

/** Everything in its place, the ledger last: before it stands there, the folder is none of an engine. */
function putInPlace(draft: string, dataDir: string): void {
  syncFolders(draft);
  const names = readdirSync(draft).filter((name) => name !== LEDGER_NAME);
  for (const name of [...names, LEDGER_NAME]) renameSync(join(draft, name), join(dataDir, name));
  rmSync(draft, { recursive: true });
  syncFolder(dataDir);
}

/**
 * Makes a data folder of a backup: every hash, the journal's chain and its end are as the manifest says before anything stands
 * in its place. Refuses a folder that an engine runs on (RUN_LOCKED) or that holds anything (BACKUP_NOT_EMPTY), and backups
 * that are damaged or newer.
 */
export function restoreBackup(wish: RestoreWish, show: ShowProgress): Restored {
  const [from, dataDir] = [resolve(wish.from), resolve(wish.dataDir)];
  let draft: string | null = null;
  let release = (): void => {};
  try {
    const source = statSync(from, { throwIfNoEntry: false });
    if (source === undefined)
      throw new SmcqError("BACKUP_ABSENT", `there is no backup at ${from}`, { context: { from } });
    mkdirSync(dataDir, { recursive: true, mode: OWNER_FOLDER });
    const lock = acquireRunLock(dataDir);
    release = () => lock.release();
    requireEmpty(dataDir);
    draft = draftName(dataDir, DRAFT_PREFIX);
    mkdirSync(draft, { mode: OWNER_FOLDER });
    const manifest = source.isDirectory()
      ? unpackFolder(from, draft, show)
      : unpackArchive(from, draft, show);
    requireLedger(join(draft, LEDGER_NAME), manifest, { place: from, show });
    putInPlace(draft, dataDir);
    return { dataDir, manifest };
  } catch (error) {
    throw fileError(error, `cannot restore ${from} to ${dataDir}`);
  } finally {
    if (draft !== null) rmSync(draft, { recursive: true, force: true });
    release();
  }
}
