import { SmcqError } from "@smcq/kernel";
import { predictConfidence } from "../calibration.ts";
import { ModelErrorCode } from "../errors.ts";
import type { ModelEntry, ModelMemory, Lane } from "../model-memory.ts";
import type { MarginScorer } from "../margin-scorer.ts";
import { Control, nextAsked, Phase, phaseOf } from "./lane-protocol.ts";

/** A thread that waits longer for its margins gives up, ms. */
export const ORT_WAIT_MS_MAX = 5_000;

/**
 * Scores by the ONNX Runtime process that `OrtHost` holds. The calling thread sleeps until the margins are there
 * (ORT_FAILED after 5 s, or when the process fails), so it must not be the host's own thread.
 */
export class OrtLaneScorer implements MarginScorer {
  readonly id: string;
  readonly width: number;
  readonly #lane: Lane;
  readonly #doorbell: Int32Array<SharedArrayBuffer>;
  readonly #entry: ModelEntry;

  constructor(memory: ModelMemory, laneIndex: number, entry: ModelEntry) {
    this.id = entry.id;
    this.width = entry.featureCount;
    this.#lane = memory.lane(laneIndex);
    this.#doorbell = memory.doorbell;
    this.#entry = entry;
  }

  margins(features: Float32Array, count: number, margins: Float64Array): void {
    const { featureCount, laneRows } = this.#entry;
    for (let from = 0; from < count; from += laneRows) {
      const rows = Math.min(laneRows, count - from);
      this.#lane.rows.set(features.subarray(from * featureCount, (from + rows) * featureCount));
      this.#ask(rows);
      margins.set(this.#lane.margins.subarray(0, rows), from);
    }
  }

  score(features: Float32Array, count: number, scores: Float64Array): void {
    this.margins(features, count, scores);
    for (let row = 0; row < count; row++)
      scores[row] = predictConfidence(scores[row] as number, this.#entry.calibration);
  }

  #ask(rows: number): void {
    const { control } = this.#lane;
    const asked = nextAsked(Atomics.load(control, Control.State));
    control[Control.Count] = rows;
    control[Control.Epoch] = this.#entry.epoch;
    Atomics.store(control, Control.State, asked);
    // Asked before the doorbell: a host that closes after this ring looks at the lanes once more.
    if (Atomics.add(this.#doorbell, 0, 1) < 0) throw this.#fault("is closed", rows);
    Atomics.notify(this.#doorbell, 0);
    Atomics.wait(control, Control.State, asked, ORT_WAIT_MS_MAX);
    const state = Atomics.load(control, Control.State);
    if (phaseOf(state) === Phase.Answered) return;
    throw this.#fault(state === asked ? `did not answer within ${ORT_WAIT_MS_MAX} ms` : "failed", rows);
  }

  #fault(what: string, rows: number): SmcqError {
    return new SmcqError(ModelErrorCode.Ort, `the ONNX Runtime process ${what}: ${rows} rows have no score`, {
      context: { rows, epoch: this.#entry.epoch },
    });
  }
}
