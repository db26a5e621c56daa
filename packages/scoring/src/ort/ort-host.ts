import { errorMessage, FEATURE_COUNT, RestartLimit, SmcqError } from "@smcq/kernel";
import type { Clock, Logger, RestartPolicy } from "@smcq/kernel";
import { ModelErrorCode } from "../errors.ts";
import { LANE_ROWS_MAX } from "../model-memory.ts";
import type { Lane, ModelMemory } from "../model-memory.ts";
import { Control, DOORBELL_CLOSED, inPhase, Phase, phaseOf } from "./lane-protocol.ts";
import { ORT_BATCH_MS_MAX, OrtProcess } from "./ort-process.ts";

/** Restarts of the process; after them every request fails. */
export const ORT_RESTARTS: RestartPolicy = { restartsMax: 3, windowMs: 600_000 };

export interface OrtHostOptions {
  readonly memory: ModelMemory;
  /** Counts wall time. */
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Keeps one ONNX Runtime process at work for all lanes: hears the doorbell, hands rows over and margins back, starts
 * the process again when it dies. Lives on the main thread, which must never call an `OrtLaneScorer` itself.
 */
export class OrtHost {
  readonly #options: OrtHostOptions;
  readonly #lanes: readonly Lane[];
  /** The state that each lane's request in hand was asked with. */
  readonly #inHand: (number | null)[];
  /** What a process must hold, by epoch. */
  readonly #models = new Map<number, Uint8Array>();
  #process: OrtProcess | null = null;
  readonly #restarts: RestartLimit;
  #isClosed = false;
  readonly #listening: Promise<void>;

  constructor(options: OrtHostOptions) {
    this.#options = options;
    const { memory, clock } = options;
    this.#restarts = new RestartLimit(ORT_RESTARTS, clock);
    this.#lanes = Array.from({ length: memory.shared().lanes }, (_, index) => memory.lane(index));
    this.#inHand = this.#lanes.map(() => null);
    Atomics.store(memory.doorbell, 0, 0);
    this.#listening = this.#listen();
  }

  /** The process at work; null before the first model and when it died too often. */
  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Loads a model's file into the process; from then on it scores what is asked under `epoch`. */
  async install(epoch: number, onnx: Uint8Array): Promise<void> {
    if (this.#isClosed) throw new SmcqError(ModelErrorCode.Ort, "the host of ONNX Runtime is closed");
    this.#process ??= this.#start();
    await this.#process.load(epoch, onnx);
    this.#models.set(epoch, onnx);
  }

  /** Forgets a model that nobody scores with any more. */
  async drop(epoch: number): Promise<void> {
    if (this.#models.delete(epoch)) await this.#process?.drop(epoch);
  }

  /** Ends the process; lanes that wait, and those that ask later, are told that they failed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    Atomics.store(this.#options.memory.doorbell, 0, DOORBELL_CLOSED);
    Atomics.notify(this.#options.memory.doorbell, 0);
    await this.#process?.close();
    await this.#listening;
  }

  async #listen(): Promise<void> {
    const { doorbell } = this.#options.memory;
    while (!this.#isClosed) {
      const rung = Atomics.load(doorbell, 0);
      for (let lane = 0; lane < this.#lanes.length; lane++) this.#serve(lane);
      const wait = Atomics.waitAsync(doorbell, 0, rung);
      if (wait.async) await wait.value;
    }
    for (const lane of this.#lanes) this.#finish(lane, Atomics.load(lane.control, Control.State), null);
  }

  /** Takes up the lane's request, if there is one that is not in hand already. */
  #serve(index: number): void {
    const lane = this.#lanes[index];
    if (lane === undefined) return;
    const asked = Atomics.load(lane.control, Control.State);
    if (phaseOf(asked) !== Phase.Asked || this.#inHand[index] === asked) return;
    this.#inHand[index] = asked;
    // A lane whose thread was replaced while it asked may hold anything; its answer will be nobody's.
    const count = Math.min(Math.max(lane.control[Control.Count] as number, 0), LANE_ROWS_MAX);
    const epoch = lane.control[Control.Epoch] as number;
    void this.#score(epoch, lane.rows.slice(0, count * this.#widthOf(epoch)), count)
      .catch((error: unknown) => {
        this.#options.logger.warn(
          { lane: index, error: errorMessage(error) },
          "scoring by ONNX Runtime failed",
        );
        return null;
      })
      .then((margins) => this.#finish(lane, asked, margins));
  }

  #widthOf(epoch: number): number {
    const { memory } = this.#options;
    return memory.isInstalled(epoch) ? memory.entry(epoch).featureCount : FEATURE_COUNT;
  }

  async #score(epoch: number, rows: Float32Array, count: number): Promise<Float64Array> {
    // One that was given up for a hang is being killed: the next one takes its place with its end.
    if (this.#process?.hasEnded === true) await this.#process.exited;
    if (this.#process === null)
      throw new SmcqError(ModelErrorCode.Ort, "there is no ONNX Runtime process (it died too often)");
    return await this.#process.score(epoch, rows, count, ORT_BATCH_MS_MAX);
  }

  /** Answers a request, unless the lane has gone on to another one; null margins say that it failed. */
  #finish(lane: Lane, asked: number, margins: Float64Array | null): void {
    if (phaseOf(asked) !== Phase.Asked || Atomics.load(lane.control, Control.State) !== asked) return;
    if (margins !== null) lane.margins.set(margins);
    const phase = margins === null ? Phase.Failed : Phase.Answered;
    Atomics.compareExchange(lane.control, Control.State, asked, inPhase(asked, phase));
    Atomics.notify(lane.control, Control.State);
  }

  #start(): OrtProcess {
    const ort = new OrtProcess(this.#options.clock);
    void ort.exited.then(() => this.#onExit(ort));
    // Requests that come now queue behind the loads.
    for (const [epoch, onnx] of this.#models)
      ort.load(epoch, onnx).catch((error: unknown) => {
        this.#options.logger.error(
          { epoch, error: errorMessage(error) },
          "ONNX Runtime does not take its model again",
        );
      });
    return ort;
  }

  #onExit(ort: OrtProcess): void {
    if (this.#isClosed || this.#process !== ort) return;
    const { logger } = this.#options;
    if (!this.#restarts.tryRestart()) {
      this.#process = null;
      logger.error(
        { restarts: this.#restarts.recent },
        "ONNX Runtime died too often, nothing is scored by it any more",
      );
      return;
    }
    const next = this.#start();
    this.#process = next;
    logger.warn({ pid: next.pid, restarts: this.#restarts.recent }, "ONNX Runtime was started again");
  }
}
