import { FEATURE_COUNT } from "@smcq/kernel";
import { FEATURES } from "@smcq/features";
import { BinWindow } from "./bin-window.ts";
import { BrierWindow } from "./brier-window.ts";
import { type OutcomeBin, OutcomeBins } from "./outcome-bins.ts";

/** Limits of the drift watch. */
export const DRIFT_LIMITS = {
  windowRows: 2_000,
  /** Rows from which on PSI is judged. */
  judgedRowsMin: 500,
  windowOutcomes: 500,
  judgedOutcomesMin: 100,
  psiWatch: 0.1,
  psiReduced: 0.25,
  psiObserve: 0.5,
  /** Features above a limit that make it count; one alone is watched. */
  featuresMin: 2,
  /** Standard errors by which the Brier score is worse than the card's. */
  brierReduced: 3,
  brierObserve: 6,
  /** Evaluations in a row that must be better before the level rises. */
  goodEvaluations: 60,
} as const;

/** From good to bad. */
const LEVELS = ["ok", "watch", "reduced", "observe-only"] as const;
const SIZE_FACTORS = [1, 1, 0.5, 0] as const;
const OK = 0;
const WATCH = 1;
const REDUCED = 2;
const OBSERVE_ONLY = 3;
// Bits of a row's faults.
const NAN_FEATURE = 1;
const INVALID_SCORE = 2;

/** Bins of the training rows: edges between bins, and the rows in each, by feature and of the score. */
export interface PsiReference {
  readonly edges: readonly (readonly number[])[];
  readonly counts: readonly (readonly number[])[];
  readonly scoreEdges: readonly number[];
  readonly scoreCounts: readonly number[];
}

/** What a model's card tells of its training, as far as its health is judged by it; null where the card is silent. */
export interface TrainingReference {
  readonly psi: PsiReference | null;
  /** Brier score of the out-of-sample rows, and their number. */
  readonly metrics: { readonly brier: number; readonly n: number } | null;
}

export interface HealthReport {
  /** Rows in the window. */
  readonly rows: number;
  /** Of each feature; null when the card has no reference. */
  readonly psi: readonly number[] | null;
  readonly psiMax: number | null;
  readonly psiMaxFeature: string | null;
  readonly scorePsi: number | null;
  /** Rows of the window with a feature that is no finite number. */
  readonly nanRatio: number;
  /** Scores of the window that are no probability. */
  readonly invalid: number;
  readonly brier: number | null;
  readonly brierReference: number | null;
  readonly outcomes: number;
  /** `no reference`: nothing is wrong, but the card has no training bins to compare with. */
  readonly level: (typeof LEVELS)[number] | "no reference";
  /** What sizes are multiplied by. */
  readonly sizeFactor: 1 | 0.5 | 0;
  /** Why the level is not ok, in words; empty while it waits for 60 good evaluations. */
  readonly reasons: readonly string[];
}

interface Finding {
  readonly severity: number;
  readonly reason: string;
}

/**
 * Watches one model: do live rows, scores and outcomes still look as they did in training? The level falls at once
 * and rises after 60 better evaluations in a row, to the worst of them. Pure: the same rows give the same reports.
 */
export class ModelHealth {
  readonly #features: readonly BinWindow[] | null;
  readonly #scores: BinWindow | null;
  readonly #brier: BrierWindow;
  readonly #outcomes = new OutcomeBins();
  readonly #brierReference: number | null;
  readonly #brierRows: number;
  /** What was wrong with each row of the window. */
  readonly #faults: Uint8Array = new Uint8Array(DRIFT_LIMITS.windowRows);
  #rows = 0;
  #next = 0;
  #nanRows = 0;
  #invalidScores = 0;
  #severity: number = OK;
  #goodEvaluations = 0;
  #worstSinceFall: number = OK;
  #isResumed = false;

