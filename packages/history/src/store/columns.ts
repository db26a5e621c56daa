import { assert } from "@smcq/kernel";

/**
 * How a column of a block is written: 8 bytes of prefix (coding, decimal places, byte planes, 5 spare), the first value (float64), then
 * what the coding says. Bytes of one weight lie together (a plane), so that a compressor meets alike ones.
 */
const Coding = {
  /** Whole float64, as 8 planes. */
  Raw: 0,
  /** Whole numbers of 10^-places: differences from row to row, zigzag, in as many planes as the largest needs. */
  Deltas: 1,
  /** The same where each difference is the first one: one float64, the step. */
  Steps: 2,
} as const;

const PREFIX_BYTES = 16;
const STEP_BYTES = 8;
const PLACES_MAX = 15;
/** A zigzag difference stays exact in float64. */
const DELTA_MAX: number = 2 ** 51;
const WHOLE_MAX = Number.MAX_SAFE_INTEGER;
const RAW_PLANES = 8;
/** Planes whose numbers stay below 2^31. */
const SMALL_PLANES = 3;

/** Bytes of `count` rows at most, before compression. */
export function blockBytesMax(fields: number, count: number): number {
  return fields * (PREFIX_BYTES + RAW_PLANES * count);
}

/** Rows (`fields` numbers each, finite) as the bytes of columns; every value comes back bit for bit. */
export function encodeColumns(rows: Float64Array, fields: number): Uint8Array {
  const count = rows.length / fields;
  assert(Number.isInteger(count) && count > 0, "Invariant: a block holds whole rows");
  const out = new Uint8Array(blockBytesMax(fields, count));
  const values = new Float64Array(count);
  let at = 0;
  for (let field = 0; field < fields; field++) {
    for (let row = 0; row < count; row++) values[row] = rows[row * fields + field] as number;
    at = encodeColumn(values, out, at);
  }
  return out.subarray(0, at);
}

/** Writes the rows of a block to `into` (`count * fields` numbers); false: these are no columns of so many rows. */
export function decodeColumns(bytes: Uint8Array, into: Float64Array, fields: number): boolean {
  const count = into.length / fields;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  for (let field = 0; field < fields; field++) {
    if (at + PREFIX_BYTES > bytes.length) return false;
    const [coding, places, planes] = [view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2)];
    const column = { first: view.getFloat64(at + 8, true), power: 10 ** places, planes, field, fields };
    at += PREFIX_BYTES;
    const size = coding === Coding.Steps ? STEP_BYTES : planes * count;
    if (coding > Coding.Steps || planes > RAW_PLANES || places > PLACES_MAX || at + size > bytes.length)
      return false;
    if (coding === Coding.Raw) decodeRaw(bytes, at, { ...column, into });
    else if (coding === Coding.Steps) decodeSteps(view.getFloat64(at, true), { ...column, into });
    else decodeDeltas(bytes, at, { ...column, into });
    at += size;
  }
  return at === bytes.length;
}

/** A column to be read, and where its values go. */
interface ColumnTarget {
  readonly first: number;
  /** 10^places. */
  readonly power: number;
  readonly planes: number;
  readonly field: number;
  readonly fields: number;
  readonly into: Float64Array;
}

function encodeColumn(values: Float64Array, out: Uint8Array, at: number): number {
  const view = new DataView(out.buffer);
  const places = placesOf(values);
  const deltas = places < 0 ? null : deltasOf(values, 10 ** places);
  if (deltas === null) {
    writePrefix(view, at, { coding: Coding.Raw, places: 0, planes: RAW_PLANES, first: 0 });
    const bytes = new Uint8Array(values.buffer);
    const start = at + PREFIX_BYTES;
    for (let plane = 0; plane < RAW_PLANES; plane++)
      for (let row = 0; row < values.length; row++)
        out[start + plane * values.length + row] = bytes[row * RAW_PLANES + plane] as number;
    return start + RAW_PLANES * values.length;
  }
  const first = Math.round((values[0] as number) * 10 ** places);
  const step = values.length > 1 ? (deltas[1] as number) : 0;
  if (deltas.every((delta, row) => row === 0 || delta === step)) {
    writePrefix(view, at, { coding: Coding.Steps, places, planes: 0, first });
    view.setFloat64(at + PREFIX_BYTES, step, true);
    return at + PREFIX_BYTES + STEP_BYTES;
  }
  return writeDeltas(deltas, out, { at, places, first });
}

