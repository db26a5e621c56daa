import protobuf from "protobufjs/minimal.js";

// Damages protobuf files field by field, so that a test can make exactly the file that it is about.

/** One field as it stands in the file: its number, its wire type and what follows the tag. */
export interface RawField {
  readonly field: number;
  readonly wireType: number;
  readonly payload: Uint8Array;
}

const LENGTH = 2;

export function fieldsOf(bytes: Uint8Array): RawField[] {
  const reader = new protobuf.Reader(bytes);
  const fields: RawField[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const wireType = tag & 7;
    if (wireType === LENGTH) {
      fields.push({ field: tag >>> 3, wireType, payload: reader.bytes() });
      continue;
    }
    const from = reader.pos;
    reader.skipType(wireType);
    fields.push({ field: tag >>> 3, wireType, payload: bytes.slice(from, reader.pos) });
  }
  return fields;
}

export function bytesOf(fields: readonly RawField[]): Uint8Array {
  const parts = fields.flatMap(({ field, wireType, payload }) => {
    const head = new protobuf.Writer().uint32((field << 3) | wireType);
    if (wireType === LENGTH) head.uint32(payload.length);
    return [head.finish(), payload];
  });
  return Buffer.concat(parts);
}

export function intField(field: number, value: number): RawField {
  return { field, wireType: 0, payload: new protobuf.Writer().int64(value).finish() };
}

export function bytesField(field: number, payload: Uint8Array | string): RawField {
  return {
    field,
    wireType: LENGTH,
    payload: typeof payload === "string" ? new TextEncoder().encode(payload) : payload,
  };
}

export type Edit = (fields: readonly RawField[]) => readonly RawField[];

/** Edits the message that lies at `path` (field numbers, first of each name) in the message `bytes`. */
export function edited(bytes: Uint8Array, path: readonly number[], edit: Edit): Uint8Array {
  const fields = fieldsOf(bytes);
  const [step, ...rest] = path;
  if (step === undefined) return bytesOf(edit(fields));
  const at = fields.findIndex(({ field }) => field === step);
  const inner = fields[at];
  if (inner === undefined) throw new Error(`there is no field ${step}`);
  return bytesOf(fields.with(at, { ...inner, payload: edited(inner.payload, rest, edit) }));
}

export const without =
  (unwanted: number): Edit =>
  (fields) =>
    fields.filter(({ field }) => field !== unwanted);

export const adding =
  (...added: readonly RawField[]): Edit =>
  (fields) => [...fields, ...added];

export const replacing =
  (by: RawField): Edit =>
  (fields) =>
    fields.map((field) => (field.field === by.field ? by : field));

/** Edits the attribute message whose name (field 1) is `name` among the attributes (field 5) of a node. */
export const attribute =
  (name: string, edit: Edit): Edit =>
  (fields) =>
    fields.map((given) => {
      if (given.field !== 5) return given;
      const inner = fieldsOf(given.payload);
      const isNamed = inner.some(
        ({ field, payload }) => field === 1 && new TextDecoder().decode(payload) === name,
      );
      return isNamed ? { ...given, payload: bytesOf(edit(inner)) } : given;
    });
