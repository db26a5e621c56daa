import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { SmcqError } from "@smcq/kernel";

/**
 * A series of the bundle: closed M1 bars without a gap, as integers at the file's decimals.
 *
 * File = brotli of:
 * ```
 *  0  4 bytes   magic "SMK1"
 *  4  u32 LE    n, the number of bars
 *  8  f64 LE    open time of the first bar as recorded, UTC ms
 * 16  i32 LE    whole days by which the series is shifted to the common start
 * 20  u8        decimals of prices (value = units / 10^decimals)
 * 21  u8        decimals of volumes
 * 22  u16       0
 * 24  5 columns, each u32 LE byte length, then n varints (7 bits a byte, low bits first, 0x80 = more):
 *       gap     zigzag(open - previous close; the first one against 0)
 *       body    zigzag(close - open)
 *       upper   high - max(open, close)
 *       lower   min(open, close) - low
 *       volume  volume
 * ```
 */
export interface SeriesColumns {
  readonly firstOpenMs: number;
  readonly shiftDays: number;
  readonly priceDecimals: number;
  readonly volumeDecimals: number;
  readonly open: Int32Array;
  readonly high: Int32Array;
  readonly low: Int32Array;
  readonly close: Int32Array;
  readonly volume: Float64Array;
}

const MAGIC = 0x314b4d53;
const HEADER_BYTES = 24;
const COLUMN_COUNT = 5;
const BARS_MAX = 1_000_000;

const zigzag = (value: number): number => (value >= 0 ? value * 2 : -value * 2 - 1);
const unzigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

function encodeColumn(values: ArrayLike<number>): Buffer {
  const bytes: number[] = [];
  for (let index = 0; index < values.length; index++) {
    let left = values[index] as number;
    if (!Number.isSafeInteger(left) || left < 0)
      throw new RangeError(`column value must be an integer >= 0: ${left}`);
    while (left >= 128) {
      bytes.push((left % 128) | 0x80);
      left = Math.floor(left / 128);
    }
    bytes.push(left);
  }
  const body = Buffer.from(bytes);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}

/** Packs a series; refuses values that are not integers of the format. */
export function encodeSeries(series: SeriesColumns): Buffer {
  const { open, high, low, close, volume } = series;
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt32LE(open.length, 4);
  header.writeDoubleLE(series.firstOpenMs, 8);
  header.writeInt32LE(series.shiftDays, 16);
  header.writeUInt8(series.priceDecimals, 20);
  header.writeUInt8(series.volumeDecimals, 21);
  const at = (column: Int32Array, index: number): number => (index < 0 ? 0 : (column[index] as number));
  const indices = Array.from(open, (_, index) => index);
  const columns = [
    indices.map((index) => zigzag(at(open, index) - at(close, index - 1))),
    indices.map((index) => zigzag(at(close, index) - at(open, index))),
    indices.map((index) => at(high, index) - Math.max(at(open, index), at(close, index))),
    indices.map((index) => Math.min(at(open, index), at(close, index)) - at(low, index)),
    volume,
  ];
  const raw = Buffer.concat([header, ...columns.map(encodeColumn)]);
  return brotliCompressSync(raw, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 22,
      [constants.BROTLI_PARAM_SIZE_HINT]: raw.length,
    },
  });
}

function broken(reason: string): never {
  throw new SmcqError("BUNDLE_FORMAT", `not a bundled series: ${reason}`);
}

function decodeColumn(raw: Buffer, offset: number, out: Float64Array): number {
  if (offset + 4 > raw.length) broken("column header is cut off");
  const endByte = offset + 4 + raw.readUInt32LE(offset);
  if (endByte > raw.length) broken("column is cut off");
  let at = offset + 4;
  for (let index = 0; index < out.length; index++) {
    let value = 0;
    let weight = 1;
    for (;;) {
      if (at >= endByte) broken("column ends early");
      const byte = raw[at++] as number;
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) break;
      weight *= 128;
    }
    out[index] = value;
  }
  if (at !== endByte) broken("column is too long");
  return endByte;
}

function inflate(file: Uint8Array): Buffer {
  try {
    return brotliDecompressSync(file);
  } catch (cause) {
    throw new SmcqError("BUNDLE_FORMAT", "not a bundled series: not brotli, or cut off", { cause });
  }
}

/** Unpacks a series; throws SmcqError `BUNDLE_FORMAT` on anything that is not one. */
export function decodeSeries(file: Uint8Array): SeriesColumns {
  const raw = inflate(file);
  if (raw.length < HEADER_BYTES || raw.readUInt32LE(0) !== MAGIC) broken("magic is wrong");
  const count = raw.readUInt32LE(4);
  if (count < 1 || count > BARS_MAX) broken(`bar count ${count} is outside 1..${BARS_MAX}`);
  const columns: Float64Array[] = [];
  let offset = HEADER_BYTES;
  for (let index = 0; index < COLUMN_COUNT; index++) {
    const column = new Float64Array(count);
    offset = decodeColumn(raw, offset, column);
    columns.push(column);
  }
  if (offset !== raw.length) broken("bytes follow the last column");
  const [gap, body, upper, lower, volume] = columns as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const open = new Int32Array(count);
  const high = new Int32Array(count);
  const low = new Int32Array(count);
  const close = new Int32Array(count);
  let previousClose = 0;
  for (let index = 0; index < count; index++) {
    const opened = previousClose + unzigzag(gap[index] as number);
    const closed = opened + unzigzag(body[index] as number);
    open[index] = opened;
    close[index] = closed;
    high[index] = Math.max(opened, closed) + (upper[index] as number);
    low[index] = Math.min(opened, closed) - (lower[index] as number);
    previousClose = closed;
  }
  return {
    firstOpenMs: raw.readDoubleLE(8),
    shiftDays: raw.readInt32LE(16),
    priceDecimals: raw.readUInt8(20),
    volumeDecimals: raw.readUInt8(21),
    open,
    high,
    low,
    close,
    volume,
  };
}
