import { engineSchemaSha256, modelIdOf, metadataProps, sha256Hex, tradePlanText } from "../card/metadata.ts";
import type { CalibrationFacts, ModelMetadata, TierFacts } from "../card/metadata.ts";
import { TIER_LIMITS } from "../card/training-report.ts";
import type { ReliabilityBin, TrainingReport } from "../card/training-report.ts";
import { utcText } from "../card/utc.ts";
import { type Judge, proofOf } from "./judge-training.ts";
import { signCard } from "../card/card.ts";
import type { ModelCard } from "../card/card.ts";
import { ModelErrorCode } from "../errors.ts";
import { encodeGolden } from "../golden/golden-file.ts";
import { makeGolden } from "../golden/make-golden.ts";
import type { LightGbmModel } from "../lightgbm/lightgbm-model.ts";
import { decodeLightGbm } from "../lightgbm/decode-lightgbm.ts";
import { FEATURE_COUNTS } from "../leaf-mask/compile-leaf-mask.ts";
import { parseLightGbm } from "../lightgbm/parse-lightgbm.ts";
import { toTreeEnsemble } from "../lightgbm/to-tree-ensemble.ts";
import { writeOnnx } from "../onnx/write-onnx.ts";
import {
  FEATURES,
  type FeatureSet,
  FEATURES_V1,
  featureSetOf,
  M1_SCALP,
  tradePlanDocument,
  type TradePlanParameters,
} from "@smcq/features";
import { SmcqError } from "@smcq/kernel";

export interface BuildOptions {
  /** The bytes of the LightGBM text. */
  readonly text: Uint8Array;
  /** The id's first part; see MODEL_NAME. */
  readonly name: string;
  readonly report: TrainingReport | null;
  readonly nowMs: number;
  /** How the plans were entered that the model was trained on; absent: at the market. */
  readonly plan?: TradePlanParameters | undefined;
  readonly expiresDays?: number | undefined;
  /** Takes as many features as a set has by other names, for the offline commands; the engine refuses what comes out. */
  readonly isAnySchema?: boolean | undefined;
  /** Knows what else was tried; without it nothing is proven. */
  readonly judge?: Judge | undefined;
  /** ed25519 private key in PEM that signs the card. */
  readonly signKeyPem?: string | undefined;
}

/** The three files of a model, as bytes. */
export interface BuiltModel {
  readonly onnx: Uint8Array;
  readonly golden: Uint8Array;
  readonly card: ModelCard;
}

export const EXPIRES_DAYS = 180;
const DAY_MS = 86_400_000;
/** Two-sided 95 % of a normal distribution. */
const Z_95 = 1.959963984540054;

/**
 * Makes a model's files from a LightGBM text and, if there is one, its training report. Without a report the
 * calibration is the objective's plain sigmoid and the status is unproven. Refuses other features than the engine's
 * (MODEL_FEATURES, MODEL_SCHEMA) and a report of another text (MODEL_REPORT_TEXT).
 */
export function buildModel(options: BuildOptions): BuiltModel {
  const { report, plan = M1_SCALP } = options;
  const sourceSha256 = sha256Hex(options.text);
  const model = parseLightGbm(decodeLightGbm(options.text));
  const set = checkFeatures(model.featureNames, options.isAnySchema === true);
  if (report !== null)
    checkReport(report, { textSha256: sourceSha256, plan, set, width: model.featureNames.length });
  checkTarget(report, model);
  const proof = proofOf(report, options.name, options.judge);
  const rest: Omit<ModelMetadata, "modelId"> = {
    schemaVersion: 1,
    createdUtc: utcText(options.nowMs),
    sourceSha256,
    featureNames: model.featureNames,
    featureSchemaSha256: set === null ? null : engineSchemaSha256(plan, set),
    labelSpec: set === null ? null : tradePlanDocument(plan),
    ...reported(report, model),
    maxLeaves: model.trees.reduce((most, { leafValue }) => Math.max(most, leafValue.length), 1),
    trees: model.trees.length,
    status: proof?.status ?? "unproven",
    ...(proof === undefined ? {} : { proof }),
    expiresUtc: utcText(options.nowMs + (options.expiresDays ?? EXPIRES_DAYS) * DAY_MS),
  };
  const metadata: ModelMetadata = { ...rest, modelId: modelIdOf(options.name, rest) };
  const onnx = writeOnnx(toTreeEnsemble(model), metadataProps(metadata));
  // The rows need to be the same for the same text, nothing more.
  const golden = encodeGolden(makeGolden(model, Number.parseInt(sourceSha256.slice(0, 8), 16)));
  const card: ModelCard = {
    cardVersion: 1,
    onnxSha256: sha256Hex(onnx),
    onnxBytes: onnx.length,
    goldenSha256: sha256Hex(golden),
    metadata,
    signature: null,
  };
  return { onnx, golden, card: options.signKeyPem === undefined ? card : signCard(card, options.signKeyPem) };
}

