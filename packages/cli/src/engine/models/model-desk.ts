import type { Coordinator } from "@smcq/cluster";
import type { ModelEvent, Signal } from "@smcq/engine";
import { HEURISTIC_ID } from "@smcq/features";
import { type Clock, errorCode, errorMessage, type Logger, MINUTE_MS } from "@smcq/kernel";
import { type LoadedModel, modelPaths, ModelHealth, utcMs } from "@smcq/scoring";
import type { SharedModels } from "@smcq/scoring";
import type { ModelEpochs } from "@smcq/wire";
import type { ModelReport } from "./model-report.ts";
import { ModelRoster } from "./model-roster.ts";
import { ModelWatch } from "./model-watch.ts";
import { type Outcome, OutcomeTracker } from "./outcome-tracker.ts";
import type { ScanModels } from "./scan-models.ts";
import { ShadowTally } from "./shadow-tally.ts";

/** Loads the watched file under an epoch, through the whole gate; rejects with MODEL_* and has changed nothing then. */
export type LoadModel = (epoch: number) => Promise<LoadedModel>;

export interface ModelDeskOptions {
  readonly shared: SharedModels;
  readonly load: LoadModel;
  /** The file that is watched for new versions. */
  readonly file: string;
  readonly current: LoadedModel;
  readonly challenger: LoadedModel | null;
  readonly shadowBars: number;
  readonly pollMs: number;
  readonly clock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

type Cluster = Pick<Coordinator, "setModels" | "isModelUsed" | "setSizeFactor" | "slots" | "reader">;

/** A file that came while every slot was busy is tried again after this time, wall ms. */
const SLOT_RETRY_MS = 1_000;

/**
 * The models of a run: which one scores, how well it does, and how a new version takes over.
 *
 *   file changes ─► loaded and checked ─► shadow (N bars beside) ─► swap ─► (no probabilities) ─► rolled back
 *                       └─ refused: the present model goes on             (the old file again) ─┘
 */
export class ModelDesk implements ScanModels {
  readonly shared: SharedModels;
  readonly #options: ModelDeskOptions;
  readonly #roster: ModelRoster<LoadedModel>;
  readonly #watch: ModelWatch;
  #cluster: Cluster | null = null;
  #note: (event: ModelEvent) => void = () => {};
  #outcomes: OutcomeTracker | null = null;
  #health: ModelHealth;
  #shadowTally: ShadowTally | null = null;
  #isExpired = false;
  #toldSize = 1;

