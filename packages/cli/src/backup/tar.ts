import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { damaged } from "./manifest.ts";
import { OWNER_FILE, type Pieces } from "./whole-files.ts";

/*
 * A backup as one file, in the form that every `tar` reads (POSIX ustar; a size above 8 GiB in GNU's base-256):
 *
 *   header 512 | bytes, filled up to 512 | header | bytes | ... | 1024 zeros
 */
const BLOCK = 512;
const CHUNK_BYTES = 1 << 20;
const NAME_BYTES_MAX = 100;
const OCTAL_SIZE_MAX = 0o77777777777;

interface TarEntry {
  readonly path: string;
  readonly bytes: number;
}

function checksum(header: Buffer): number {
  const spaced = Buffer.from(header);
  spaced.fill(" ", 148, 156);
  return spaced.reduce((sum, byte) => sum + byte, 0);
}

function headerOf({ path, bytes }: TarEntry): Buffer {
  const header = Buffer.alloc(BLOCK);
  if (Buffer.byteLength(path) > NAME_BYTES_MAX)
    throw damaged(path, `a name has at most ${NAME_BYTES_MAX} bytes`);
  header.write(path, 0);
  header.write(`0000${OWNER_FILE.toString(8)}\0`, 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  if (bytes <= OCTAL_SIZE_MAX) header.write(`${bytes.toString(8).padStart(11, "0")}\0`, 124);
  else {
    header.writeUInt8(0x80, 124);
    header.writeBigUInt64BE(BigInt(bytes), 128);
  }
  header.write("00000000000\0", 136);
  header.write("0ustar\u000000", 156);
  header.write(`${checksum(header).toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

/** Writes files into a new archive, to the disk. Each has to have the length that is said. */
export function writeTar(to: string, entries: readonly (TarEntry & { readonly pieces: Pieces })[]): void {
  const handle = openSync(to, "wx", OWNER_FILE);
  const write = (piece: Uint8Array): void => {
    for (let at = 0; at < piece.length;) at += writeSync(handle, piece, at);
  };
  try {
    for (const { pieces, ...entry } of entries) {
      write(headerOf(entry));
      pieces(write);
      write(Buffer.alloc((BLOCK - (entry.bytes % BLOCK)) % BLOCK));
    }
    write(Buffer.alloc(2 * BLOCK));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function sizeOf(header: Buffer): number {
  if (header[124] === 0x80) return Number(header.readBigUInt64BE(128));
  return Number.parseInt(header.toString("latin1", 124, 135), 8);
}

function entryOf(header: Buffer, place: string): TarEntry {
  const stated = Number.parseInt(header.toString("latin1", 148, 154), 8);
  if (stated !== checksum(header)) throw damaged(place, "a header of the archive does not have its sum");
  const end = header.indexOf(0);
  const path = header.toString("utf8", 0, Math.min(end < 0 ? NAME_BYTES_MAX : end, NAME_BYTES_MAX));
  const bytes = sizeOf(header);
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw damaged(place, `${path} has no length`);
  return { path, bytes };
}

/** Hands on each file of an archive in order: its path, and its bytes, which have to be taken before the next one comes. */
export function readTar(place: string, take: (path: string, bytes: number, pieces: Pieces) => void): void {
  const handle = openSync(place, "r");
  try {
    const { size } = fstatSync(handle);
    const header = Buffer.alloc(BLOCK);
    for (let at = 0; ;) {
      if (readSync(handle, header, 0, BLOCK, at) < BLOCK) throw damaged(place, "its end is missing");
      if (header.every((byte) => byte === 0)) return;
      const { path, bytes } = entryOf(header, place);
      const start = at + BLOCK;
      if (start + bytes > size) throw damaged(place, `${path} is cut off`);
      take(path, bytes, (hand) => {
        const buffer = Buffer.alloc(CHUNK_BYTES);
        for (let done = 0; done < bytes;) {
          const read = readSync(handle, buffer, 0, Math.min(CHUNK_BYTES, bytes - done), start + done);
          if (read === 0) throw damaged(place, `${path} is cut off`);
          hand(buffer.subarray(0, read));
          done += read;
        }
      });
      at = start + Math.ceil(bytes / BLOCK) * BLOCK;
    }
  } finally {
    closeSync(handle);
  }
}
