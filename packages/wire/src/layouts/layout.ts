import { assert, SmcqError } from "@smcq/kernel";

/** Bytes of a cache line: counters of different writers stand at least this far apart. */
export const LINE_BYTES = 64;

export type FieldType = "i32" | "f64" | "f32" | "u8";

export interface FieldSpec {
  readonly name: string;
  readonly type: FieldType;
  /** How many values stand here, one after another. */
  readonly count: number;
  /** Starts on a cache line of its own. */
  readonly isLineStart?: boolean;
}

export interface PlacedField extends FieldSpec {
  /** Byte offset inside the structure. */
  readonly offset: number;
}

export interface Layout<Name extends string> {
  readonly name: string;
  readonly version: number;
  /** Whole size, a multiple of `LINE_BYTES`. */
  readonly bytes: number;
  readonly fields: readonly PlacedField[];
  readonly offsets: Readonly<Record<Name, number>>;
}

const BYTES_OF: Readonly<Record<FieldType, number>> = { i32: 4, f64: 8, f32: 4, u8: 1 };

/** Places fields one after another, each aligned to its own size, and derives the offsets. */
export function defineLayout<const F extends readonly FieldSpec[]>(
  name: string,
  version: number,
  specs: F,
): Layout<F[number]["name"]> {
  let offset = 0;
  const fields: PlacedField[] = [];
  const offsets: Record<string, number> = {};
  for (const spec of specs) {
    const align = spec.isLineStart === true ? LINE_BYTES : BYTES_OF[spec.type];
    offset = Math.ceil(offset / align) * align;
    fields.push({ ...spec, offset });
    offsets[spec.name] = offset;
    offset += BYTES_OF[spec.type] * spec.count;
  }
  const bytes = Math.ceil(offset / LINE_BYTES) * LINE_BYTES;
  return { name, version, bytes, fields, offsets: offsets as Record<F[number]["name"], number> };
}

/** The table of a layout as text, for the snapshot test and for eyes. */
export function describeLayout(layout: Layout<string>): string {
  const rows = layout.fields.map(
    (field) => `${String(field.offset).padStart(6)}  ${field.type} x ${field.count}  ${field.name}`,
  );
  return [`${layout.name} v${layout.version}, ${layout.bytes} bytes`, ...rows].join("\n");
}

export type HeaderField = "magic" | "version" | "slots" | "capacity" | "slotBytes";

/**
 * The first line of every shared block:
 *
 *   0 magic | 4 kind+version | 8 slots | 12 capacity | 16 bytes per slot | … 64
 */
export const HEADER: Layout<HeaderField> = defineLayout("block header", 1, [
  { name: "magic", type: "i32", count: 1 },
  { name: "version", type: "i32", count: 1 },
  { name: "slots", type: "i32", count: 1 },
  { name: "capacity", type: "i32", count: 1 },
  { name: "slotBytes", type: "i32", count: 1 },
]);

export interface BlockShape {
  readonly magic: number;
  readonly version: number;
  readonly slots: number;
  readonly capacity: number;
  readonly slotBytes: number;
}

/** Fields are addressed by 32-bit byte offsets: no block is larger. */
export const BLOCK_BYTES_MAX: number = 2 ** 31 - 1;

/** Allocates a zeroed shared block: one header line, then `slots * slotBytes`. */
export function createBlock(shape: BlockShape): SharedArrayBuffer {
  assert(
    Number.isInteger(shape.slots) && shape.slots >= 1 && shape.slotBytes % LINE_BYTES === 0,
    "Invariant: a block has at least one slot, and slots are whole lines",
  );
  assert(
    HEADER.bytes + shape.slots * shape.slotBytes <= BLOCK_BYTES_MAX,
    "Invariant: a block is at most 2^31 - 1 bytes",
  );
  const sab = new SharedArrayBuffer(HEADER.bytes + shape.slots * shape.slotBytes);
  const header = new Int32Array(sab, 0, HEADER.bytes / 4);
  header.set([shape.magic, shape.version, shape.slots, shape.capacity, shape.slotBytes]);
  return sab;
}

/**
 * Checks magic, version and size of a shared block, and bytes per slot where they are fixed; returns its shape and
 * refuses a foreign or older one.
 */
export function openBlock(
  sab: SharedArrayBuffer,
  expected: {
    readonly magic: number;
    readonly version: number;
    readonly name: string;
    readonly slotBytes?: number;
  },
): BlockShape {
  const header = sab.byteLength < HEADER.bytes ? [] : new Int32Array(sab, 0, HEADER.bytes / 4);
  const [magic = 0, version = 0, slots = 0, capacity = 0, slotBytes = 0] = header;
  const bytes = HEADER.bytes + slots * slotBytes;
  const isSlotSize = slotBytes === (expected.slotBytes ?? slotBytes);
  const isKind = magic === expected.magic && version === expected.version;
  if (!isKind || !isSlotSize || sab.byteLength !== bytes) {
    throw new SmcqError(
      "WIRE_BLOCK_MISMATCH",
      `not a ${expected.name} block of version ${expected.version}`,
      {
        context: { magic, version, slotBytes, byteLength: sab.byteLength, bytesExpected: bytes },
      },
    );
  }
  return { magic, version, slots, capacity, slotBytes };
}