  constructor(options: ModelDeskOptions) {
    this.#options = options;
    this.shared = options.shared;
    this.#roster = new ModelRoster(options.current, options.challenger);
    this.#health = new ModelHealth(options.current.card.metadata);
    this.#watch = new ModelWatch({
      files: watchedFiles(options.file),
      pollMs: options.pollMs,
      wallClock: options.wallClock,
      onVersion: () => this.#onVersion(),
    });
  }

  get epochs(): ModelEpochs {
    return this.#roster.epochs;
  }

  get current(): LoadedModel {
    return this.#roster.current;
  }

  get challenger(): LoadedModel | null {
    return this.#roster.challenger;
  }

  modelId(epoch: number): string {
    return this.#roster.nameOf(epoch) ?? HEURISTIC_ID;
  }

  /** Begins to follow the cluster; `note` keeps what happens to the models. */
  async attach(cluster: Cluster, note: (event: ModelEvent) => void): Promise<void> {
    this.#cluster = cluster;
    this.#note = note;
    this.#outcomes = new OutcomeTracker(cluster, (outcome) => this.#onOutcome(outcome));
    this.#tell("loaded", this.current, {
      sha256: this.current.sha256,
      status: this.current.card.metadata.status,
    });
    const { challenger } = this.#roster;
    if (challenger !== null) this.#tell("challenger", challenger, { sha256: challenger.sha256 });
    this.#judge();
    await this.#watch.start();
  }

  onSignals(signals: readonly Signal[]): void {
    for (const signal of signals) {
      if (signal.scorerId !== this.current.id) continue;
      this.#health.observe(signal.features, signal.score);
      this.#shadowTally?.add(signal);
    }
    this.#outcomes?.add(signals);
  }

  onInvalidScore(epoch: number): void {
    if (epoch !== this.current.epoch) return;
    this.#health.observeInvalid();
    // What has just taken over gives no probabilities: the model before did.
    if (this.#roster.previous !== null) this.#rollBack("it gave a score that is no probability");
    else this.#judge();
  }

  /** Once a minute (venue time): outcomes, health, expiry, and the end of a shadow. */
  tick(nowMs: number): void {
    this.#outcomes?.step();
    const { shadow } = this.#roster;
    if (shadow !== null && nowMs >= shadow.endsMs) this.#endShadow();
    this.#health.evaluate();
    this.#judge();
  }

  report(nowMs: number): ModelReport {
    const { current, challenger, shadow } = this.#roster;
    return {
      model: current.id,
      modelStatus: current.card.metadata.status,
      sizeFactor: this.#sizeFactor(),
      isModelExpired: this.#isExpired,
      health: this.#health.report(),
      challenger: (shadow?.model ?? challenger)?.id ?? null,
      shadowBarsLeft: shadow === null ? 0 : Math.max(0, Math.ceil((shadow.endsMs - nowMs) / MINUTE_MS)),
    };
  }

  /** Resolves when nothing is being loaded any more. */
  async close(): Promise<void> {
    await this.#watch.stop();
  }

  async #onVersion(): Promise<void> {
    const { file, load, logger, wallClock } = this.#options;
    const cluster = this.#cluster;
    if (cluster === null) return;
    if (this.#roster.shadow !== null) this.#abandonShadow("another version of the file came");
    let epoch = this.#roster.nextEpoch((used) => cluster.isModelUsed(used));
    while (epoch === null) {
      await new Promise<void>((resolve) => wallClock.after(SLOT_RETRY_MS, resolve));
      epoch = this.#roster.nextEpoch((used) => cluster.isModelUsed(used));
    }
    try {
      this.#onLoaded(await load(epoch));
    } catch (error) {
      const code = errorCode(error);
      logger.error(
        { file, code },
        `new version of the model refused (${code}), the present one goes on: ${errorMessage(error)}`,
      );
      this.#tell("refused", this.current, { file, code, message: errorMessage(error) });
    }
  }

  #onLoaded(model: LoadedModel): void {
    const { current, previous } = this.#roster;
    const { clock, shadowBars, logger } = this.#options;
    if (model.sha256 === current.sha256) return;
    if (model.sha256 === previous?.sha256) {
      this.#rollBack("its file was put back");
      return;
    }
    const nowMs = clock.nowMs();
    this.#roster.beginShadow(model, nowMs, nowMs + shadowBars * MINUTE_MS);
    this.#shadowTally = new ShadowTally(model.id, nowMs);
    if (this.#roster.challenger !== null)
      logger.info(
        { challenger: this.#roster.challenger.id },
        "the challenger pauses while a new version is in its shadow",
      );
    this.#tell("shadow-begun", model, { bars: shadowBars, sha256: model.sha256 });
    this.#publish();
    if (shadowBars === 0) this.#endShadow();
  }

  #endShadow(): void {
    const { shadow } = this.#roster;
    const tally = this.#shadowTally;
    if (shadow === null || tally === null) return;
    const result = tally.result();
    this.#tell("shadow-ended", shadow.model, result);
    if (result.failed > 0) {
      this.#abandonShadow(`${result.failed} of its scores were no probabilities`);
      return;
    }
    this.#shadowTally = null;
    this.#roster.swap();
    this.#publish();
    this.#renewHealth();
    this.#tell("swapped", this.current, { from: this.#roster.previous?.id ?? null });
  }

  #abandonShadow(reason: string): void {
    const { shadow } = this.#roster;
    this.#roster.abandonShadow();
    this.#shadowTally = null;
    this.#publish();
    if (shadow !== null) this.#tell("refused", shadow.model, { reason });
  }

  #rollBack(reason: string): void {
    const from = this.current.id;
    if (!this.#roster.rollBack()) return;
    this.#shadowTally = null;
    this.#publish();
    this.#renewHealth();
    this.#tell("rolled-back", this.current, { from, reason });
  }

  #publish(): void {
    this.#cluster?.setModels(this.#roster.epochs);
  }

  #renewHealth(): void {
    this.#health = new ModelHealth(this.current.card.metadata);
    this.#judge();
  }

  #onOutcome({ signal, resultR }: Outcome): void {
    if (signal.scorerId === this.current.id) this.#health.observeOutcome(signal.score, resultR > 0);
  }

  #sizeFactor(): number {
    return this.#isExpired ? 0 : this.#health.report().sizeFactor;
  }

  /** Tells the core, the log and the ledger when the model is good for another size than before. */
  #judge(): void {
    const { card } = this.current;
    this.#isExpired = this.#options.clock.nowMs() >= utcMs(card.metadata.expiresUtc);
    const { level, reasons } = this.#health.report();
    const sizeFactor = this.#sizeFactor();
    this.#cluster?.setSizeFactor(sizeFactor);
    if (sizeFactor === this.#toldSize) return;
    this.#toldSize = sizeFactor;
    this.#tell("health", this.current, {
      sizeFactor,
      level,
      reasons: this.#isExpired ? [`expired ${card.metadata.expiresUtc}`, ...reasons] : reasons,
    });
  }

  #tell(kind: ModelEvent["kind"], model: LoadedModel, detail: Readonly<Record<string, unknown>>): void {
    const { logger, clock } = this.#options;
    const isTrouble =
      kind === "refused" || kind === "rolled-back" || (kind === "health" && detail["sizeFactor"] !== 1);
    // What was loaded at the start, its step of the start has told.
    const level = isTrouble ? "warn" : kind === "loaded" ? "debug" : "info";
    logger[level]({ model: model.id, ...detail }, MODEL_TEXTS[kind]);
    this.#note({ atMs: clock.nowMs(), kind, modelId: model.id, detailJson: JSON.stringify(detail) });
  }
}

/** A text stands alone; a model's file has its card and golden rows beside it. */
function watchedFiles(file: string): readonly string[] {
  if (file.endsWith(".txt")) return [file];
  const { onnx, card, golden } = modelPaths(file);
  return [onnx, card, golden];
}

const MODEL_TEXTS: Readonly<Record<ModelEvent["kind"], string>> = {
  loaded: "model scores",
  refused: "model refused",
  "shadow-begun": "new version of the model scores beside the present one",
  "shadow-ended": "the new version's shadow has ended",
  swapped: "the new version of the model scores now",
  "rolled-back": "back to the model before",
  challenger: "challenger scores beside, without weight",
  health: "the model is good for another size now",
};
