import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { TOKEN_FILES } from "@smcq/dashboard";
import { type Clock, SmcqError } from "@smcq/kernel";
import { copyLedger, examineLedger, ledgerFile, ResearchBook, researchFile } from "@smcq/ledger";
import { ENGINE_VERSION } from "../engine-version.ts";
import { BACKUP_FORMAT, type BackupFile, type Manifest, MANIFEST_NAME } from "./manifest.ts";
import { writeTar } from "./tar.ts";
import type { ShowProgress } from "../output/progress.ts";
import {
  byteMeter,
  draftBeside,
  fileError,
  metered,
  OWNER_FOLDER,
  type Passed,
  piecesOf,
  syncFolder,
  syncFolders,
  writeNew,
} from "./whole-files.ts";

/** A path with this ending is one file. */
const ARCHIVE = ".tar";
const LEDGER_NAME = "ledger.db";
/** What of a data folder goes with the ledger, files and folders: a halt, the simulated venue's account, converted models. */
const KEPT: readonly string[] = ["HALT", "venue", "models", "audits.jsonl"];
const RESEARCH_NAME = "research.db";
/** What lets somebody in. */
const TOKENS: readonly string[] = Object.values(TOKEN_FILES);
/** Parts of the databases' files, which their copies hold. */
const IN_THE_COPY: ReadonlySet<string> = new Set(
  [LEDGER_NAME, RESEARCH_NAME].flatMap((name) => [name, `${name}-wal`, `${name}-shm`]),
);

export interface BackupWish {
  readonly dataDir: string;
  readonly to: string;
  /** The dashboard's tokens, too. */
  readonly hasTokens: boolean;
}

export interface BackupTools {
  readonly clock: Clock;
  readonly show: ShowProgress;
}

export interface Backup {
  readonly to: string;
  readonly manifest: Manifest;
}

/** Refuses to write over anything; an empty folder is nothing. */
function refuseTaken(to: string): void {
  const stat = statSync(to, { throwIfNoEntry: false });
  if (stat === undefined || (stat.isDirectory() && !to.endsWith(ARCHIVE) && readdirSync(to).length === 0))
    return;
  throw new SmcqError(
    "BACKUP_EXISTS",
    `${to} is there already: a backup is never written over, name another place`,
    {
      context: { to },
    },
  );
}

/** Paths of regular files at or below a path, relative to the data folder; links are not followed. */
function filesBelow(dataDir: string, path: string): readonly string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) return [relative(dataDir, path)];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dataDir, join(entry.parentPath, entry.name)))
    .toSorted();
}

function copyParts(
  { dataDir, hasTokens }: BackupWish,
  draft: string,
  show: ShowProgress,
): readonly BackupFile[] {
  const wanted = [...KEPT, ...(hasTokens ? TOKENS : [])].flatMap((name) =>
    filesBelow(dataDir, join(dataDir, name)),
  );
  const meter = byteMeter(show, "kB of other files kept", sizeOf(dataDir, wanted));
  return wanted.map((path) => {
    const { bytes, sha256 } = writeNew(join(draft, path), metered(piecesOf(join(dataDir, path)), meter));
    return { path, bytes, sha256 };
  });
}

