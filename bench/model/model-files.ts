import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { FEATURES } from "@smcq/features";
import { SystemClock } from "@smcq/kernel";
import { importModel } from "@smcq/scoring";

const TEXT = new URL("../models/500x31.txt.gz", import.meta.url);

/** Writes the model of 500 trees as the product's own files into a folder; returns NAME.onnx. */
export function writeModelFiles(folder: string): string {
  const text = join(folder, "bench.txt");
  const names = FEATURES.map(({ name }) => name).join(" ");
  const source = gunzipSync(readFileSync(TEXT)).toString();
  // It was trained on columns of the same shape, called f0 to f11.
  writeFileSync(text, source.replace(/feature_names=.*/, `feature_names=${names}`));
  const out = join(folder, "bench.onnx");
  importModel({ text, out, nowMs: new SystemClock().nowMs() });
  return out;
}
