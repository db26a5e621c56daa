type Numbers = Float64Array | Float32Array | Int32Array | Int16Array | Int8Array | Uint8Array;

/** So many zeros in memory that threads share: one fills it, then all may read it, and nobody writes it any more. */
export function sharedZeros<T extends Numbers>(
  Own: { new (buffer: SharedArrayBuffer): T; readonly BYTES_PER_ELEMENT: number },
  length: number,
): T {
  return new Own(new SharedArrayBuffer(length * Own.BYTES_PER_ELEMENT));
}

/** Numbers in memory that threads share: a copy, or these where they lie there already. */
export function sharedNumbers<T extends Numbers>(values: T): T {
  if (values.buffer instanceof SharedArrayBuffer) return values;
  const Own = values.constructor as { new (buffer: SharedArrayBuffer): T; BYTES_PER_ELEMENT: number };
  const shared = sharedZeros(Own, values.length);
  shared.set(values);
  return shared;
}

/** Plain data whose typed arrays, however deep, are such numbers. */
export function sharedData<T>(data: T): T {
  if (typeof data !== "object" || data === null) return data;
  if (ArrayBuffer.isView(data)) return sharedNumbers(data as unknown as Numbers) as T;
  if (Array.isArray(data)) return data.map((each: unknown) => sharedData(each)) as T;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, sharedData(value)])) as T;
}
