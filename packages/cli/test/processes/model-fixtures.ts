import { copyFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { FEATURES } from "@smcq/features";
import { MINUTE_MS } from "@smcq/kernel";
import { importModel } from "@smcq/scoring";

/** Before the simulated market's time: nothing has expired in it. */
const MADE_MS = Date.UTC(2026, 0, 1);

/**
 * A model's three files, imported from a fixture's text that was given this engine's names; path without extension. Its card
 * says that it expires at `expiresMs`.
 */
export function makeModel(name: string, folder: string, expiresMs?: number): string {
  const fixture = join(import.meta.dirname, `../../../scoring/test/fixtures/${name}.model.txt.gz`);
  const names = FEATURES.map((feature) => feature.name).join(" ");
  const text = join(folder, `${name}.txt`);
  const source = gunzipSync(readFileSync(fixture)).toString();
  writeFileSync(text, source.replace(/feature_names=.*/, `feature_names=${names}`));
  const made =
    expiresMs === undefined ? { nowMs: MADE_MS } : { nowMs: expiresMs - 1_440 * MINUTE_MS, expiresDays: 1 };
  importModel({ text, out: join(folder, `${name}.onnx`), ...made });
  return join(folder, name);
}

/** Puts a model's files in place as an operator should: beside, then renamed, the card last. */
export function putInPlace(from: string, to: string): void {
  for (const ext of ["golden.bin", "onnx", "card.json"]) {
    copyFileSync(`${from}.${ext}`, `${to}.${ext}.new`);
    renameSync(`${to}.${ext}.new`, `${to}.${ext}`);
  }
}