function writePrefix(
  view: DataView,
  at: number,
  column: {
    readonly coding: number;
    readonly places: number;
    readonly planes: number;
    readonly first: number;
  },
): void {
  view.setUint8(at, column.coding);
  view.setUint8(at + 1, column.places);
  view.setUint8(at + 2, column.planes);
  view.setFloat64(at + 8, column.first, true);
}

function writeDeltas(
  deltas: Float64Array,
  out: Uint8Array,
  { at, places, first }: { readonly at: number; readonly places: number; readonly first: number },
): number {
  const zigzag = deltas.map((delta) => (delta < 0 ? -2 * delta - 1 : 2 * delta));
  const largest = zigzag.reduce((most, value) => Math.max(most, value), 0);
  let planes = 0;
  while (256 ** planes <= largest) planes++;
  writePrefix(new DataView(out.buffer), at, { coding: Coding.Deltas, places, planes, first });
  const start = at + PREFIX_BYTES;
  for (let row = 0; row < zigzag.length; row++) {
    let rest = zigzag[row] as number;
    for (let plane = 0; plane < planes; plane++) {
      out[start + plane * zigzag.length + row] = rest % 256;
      rest = Math.floor(rest / 256);
    }
  }
  return start + planes * zigzag.length;
}

/** The fewest decimal places that give every value back exactly as a whole number over a power of ten; -1: none does. */
function placesOf(values: Float64Array): number {
  let places = 0;
  for (const value of values) {
    while (!isExact(value, 10 ** places)) if (++places > PLACES_MAX) return -1;
  }
  // More places than one value needs may be too many for a larger one.
  return values.every((value) => isExact(value, 10 ** places)) ? places : -1;
}

function isExact(value: number, power: number): boolean {
  const whole = Math.round(value * power);
  // -0 and a difference of 0 make 0.
  return Math.abs(whole) <= WHOLE_MAX && whole / power === value && !Object.is(value, -0);
}

/** Differences of the whole numbers, the first 0; null where one is too large to be exact. */
function deltasOf(values: Float64Array, power: number): Float64Array | null {
  const deltas = new Float64Array(values.length);
  let last = Math.round((values[0] as number) * power);
  for (let row = 1; row < values.length; row++) {
    const whole = Math.round((values[row] as number) * power);
    const delta = whole - last;
    if (Math.abs(delta) > DELTA_MAX) return null;
    deltas[row] = delta;
    last = whole;
  }
  return deltas;
}

function decodeRaw(bytes: Uint8Array, at: number, { field, fields, into }: ColumnTarget): void {
  const count = into.length / fields;
  const value = new Float64Array(1);
  const own = new Uint8Array(value.buffer);
  for (let row = 0; row < count; row++) {
    for (let plane = 0; plane < RAW_PLANES; plane++) own[plane] = bytes[at + plane * count + row] as number;
    into[row * fields + field] = value[0] as number;
  }
}

function decodeSteps(step: number, { first, power, field, fields, into }: ColumnTarget): void {
  for (let at = field, whole = first; at < into.length; at += fields, whole += step) into[at] = whole / power;
}

/** Used again by every column of this thread: a year of a market has half a million of them. */
let scratch: Int32Array = new Int32Array(0);

/** So many zeros, until the next call. */
function smallScratch(count: number): Int32Array {
  if (scratch.length < count) scratch = new Int32Array(count);
  return scratch.subarray(0, count).fill(0);
}

function decodeDeltas(bytes: Uint8Array, at: number, target: ColumnTarget): void {
  const { first, power, planes, field, fields, into } = target;
  const count = into.length / fields;
  // Small differences, which nearly all are, are put together by whole-number operations: four times as fast.
  const zigzag = planes <= SMALL_PLANES ? smallScratch(count) : new Float64Array(count);
  for (let plane = planes - 1; plane >= 0; plane--) {
    const from = at + plane * count;
    if (zigzag instanceof Int32Array)
      for (let row = 0; row < count; row++)
        zigzag[row] = ((zigzag[row] as number) << 8) | (bytes[from + row] as number);
    else
      for (let row = 0; row < count; row++)
        zigzag[row] = (zigzag[row] as number) * 256 + (bytes[from + row] as number);
  }
  let whole = first;
  if (zigzag instanceof Int32Array)
    for (let row = 0, to = field; row < count; row++, to += fields) {
      const value = zigzag[row] as number;
      whole += (value >>> 1) ^ -(value & 1);
      into[to] = whole / power;
    }
  else
    for (let row = 0, to = field; row < count; row++, to += fields) {
      const value = zigzag[row] as number;
      // Odd numbers are the negative ones: -1, -2 and so on.
      whole += value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      into[to] = whole / power;
    }
}
