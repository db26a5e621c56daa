import { HEURISTIC_ID } from "@smcq/features";
import { MINUTE_MS, type ModelEpochs } from "@smcq/kernel";
import { type HealthReport, ModelHealth, type TrainingReference } from "./health/model-health.ts";
import type { OutcomeBin } from "./health/outcome-bins.ts";
import { ModelRoster, type RosterModel } from "./model-roster.ts";
import { type Outcome, OutcomeTracker, type PlanEntries } from "./outcome-tracker.ts";
import type { RecentBars } from "./recent-bars.ts";
import type { ScoredSignal } from "./scored-signal.ts";
import { ShadowTally } from "./shadow-tally.ts";

/** A loaded model, as far as its life depends on it. */
export interface LifecycleModel extends RosterModel {
  readonly status: "proven" | "unproven";
  readonly expiresUtc: string;
  /** `expiresUtc` in venue ms; from then on the model is only observed. */
  readonly expiresMs: number;
  readonly training: TrainingReference;
}

export type LifecycleNoteKind =
  | "loaded"
  | "refused"
  | "shadow-begun"
  | "shadow-ended"
  | "swapped"
  | "rolled-back"
  | "challenger"
  | "health";

/** Something that happened to the models and is kept. */
export interface LifecycleNote {
  readonly kind: LifecycleNoteKind;
  readonly modelId: string;
  /** Venue ms. */
  readonly atMs: number;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What is to be done, in this order. */
export type LifecycleAction<M extends LifecycleModel> =
  /** Scans score with these models from their next task on. */
  | { readonly type: "score-with"; readonly epochs: Readonly<ModelEpochs> }
  /** The core is to know what scores, and how much of a trade's usual size it is good for, 0..1. */
  | { readonly type: "size"; readonly model: M; readonly sizeFactor: number }
  | { readonly type: "note"; readonly note: LifecycleNote };

export interface LifecycleOptions<M extends LifecycleModel> {
  readonly current: M;
  readonly challenger: M | null;
  /** Models that the memory of the scans holds at once. */
  readonly slots: number;
  /** Bars that a new version scores beside the present one before it takes over; 0: at once. */
  readonly shadowBars: number;
  readonly recentBars: RecentBars;
  /** How the plans are entered whose outcomes judge a model. */
  readonly entries: PlanEntries;
}

/** How the scorer does. */
export interface LifecycleReport {
  readonly model: string;
  readonly modelStatus: "proven" | "unproven";
  readonly sizeFactor: number;
  readonly isModelExpired: boolean;
  readonly health: HealthReport;
  /** What scores beside, without weight. */
  readonly challenger: string | null;
  /** Bars until a new version takes over; 0 when there is none. */
  readonly shadowBarsLeft: number;
}

/**
 * The models of a run: which one scores, how well it does, and how a new version takes over. Pure: every time it knows
 * comes with a call, and every call answers with what is to be done.
 *
 *   version loaded ─► shadow (N bars beside) ─► swap ─► (no probabilities) ─► rolled back
 *      └─ refused: the present model goes on             (the old file again) ─┘
 */
export class ModelLifecycle<M extends LifecycleModel> {
  readonly #roster: ModelRoster<M>;
  readonly #outcomes: OutcomeTracker;
  readonly #shadowBars: number;
  /** A model that comes back is as it was when it went: no swap makes anything healthy. */
  readonly #healths = new WeakMap<M, ModelHealth>();
  #shadowTally: ShadowTally | null = null;
  #isExpired = false;
  #told: { readonly model: M; readonly sizeFactor: number } | null = null;
  #actions: LifecycleAction<M>[] = [];

  constructor(options: LifecycleOptions<M>) {
    this.#roster = new ModelRoster(options.current, options.challenger, options.slots);
    this.#outcomes = new OutcomeTracker(options.recentBars, options.entries);
    this.#shadowBars = options.shadowBars;
  }

