import { FEATURES_V1, featureSetOf } from "@smcq/features";
import type { ModelCard, ModelMetadata, ScoreFigures } from "@smcq/scoring";

type Line = readonly [label: string, text: string];

const STATUS = {
  proven:
    "PROVEN: out of sample, confidence above 0.60 gains after costs, slippage twice, corrected for what was tried",
  unproven:
    "UNPROVEN: no proven edge after costs; demo and live only observe, elsewhere the heuristic's risk ceiling",
} as const;
const UNKNOWN = "not known, imported without a training report";

/** A model's card for eyes, its status first; ends in a newline. */
export function cardDisplay({ metadata, signature }: ModelCard, isExpired: boolean): string {
  const lines: Line[] = [
    ["model", metadata.modelId],
    ["status", STATUS[metadata.status]],
    ["created", metadata.createdUtc],
    ["expires", `${metadata.expiresUtc}${isExpired ? "  EXPIRED: the engine only observes" : ""}`],
    ...proofLines(metadata),
    ["trees", `${metadata.trees}, at most ${metadata.maxLeaves} leaves each`],
    ["features", featuresText(metadata)],
    ["data", dataText(metadata)],
    ["trainer", trainerText(metadata)],
    ...metricsLines(metadata),
    ["target", targetText(metadata)],
    ["calibration", calibrationText(metadata)],
    ...metadata.thresholds.map(({ above, count, wins, winRatioLower95 }): Line => [
      `  above ${above.toFixed(2)}`,
      count === 0
        ? "no rows"
        : `${wins} of ${count} won (${(wins / count).toFixed(3)}), at least ${winRatioLower95.toFixed(3)}`,
    ]),
    ["null tests", nullTestsText(metadata)],
    [
      "drift watch",
      metadata.psi === null ? "no training bins: drift is not seen" : "training bins are in the card",
    ],
    ["code", codeText(metadata)],
    ["text sha256", metadata.sourceSha256],
    ["signature", signature === null ? "none" : "present (checked by model verify --public-key)"],
  ];
  return lines.map(([label, text]) => `${label.padEnd(14)} ${text}\n`).join("");
}

/** The gate's conditions, and what is left of the hold-out. */
function proofLines({ proof }: ModelMetadata): Line[] {
  if (proof === undefined) return [["  why", "never judged by the calendar: train and import it anew"]];
  const { conditions, tried, holdOutLooks } = proof;
  if (tried === null) return [["  why", "not judged: `smcq model import` does, with what was tried before"]];
  const lines = conditions.map(({ isMet, text }): Line => [isMet ? "  met" : "  not met", text]);
  const looks: Line[] =
    holdOutLooks === null || holdOutLooks === 0
      ? []
      : [["  hold-out", `NONE any more: ${holdOutLooks} other variants had been judged on its days`]];
  return [...lines, ["  tried", `${tried} variants, which the bound is corrected for`], ...looks];
}

function featuresText({ featureNames, featureSchemaSha256 }: ModelMetadata): string {
  const names = `${featureNames.length}: ${featureNames.join(", ")}`;
  if (featureSchemaSha256 === null) return `${names}; NOT this engine's, which refuses the model`;
  const set = featureSetOf(featureNames) ?? FEATURES_V1;
  return set === FEATURES_V1
    ? names
    : `set ${set.name}, for backtests: the running engine refuses the model; ${names}`;
}

function targetText({ calibration: { target } }: ModelMetadata): string {
  if (target === undefined) return "P(win)";
  return `expected net R: abstains (score 0) at ${target.abstainR} R or less; with scan.scoreMin=0 nothing else decides`;
}

function dataText({ trainRange, symbols, nEvents, baseRate, inputs }: ModelMetadata): string {
  if (trainRange === null || nEvents === null || baseRate === null) return UNKNOWN;
  return `${trainRange.fromUtc} to ${trainRange.toUtc}, ${symbols} symbols in ${inputs.length} files, ${nEvents} labelled candidates, ${baseRate.toFixed(3)} of them winners`;
}

function trainerText({ trainer, trials }: ModelMetadata): string {
  if (trainer === null) return UNKNOWN;
  return `${trainer.name} ${trainer.version}, seed ${trainer.seed}, ${trials} parameter sets tried`;
}

function metricsLines({ metrics, holdOut, calibration }: ModelMetadata): Line[] {
  if (metrics === null) return [["out of sample", UNKNOWN]];
  const taken = calibration.target === undefined ? "above 0.60" : "above 0 (not abstained from)";
  const lines = figureLines({ label: "out of sample", figures: metrics, rows: metrics.source, taken });
  if (holdOut === null) return [...lines, ["hold-out", "none"]];
  const { fromUtc, toUtc } = holdOut.range;
  const rows = `${fromUtc} to ${toUtc}`;
  return [...lines, ...figureLines({ label: "hold-out", figures: holdOut, rows, taken })];
}

interface FigureLines {
  readonly label: string;
  readonly figures: ScoreFigures;
  /** How the figures' rows came about. */
  readonly rows: string;
  /** Which of them would be traded, in words. */
  readonly taken: string;
}

function figureLines({ label, figures, rows, taken }: FigureLines): Line[] {
  const { auc, brier, brierOfBaseRate, logloss, ece, n, baseRate } = figures;
  const quality = [
    `AUC ${auc.toFixed(4)}`,
    `Brier ${brier.toFixed(4)} (the base rate alone ${brierOfBaseRate.toFixed(4)})`,
    `logloss ${logloss.toFixed(4)}`,
    `ECE ${ece.toFixed(4)}`,
  ].join(", ");
  const all = figures.expectancyOfAllRowsR;
  return [
    [label, `${quality}; ${n} rows (${rows}), ${baseRate.toFixed(3)} winners`],
    ["  after costs", expectancyText(figures.expectancyR, taken)],
    ["  slip doubled", expectancyText(figures.expectancyDoubledSlippageR, taken)],
    [
      "  every row",
      `mean ${all.mean.toFixed(3)} R, 95 % between ${all.lower95.toFixed(3)} and ${all.upper95.toFixed(3)}`,
    ],
  ];
}

function expectancyText(
  { mean, lower95, upper95, rowsAbove060 }: ScoreFigures["expectancyR"],
  taken: string,
): string {
  if (mean === null || lower95 === null || upper95 === null) return `no row had a confidence ${taken}`;
  return `mean ${mean.toFixed(3)} R, 95 % between ${lower95.toFixed(3)} and ${upper95.toFixed(3)}, of ${rowsAbove060} rows ${taken}`;
}

function calibrationText({ calibration: { type, a, b, n } }: ModelMetadata): string {
  return type === "sigmoid"
    ? `none: the objective's own sigmoid (a = ${a})`
    : `Platt on ${n} out-of-fold rows, a = ${a}, b = ${b}`;
}

function nullTestsText({ nullTests }: ModelMetadata): string {
  if (nullTests === null) return UNKNOWN;
  return `AUC ${nullTests.randomWalkAuc.toFixed(4)} on random walks, ${nullTests.permutedAuc.toFixed(4)} on permuted labels (0.50 +- 0.03 passes)`;
}

function codeText({ gitCommit, isDirty }: ModelMetadata): string {
  if (gitCommit === null) return "commit not known";
  return `${gitCommit}${isDirty === true ? ", with uncommitted changes" : ""}`;
}
