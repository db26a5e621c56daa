import {
  type FeatureSet,
  FEATURES_V1,
  featureSetOf,
  HeuristicScorer,
  type Scorer,
  type TradePlanParameters,
} from "@smcq/features";
import {
  attachModels,
  createModelMemory,
  openModel,
  type ProvenWins,
  provenWins,
  tryLeafMask,
} from "@smcq/scoring";

const EPOCH = 1;

export interface BacktestScorer {
  readonly scorer: Scorer;
  /** What is proven of its scores; null: nothing. */
  readonly wins: ProvenWins | null;
  /** What it takes. */
  readonly set: FeatureSet;
}

export interface ScorerChoice {
  /** "heuristic" or a model file (.onnx). */
  readonly model: string;
  /** Judges the model's expiry. */
  readonly nowMs: number;
  /** The model must have been trained for it. */
  readonly plan: TradePlanParameters;
}

/** What scores a backtest: the heuristic, or a model file that passes the gate at `nowMs`, an expired one too. */
export function backtestScorer({ model, nowMs, plan }: ScorerChoice): BacktestScorer {
  if (model === "heuristic") return { scorer: new HeuristicScorer(), wins: null, set: FEATURES_V1 };
  const opened = openModel({ file: model, nowMs, plan, refuseExpired: false, isAnySchema: false });
  const { metadata } = opened.card;
  const { modelId: id, calibration } = metadata;
  const memory = createModelMemory({ lanes: 1 });
  memory.install({ epoch: EPOCH, id, calibration, tables: tryLeafMask(opened) });
  return {
    scorer: attachModels(memory.shared(), 0).scorer(EPOCH),
    wins: provenWins(metadata),
    set: featureSetOf(metadata.featureNames) ?? FEATURES_V1,
  };
}
