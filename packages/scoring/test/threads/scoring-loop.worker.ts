import { workerData } from "node:worker_threads";
import { attachModels } from "@smcq/scoring/scorer";
import type { SharedModels } from "@smcq/scoring/scorer";

// Scores the same rows again and again until it is terminated; word `lane` of the counters counts the batches.
const { shared, lane, rows, counters } = workerData as {
  readonly shared: SharedModels;
  readonly lane: number;
  readonly rows: Float32Array;
  readonly counters: Int32Array;
};
const scorer = attachModels(shared, lane).scorer(1);
const count = rows.length / 12;
const scores = new Float64Array(count);
for (;;) {
  scorer.score(rows, count, scores);
  Atomics.add(counters, lane, 1);
  Atomics.notify(counters, lane);
}
