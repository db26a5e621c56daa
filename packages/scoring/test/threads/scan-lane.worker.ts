/** Scores the same rows over and over through its lane and posts each result, until it is told to stop. */
import { setImmediate } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { attachModels } from "../../src/scorer.ts";
import type { SharedModels } from "../../src/scorer.ts";

const { shared, lane, features, count, rounds } = workerData as {
  readonly shared: SharedModels;
  readonly lane: number;
  readonly features: Float32Array;
  readonly count: number;
  readonly rounds: number;
};
const scorer = attachModels(shared, lane).model(1);
const margins = new Float64Array(count);
for (let round = 0; round < rounds; round++) {
  try {
    scorer.margins(features, count, margins);
    parentPort?.postMessage(margins.slice());
  } catch (error) {
    parentPort?.postMessage((error as { readonly code?: string }).code ?? String(error));
  }
  await setImmediate();
}
