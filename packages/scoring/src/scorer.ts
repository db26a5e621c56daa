import { HeuristicScorer } from "@smcq/features";
import type { Scorer, ScorerRegistry } from "@smcq/features";
import { LeafMaskScorer } from "./leaf-mask/leaf-mask-scorer.ts";
import type { ScoreRows } from "./leaf-mask/leaf-mask-scorer.ts";
import type { MarginScorer } from "./margin-scorer.ts";
import { MODEL_SLOTS, openModelMemory } from "./model-memory.ts";
import type { Lane, ModelMemory, SharedModels } from "./model-memory.ts";
import { OrtLaneScorer } from "./ort/lane-scorer.ts";
import "./web-assembly.ts";

export { LANE_ROWS_MAX, MODEL_SLOTS } from "./model-memory.ts";
export type { SharedModels } from "./model-memory.ts";

/** A thread's scorers by epoch, made when first asked for. */
export class SharedScorerRegistry implements ScorerRegistry {
  readonly #heuristic: Scorer = new HeuristicScorer();
  readonly #memory: ModelMemory;
  readonly #laneIndex: number;
  readonly #lane: Lane;
  readonly #scoreRows: ScoreRows;
  /** By slot; valid while its epoch is the slot's. */
  readonly #models: ({ readonly epoch: number; readonly scorer: MarginScorer } | undefined)[] = [];

  constructor(shared: SharedModels, lane: number) {
    const instance = new WebAssembly.Instance(shared.module, { env: { memory: shared.memory } });
    this.#scoreRows = instance.exports["score"] as ScoreRows;
    this.#memory = openModelMemory(shared);
    this.#laneIndex = lane;
    this.#lane = this.#memory.lane(lane);
  }

  scorer(epoch: number): Scorer {
    return epoch === 0 ? this.#heuristic : this.model(epoch);
  }

  /** The model of an epoch from 1 on; throws MODEL_EPOCH when none is installed under it. */
  model(epoch: number): MarginScorer {
    const known = this.#models[epoch % MODEL_SLOTS];
    if (known?.epoch === epoch && this.#memory.isInstalled(epoch)) return known.scorer;
    const entry = this.#memory.entry(epoch);
    const scorer =
      entry.kind === "ort"
        ? new OrtLaneScorer(this.#memory, this.#laneIndex, entry)
        : new LeafMaskScorer(entry, this.#lane, this.#scoreRows);
    this.#models[epoch % MODEL_SLOTS] = { epoch, scorer };
    return scorer;
  }
}

/** The models in shared memory as this thread scores with them; `lane` is this thread's alone. */
export function attachModels(shared: SharedModels, lane: number): SharedScorerRegistry {
  return new SharedScorerRegistry(shared, lane);
}
