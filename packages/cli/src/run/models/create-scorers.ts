import { HeuristicScorer, type ScorerRegistry, singleScorer } from "@smcq/features";
import type { SharedModels } from "@smcq/scoring";
import { attachModels } from "@smcq/scoring/scorer";

/** The scorers of one shard, in the thread that scans it; without models only the heuristic scores. */
export function createScorers(models: SharedModels | null, shardId: number): ScorerRegistry {
  return models === null ? singleScorer(new HeuristicScorer()) : attachModels(models, shardId);
}