  constructor({ psi, metrics }: TrainingReference) {
    const { windowRows, windowOutcomes } = DRIFT_LIMITS;
    this.#features =
      psi === null
        ? null
        : psi.edges.map((edges, index) => new BinWindow(edges, psi.counts[index] ?? [], windowRows));
    this.#scores = psi === null ? null : new BinWindow(psi.scoreEdges, psi.scoreCounts, windowRows);
    this.#brier = new BrierWindow(windowOutcomes);
    this.#brierReference = metrics?.brier ?? null;
    this.#brierRows = metrics?.n ?? 0;
  }

  /** Takes a scored row: its 12 features in the side view, and its confidence. */
  observe(features: ArrayLike<number>, confidence: number): void {
    let isFinite = true;
    for (let k = 0; k < FEATURE_COUNT; k++) {
      const value = features[k] as number;
      isFinite &&= Number.isFinite(value);
      this.#features?.[k]?.add(value);
    }
    const isProbability = confidence >= 0 && confidence <= 1;
    this.#scores?.add(isProbability ? confidence : Number.NaN);
    this.#countFaults((isFinite ? 0 : NAN_FEATURE) | (isProbability ? 0 : INVALID_SCORE));
  }

  /** Takes a row whose score was no probability and that came no further than the scan. */
  observeInvalid(): void {
    this.#countFaults(INVALID_SCORE);
  }

