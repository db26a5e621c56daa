import type { FieldSpec, FieldType, Layout } from "./layout.ts";

interface ViewOf {
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly f32: Float32Array;
  readonly u8: Uint8Array;
}

/** A row of the fields `F`: a number for each, a typed array where several values stand. */
export type RowOf<F extends FieldSpec> = RowMemory & {
  [S in F as S["count"] extends 1 ? S["name"] : never]: number;
} & {
  readonly [S in F as S["count"] extends 1 ? never : S["name"]]: ViewOf[S["type"]];
};

/** Words that are copied in one turn of the loop. */
const PIECE_WORDS = 8;

const VIEWS = { i32: Int32Array, f64: Float64Array, f32: Float32Array, u8: Uint8Array } as const;

/**
 * A row outside its ring, on memory of its own that is laid out as in the ring: a field is added to its table, and the
 * row has it, its type knows it, and it travels.
 *
 *   table of fields ─► layout ─► offsets ─┬─► properties of the row: numbers, or views of several
 *                                         └─► words ─ storeRow ─► ring ─ loadRow ─► words of another row
 *
 * Its private fields keep a spread of a row, which has lost the properties, from passing for one.
 */
export class RowMemory {
  /** The row's bytes up to the end of its last field: what travels. */
  readonly words: Int32Array;
  readonly #i32: Int32Array;
  readonly #f64: Float64Array;
  readonly #f32: Float32Array;
  readonly #u8: Uint8Array;

  constructor(layout: Layout<string>) {
    const buffer = new ArrayBuffer(layout.bytes);
    this.words = new Int32Array(buffer, 0, wordCount(layout));
    this.#i32 = new Int32Array(buffer);
    this.#f64 = new Float64Array(buffer);
    this.#f32 = new Float32Array(buffer);
    this.#u8 = new Uint8Array(buffer);
    for (const { name, type, count, offset } of layout.fields) {
      if (count === 1) continue;
      const value = new VIEWS[type](buffer, offset, count);
      Object.defineProperty(this, name, { value, enumerable: true });
    }
  }

  /**
   * The property that shows the `index`-th number of a view. Each type has functions of its own: shared ones, that
   * look the view up by its name, would make a number object per access.
   */
  static property(type: FieldType, index: number): PropertyDescriptor & ThisType<RowMemory> {
    const properties: Record<FieldType, PropertyDescriptor & ThisType<RowMemory>> = {
      i32: {
        get() {
          return this.#i32[index];
        },
        set(value: number) {
          this.#i32[index] = value;
        },
      },
      f64: {
        get() {
          return this.#f64[index];
        },
        set(value: number) {
          this.#f64[index] = value;
        },
      },
      f32: {
        get() {
          return this.#f32[index];
        },
        set(value: number) {
          this.#f32[index] = value;
        },
      },
      u8: {
        get() {
          return this.#u8[index];
        },
        set(value: number) {
          this.#u8[index] = value;
        },
      },
    };
    return properties[type];
  }
}

/** Words up to the end of the last field, in whole pieces of a copy; rows are whole lines, so these stand inside. */
function wordCount({ fields }: Layout<string>): number {
  const ends = fields.map(({ type, count, offset }) => offset + VIEWS[type].BYTES_PER_ELEMENT * count);
  return Math.ceil(Math.max(...ends) / 4 / PIECE_WORDS) * PIECE_WORDS;
}

/** Returns a maker of blank rows; the fields of `layout` are those of `F`. */
export function rowMaker<F extends FieldSpec>(layout: Layout<F["name"]>): () => RowOf<F> {
  class Row extends RowMemory {}
  for (const { name, type, count, offset } of layout.fields) {
    if (count === 1)
      Object.defineProperty(
        Row.prototype,
        name,
        RowMemory.property(type, offset / VIEWS[type].BYTES_PER_ELEMENT),
      );
  }
  // What `defineProperty` adds is beyond the compiler; `RowOf` says it.
  return () => new Row(layout) as RowMemory as RowOf<F>;
}

/** Writes a row at word `at` of shared memory. */
export function storeRow(row: RowMemory, memory: Int32Array, at: number): void {
  copyWords(row.words, 0, memory, at, row.words.length);
}

/** Reads what stands at word `at` of shared memory into a row. */
export function loadRow(row: RowMemory, memory: Int32Array, at: number): void {
  copyWords(memory, at, row.words, 0, row.words.length);
}

/** Words and not numbers: a pair of integers, read as a double, could be a NaN and come out as another one. */
function copyWords(from: Int32Array, fromAt: number, to: Int32Array, toAt: number, count: number): void {
  // In pieces: word by word takes half as long again.
  for (let word = 0; word < count; word += PIECE_WORDS) {
    const source = fromAt + word;
    const target = toAt + word;
    to[target] = from[source] as number;
    to[target + 1] = from[source + 1] as number;
    to[target + 2] = from[source + 2] as number;
    to[target + 3] = from[source + 3] as number;
    to[target + 4] = from[source + 4] as number;
    to[target + 5] = from[source + 5] as number;
    to[target + 6] = from[source + 6] as number;
    to[target + 7] = from[source + 7] as number;
  }
}
