import type { ClusterMemory, Inbox } from "@smcq/cluster";
import type { ModelEvent, Signal } from "@smcq/engine";
import { HEURISTIC_ID } from "@smcq/features";
import { type Clock, errorCode, errorMessage, type Logger, type ModelEpochs } from "@smcq/kernel";
import {
  type LifecycleAction,
  type LifecycleNoteKind,
  ModelLifecycle,
  type OutcomeBin,
  type PlanEntries,
  type RecentBars,
} from "@smcq/model-life";
import { MODEL_SLOTS } from "@smcq/scoring";
import type { ModelReport } from "../../output/model-report.ts";
import { lifecycleModel, type LoadedModels, type RunModel } from "./load-models.ts";
import { ModelWatch } from "./model-watch.ts";

/** A file that came while every place was busy is tried again after this time, wall ms. */
const SLOT_RETRY_MS = 1_000;

/** The models of a run, as the rest of it has to do with them. */
export interface RunModels {
  /** The models that score when the run begins. */
  readonly epochs: Readonly<ModelEpochs>;
  /** Names the model of an epoch of this run. */
  modelId(epoch: number): string;
  onSignals(signals: readonly Signal[]): void;
  /** A model gave what is no probability; the rows were dropped. */
  onInvalidScores(epoch: number, rows: number): void;
  /** Begins: tells the core what scores, and watches the file for another version. */
  start(): void;
  /** Once a minute of the venue. */
  tick(): void;
  report(): ModelReport;
  /** The models themselves; null: only the heuristic scores. */
  look(): ModelsLook | null;
  /** Resolves when nothing is being loaded any more. */
  close(): Promise<void>;
}

/** The models of a moment. */
export interface ModelsLook {
  readonly current: RunModel;
  readonly challenger: RunModel | null;
  /** A new version in its shadow. */
  readonly newcomer: RunModel | null;
  /** How often the present one's scores came true since it scores here. */
  readonly outcomes: readonly OutcomeBin[];
}

export interface RunModelsDeps {
  readonly memory: Pick<ClusterMemory, "setModels" | "isModelUsed">;
  readonly recentBars: RecentBars;
  /** How plans are entered. */
  readonly entries: PlanEntries;
  readonly inbox: Inbox;
  /** The size factor that a model ended a run before with, 0..1. */
  readonly sizeFactorBefore: (modelId: string) => number;
  /** Keeps what happened to the models. */
  readonly keep: (event: ModelEvent) => void;
  readonly shadowBars: number;
  readonly pollMs: number;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/** Only the heuristic scores: it has no life. */
export const HEURISTIC_MODELS: RunModels = {
  epochs: { model: 0, challenger: 0 },
  modelId: () => HEURISTIC_ID,
  onSignals() {},
  onInvalidScores() {},
  start() {},
  tick() {},
  report: () => ({
    model: HEURISTIC_ID,
    modelStatus: "heuristic",
    sizeFactor: 1,
    isModelExpired: false,
    health: null,
    challenger: null,
    shadowBarsLeft: 0,
  }),
  look: () => null,
  close: async () => {},
};

/**
 * The life of a run's models in the world: watches the file, loads what comes, and carries out what `ModelLifecycle`
 * says. What the core has to know goes to the inbox, and is heard when its turn comes.
 */
export class LivingModels implements RunModels {
  readonly #loaded: LoadedModels;
  readonly #deps: RunModelsDeps;
  readonly #life: ModelLifecycle<RunModel>;
  readonly #watch: ModelWatch;
  #isClosing = false;

