import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";
import { type Bytes, type UnpackLimits, zipBytes } from "./zip-bytes.ts";

const CHUNK_BYTES = 256 * 1_024;
/** What a packed file may unpack to: 16 years of minute bars; a small file that holds more was made to do harm. */
export const UNPACKED_BYTES_MAX: number = 1_024 ** 3;
/** The longest of the marks below. */
const MARK_BYTES = 6;
const UTF8_MARK = "efbbbf";
const GZIP_MARK = "1f8b";
const ZIP_MARK = "504b0304";
const EMPTY_ZIP_MARK = "504b0506";
/** What the first bytes say that a file is, where it is nothing that is read. */
const OTHER_MARKS: readonly (readonly [string, string])[] = [
  [GZIP_MARK, "gzip once more: unpack it first"],
  [ZIP_MARK, "a zip archive: unpack it first"],
  ["504b0708", "one part of a split zip archive: join the parts first"],
  ["fffe", "UTF-16 text: save it as UTF-8"],
  ["feff", "UTF-16 text: save it as UTF-8"],
  ["28b52ffd", "packed by zstd: unpack it first"],
  ["fd377a585a00", "packed by xz: unpack it first"],
  ["425a68", "packed by bzip2: unpack it first"],
  ["377abcaf271c", "a 7z archive: unpack it first"],
  ["526172211a07", "a rar archive: unpack it first"],
  ["50415231", "a Parquet file: write it as CSV first"],
];

export interface OpenBytesOptions {
  /** Of the refusals of what is no text of one file, such as KLINES_FORMAT. */
  readonly code: string;
  readonly unpackedBytesMax?: number;
  /** Bytes of the file that were read so far, as they stand in it. */
  readonly onRead?: (bytes: number) => void;
}

/**
 * The bytes of a text file, judged by its first bytes and not by its name: gzip (of any number of members) and the one
 * `.csv` of a zip archive are unpacked, a UTF-8 byte order mark is left out. What is packed in another way, or twice, or
 * is no UTF-8 is refused with `code`, saying what it is.
 */
export async function* openBytes(path: string, options: OpenBytesOptions): Bytes {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const refuse = (text: string): SmcqError =>
    new SmcqError(options.code, `${path}: ${text}`, { context: { file: path } });
  const { onRead, unpackedBytesMax: bytesMax = UNPACKED_BYTES_MAX } = options;
  const limits = { bytesMax, refuse, ...(onRead === undefined ? {} : { onRead }) };
  try {
    const { mark, bytes } = await looked(file);
    const heard = onRead === undefined ? bytes : told(bytes, onRead);
    if (mark.startsWith(GZIP_MARK)) yield* textOf(gunzipped(heard, limits), "unpacked it is", refuse);
    else if (mark.startsWith(ZIP_MARK) || mark.startsWith(EMPTY_ZIP_MARK))
      yield* textOf(zipBytes(path, limits), "its .csv is", refuse);
    else yield* textOf(heard, "it is", refuse);
  } finally {
    file.destroy();
  }
}

async function* told(file: Bytes, onRead: (bytes: number) => void): Bytes {
  let bytes = 0;
  for await (const chunk of file) {
    bytes += chunk.length;
    onRead(bytes);
    yield chunk;
  }
}

async function* gunzipped(packed: Bytes, { bytesMax, refuse }: UnpackLimits): Bytes {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  // A failure of either stream destroys the other and reaches the reader of the last one.
  pipeline(Readable.from(packed), gunzip, () => undefined);
  let length = 0;
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > bytesMax) throw refuse(`it unpacks to more than ${bytesMax} bytes`);
      yield chunk;
    }
  } catch (error) {
    if (!errorCode(error)?.startsWith("Z_")) throw error;
    throw refuse(`a gzip file that is cut or damaged: ${errorMessage(error)}`);
  }
}

/** Bytes behind their byte order mark; refuses what the first of them say to be no text. */
async function* textOf(source: Bytes, what: string, refuse: UnpackLimits["refuse"]): Bytes {
  const { mark, bytes } = await looked(source);
  const other = OTHER_MARKS.find(([begin]) => mark.startsWith(begin));
  if (other !== undefined) throw refuse(`${what} ${other[1]}`);
  if (!mark.startsWith(UTF8_MARK)) {
    yield* bytes;
    return;
  }
  let skipped = UTF8_MARK.length / 2;
  for await (const chunk of bytes) {
    yield chunk.subarray(skipped);
    skipped = 0;
  }
}

/** The first bytes in hex, and all of them: the first piece holds the whole mark where there are so many. */
async function looked(
  source: AsyncIterable<Buffer>,
): Promise<{ readonly mark: string; readonly bytes: Bytes }> {
  const rest = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < MARK_BYTES) {
    const step = await rest.next();
    if (step.done === true) break;
    head = head.length === 0 ? step.value : Buffer.concat([head, step.value]);
  }
  const mark = head.subarray(0, MARK_BYTES).toString("hex");
  return { mark, bytes: joined(head, rest) };
}

async function* joined(head: Buffer, rest: AsyncIterator<Buffer>): Bytes {
  try {
    yield head;
    for (let step = await rest.next(); step.done !== true; step = await rest.next()) yield step.value;
  } finally {
    await rest.return?.();
  }
}
