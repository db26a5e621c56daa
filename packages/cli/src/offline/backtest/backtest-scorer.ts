import { HeuristicScorer, type Scorer } from "@smcq/features";
import { attachModels, createModelMemory, openModel, tryLeafMask } from "@smcq/scoring";

const EPOCH = 1;

/** What scores a backtest: the heuristic, or a model file (.onnx) that passes the gate at `nowMs`, an expired one too. */
export function backtestScorer(model: string, nowMs: number): Scorer {
  if (model === "heuristic") return new HeuristicScorer();
  const opened = openModel({ file: model, nowMs, refuseExpired: false, isAnySchema: false });
  const { modelId, calibration } = opened.card.metadata;
  const memory = createModelMemory({ lanes: 1 });
  memory.install({ epoch: EPOCH, id: modelId, calibration, tables: tryLeafMask(opened) });
  return attachModels(memory.shared(), 0).scorer(EPOCH);
}
