import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { FEATURES_V2 } from "@smcq/features";
import { SystemClock } from "@smcq/kernel";
import { importModel } from "@smcq/scoring";

/** A model of feature set v2 in a folder: a fixture's trees, which ask every fifth column. */
export function richModel(folder: string): string {
  const fixture = join(import.meta.dirname, "../../../scoring/test/fixtures/plain.model.txt.gz");
  const names = FEATURES_V2.columns.map(({ name }) => name);
  const source = gunzipSync(readFileSync(fixture))
    .toString()
    .replace(/feature_names=.*/u, `feature_names=${names.join(" ")}`)
    .replace(/max_feature_idx=.*/u, `max_feature_idx=${names.length - 1}`)
    .replace(/tree_sizes=.*\n/u, "")
    .replaceAll(/split_feature=(.*)/gu, (_, features: string) => {
      const wider = features.split(" ").map((feature) => Number(feature) * 5);
      return `split_feature=${wider.join(" ")}`;
    });
  const text = join(folder, "rich.txt");
  writeFileSync(text, source);
  const out = join(folder, "rich.onnx");
  importModel({ text, out, nowMs: new SystemClock().nowMs() });
  return out;
}
