import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { crc32, createGunzip } from "node:zlib";
import { SmcqError } from "@smcq/kernel";
import { type Entry, open, type ZipFile } from "yauzl";

const CHUNK_BYTES = 256 * 1_024;

/** The bytes of a file as they were packed: `.gz` is unzipped, and so is the one `.csv` in a `.zip`. */
export async function openBytes(path: string): Promise<Readable> {
  if (path.endsWith(".zip")) return Readable.from(zipBytes(path), { objectMode: false });
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  if (!path.endsWith(".gz")) return file;
  // A failure of either stream destroys the other and reaches the reader of the last one.
  return pipeline(file, createGunzip({ chunkSize: CHUNK_BYTES }), () => undefined);
}

/** Yields the only CSV file of an archive; refuses with KLINES_FORMAT any other archive, and damaged bytes at the end. */
async function* zipBytes(path: string): AsyncGenerator<Buffer, void, undefined> {
  const zip = await openZip(path);
  try {
    const entries = await csvEntries(zip);
    const [entry] = entries;
    if (entry === undefined || entries.length > 1)
      throw fault(path, `holds ${entries.length} .csv files, wanted one`);
    let checksum = 0;
    for await (const chunk of (await readEntry(zip, entry)) as AsyncIterable<Buffer>) {
      checksum = crc32(chunk, checksum);
      yield chunk;
    }
    if (checksum !== entry.crc32) throw fault(path, `${entry.fileName} is damaged: its checksum differs`);
  } finally {
    zip.close();
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

function csvEntries(zip: ZipFile): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    zip.on("entry", (entry: Entry) => {
      if (entry.fileName.endsWith(".csv")) entries.push(entry);
      zip.readEntry();
    });
    zip.once("end", () => resolve(entries));
    zip.once("error", reject);
    zip.readEntry();
  });
}

function readEntry(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (error) reject(error);
      else resolve(stream);
    });
  });
}

function fault(path: string, text: string): SmcqError {
  return new SmcqError("KLINES_FORMAT", `${path}: ${text}`, { context: { file: path } });
}
