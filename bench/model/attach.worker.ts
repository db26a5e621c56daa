import { parentPort, workerData } from "node:worker_threads";
import { FEATURE_COUNT, SystemClock } from "@smcq/kernel";
import { attachModels } from "@smcq/scoring/scorer";
import type { SharedModels } from "@smcq/scoring/scorer";

// A thread that has just begun attaches to the models and scores its first row; both times go back, ns.
const clock = new SystemClock();
const startNs = clock.monoNs();
const scorer = attachModels(workerData as SharedModels, 1).scorer(1);
const attachedNs = clock.monoNs();
scorer.score(new Float32Array(FEATURE_COUNT), 1, new Float64Array(1));
parentPort?.postMessage({ attachNs: attachedNs - startNs, firstScoreNs: clock.monoNs() - attachedNs });
