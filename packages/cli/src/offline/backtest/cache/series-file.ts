import { crc32 } from "node:zlib";
import { BAR_FIELDS } from "@smcq/kernel";
import type { BarSpan, CandidateColumns, SeriesBars, SeriesReply } from "../scan-series.ts";

/** First bytes of a file; the number changes with the layout. */
const MAGIC = "SMQSCAN2";
const PREFIX_BYTES = MAGIC.length + 8;

interface Header {
  readonly key: string;
  readonly symbol: string;
  readonly barCount: number;
  readonly candidates: number;
  readonly roundedBars: number;
  readonly span: BarSpan;
  /** Bars in the file; 0 where they are the store's. */
  readonly heldBars: number;
}

/** The columns of the candidates in the order of the file: the wide ones first, so that each lies on its own boundary. */
const COLUMNS = [
  ["openMs", Float64Array],
  ["score", Float64Array],
  ["invalidationPrice", Float64Array],
  ["atr", Float64Array],
  ["medianTurnover", Float64Array],
  ["bar", Int32Array],
  ["code", Int8Array],
] as const satisfies readonly (readonly [keyof CandidateColumns, unknown])[];

/**
 * A scanned series as the bytes of a file: magic, crc32 of what follows, length of the header, the header as JSON (padded to
 * 8), bars, columns; numbers as this machine has them.
 */
export function encodeSeriesFile(key: string, { series, roundedBars }: SeriesReply): Buffer {
  const { symbol, bars, barCount, span, candidates } = series;
  const flat = bars.type === "held" ? bars.flat : new Float64Array(0);
  const heldBars = flat.length / BAR_FIELDS;
  const header: Header = {
    key,
    symbol,
    barCount,
    candidates: candidates.count,
    roundedBars,
    span,
    heldBars,
  };
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, " ")]);
  const parts = [bytesOf(flat), ...COLUMNS.map(([name]) => bytesOf(candidates[name]))];
  const length = Buffer.alloc(4);
  length.writeUInt32LE(padded.length);
  const body = Buffer.concat([length, padded, ...parts]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(body));
  return Buffer.concat([Buffer.from(MAGIC), sum, body]);
}

/**
 * The series of a file that was written for `key`; null: damaged, cut short, or another one's. `stored` is where its bars
 * are, if they are the store's: they stand in no file of the cache.
 */
export function decodeSeriesFile(key: string, file: Buffer, stored: SeriesBars | null): SeriesReply | null {
  if (file.length < PREFIX_BYTES || file.toString("latin1", 0, MAGIC.length) !== MAGIC) return null;
  const body = file.subarray(MAGIC.length + 4);
  if (crc32(body) !== file.readUInt32LE(MAGIC.length)) return null;
  const headerEnd = 4 + body.readUInt32LE(0);
  // Its sum is right, so that it is what was written.
  const header = JSON.parse(body.toString("utf8", 4, headerEnd)) as Header;
  if (header.key !== key) return null;
  const { symbol, barCount, candidates: count, roundedBars, span, heldBars } = header;
  let at = headerEnd;
  /** A copy: typed arrays want their own boundaries. */
  const take = (bytes: number): ArrayBuffer => {
    const copy = new Uint8Array(bytes);
    copy.set(body.subarray(at, at + bytes));
    at += bytes;
    return copy.buffer;
  };
  const flat = new Float64Array(take(heldBars * BAR_FIELDS * 8));
  const columns = Object.fromEntries(
    COLUMNS.map(([name, Column]) => [name, new Column(take(count * Column.BYTES_PER_ELEMENT))]),
  ) as Omit<CandidateColumns, "count">;
  const bars: SeriesBars = stored ?? { type: "held", flat };
  return { series: { symbol, bars, barCount, span, candidates: { count, ...columns } }, roundedBars };
}

function bytesOf(array: Float64Array | Int32Array | Int8Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}
