import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { constants, crc32, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { errorCode, errorMessage, type Month, monthEndMs, monthStartMs, SmcqError } from "@smcq/kernel";
import { blockBytesMax, decodeColumns, encodeColumns } from "./columns.ts";
import { type Kind, KINDS } from "./kinds.ts";

/** First bytes of every file of any version. */
const MAGIC = "SMQHIST\0";
/** Rises with every change of what follows; an older engine refuses a newer file by name. */
const VERSION = 1;
/** Magic, version, length of the header, crc32 of the header. */
const PREFIX_BYTES: number = MAGIC.length + 12;
/** A month has 11 blocks. */
const HEADER_BYTES_MAX = 262_144;
/** Files that the rows of a month may have come from: its days and what people put to them. */
export const MONTH_SOURCES_MAX = 300;
/** Rows that are packed together, and that a reader holds: three days of minutes less a little. */
export const BLOCK_ROWS = 4_096;
/** Measured on real bars: 5.3 bytes a bar, as small as level 9; deflate takes the same and packs four times slower. */
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };

/** Where rows of a month came from. */
export interface MonthSource {
  /** A file's name without its folder, or what else it was. */
  readonly name: string;
  /** Of the file's bytes; null where there was no file. */
  readonly sha256: string | null;
}

/** A block of a file: rows, their place in the file, the bounds of their times. */
export interface BlockEntry {
  readonly rows: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly bytes: number;
  readonly crc32: number;
}

/** What a file says about itself. */
export interface MonthHeader {
  readonly kind: Kind;
  readonly symbol: string;
  readonly month: Month;
  readonly rows: number;
  readonly columns: readonly string[];
  readonly sources: readonly MonthSource[];
  /** The sources cover the whole month: nothing more is to come from them. */
  readonly isWhole: boolean;
  /** REST was asked for the minutes that the sources lack; what is missing still does not exist. */
  readonly isFilled: boolean;
  readonly blocks: readonly BlockEntry[];
}

/** A month's rows with where they came from; `rows` are flat, ascending in time, all of the month. */
export interface MonthContent extends Pick<
  MonthHeader,
  "kind" | "symbol" | "month" | "sources" | "isWhole" | "isFilled"
> {
  readonly rows: Float64Array;
}

/** An opened file: its header was checked, and its length is right. */
export interface OpenMonth {
  readonly path: string;
  readonly header: MonthHeader;
  /**
   * The rows of a block, at the beginning of `into` where it is given (a block's numbers have room in it), else in new memory.
   * HISTORY_DAMAGED when they are not what was written.
   */
  block(index: number, into?: Float64Array): Float64Array;
  close(): void;
}

/** The bytes of a month's file; the same content gives the same bytes. */
export function encodeMonth({ rows, ...content }: MonthContent): Buffer {
  const { fields, columns } = KINDS[content.kind];
  if (content.sources.length > MONTH_SOURCES_MAX)
    throw new SmcqError(
      "HISTORY_SOURCES",
      `${content.symbol} ${content.month} would come from ${content.sources.length} files, ${MONTH_SOURCES_MAX} at most: join them first`,
    );
  const blocks: BlockEntry[] = [];
  const bodies: Buffer[] = [];
  for (let at = 0; at < rows.length; at += BLOCK_ROWS * fields) {
    const own = rows.subarray(at, at + BLOCK_ROWS * fields);
    const body = zstdCompressSync(encodeColumns(own, fields), ZSTD);
    bodies.push(body);
    blocks.push({
      rows: own.length / fields,
      firstMs: own[0] as number,
      lastMs: own[own.length - fields] as number,
      bytes: body.length,
      crc32: crc32(body),
    });
  }
  const { kind, symbol, month, sources, isWhole, isFilled } = content;
  const count = rows.length / fields;
  const header: MonthHeader = {
    kind,
    symbol,
    month,
    rows: count,
    columns,
    sources,
    isWhole,
    isFilled,
    blocks,
  };
  const json = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.write(MAGIC, "latin1");
  prefix.writeUInt32LE(VERSION, MAGIC.length);
  prefix.writeUInt32LE(json.length, MAGIC.length + 4);
  prefix.writeUInt32LE(crc32(json), MAGIC.length + 8);
  return Buffer.concat([prefix, json, ...bodies]);
}

/**
 * Opens a month's file. HISTORY_DAMAGED: cut, damaged, or another thing; HISTORY_VERSION: written by a newer engine;
 * HISTORY_READ: it cannot be read.
 */
