/** How the source of a user's own file is named in the store. */
export const IMPORT_MARK = "import ";

export interface MergedRows {
  readonly rows: Float64Array;
  /** Rows of the second that came to those of the first. */
  readonly added: number;
  /** Rows of the same time that differ: those of the first stay. */
  readonly differing: number;
}

/** Rows of both, ascending in time (`fields` numbers each); where both have a time, the first one's count. */
export function mergedRows(first: Float64Array, second: Float64Array, fields: number): MergedRows {
  const out = new Float64Array(first.length + second.length);
  let [a, b, at, added, differing] = [0, 0, 0, 0, 0];
  while (a < first.length || b < second.length) {
    const aMs = first[a] ?? Number.POSITIVE_INFINITY;
    const bMs = second[b] ?? Number.POSITIVE_INFINITY;
    if (aMs <= bMs) {
      out.set(first.subarray(a, a + fields), at);
      if (aMs === bMs) {
        const own = second.subarray(b, b + fields);
        if (own.some((value, field) => value !== first[a + field])) differing++;
        b += fields;
      }
      a += fields;
    } else {
      out.set(second.subarray(b, b + fields), at);
      b += fields;
      added++;
    }
    at += fields;
  }
  return { rows: out.slice(0, at), added, differing };
}

export function joined(parts: readonly Float64Array[]): Float64Array {
  const rows = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    rows.set(part, at);
    at += part.length;
  }
  return rows;
}
