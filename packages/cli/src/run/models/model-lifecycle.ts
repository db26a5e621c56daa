import type { Coordinator } from "@smcq/cluster";
import type { ModelEvent, Signal } from "@smcq/engine";
import { HEURISTIC_ID } from "@smcq/features";
import { type Clock, errorCode, errorMessage, type Logger, MINUTE_MS } from "@smcq/kernel";
import { type LoadedModel, ModelHealth, utcMs } from "@smcq/scoring";
import type { SharedModels } from "@smcq/scoring";
import type { ModelEpochs } from "@smcq/wire";
import type { ModelReport } from "../../output/model-report.ts";
import { ModelRoster } from "./model-roster.ts";
import { ModelWatch } from "./model-watch.ts";
import { type Outcome, OutcomeTracker } from "./outcome-tracker.ts";
import type { ScanModels } from "./scan-models.ts";
import { ShadowTally } from "./shadow-tally.ts";

/** Loads the watched file under an epoch, through the whole gate; rejects with MODEL_* and has changed nothing then. */
export type LoadModel = (epoch: number) => Promise<LoadedModel>;

export interface ModelLifecycleOptions {
  readonly shared: SharedModels;
  readonly load: LoadModel;
  /** The file that is watched for new versions. */
  readonly file: string;
  /** What stood there before the current model was read. */
  readonly version: string | null;
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
export class ModelLifecycle implements ScanModels {
  readonly shared: SharedModels;
  readonly #options: ModelLifecycleOptions;
  readonly #roster: ModelRoster<LoadedModel>;
  readonly #watch: ModelWatch;
  #cluster: Cluster | null = null;
  #note: (event: ModelEvent) => void = () => {};
  #outcomes: OutcomeTracker | null = null;
  /** A model that comes back is as it was when it went: no swap makes anything healthy. */
  readonly #healths = new WeakMap<LoadedModel, ModelHealth>();
  #shadowTally: ShadowTally | null = null;
  #isExpired = false;
  #toldSize = 1;
  #isClosing = false;

