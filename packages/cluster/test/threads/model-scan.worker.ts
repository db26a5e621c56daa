import { workerData } from "node:worker_threads";
import type { Scorer, ScorerRegistry } from "@smcq/features";
import type { SharedModels } from "@smcq/scoring";
import type { ScanReply, ScanTask } from "@smcq/wire";
import { attachModels } from "@smcq/scoring/scorer";
import { createScanner, type ScanInit } from "../../src/index.ts";

/** How often a thread that is to die scores its rows again, so that its end comes inside the WASM. */
const SCORES_BEFORE_DEATH = 2_000_000;

export interface ModelScanData {
  readonly models: SharedModels;
  /**
   * `traps[0]`: batches until a thread goes into the trap, where it scores until it is ended; `traps[1]`: threads that
   * went into it.
   */
  readonly traps: SharedArrayBuffer;
}

const { init, data } = workerData as { readonly init: ScanInit; readonly data: ModelScanData };
const traps = new Int32Array(data.traps);

/** The engine's own scorer, with a trap in it. */
class TrappedScorer implements Scorer {
  readonly #scorer: Scorer;

  constructor(scorer: Scorer) {
    this.#scorer = scorer;
  }

  get id(): string {
    return this.#scorer.id;
  }

  score(features: Float32Array, count: number, scores: Float64Array): void {
    this.#scorer.score(features, count, scores);
    if (Atomics.sub(traps, 0, 1) !== 1) return;
    Atomics.add(traps, 1, 1);
    for (let again = 0; again < SCORES_BEFORE_DEATH; again++) this.#scorer.score(features, count, scores);
    throw new Error("nobody ended this thread");
  }
}

function trapped(registry: ScorerRegistry): ScorerRegistry {
  const scorers = new Map<number, Scorer>();
  return {
    scorer: (epoch) => {
      const scorer = scorers.get(epoch) ?? new TrappedScorer(registry.scorer(epoch));
      scorers.set(epoch, scorer);
      return scorer;
    },
  };
}

export const scan: (task: ScanTask) => ScanReply = createScanner(init, (shardId) =>
  trapped(attachModels(data.models, shardId)),
);
