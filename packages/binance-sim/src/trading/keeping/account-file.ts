import { closeSync, existsSync, openSync, readSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";
import { makeFolder } from "./folder-lock.ts";
import { keptText, readKept } from "./kept-json.ts";
import type { KeptJournal, KeptRow, Stamp } from "./rows.ts";

const FORMAT = 1;
const NAME = "account.jsonl";
const CHUNK_BYTES = 1 << 20;
const NEWLINE = 10;
/** The file is written anew when it has grown by this, and to twice what it was. */
const GROWTH_BYTES_MIN = 16 << 20;
/** Accounts that are over are kept in so many files beside it at most. */
const RETIRED_MAX = 1000;

/** What the account belongs to. */
export interface FileHead {
  readonly format: number;
  /** Everything that prices follow from; another market has another account. */
  readonly market: string;
  /** Open time of the market's minute 0, ms. */
  readonly marketStartMs: number;
}

/** A file as it was left. */
export interface KeptAccount {
  readonly head: FileHead;
  readonly stamp: Stamp;
  readonly rows: readonly KeptRow[];
}

/**
 * What is kept of the account, in one file: what it belongs to, everything that stood when the file was begun, then what has
 * changed since, one call a line. A line counts when it is whole, so kill -9 loses nothing that was answered. The beginning
 * is written beside the file and takes its place at once.
 *
 *   {"format":1,"market":"...","marketStartMs":...}
 *   [clockMs, tickedMs, [row, row, ...]]
 */
export class AccountFile implements KeptJournal {
  readonly #path: string;
  readonly #head: FileHead;
  readonly #stamp: () => Stamp;
  #rows: KeptRow[] = [];
  #fd: number | null = null;
  #bytes = 0;
  #firstBytes = 0;

  constructor(folder: string, head: Omit<FileHead, "format">, stamp: () => Stamp) {
    this.#path = join(folder, NAME);
    this.#head = { format: FORMAT, ...head };
    this.#stamp = stamp;
  }

  add(row: KeptRow): void {
    this.#rows.push(row);
  }

  /** Writes what was added as one line: from here on it survives this process. */
  commit(): void {
    if (this.#rows.length === 0 || this.#fd === null) return;
    const rows = this.#rows;
    this.#rows = [];
    this.#bytes += writeAll(this.#fd, this.#line(rows));
  }

  /** It has grown so much that it should be begun anew. */
  get isLarge(): boolean {
    return this.#bytes > Math.max(2 * this.#firstBytes, this.#firstBytes + GROWTH_BYTES_MIN);
  }

  /** Begins the file anew with everything that stands. */
  begin(rows: Iterable<KeptRow>): void {
    const draft = `${this.#path}.draft`;
    const fd = openSync(draft, "w", 0o600);
    let bytes = writeAll(fd, `${keptText(this.#head)}\n`);
    let lines: string[] = [];
    for (const row of rows) {
      lines.push(this.#line([row]));
      if (lines.length < 1000) continue;
      bytes += writeAll(fd, lines.join(""));
      lines = [];
    }
    // The last line says the time, be there rows or not.
    bytes += writeAll(fd, lines.join("") + this.#line([]));
    renameSync(draft, this.#path);
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = fd;
    this.#rows = [];
    this.#bytes = this.#firstBytes = bytes;
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }

  #line(rows: readonly KeptRow[]): string {
    const { clockMs, tickedMs } = this.#stamp();
    return `${keptText([clockMs, tickedMs, rows])}\n`;
  }
}

/** What a folder holds; null: nothing. Throws SmcqError `SIM_ACCOUNT` for a file that says something else, and for what is no folder. */
export function readAccount(folder: string): KeptAccount | null {
  const path = join(folder, NAME);
  makeFolder(folder);
  if (!existsSync(path)) return null;
  let head: FileHead | null = null;
  let stamp: Stamp | null = null;
  const rows: KeptRow[] = [];
  let number = 0;
  for (const text of wholeLines(path)) {
    number++;
    const read = parsed(text, path, number);
    if (head === null) head = headOf(read, path);
    else {
      const [clockMs, tickedMs, own] = read as readonly [number, number, readonly KeptRow[]];
      stamp = { clockMs, tickedMs };
      for (const row of own) rows.push(row);
    }
  }
  if (head === null || stamp === null) throw unreadable(path, "it has no beginning");
  return { head, stamp, rows };
}

/** Puts the account of a folder aside; returns the name of its file from now on, null where there is none. */
export function retireAccount(folder: string): string | null {
  const path = join(folder, NAME);
  if (!existsSync(path)) return null;
  for (let number = 1; number <= RETIRED_MAX; number++) {
    const name = `account.${number}.jsonl`;
    if (existsSync(join(folder, name))) continue;
    renameSync(path, join(folder, name));
    return name;
  }
  throw new SmcqError("SIM_ACCOUNT", `${folder} holds ${RETIRED_MAX} accounts that are over: remove some`);
}

function parsed(text: string, path: string, number: number): unknown {
  try {
    return readKept(text);
  } catch (error) {
    throw unreadable(path, `line ${number}: ${errorMessage(error)}`);
  }
}

function headOf(read: unknown, path: string): FileHead {
  const head = read as Partial<FileHead> | null;
  if (head?.format !== FORMAT || typeof head.market !== "string" || typeof head.marketStartMs !== "number")
    throw unreadable(path, `it does not begin as one of format ${FORMAT}`);
  return head as FileHead;
}

function unreadable(path: string, why: string): SmcqError {
  return new SmcqError("SIM_ACCOUNT", `${path} is no account that can be read: ${why}`);
}

/** The lines of a file; what a kill has left unfinished at its end is none. */
function* wholeLines(path: string): Iterable<string> {
  const fd = openSync(path, "r");
  try {
    let rest = Buffer.alloc(0);
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const length = readSync(fd, chunk, 0, CHUNK_BYTES, null);
      if (length === 0) return;
      rest = Buffer.concat([rest, chunk.subarray(0, length)]);
      let start = 0;
      for (let at = rest.indexOf(NEWLINE); at >= 0; at = rest.indexOf(NEWLINE, start)) {
        yield rest.toString("utf8", start, at);
        start = at + 1;
      }
      rest = rest.subarray(start);
    }
  } finally {
    closeSync(fd);
  }
}

/** Writes all of a text; returns its bytes. Throws SmcqError `SIM_ACCOUNT`, for instance on a full disk. */
function writeAll(fd: number, text: string): number {
  const bytes = Buffer.from(text, "utf8");
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
  } catch (cause) {
    const code = errorCode(cause);
    throw new SmcqError("SIM_ACCOUNT", `the account cannot be kept (${code}): ${errorMessage(cause)}`, {
      cause,
    });
  }
  return bytes.length;
}
