import { createHash } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { SeriesBars, SeriesReply } from "../scan-series.ts";
import { decodeSeriesFile, encodeSeriesFile } from "./series-file.ts";

/** Bytes that the cache keeps at most; what was used longest ago goes first. */
export const CACHE_BYTES_MAX: number = 4 * 2 ** 30;
const SUFFIX = ".scan";
/** A draft that nobody has written to for so long is a killed run's; a younger one may be another run's that still writes. */
const DRAFT_AGE_MS = 3_600_000;

/** Everything that a scan depends on besides the code's version. */
export interface ScanKey {
  readonly symbol: string;
  /** Of the kline files' bytes, in order of time. */
  readonly files: readonly string[];
  /** Of features, structure, trade plan and the scorer's own bytes. */
  readonly schema: string;
  readonly scorer: string;
  readonly rowsMax: number | null;
  readonly toMs: number | null;
  /** Of bars of the store: those before it are not read. */
  readonly readFromMs: number | null;
}

interface CacheFile {
  readonly path: string;
  readonly bytes: number;
  readonly usedMs: number;
  readonly isDraft: boolean;
}

/** The name under which the scan of a key is kept. */
export function scanKeyHash({ symbol, files, schema, scorer, rowsMax, toMs, readFromMs }: ScanKey): string {
  const text = JSON.stringify([symbol, files, schema, scorer, rowsMax, toMs, readFromMs]);
  return createHash("sha256").update(text).digest("hex");
}

/**
 * The results of pass 1 on disk, a file a series, so that another run over the same bars by the same scorer scans nothing.
 * Nothing depends on it: what is missing or damaged is scanned again, what cannot be written is not kept.
 */
export class ScanCache {
  readonly #folder: string;
  readonly #nowMs: number;

  /** `nowMs` is when what this run uses was used last. */
  constructor(folder: string, nowMs: number) {
    this.#folder = folder;
    this.#nowMs = nowMs;
  }

  /** Null: not kept, or damaged. `stored`: where the bars are, if they are the store's. */
  read(hash: string, stored: SeriesBars | null): SeriesReply | null {
    const path = this.#path(hash);
    try {
      const found = decodeSeriesFile(hash, readFileSync(path), stored);
      // Its age is that of its last use.
      if (found !== null) utimesSync(path, this.#nowMs / 1_000, this.#nowMs / 1_000);
      return found;
    } catch {
      return null;
    }
  }

  /** Keeps a result; false: it could not be written. */
  write(hash: string, reply: SeriesReply): boolean {
    const path = this.#path(hash);
    const draft = `${path}.${process.pid}`;
    try {
      mkdirSync(this.#folder, { recursive: true });
      writeFileSync(draft, encodeSeriesFile(hash, reply));
      renameSync(draft, path);
      return true;
    } catch {
      removeQuietly(draft);
      return false;
    }
  }

  /** Forgets a result. */
  drop(hash: string): void {
    removeQuietly(this.#path(hash));
  }

  /** Removes what was used longest ago until at most `bytesMax` are kept, and drafts that a killed run left. */
  prune(bytesMax: number = CACHE_BYTES_MAX): void {
    let left = bytesMax;
    for (const { path, bytes, usedMs, isDraft } of this.#files()) {
      left -= bytes;
      if (isDraft ? this.#nowMs - usedMs > DRAFT_AGE_MS : left < 0) removeQuietly(path);
    }
  }

  /** Latest use first. */
  #files(): readonly CacheFile[] {
    try {
      return readdirSync(this.#folder)
        .filter((name) => name.includes(SUFFIX))
        .map((name) => {
          const path = join(this.#folder, name);
          const { size, mtimeMs } = statSync(path);
          return { path, bytes: size, usedMs: mtimeMs, isDraft: !name.endsWith(SUFFIX) };
        })
        .sort((a, b) => b.usedMs - a.usedMs);
    } catch {
      return [];
    }
  }

  #path(hash: string): string {
    return join(this.#folder, `${hash}${SUFFIX}`);
  }
}

/** What cannot be removed stays. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The folder is no folder, or not ours.
  }
}
