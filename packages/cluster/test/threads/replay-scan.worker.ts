import { workerData } from "node:worker_threads";
import { HeuristicScorer, singleScorer } from "@smcq/features";
import type { ScanReply, ScanTask } from "@smcq/wire";
import { createScanner, type ScanInit } from "../../src/index.ts";

/** `deaths[0]` counts down scored batches; the thread that takes it to zero ends inside its task. */
interface ScanData {
  readonly deaths?: SharedArrayBuffer;
}

const { init, data } = workerData as { readonly init: ScanInit; readonly data: ScanData };
const deaths = new Int32Array(data.deaths ?? new SharedArrayBuffer(4));

class MortalScorer extends HeuristicScorer {
  override score(features: Float32Array, count: number, scores: Float64Array): void {
    if (Atomics.sub(deaths, 0, 1) === 1) process.exit(3);
    super.score(features, count, scores);
  }
}

export const scan: (task: ScanTask) => ScanReply = createScanner(init, () =>
  singleScorer(new MortalScorer()),
);