  get epochs(): ModelEpochs {
    return this.#roster.epochs;
  }

  get current(): M {
    return this.#roster.current;
  }

  get challenger(): M | null {
    return this.#roster.challenger;
  }

  /** A new version that scores beside the present one before it takes over; null: none does. */
  get newcomer(): M | null {
    return this.#roster.shadow?.model ?? null;
  }

  /** How often the present model's scores came true since it scores here, by bins. */
  outcomeBins(): readonly OutcomeBin[] {
    return this.#health(this.current).outcomeBins();
  }

  modelId(epoch: number): string {
    return this.#roster.nameOf(epoch) ?? HEURISTIC_ID;
  }

  /** The epoch that a next version is loaded under; null while scans still use what every free place holds. */
  nextEpoch(isUsed: (epoch: number) => boolean): number | null {
    return this.#roster.nextEpoch(isUsed);
  }

  /** Begins as well or as badly as the model did when a run before ended (`sizeFactorBefore`, 0..1). */
  begin(nowMs: number, sizeFactorBefore: number): readonly LifecycleAction<M>[] {
    const { current, challenger } = this.#roster;
    this.#health(current).resume(sizeFactorBefore);
    this.#note("loaded", current, nowMs, { sha256: current.sha256, status: current.status });
    if (challenger !== null) this.#note("challenger", challenger, nowMs, { sha256: challenger.sha256 });
    this.#judge(nowMs);
    return this.#take();
  }

  onSignals(signals: readonly ScoredSignal[]): void {
    for (const signal of signals) {
      for (const model of this.#judged()) {
        const score = scoreBy(signal, model.id);
        if (score !== null) this.#health(model).observe(signal.features, score);
      }
      if (signal.scorerId === this.current.id) this.#shadowTally?.add(signal);
    }
    this.#outcomes.add(signals);
  }