  constructor(options: ModelLifecycleOptions) {
    this.#options = options;
    this.shared = options.shared;
    this.#roster = new ModelRoster(options.current, options.challenger);
    this.#watch = new ModelWatch({
      file: options.file,
      known: options.version,
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

  /** Begins as well or as badly as the model did when a run before ended. */
  resume(sizeFactorBefore: (modelId: string) => number): void {
    this.#health(this.current).resume(sizeFactorBefore(this.current.id));
  }

  /** Begins to follow the cluster; `note` keeps what happens to the models. */
  attach(cluster: Cluster, note: (event: ModelEvent) => void): void {
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
    this.#watch.start();
  }

  onSignals(signals: readonly Signal[]): void {
    for (const signal of signals) {
      for (const model of this.#judged()) {
        const score = scoreBy(signal, model.id);
        if (score !== null) this.#health(model).observe(signal.features, score);
      }
      if (signal.scorerId === this.current.id) this.#shadowTally?.add(signal);
    }
    this.#outcomes?.add(signals);
  }

  onInvalidScore(epoch: number): void {
    if (epoch !== this.current.epoch) return;
    this.#health(this.current).observeInvalid();
    // What has just taken over gives no probabilities: the model before did.
    if (this.#roster.previous !== null) this.#rollBack("it gave a score that is no probability", false);
    else this.#judge();
  }

  /** Once a minute (venue time): outcomes, health, expiry, and the end of a shadow. */
  tick(nowMs: number): void {
    this.#outcomes?.step();
    const { shadow } = this.#roster;
    if (shadow !== null && nowMs >= shadow.endsMs) this.#endShadow();
    this.#health(this.current).evaluate();
    this.#judge();
  }

  report(nowMs: number): ModelReport {
    const { current, challenger, shadow } = this.#roster;
    return {
      model: current.id,
      modelStatus: current.card.metadata.status,
      sizeFactor: this.#sizeFactor(),
      isModelExpired: this.#isExpired,
      health: this.#health(current).report(),
      challenger: (shadow?.model ?? challenger)?.id ?? null,
      shadowBarsLeft: shadow === null ? 0 : Math.max(0, Math.ceil((shadow.endsMs - nowMs) / MINUTE_MS)),
    };
  }

  /** Resolves when nothing is being loaded any more. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#watch.stop();
  }

  async #onVersion(): Promise<void> {
    const { file, load, logger, wallClock } = this.#options;
    const cluster = this.#cluster;
    if (cluster === null) return;
    if (this.#roster.shadow !== null) this.#abandonShadow("another version of the file came");
    let epoch = this.#roster.nextEpoch((used) => cluster.isModelUsed(used));
    if (epoch === null)
      logger.warn({ file }, "new version of the model waits: a scan still uses what its place held");
    while (epoch === null) {
      if (this.#isClosing) return;
      await new Promise<void>((resolve) => wallClock.after(SLOT_RETRY_MS, resolve));
      epoch = this.#roster.nextEpoch((used) => cluster.isModelUsed(used));
    }
    try {
      const model = await load(epoch);
      if (!this.#isClosing) this.#onLoaded(model);
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
      this.#rollBack("its file was put back", true);
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
    const { status } = this.current.card.metadata;
    this.#tell("swapped", this.current, { from: this.#roster.previous?.id ?? null, status });
    this.#judge();
  }

  #abandonShadow(reason: string): void {
    const { shadow } = this.#roster;
    this.#roster.abandonShadow();
    this.#shadowTally = null;
    this.#publish();
    if (shadow !== null) this.#tell("refused", shadow.model, { reason });
  }

  /** Back to the model before; what it replaces is kept for a way back in turn if it is fit for that. */
  #rollBack(reason: string, isKept: boolean): void {
    const from = this.current.id;
    if (!this.#roster.rollBack(isKept)) return;
    this.#shadowTally = null;
    this.#publish();
    this.#tell("rolled-back", this.current, { from, reason });
    this.#judge();
  }

  #publish(): void {
    this.#cluster?.setModels(this.#roster.epochs);
  }

  /** The models whose scores are held against training: a new version from its first bar in the shadow on. */
  #judged(): readonly LoadedModel[] {
    const { current, shadow } = this.#roster;
    return shadow === null ? [current] : [current, shadow.model];
  }

  #health(model: LoadedModel): ModelHealth {
    let health = this.#healths.get(model);
    if (health === undefined) {
      health = new ModelHealth(model.card.metadata);
      this.#healths.set(model, health);
    }
    return health;
  }

  #onOutcome({ signal, resultR }: Outcome): void {
    for (const model of this.#judged()) {
      const score = scoreBy(signal, model.id);
      if (score !== null) this.#health(model).observeOutcome(score, resultR > 0);
    }
  }

  #sizeFactor(): number {
    return this.#isExpired ? 0 : this.#health(this.current).report().sizeFactor;
  }

  /** Tells the core, the log and the ledger when the model is good for another size than before. */
  #judge(): void {
    const { card } = this.current;
    this.#isExpired = this.#options.clock.nowMs() >= utcMs(card.metadata.expiresUtc);
    const { level, reasons } = this.#health(this.current).report();
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
      kind === "refused" ||
      kind === "rolled-back" ||
      (kind === "health" && detail["sizeFactor"] !== 1) ||
      (kind === "swapped" && detail["status"] !== "proven");
    // What was loaded at the start, its step of the start has told.
    const level = isTrouble ? "warn" : kind === "loaded" ? "debug" : "info";
    logger[level]({ model: model.id, ...detail }, MODEL_TEXTS[kind]);
    this.#note({ atMs: clock.nowMs(), kind, modelId: model.id, detailJson: JSON.stringify(detail) });
  }
}

/** What a model said of a signal, as its scorer or beside it; null when it was not asked. */
function scoreBy({ scorerId, score, challenger }: Signal, modelId: string): number | null {
  if (scorerId === modelId) return score;
  return challenger?.scorerId === modelId ? challenger.score : null;
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
