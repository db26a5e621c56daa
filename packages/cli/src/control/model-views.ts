import type { HealthReport, OutcomeBin } from "@smcq/model-life";
import type { ModelCard, ModelMetadata } from "@smcq/scoring";

/** What scores, how far it may be trusted, and what scores beside it. */
export interface ModelView {
  /** Venue ms. */
  readonly nowMs: number;
  /** Name of what scores: a model's id, or the heuristic's. */
  readonly scorer: string;
  readonly status: "heuristic" | "proven" | "unproven";
  /** Share of a trade's usual size that it is good for, 0..1. */
  readonly sizeFactor: number;
  readonly isExpired: boolean;
  /** Null: only the heuristic scores; it has no card, and nothing of it is measured. */
  readonly current: CardView | null;
  readonly challenger: CardView | null;
  /** A new version that scores beside until it takes over. */
  readonly newcomer: CardView | null;
  readonly shadowBarsLeft: number;
  /** Null: the heuristic's. */
  readonly health: HealthReport | null;
  /** From so many rows on drift is judged; fewer always look like it. */
  readonly judgedRowsMin: number;
  readonly featureNames: readonly string[];
  /** How often its scores came true since it scores here, whether they were traded on or not; empty: the heuristic's. */
  readonly outcomes: readonly OutcomeBin[];
}

type Shortened = "psi" | "inputs" | "trainer" | "labelSpec";

/** A model's card without what is long: as `smcq model show --json` prints it. */
export interface CardView extends Pick<ModelCard, "onnxSha256" | "onnxBytes" | "goldenSha256"> {
  readonly kind: string;
  readonly isSigned: boolean;
  /** The training rows are in the card: drift can be seen. */
  readonly hasTrainingBins: boolean;
  readonly inputFiles: number;
  readonly trainer: { readonly name: string; readonly version: string; readonly seed: number } | null;
  readonly metadata: Omit<ModelMetadata, Shortened>;
}