/** Together; what has gone meanwhile counts nothing. */
function sizeOf(folder: string, paths: readonly string[]): number {
  return paths.reduce(
    (sum, path) => sum + (statSync(join(folder, path), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}

function leftOut({ dataDir, hasTokens }: BackupWish): readonly string[] {
  const taken = new Set([...KEPT, ...(hasTokens ? TOKENS : [])]);
  return readdirSync(dataDir)
    .filter((name) => !taken.has(name) && !IN_THE_COPY.has(name) && !name.startsWith("run.lock"))
    .toSorted();
}

/** The ledger first: an account that is newer than its ledger is what a crash leaves, too, and the engine puts that right. */
function fill(wish: BackupWish, draft: string, { clock, show }: BackupTools): Manifest {
  mkdirSync(draft, { mode: OWNER_FOLDER });
  const copy = join(draft, LEDGER_NAME);
  // It is SQLite's own work and does not say how far it is.
  show("ledger copied", 0, 1);
  copyLedger(ledgerFile(wish.dataDir), copy);
  const { problem, ...ledger } = examineLedger(copy, (done, of) =>
    show("rows of the journal checked", done, of),
  );
  if (problem !== null)
    throw new SmcqError(
      "BACKUP_BROKEN_LEDGER",
      `the ledger's chain is broken (${problem}): what would be kept proves nothing; see smcq ledger verify`,
      { context: { dataDir: wish.dataDir } },
    );
  const files = [
    { path: LEDGER_NAME, ...kept(copy, show) },
    ...researchCopy(wish, draft, show),
    ...copyParts(wish, draft, show),
  ];
  const createdAtMs = clock.nowMs();
  return {
    format: BACKUP_FORMAT,
    engineVersion: ENGINE_VERSION,
    createdAtMs,
    ledger,
    files,
    leftOut: leftOut(wish),
  };
}

/** What was ever tried, and the periods that are held out: without them the next result would be believed too soon. */
function researchCopy({ dataDir }: BackupWish, draft: string, show: ShowProgress): Manifest["files"] {
  const file = researchFile(dataDir);
  if (!existsSync(file)) return [];
  const copy = join(draft, RESEARCH_NAME);
  const book = new ResearchBook(file);
  try {
    book.copyTo(copy);
  } finally {
    book.close();
  }
  return [{ path: RESEARCH_NAME, ...kept(copy, show) }];
}

/** SQLite has written it; it is on the disk when this returns, and only its owner may read it. */
function kept(copy: string, show: ShowProgress): Passed {
  const own = `${copy}.own`;
  const meter = byteMeter(show, "kB of the ledger kept", statSync(copy).size);
  const what = writeNew(own, metered(piecesOf(copy), meter));
  renameSync(own, copy);
  return what;
}

function manifestPieces(manifest: Manifest): {
  readonly bytes: number;
  readonly pieces: (take: (piece: Uint8Array) => void) => void;
} {
  const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  return { bytes: text.length, pieces: (take) => take(text) };
}

function archive(draft: string, manifest: Manifest, show: ShowProgress): string {
  const total = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const meter = byteMeter(show, "kB packed", total);
  const file = join(draft, `packed${ARCHIVE}`);
  const entries = manifest.files.map(({ path, bytes }) => ({
    path,
    bytes,
    pieces: metered(piecesOf(join(draft, path)), meter),
  }));
  writeTar(file, [{ path: MANIFEST_NAME, ...manifestPieces(manifest) }, ...entries]);
  return file;
}

/**
 * Writes a data folder's ledger and what goes with it to a new folder, or to one file (`.tar`), as of one moment, while an
 * engine goes on. It stands at its place whole or not at all: it is made beside it, synced, and renamed.
 */
export function makeBackup(wish: BackupWish, tools: BackupTools): Backup {
  const to = resolve(wish.to);
  let draft: string | null = null;
  try {
    refuseTaken(to);
    draft = draftBeside(to);
    const manifest = fill(wish, draft, tools);
    if (to.endsWith(ARCHIVE)) {
      const packed = archive(draft, manifest, tools.show);
      // A file, unlike a folder, would be replaced without a word.
      refuseTaken(to);
      renameSync(packed, to);
    } else {
      writeNew(join(draft, MANIFEST_NAME), manifestPieces(manifest).pieces);
      syncFolders(draft);
      renameSync(draft, to);
    }
    syncFolder(dirname(to));
    return { to, manifest };
  } catch (error) {
    throw fileError(error, `cannot write the backup ${to}`);
  } finally {
    if (draft !== null) rmSync(draft, { recursive: true, force: true });
  }
}
