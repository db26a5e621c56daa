import type { Clock } from "@smcq/kernel";
import { OrtProcess } from "./ort-process.ts";

/** Rows of one request. */
const CHUNK_ROWS = 4_096;
const EPOCH = 1;

/**
 * The raw margins that ONNX Runtime gives to `count` rows, from a throw-away process. Only for files that the graph
 * check has passed: no custom code, no further files.
 */
export async function ortMargins(
  onnx: Uint8Array,
  rows: { readonly features: Float32Array; readonly count: number },
  clock: Clock,
): Promise<Float64Array> {
  const ort = new OrtProcess(clock);
  try {
    await ort.load(EPOCH, onnx);
    return await marginsInChunks(ort, rows.features, rows.count);
  } finally {
    await ort.close();
  }
}

async function marginsInChunks(
  ort: OrtProcess,
  features: Float32Array,
  count: number,
): Promise<Float64Array> {
  const margins = new Float64Array(count);
  const width = features.length / count;
  for (let from = 0; from < count; from += CHUNK_ROWS) {
    const rows = Math.min(CHUNK_ROWS, count - from);
    margins.set(await ort.score(EPOCH, features.slice(from * width, (from + rows) * width), rows), from);
  }
  return margins;
}