  constructor(loaded: LoadedModels, deps: RunModelsDeps) {
    this.#loaded = loaded;
    this.#deps = deps;
    this.#life = new ModelLifecycle({
      current: lifecycleModel(loaded.current),
      challenger: loaded.challenger === null ? null : lifecycleModel(loaded.challenger),
      slots: MODEL_SLOTS,
      shadowBars: deps.shadowBars,
      recentBars: deps.recentBars,
      entries: deps.entries,
    });
    this.#watch = new ModelWatch({
      file: loaded.file,
      known: loaded.version,
      pollMs: deps.pollMs,
      wallClock: deps.wallClock,
      onVersion: () => this.#onVersion(),
    });
  }

  get epochs(): ModelEpochs {
    return this.#life.epochs;
  }

  modelId(epoch: number): string {
    return this.#life.modelId(epoch);
  }

  onSignals(signals: readonly Signal[]): void {
    this.#life.onSignals(signals);
  }

  onInvalidScores(epoch: number, rows: number): void {
    for (let row = 0; row < rows; row++) this.#carryOut(this.#life.onInvalidScore(epoch, this.#nowMs()));
  }

  start(): void {
    this.#carryOut(this.#life.begin(this.#nowMs(), this.#deps.sizeFactorBefore(this.#life.current.id)));
    this.#watch.start();
  }

  tick(): void {
    this.#carryOut(this.#life.tick(this.#nowMs()));
  }

  report(): ModelReport {
    return this.#life.report(this.#nowMs());
  }

  look(): ModelsLook {
    const { current, challenger, newcomer } = this.#life;
    return { current, challenger, newcomer, outcomes: this.#life.outcomeBins() };
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#watch.stop();
  }

  async #onVersion(): Promise<void> {
    const { file } = this.#loaded;
    const { logger } = this.#deps;
    this.#carryOut(this.#life.versionCame(this.#nowMs()));
    const epoch = await this.#freeEpoch();
    if (epoch === null) return;
    let model: RunModel;
    try {
      model = lifecycleModel(await this.#loaded.loadVersion(epoch));
    } catch (error) {
      const code = errorCode(error);
      const message = errorMessage(error);
      logger.error(
        { file, code },
        `new version of the model refused (${code}), the present one goes on: ${message}`,
      );
      this.#carryOut(this.#life.versionRefused({ file, code, message }, this.#nowMs()));
      return;
    }
    // Outside: what fails from here on is no fault of the file.
    if (!this.#isClosing) this.#carryOut(this.#life.versionLoaded(model, this.#nowMs()));
  }

  /** A place for one more model; waits while scans still use what every free one held. Null when the run ends first. */
  async #freeEpoch(): Promise<number | null> {
    const { memory, wallClock, logger } = this.#deps;
    const next = (): number | null => this.#life.nextEpoch((used) => memory.isModelUsed(used));
    let epoch = next();
    if (epoch === null)
      logger.warn(
        { file: this.#loaded.file },
        "new version of the model waits: a scan still uses what its place held",
      );
    while (epoch === null && !this.#isClosing) {
      await new Promise<void>((resolve) => {
        wallClock.after(SLOT_RETRY_MS, resolve);
      });
      epoch = next();
    }
    return this.#isClosing ? null : epoch;
  }

  #carryOut(actions: readonly LifecycleAction<RunModel>[]): void {
    const { memory, inbox, keep } = this.#deps;
    for (const action of actions) {
      if (action.type === "score-with") memory.setModels(action.epochs);
      else if (action.type === "size")
        inbox.put({
          type: "model",
          scorerId: action.model.id,
          sizeFactor: action.sizeFactor,
          wins: action.model.wins,
        });
      else {
        const { kind, modelId, atMs, detail } = action.note;
        const isTrouble = isBadNews(kind, detail);
        // What was loaded at the start, its step of the start has told.
        const level = isTrouble ? "warn" : kind === "loaded" ? "debug" : "info";
        this.#deps.logger[level]({ model: modelId, ...detail }, NOTE_TEXTS[kind]);
        if (kind === "shadow-begun" && this.#life.challenger !== null)
          this.#deps.logger.info(
            { challenger: this.#life.challenger.id },
            "the challenger pauses while a new version is in its shadow",
          );
        keep({ atMs, kind, modelId, detailJson: JSON.stringify(detail) });
      }
    }
  }

  #nowMs(): number {
    return this.#deps.venueClock.nowMs();
  }
}

function isBadNews(kind: LifecycleNoteKind, detail: Readonly<Record<string, unknown>>): boolean {
  if (kind === "refused" || kind === "rolled-back") return true;
  if (kind === "health") return detail["sizeFactor"] !== 1;
  return kind === "swapped" && detail["status"] !== "proven";
}

const NOTE_TEXTS: Readonly<Record<LifecycleNoteKind, string>> = {
  loaded: "model scores",
  refused: "model refused",
  "shadow-begun": "new version of the model scores beside the present one",
  "shadow-ended": "the new version's shadow has ended",
  swapped: "the new version of the model scores now",
  "rolled-back": "back to the model before",
  challenger: "challenger scores beside, without weight",
  health: "the model is good for another size now",
};
