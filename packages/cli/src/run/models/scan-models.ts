import type { Signal } from "@smcq/engine";
import { HEURISTIC_ID, HeuristicScorer, type ScorerRegistry, singleScorer } from "@smcq/features";
import type { SharedModels } from "@smcq/scoring";
import { attachModels } from "@smcq/scoring/scorer";
import type { ModelEpochs } from "@smcq/wire";

/** What the cluster has to know of the models. */
export interface ScanModels {
  /** Handed to every thread that scans; null when only the heuristic scores. */
  readonly shared: SharedModels | null;
  /** The models that score now. */
  readonly epochs: Readonly<ModelEpochs>;
  /** Names the model of an epoch of this run. */
  modelId(epoch: number): string;
  onSignals(signals: readonly Signal[]): void;
  /** A model gave what is no probability; the row was dropped. */
  onInvalidScore(epoch: number): void;
}

/** Only the heuristic scores. */
export const HEURISTIC_ONLY: ScanModels = {
  shared: null,
  epochs: { model: 0, challenger: 0 },
  modelId: () => HEURISTIC_ID,
  onSignals() {},
  onInvalidScore() {},
};

/** The scorers of one shard, in the thread that scans it. */
export function createScorers(models: SharedModels | null, shardId: number): ScorerRegistry {
  return models === null ? singleScorer(new HeuristicScorer()) : attachModels(models, shardId);
}