  #countFaults(faults: number): void {
    const leaving = this.#faults[this.#next] as number;
    this.#nanRows += Number((faults & NAN_FEATURE) !== 0) - Number((leaving & NAN_FEATURE) !== 0);
    this.#invalidScores += Number((faults & INVALID_SCORE) !== 0) - Number((leaving & INVALID_SCORE) !== 0);
    this.#faults[this.#next] = faults;
    this.#next = (this.#next + 1) % DRIFT_LIMITS.windowRows;
    this.#rows = Math.min(this.#rows + 1, DRIFT_LIMITS.windowRows);
  }

  /**
   * Takes the outcome of a row that was scored earlier. A confidence of exactly 0 is an abstention (a model of net R): no
   * probability was claimed, and none is judged.
   */
  observeOutcome(confidence: number, isWin: boolean): void {
    if (confidence > 0) this.#brier.add(confidence, isWin);
    this.#outcomes.add(confidence, isWin);
  }

  /** Every outcome since this began, by the score. */
  outcomeBins(): readonly OutcomeBin[] {
    return this.#outcomes.bins();
  }

  /**
   * Begins as bad as the model was when a run before ended: a restart makes nothing healthy. It rises as ever, but not
   * before there are rows enough to judge by.
   */
  resume(sizeFactor: number): void {
    const severity = SIZE_FACTORS.findLastIndex((factor) => factor >= sizeFactor);
    if (sizeFactor >= 1 || severity <= this.#severity) return;
    this.#severity = severity;
    this.#isResumed = true;
  }

  /** Counts one evaluation towards a better level; to be called at an even pace, such as once a minute. */
  evaluate(): void {
    const { psi, scorePsi } = this.#indexes();
    this.#settle(worstOf(this.#findings(psi, scorePsi)));
  }

  /** The windows as they are; a level that got worse since the last evaluation shows at once. */
  report(): HealthReport {
    const { psi, scorePsi } = this.#indexes();
    const findings = this.#findings(psi, scorePsi);
    const severity = Math.max(this.#severity, worstOf(findings));
    const psiMax = psi === null ? null : Math.max(...psi);
    return {
      rows: this.#rows,
      psi,
      psiMax,
      psiMaxFeature: psi === null || psiMax === null ? null : featureName(psi.indexOf(psiMax)),
      scorePsi,
      nanRatio: this.#rows === 0 ? 0 : this.#nanRows / this.#rows,
      invalid: this.#invalidScores,
      brier: this.#brier.score(),
      brierReference: this.#brierReference,
      outcomes: this.#brier.count,
      level: psi === null && severity === OK ? "no reference" : (LEVELS[severity] ?? "observe-only"),
      sizeFactor: SIZE_FACTORS[severity] ?? 0,
      reasons: findings.map(({ reason }) => reason),
    };
  }

  #indexes(): { readonly psi: readonly number[] | null; readonly scorePsi: number | null } {
    return {
      psi: this.#features?.map((window) => window.psi()) ?? null,
      scorePsi: this.#scores?.psi() ?? null,
    };
  }

  #findings(psi: readonly number[] | null, scorePsi: number | null): readonly Finding[] {
    return [...this.#faultFindings(), ...this.#psiFindings(psi, scorePsi), ...this.#brierFindings()];
  }

  #settle(severity: number): void {
    if (severity >= this.#severity) {
      this.#severity = severity;
      this.#goodEvaluations = 0;
      this.#worstSinceFall = OK;
      return;
    }
    if (this.#isResumed && this.#rows < DRIFT_LIMITS.judgedRowsMin) return;
    this.#worstSinceFall = Math.max(this.#worstSinceFall, severity);
    this.#goodEvaluations++;
    if (this.#goodEvaluations < DRIFT_LIMITS.goodEvaluations) return;
    this.#severity = this.#worstSinceFall;
    this.#goodEvaluations = 0;
    this.#worstSinceFall = OK;
  }

  #faultFindings(): Finding[] {
    const findings: Finding[] = [];
    if (this.#nanRows > 0)
      findings.push({
        severity: OBSERVE_ONLY,
        reason: `${this.#nanRows} of ${this.#rows} rows have a feature that is no finite number`,
      });
    if (this.#invalidScores > 0)
      findings.push({
        severity: OBSERVE_ONLY,
        reason: `${this.#invalidScores} of ${this.#rows} scores are no probability`,
      });
    return findings;
  }

  #psiFindings(psi: readonly number[] | null, scorePsi: number | null): Finding[] {
    const { judgedRowsMin, featuresMin, psiWatch, psiReduced, psiObserve } = DRIFT_LIMITS;
    if (psi === null || scorePsi === null || this.#rows < judgedRowsMin) return [];
    const severityOf = (value: number): number =>
      value > psiObserve ? OBSERVE_ONLY : value > psiReduced ? REDUCED : value > psiWatch ? WATCH : OK;
    const severities = psi.map(severityOf).toSorted((a, b) => b - a);
    // What at least two features reach counts in full; one alone is watched, however far it went.
    const shared = severities[featuresMin - 1] ?? OK;
    const ofFeatures = Math.max(shared, Math.min(severities[0] ?? OK, WATCH));
    const drifted = psi.flatMap((value, feature) =>
      value > psiWatch ? [`${featureName(feature)} ${value.toFixed(3)}`] : [],
    );
    const findings = [
      { severity: ofFeatures, reason: `PSI of features: ${drifted.join(", ")}` },
      { severity: severityOf(scorePsi), reason: `PSI of the score: ${scorePsi.toFixed(3)}` },
    ];
    return findings.filter(({ severity }) => severity > OK);
  }

  #brierFindings(): Finding[] {
    const { judgedOutcomesMin, brierReduced, brierObserve } = DRIFT_LIMITS;
    const reference = this.#brierReference;
    if (reference === null || this.#brier.count < judgedOutcomesMin) return [];
    const worseBy = this.#brier.worseBy(reference, this.#brierRows);
    if (worseBy <= brierReduced) return [];
    const severity = worseBy > brierObserve ? OBSERVE_ONLY : REDUCED;
    const score = this.#brier.score()?.toFixed(4);
    return [
      {
        severity,
        reason: `Brier score ${score} over ${this.#brier.count} outcomes, ${worseBy.toFixed(1)} standard errors worse than the card's ${reference.toFixed(4)}`,
      },
    ];
  }
}

function worstOf(findings: readonly Finding[]): number {
  return findings.reduce((worst, { severity }) => Math.max(worst, severity), OK);
}

function featureName(index: number): string {
  return FEATURES[index]?.name ?? `feature ${index}`;
}