export function openMonth(path: string): OpenMonth {
  const handle = guarded(path, () => openSync(path, "r"));
  try {
    const header = readHeader(path, handle);
    const starts = [PREFIX_BYTES + headerBytes(path, handle)];
    for (const { bytes } of header.blocks) starts.push((starts.at(-1) as number) + bytes);
    const size = guarded(path, () => fstatSync(handle)).size;
    if (size !== starts.at(-1)) throw damaged(path, `it has ${size} bytes, ${starts.at(-1)} belong to it`);
    return {
      path,
      header,
      block: (index, into) =>
        readBlock({ path, handle, header }, { index, at: starts[index] as number, into }),
      close: () => closeSync(handle),
    };
  } catch (error) {
    closeSync(handle);
    throw error;
  }
}

function headerBytes(path: string, handle: number): number {
  return readExactly(path, handle, { at: 0, bytes: PREFIX_BYTES }).readUInt32LE(MAGIC.length + 4);
}

function readHeader(path: string, handle: number): MonthHeader {
  const prefix = readExactly(path, handle, { at: 0, bytes: PREFIX_BYTES });
  if (prefix.toString("latin1", 0, MAGIC.length) !== MAGIC) throw damaged(path, "it is no file of the store");
  const version = prefix.readUInt32LE(MAGIC.length);
  if (version > VERSION)
    throw new SmcqError(
      "HISTORY_VERSION",
      `${path}: version ${version} of the store; this engine reads up to ${VERSION}`,
      { context: { file: path } },
    );
  const bytes = prefix.readUInt32LE(MAGIC.length + 4);
  if (version < 1 || bytes > HEADER_BYTES_MAX) throw damaged(path, "its header is damaged");
  const json = readExactly(path, handle, { at: PREFIX_BYTES, bytes });
  if (crc32(json) !== prefix.readUInt32LE(MAGIC.length + 8)) throw damaged(path, "its header is damaged");
  // Its sum is right, so that it is what was written.
  return JSON.parse(json.toString("utf8")) as MonthHeader;
}

function readBlock(
  { path, handle, header }: { readonly path: string; readonly handle: number; readonly header: MonthHeader },
  {
    index,
    at,
    into,
  }: { readonly index: number; readonly at: number; readonly into: Float64Array | undefined },
): Float64Array {
  const entry = header.blocks[index] as BlockEntry;
  const { fields } = KINDS[header.kind];
  const body = readExactly(path, handle, { at, bytes: entry.bytes });
  if (crc32(body) !== entry.crc32) throw damaged(path, `block ${index + 1} is damaged: its checksum differs`);
  const length = entry.rows * fields;
  const rows = into === undefined ? new Float64Array(length) : into.subarray(0, length);
  let plain: Buffer;
  try {
    plain = zstdDecompressSync(body, { maxOutputLength: blockBytesMax(fields, entry.rows) });
  } catch (error) {
    throw damaged(path, `block ${index + 1} does not unpack: ${errorMessage(error)}`);
  }
  if (!decodeColumns(plain, rows, fields)) throw damaged(path, `block ${index + 1} is no block of columns`);
  checkTimes(path, rows, header);
  return rows;
}

/** Times of a block are what everything after it trusts. */
function checkTimes(path: string, rows: Float64Array, { kind, month }: MonthHeader): void {
  const { fields, stepMs } = KINDS[kind];
  let lastMs = monthStartMs(month) - 1;
  const endMs = monthEndMs(month);
  for (let at = 0; at < rows.length; at += fields) {
    const timeMs = rows[at] as number;
    if (!(timeMs > lastMs && timeMs < endMs && timeMs % stepMs === 0))
      throw damaged(path, `a time of it (${timeMs}) is not one of ${month}, in order`);
    lastMs = timeMs;
  }
}

function readExactly(
  path: string,
  handle: number,
  { at, bytes }: { readonly at: number; readonly bytes: number },
): Buffer {
  const buffer = Buffer.alloc(bytes);
  let read = 0;
  while (read < bytes) {
    const step = guarded(path, () => readSync(handle, buffer, read, bytes - read, at + read));
    if (step === 0) throw damaged(path, `it is cut: it ends after ${at + read} bytes`);
    read += step;
  }
  return buffer;
}

/** What a file that is not what was written is refused with. */
export function damaged(path: string, what: string): SmcqError {
  return new SmcqError("HISTORY_DAMAGED", `${path}: ${what}`, { context: { file: path } });
}

function guarded<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new SmcqError("HISTORY_READ", `cannot read ${path}: ${errorMessage(error)}`, {
      context: { file: path, cause: errorCode(error) },
      cause: error,
    });
  }
}