/** The set that the names are; null: another one, where that is taken. */
function checkFeatures(names: readonly string[], isAnySchema: boolean): FeatureSet | null {
  const set = featureSetOf(names);
  const isAsWide = FEATURE_COUNTS.includes(names.length);
  if (set !== null || (isAnySchema && isAsWide)) return set;
  const at = FEATURES.findIndex(({ name }, index) => names[index] !== name);
  const what =
    isAnySchema || at < 0
      ? `the model has ${names.length} features, every scorer takes ${FEATURE_COUNTS.join(" or ")}`
      : `feature ${at} of the model is ${names[at] ?? "missing"}, the engine's is ${FEATURES[at]?.name}`;
  throw new SmcqError(ModelErrorCode.Features, what, { context: { featureNames: [...names] } });
}

/** Refuses a text of net R without a report that says what its results are worth, and a report of another target. */
function checkTarget(report: TrainingReport | null, { isRegression, objective }: LightGbmModel): void {
  const target = report?.calibration.target;
  if (isRegression === (target !== undefined)) return;
  throw new SmcqError(
    ModelErrorCode.Report,
    isRegression
      ? `the objective ${objective} gives a result, no probability: its training report must have calibration.target (net-r), as train.py --target net-r writes it`
      : `the training report tells of a model of ${target?.kind}, but the text's objective is ${objective}`,
  );
}

function checkReport(
  report: TrainingReport,
  {
    textSha256,
    plan,
    set,
    width,
  }: {
    readonly textSha256: string;
    readonly plan: TradePlanParameters;
    readonly set: FeatureSet | null;
    readonly width: number;
  },
): void {
  if (report.modelTextSha256 !== textSha256)
    throw new SmcqError(
      ModelErrorCode.ReportText,
      `the training report is about another text (sha256 ${report.modelTextSha256}, this one has ${textSha256}): take it away or give the right one`,
    );
  if (report.psi.edges.length !== width)
    throw new SmcqError(
      ModelErrorCode.Report,
      `the training report has psi of ${report.psi.edges.length} features, the text has ${width}`,
    );
  const schema = engineSchemaSha256(plan, set ?? FEATURES_V1);
  if (report.dataset.featureSchemaSha256 !== schema)
    throw new SmcqError(
      ModelErrorCode.Schema,
      `the model was trained on features of schema ${report.dataset.featureSchemaSha256}, the engine's is ${schema} (${tradePlanText(tradePlanDocument(plan))}): make the dataset again and train anew, or name the plan that it was made with (strategy.plan, strategy.entry)`,
    );
}

type Reported = Pick<
  ModelMetadata,
  | "trainer"
  | "trainRange"
  | "validRange"
  | "symbols"
  | "inputs"
  | "nEvents"
  | "baseRate"
  | "calibration"
  | "thresholds"
  | "metrics"
  | "holdOut"
  | "nullTests"
  | "trials"
  | "psi"
  | "gitCommit"
  | "isDirty"
>;

/** The part of the metadata that comes from the training report. */
function reported(report: TrainingReport | null, model: LightGbmModel): Reported {
  const calibration: CalibrationFacts = report?.calibration ?? {
    type: "sigmoid",
    a: model.sigmoid,
    b: 0,
    n: 0,
    range: null,
    bins: [],
  };
  return {
    calibration,
    thresholds: calibration.bins.length === 0 ? [] : tiers(calibration.bins),
    trainer: report?.trainer ?? null,
    trainRange: report?.ranges.train ?? null,
    validRange: report?.ranges.valid ?? null,
    symbols: report?.dataset.symbols ?? null,
    inputs: report?.dataset.files ?? [],
    nEvents: report?.dataset.labelled ?? null,
    baseRate: report?.dataset.baseRate ?? null,
    metrics: report?.outOfSample ?? null,
    holdOut: report?.holdOut ?? null,
    nullTests: report?.nullTests ?? null,
    trials: report?.trials ?? null,
    psi: report?.psi ?? null,
    gitCommit: report?.gitCommit ?? null,
    isDirty: report?.isDirty ?? null,
  };
}

function tiers(bins: readonly ReliabilityBin[]): TierFacts[] {
  return TIER_LIMITS.map((above) => {
    const inside = bins.filter(({ lower }) => lower >= above);
    const count = inside.reduce((sum, bin) => sum + bin.count, 0);
    const wins = inside.reduce((sum, bin) => sum + bin.wins, 0);
    return { above, count, wins, winRatioLower95: wilsonLower95(wins, count) };
  });
}

/** Lower end of the 95 % score interval of a share (E. B. Wilson, 1927); 0 without rows. */
export function wilsonLower95(wins: number, count: number): number {
  if (count === 0) return 0;
  const share = wins / count;
  const z2 = (Z_95 * Z_95) / count;
  const spread = Z_95 * Math.sqrt((share * (1 - share)) / count + z2 / (4 * count));
  return Math.max((share + z2 / 2 - spread) / (1 + z2), 0);
}
