import type { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";
import { type Entry, open, type ZipFile } from "yauzl";

/** The bytes of a file, piece by piece; what was opened for them is closed when their reader stops. */
export type Bytes = AsyncGenerator<Buffer, void, undefined>;

/** What an unpacker needs to know: how much may come out, and how to say no. */
export interface UnpackLimits {
  readonly bytesMax: number;
  readonly refuse: (text: string) => SmcqError;
  /** Packed bytes that were read so far, by the share that has come out. */
  readonly onRead?: (bytes: number) => void;
}

/** Files that an archive may hold; the public archive packs one. */
export const ZIP_ENTRIES_MAX = 1_000;
const NAMES_SHOWN_MAX = 5;
const NAME_CHARS_MAX = 80;

/**
 * Yields the only CSV file of a zip archive. Refuses, naming what it is, any other archive: cut, encrypted, packed by
 * a method that is not inflate, with several CSV files or none, larger than the limits; and damaged bytes at the end.
 */
export async function* zipBytes(path: string, limits: UnpackLimits): Bytes {
  let zip: ZipFile | null = null;
  try {
    zip = await openZip(path);
    const entry = onlyCsv(await entriesOf(zip, limits), limits);
    yield* checked(await readEntry(zip, entry), entry, limits);
  } catch (error) {
    // Yauzl says in words what is wrong with the archive; the file system's own faults have a code and are passed on.
    if (error instanceof SmcqError || errorCode(error)?.startsWith("E") === true) throw error;
    throw limits.refuse(`a zip archive that is cut or damaged: ${errorMessage(error)}`);
  } finally {
    zip?.close();
  }
}

function openZip(path: string): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    open(path, { lazyEntries: true, autoClose: false }, (error, zip) => {
      if (error) reject(error);
      else resolve(zip);
    });
  });
}

function entriesOf(zip: ZipFile, { refuse }: UnpackLimits): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    zip.on("entry", (entry: Entry) => {
      if (entries.push(entry) > ZIP_ENTRIES_MAX)
        reject(refuse(`a zip archive of more than ${ZIP_ENTRIES_MAX} files`));
      else zip.readEntry();
    });
    zip.once("end", () => resolve(entries));
    zip.once("error", reject);
    zip.readEntry();
  });
}

/** What a Mac adds for each file of an archive is no file of anybody's. */
function isCsv({ fileName }: Entry): boolean {
  return /\.csv$/iu.test(fileName) && !/(?:^|\/)(?:__MACOSX\/|\._)/u.test(fileName);
}

function onlyCsv(entries: readonly Entry[], { bytesMax, refuse }: UnpackLimits): Entry {
  const [entry, second] = entries.filter(isCsv);
  const named = (list: readonly Entry[]): string => {
    const names = list.slice(0, NAMES_SHOWN_MAX).map(({ fileName }) => shown(fileName));
    return list.length > names.length
      ? `${names.join(", ")} and ${list.length - names.length} more`
      : names.join(", ");
  };
  if (entry === undefined)
    throw refuse(
      `a zip archive without a .csv file; it holds ${entries.length === 0 ? "nothing" : named(entries)}`,
    );
  if (second !== undefined)
    throw refuse(
      `holds ${entries.filter(isCsv).length} .csv files, wanted one: ${named(entries.filter(isCsv))}`,
    );
  const name = shown(entry.fileName);
  if (entry.isEncrypted()) throw refuse(`${name} in the zip archive is encrypted: unpack it first`);
  if (!entry.canDecodeFileData())
    throw refuse(
      `${name} is packed by zip method ${entry.compressionMethod}, which is not read: unpack it first`,
    );
  if (entry.uncompressedSize > bytesMax)
    throw refuse(`${name} unpacks to ${entry.uncompressedSize} bytes, ${bytesMax} are read at most`);
  return entry;
}

/** A name out of a file of others: quoted, so that control characters in it cannot forge a line. */
function shown(name: string): string {
  const text = JSON.stringify(name.slice(0, NAME_CHARS_MAX));
  return text.replaceAll(/\p{C}/gu, (mark) => `\\u{${(mark.codePointAt(0) ?? 0).toString(16)}}`);
}

function readEntry(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error) reject(error);
      else resolve(stream);
    });
  });
}

async function* checked(stream: Readable, entry: Entry, { refuse, onRead }: UnpackLimits): Bytes {
  let [checksum, length] = [0, 0];
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    checksum = crc32(chunk, checksum);
    length += chunk.length;
    onRead?.(Math.round((length / entry.uncompressedSize) * entry.compressedSize));
    yield chunk;
  }
  if (checksum !== entry.crc32) throw refuse(`${shown(entry.fileName)} is damaged: its checksum differs`);
}
