import { FEATURES } from "@smcq/features";
import { DRIFT_LIMITS, type HealthReport } from "@smcq/model-life";
import type { Metric } from "./metrics/metric.ts";

/** How the scorer does, for the minute line and the metrics. */
export interface ModelReport {
  /** Name of what scores: a model's id, or the heuristic's. */
  readonly model: string;
  readonly modelStatus: "heuristic" | "proven" | "unproven";
  /** How much of a trade's usual size the model is good for, 0..1; at 0 it is only observed. */
  readonly sizeFactor: number;
  readonly isModelExpired: boolean;
  /** Null for the heuristic, which was trained on nothing. */
  readonly health: HealthReport | null;
  /** What scores beside, without weight. */
  readonly challenger: string | null;
  /** Bars until a new version takes over; 0 when there is none. */
  readonly shadowBarsLeft: number;
}

/** The PSI values once there are rows enough to judge by; a few rows always look like drift. */
function judgedPsi(
  health: HealthReport | null,
): Pick<HealthReport, "psi" | "psiMax" | "psiMaxFeature" | "scorePsi"> {
  if (health !== null && health.rows >= DRIFT_LIMITS.judgedRowsMin) return health;
  return { psi: null, psiMax: null, psiMaxFeature: null, scorePsi: null };
}

/** The report's flat fields, for the minute line; null where a thing is not measured (yet). */
export function modelFields(report: ModelReport): Readonly<Record<string, string | number | boolean | null>> {
  const { health, ...rest } = report;
  const { psiMax, psiMaxFeature, scorePsi } = judgedPsi(health);
  return {
    ...rest,
    drift: health?.level ?? "none",
    psiMax,
    psiMaxFeature,
    scorePsi,
    nanRatio: health?.nanRatio ?? null,
    invalidScores: health?.invalid ?? 0,
    brier: health?.brier ?? null,
    outcomes: health?.outcomes ?? 0,
  };
}

/** One part of the minute line for eyes; empty for the heuristic. */
export function modelPart(fields: Readonly<Record<string, unknown>>): string {
  if (fields["modelStatus"] === "heuristic") return "";
  const decimals = (key: string): string => {
    const value = fields[key];
    return typeof value === "number" ? value.toFixed(2) : "-";
  };
  const parts = [
    `model ${String(fields["model"])} (${String(fields["modelStatus"])}) drift ${String(fields["drift"])}`,
    `psi ${decimals("psiMax")} score ${decimals("scorePsi")}`,
    `brier ${decimals("brier")}/${String(fields["outcomes"])}`,
  ];
  if (fields["sizeFactor"] !== 1) parts.push(`size x${String(fields["sizeFactor"])}`);
  if (fields["isModelExpired"] === true) parts.push("EXPIRED");
  if (fields["shadowBarsLeft"] !== 0)
    parts.push(`${String(fields["challenger"])} in shadow, ${String(fields["shadowBarsLeft"])} bars left`);
  return parts.join(", ");
}

/** The report as metrics. */
export function modelMetrics(report: ModelReport): readonly Metric[] {
  const { health } = report;
  const gauge = (name: string, help: string, value: number, labels?: Metric["labels"]): Metric =>
    labels === undefined
      ? { name, help, type: "gauge", value }
      : { name, help, type: "gauge", value, labels };
  const labels = { model: report.model, status: report.modelStatus };
  const facts = [
    gauge("model_info", "what scores", 1, labels),
    gauge("model_size_factor", "share of a trade's usual size the model is good for", report.sizeFactor),
    gauge("model_expired", "1 when the model is older than its card allows", Number(report.isModelExpired)),
    gauge("model_shadow_bars_left", "bars until a new version takes over", report.shadowBarsLeft),
  ];
  if (health === null) return facts;
  const { psi, scorePsi } = judgedPsi(health);
  return [
    ...facts,
    gauge("model_rows", "rows in the drift watch's window", health.rows),
    ...FEATURES.map(({ name, order }) =>
      gauge("model_feature_psi", "PSI of a feature against the training rows", psi?.[order] ?? Number.NaN, {
        feature: name,
      }),
    ),
    gauge("model_score_psi", "PSI of the score against the out-of-sample scores", scorePsi ?? Number.NaN),
    gauge("model_nan_ratio", "share of rows with a NaN feature", health.nanRatio),
    gauge("model_invalid_scores", "scores that were no probability", health.invalid),
    gauge("model_brier", "rolling Brier score of known outcomes", health.brier ?? Number.NaN),
    gauge("model_outcomes", "known outcomes in the rolling Brier score", health.outcomes),
  ];
}