  /** A row was dropped because the model of `epoch` gave no probability. */
  onInvalidScore(epoch: number, nowMs: number): readonly LifecycleAction<M>[] {
    if (epoch !== this.current.epoch) return [];
    this.#health(this.current).observeInvalid();
    // What has just taken over gives no probabilities: the model before did.
    if (this.#roster.previous !== null)
      this.#rollBack("it gave a score that is no probability", false, nowMs);
    else this.#judge(nowMs);
    return this.#take();
  }

  /** Once a minute (venue time): outcomes, health, expiry, and the end of a shadow. */
  tick(nowMs: number): readonly LifecycleAction<M>[] {
    for (const outcome of this.#outcomes.step()) this.#onOutcome(outcome);
    const { shadow } = this.#roster;
    if (shadow !== null && nowMs >= shadow.endsMs) this.#endShadow(nowMs);
    this.#health(this.current).evaluate();
    this.#judge(nowMs);
    return this.#take();
  }

  /** Another version of the file stands there: one that is in its shadow is given up. */
  versionCame(nowMs: number): readonly LifecycleAction<M>[] {
    if (this.#roster.shadow !== null) this.#abandonShadow("another version of the file came", nowMs);
    return this.#take();
  }

  /** The new version has passed the gate and stands in the memory. */
  versionLoaded(model: M, nowMs: number): readonly LifecycleAction<M>[] {
    const { current, previous } = this.#roster;
    if (model.sha256 === current.sha256) return [];
    if (model.sha256 === previous?.sha256) {
      this.#rollBack("its file was put back", true, nowMs);
      return this.#take();
    }
    this.#roster.beginShadow(model, nowMs, nowMs + this.#shadowBars * MINUTE_MS);
    this.#shadowTally = new ShadowTally(model.id, nowMs);
    this.#note("shadow-begun", model, nowMs, { bars: this.#shadowBars, sha256: model.sha256 });
    this.#publish();
    if (this.#shadowBars === 0) this.#endShadow(nowMs);
    return this.#take();
  }

  /** The new version was refused: the present model goes on. */
  versionRefused(detail: Readonly<Record<string, unknown>>, nowMs: number): readonly LifecycleAction<M>[] {
    this.#note("refused", this.current, nowMs, detail);
    return this.#take();
  }

  report(nowMs: number): LifecycleReport {
    const { current, challenger, shadow } = this.#roster;
    return {
      model: current.id,
      modelStatus: current.status,
      sizeFactor: this.#sizeFactor(),
      isModelExpired: this.#isExpired,
      health: this.#health(current).report(),
      challenger: (shadow?.model ?? challenger)?.id ?? null,
      shadowBarsLeft: shadow === null ? 0 : Math.max(0, Math.ceil((shadow.endsMs - nowMs) / MINUTE_MS)),
    };
  }

  #endShadow(nowMs: number): void {
    const { shadow } = this.#roster;
    const tally = this.#shadowTally;
    if (shadow === null || tally === null) return;
    const result = tally.result();
    this.#note("shadow-ended", shadow.model, nowMs, { ...result });
    if (result.failed > 0) {
      this.#abandonShadow(`${result.failed} of its scores were no probabilities`, nowMs);
      return;
    }
    this.#shadowTally = null;
    this.#roster.swap();
    this.#publish();
    const from = this.#roster.previous?.id ?? null;
    this.#note("swapped", this.current, nowMs, { from, status: this.current.status });
    this.#judge(nowMs);
  }

  #abandonShadow(reason: string, nowMs: number): void {
    const { shadow } = this.#roster;
    this.#roster.abandonShadow();
    this.#shadowTally = null;
    this.#publish();
    if (shadow !== null) this.#note("refused", shadow.model, nowMs, { reason });
  }

  /** Back to the model before; what it replaces is kept for a way back in turn if it is fit for that. */
  #rollBack(reason: string, isKept: boolean, nowMs: number): void {
    const from = this.current.id;
    if (!this.#roster.rollBack(isKept)) return;
    this.#shadowTally = null;
    this.#publish();
    this.#note("rolled-back", this.current, nowMs, { from, reason });
    this.#judge(nowMs);
  }

  /** The models whose scores are held against training: a new version from its first bar in the shadow on. */
  #judged(): readonly M[] {
    const { current, shadow } = this.#roster;
    return shadow === null ? [current] : [current, shadow.model];
  }

  #health(model: M): ModelHealth {
    let health = this.#healths.get(model);
    if (health === undefined) {
      health = new ModelHealth(model.training);
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

  /** Tells when another model scores, or the present one is good for another size than before. */
  #judge(nowMs: number): void {
    const { current } = this;
    this.#isExpired = nowMs >= current.expiresMs;
    const { level, reasons } = this.#health(current).report();
    const sizeFactor = this.#sizeFactor();
    const before = this.#told;
    if (before?.model.id === current.id && before.sizeFactor === sizeFactor) return;
    this.#told = { model: current, sizeFactor };
    this.#actions.push({ type: "size", ...this.#told });
    if (sizeFactor === (before?.sizeFactor ?? 1)) return;
    this.#note("health", current, nowMs, {
      sizeFactor,
      level,
      reasons: this.#isExpired ? [`expired ${current.expiresUtc}`, ...reasons] : reasons,
    });
  }

  #publish(): void {
    this.#actions.push({ type: "score-with", epochs: this.#roster.epochs });
  }

  #note(kind: LifecycleNoteKind, model: M, atMs: number, detail: Readonly<Record<string, unknown>>): void {
    this.#actions.push({ type: "note", note: { kind, modelId: model.id, atMs, detail } });
  }

  #take(): readonly LifecycleAction<M>[] {
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }
}

/** What a model said of a signal, as its scorer or beside it; null when it was not asked. */
function scoreBy({ scorerId, score, challenger }: ScoredSignal, modelId: string): number | null {
  if (scorerId === modelId) return score;
  return challenger?.scorerId === modelId ? challenger.score : null;
}
