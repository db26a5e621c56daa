import { assert } from "@smcq/kernel";

const ARRAYS = {
  f64: Float64Array,
  f32: Float32Array,
  i32: Int32Array,
  i16: Int16Array,
  i8: Int8Array,
  u8: Uint8Array,
} as const;
type ArrayName = keyof typeof ARRAYS;
type NumberArray = Float64Array | Float32Array | Int32Array | Int16Array | Int8Array | Uint8Array;

/** Array bytes begin at multiples of it. */
const ALIGN = 8;
const LENGTH_BYTES = 4;
/** Numbers that JSON has no word for. */
const ODD_NUMBERS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  "-0": -0,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

/**
 * Plain data as bytes, the same for the same data on every host: JSON (length, text, padded to 8) with the numbers of typed
 * arrays behind it, little-endian; bigints, maps and numbers that JSON lacks are objects with one key, `$...`. A field that is undefined
 * is left out.
 */
export function toBytes(data: unknown): Uint8Array {
  const arrays: Uint8Array[] = [];
  let at = 0;
  const text = JSON.stringify(
    tagged(data, (name, array) => {
      const place = { $array: [name, at, array.length] };
      const bytes = new Uint8Array(array.byteLength);
      bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
      arrays.push(bytes, new Uint8Array(padding(bytes.length)));
      at += bytes.length + padding(bytes.length);
      return place;
    }),
  );
  const json = Buffer.from(text);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(json.length);
  const pad = Buffer.alloc(padding(LENGTH_BYTES + json.length), " ");
  return Buffer.concat([length, json, pad, ...arrays]);
}

/** What `toBytes` was given; arrays are copies. Throws what is no such bytes. */
export function fromBytes<T>(bytes: Uint8Array): T {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const jsonEnd = LENGTH_BYTES + view.readUInt32LE(0);
  const start = jsonEnd + padding(jsonEnd);
  return untagged<T>(view.toString("utf8", LENGTH_BYTES, jsonEnd), (name, at, length) => {
    const Numbers = ARRAYS[name];
    const copy = new Uint8Array(length * Numbers.BYTES_PER_ELEMENT);
    copy.set(bytes.subarray(start + at, start + at + copy.length));
    return new Numbers(copy.buffer);
  });
}

/** The same as text, for data without arrays. */
export function toText(data: unknown): string {
  return JSON.stringify(
    tagged(data, () => {
      throw new Error("Invariant: a text holds no arrays");
    }),
  );
}

export function fromText<T>(text: string): T {
  return untagged<T>(text, () => {
    throw new Error("Invariant: a text holds no arrays");
  });
}

function padding(length: number): number {
  return (ALIGN - (length % ALIGN)) % ALIGN;
}

function tagged(data: unknown, keep: (name: ArrayName, array: NumberArray) => object): unknown {
  if (typeof data === "bigint") return { $big: String(data) };
  if (typeof data === "number")
    return Number.isFinite(data) && !Object.is(data, -0)
      ? data
      : { $number: Object.is(data, -0) ? "-0" : String(data) };
  if (typeof data !== "object" || data === null) return data;
  if (Array.isArray(data)) return data.map((each: unknown) => tagged(each, keep));
  if (data instanceof Map) return { $map: [...data].map((entry) => tagged(entry, keep)) };
  for (const [name, Numbers] of Object.entries(ARRAYS))
    if (data instanceof Numbers) return keep(name as ArrayName, data);
  const prototype: unknown = Object.getPrototypeOf(data);
  assert(prototype === Object.prototype || prototype === null, "Invariant: what is sent is plain data");
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => {
      assert(!key.startsWith("$"), "Invariant: no field of plain data begins with $");
      return [key, tagged(value, keep)];
    }),
  );
}

function untagged<T>(text: string, take: (name: ArrayName, at: number, length: number) => NumberArray): T {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    const { $big, $number, $map, $array } = value as {
      readonly $big?: string;
      readonly $number?: string;
      readonly $map?: readonly (readonly [unknown, unknown])[];
      readonly $array?: readonly [ArrayName, number, number];
    };
    if ($big !== undefined) return BigInt($big);
    if ($number !== undefined) return ODD_NUMBERS[$number];
    if ($map !== undefined) return new Map($map);
    return $array === undefined ? value : take(...$array);
  }) as T;
}
