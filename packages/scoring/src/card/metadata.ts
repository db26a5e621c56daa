import { createHash } from "node:crypto";
import { canonicalJson, type FeatureSet, FEATURES_V1, featureSchemaJson, M1_SCALP } from "@smcq/features";
import type { TradePlanDocument, TradePlanParameters } from "@smcq/features";
import type { Calibration } from "../calibration.ts";
import { ModelErrorCode } from "../errors.ts";
import { type Proof, readProof } from "./calendar.ts";
import {
  boolean,
  integer,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  parseJson,
  record,
  refuse,
  sha256,
  text,
  utc,
} from "./json-reader.ts";
import type { Place, Read, Shape } from "./json-reader.ts";
import {
  FEATURES_MAX,
  readBins,
  readCommit,
  readFiles,
  readNullTests,
  readHoldOut,
  readOutOfSample,
  readPsi,
  readRange,
  readTarget,
  readTrainer,
} from "./training-report.ts";
import type {
  InputFile,
  NullTests,
  HoldOut,
  OutOfSample,
  PsiReference,
  ReliabilityBin,
  TrainerFacts,
  UtcRange,
} from "./training-report.ts";

/** How the calibration came about: a plain sigmoid is the objective's own, Platt was fitted on `n` rows. */
export interface CalibrationFacts extends Calibration {
  readonly n: number;
  readonly range: UtcRange | null;
  /** The fit's rows by their p; empty for a plain sigmoid. */
  readonly bins: readonly ReliabilityBin[];
}

/** A tier of confidence with what its rows did, and the lower 95 % Wilson bound that sizing may count on. */
export interface TierFacts {
  readonly above: number;
  readonly count: number;
  readonly wins: number;
  readonly winRatioLower95: number;
}

export type ModelStatus = "proven" | "unproven";

/**
 * Everything that a model's file says of itself. Null where the model came as a bare text without a training report,
 * or with features of another engine.
 */
export interface ModelMetadata {
  readonly schemaVersion: 1;
  readonly modelId: string;
  readonly createdUtc: string;
  /** sha256 of the LightGBM text. */
  readonly sourceSha256: string;
  readonly trainer: TrainerFacts | null;
  readonly featureNames: readonly string[];
  /** Null for features that are not this engine's. */
  readonly featureSchemaSha256: string | null;
  readonly trainRange: UtcRange | null;
  readonly validRange: UtcRange | null;
  readonly symbols: number | null;
  readonly inputs: readonly InputFile[];
  /** The trade plan that the labels were made with. */
  readonly labelSpec: TradePlanDocument | null;
  /** Labelled candidates. */
  readonly nEvents: number | null;
  readonly baseRate: number | null;
  readonly calibration: CalibrationFacts;
  readonly thresholds: readonly TierFacts[];
  readonly metrics: OutOfSample | null;
  readonly holdOut: HoldOut | null;
  readonly nullTests: NullTests | null;
  readonly trials: number | null;
  readonly psi: PsiReference | null;
  readonly maxLeaves: number;
  readonly trees: number;
  readonly gitCommit: string | null;
  readonly isDirty: boolean | null;
  readonly status: ModelStatus;
  /** Absent in cards of earlier engines, whose `proven` stood on less and counts for nothing: `withVerdict`. */
  readonly proof?: Proof;
  readonly expiresUtc: string;
}

const TIERS_MAX = 64;
/** A name that is safe in files, logs and tables: 1-40 of a-z, 0-9, `_` and `-`. */
export const MODEL_NAME: RegExp = /^[a-z0-9][a-z0-9_-]{0,39}$/;
const MODEL_ID = /^[a-z0-9][a-z0-9_-]{0,39}-[0-9a-f]{12}$/;

const ratio = number({ min: 0, max: 1 });

const readCalibration: Read<CalibrationFacts> = (value, place) => {
  const found = object<CalibrationFacts>({
    type: oneOf("sigmoid", "platt"),
    a: number(),
    b: number(),
    n: integer(0),
    range: nullable(readRange),
    bins: (bins, at) => (Array.isArray(bins) && bins.length === 0 ? [] : readBins(bins, at)),
    target: optional(readTarget),
  })(value, place);
  if (found.a <= 0) refuse(place, "a calibration whose a is above 0", found.a);
  if (found.type === "sigmoid" && found.b !== 0) refuse(place, "a plain sigmoid with b = 0", found.b);
  if (found.type === "sigmoid" && found.target !== undefined)
    refuse(place, "a fitted calibration for a model of net R", found.type);
  return found;
};

const readTier: Read<TierFacts> = object<TierFacts>({
  above: ratio,
  count: integer(0),
  wins: integer(0),
  winRatioLower95: ratio,
});

type PlanEntry = NonNullable<TradePlanDocument["entry"]>;

const readEntry: Read<PlanEntry> = object<PlanEntry>({
  kind: oneOf("limit"),
  offsetAtr: number({ min: 0 }),
  expiryBars: integer(1),
  feeRatio: ratio,
});

/** Words of a plan's document; everything else in it is a number. */
const PLAN_WORD = /^[A-Za-z0-9_-]{1,40}$/;
const PLAN_WORDS = new Set(["name", "timeframe", "target"]);

const readLabelSpec: Read<TradePlanDocument> = (value, place) => {
  const fields = record<unknown>((field, at) => {
    const key = at.key.slice(at.key.lastIndexOf(".") + 1);
    if (key === "entry") return readEntry(field, at);
    return PLAN_WORDS.has(key) ? text("a word of a trade plan", PLAN_WORD)(field, at) : number()(field, at);
  });
  return fields(value, place) as unknown as TradePlanDocument;
};

const SHAPE: Shape<ModelMetadata> = {
  schemaVersion: oneOf(1),
  modelId: text("a name, a dash and 12 hex digits", MODEL_ID),
  createdUtc: utc,
  sourceSha256: sha256,
  trainer: nullable(readTrainer),
  featureNames: list(text("a feature's name", /\S/), 1, FEATURES_MAX),
  featureSchemaSha256: nullable(sha256),
  trainRange: nullable(readRange),
  validRange: nullable(readRange),
  symbols: nullable(integer(1)),
  inputs: readFiles,
  labelSpec: nullable(readLabelSpec),
  nEvents: nullable(integer(1)),
  baseRate: nullable(ratio),
  calibration: readCalibration,
  thresholds: list(readTier, 0, TIERS_MAX),
  metrics: nullable(readOutOfSample),
  holdOut: nullable(readHoldOut),
  nullTests: nullable(readNullTests),
  trials: nullable(integer(1)),
  psi: nullable(readPsi),
  maxLeaves: integer(1),
  trees: integer(1),
  gitCommit: readCommit,
  isDirty: nullable(boolean),
  status: oneOf("proven", "unproven"),
  proof: optional(readProof),
  expiresUtc: utc,
};

/** Checks metadata as plain data; refuses with MODEL_CARD and the name of the key. */
export const readMetadata: Read<ModelMetadata> = (value, place) => {
  const metadata = object<ModelMetadata>(SHAPE)(value, place);
  const { psi, featureNames } = metadata;
  if (psi !== null && psi.edges.length !== featureNames.length) {
    const key = place.key === "" ? "psi" : `${place.key}.psi`;
    refuse({ ...place, key }, `of the model's ${featureNames.length} features`, psi.edges.length);
  }
  return metadata;
};

/** The key in the ONNX file of a field here: `createdUtc` stands there as `created_utc`. */
function propName(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Metadata as the ONNX file's `metadata_props`: texts as they are, everything else as canonical JSON. */
export function metadataProps(metadata: ModelMetadata): Record<string, string> {
  const fields = Object.entries(metadata).map(([field, value]: [string, unknown]) => [
    propName(field),
    typeof value === "string" ? value : canonicalJson(value),
  ]);
  return Object.fromEntries(fields) as Record<string, string>;
}

const TEXT_FIELDS: ReadonlySet<string> = new Set([
  "modelId",
  "createdUtc",
  "sourceSha256",
  "featureSchemaSha256",
  "gitCommit",
  "status",
  "expiresUtc",
]);

/** Reads `metadata_props` back; refuses with MODEL_CARD and the name of the key. */
export function parseMetadataProps(props: Readonly<Record<string, string>>, source: string): ModelMetadata {
  const place: Place = { code: ModelErrorCode.Card, source, key: "" };
  const fields = Object.keys(SHAPE).map((field) => {
    const key = propName(field);
    const prop = Object.hasOwn(props, key) ? props[key] : undefined;
    if (prop === undefined && field === "proof") return [field, undefined];
    if (prop === undefined) return [field, refuse({ ...place, key }, "in the file's metadata", prop)];
    const isText = TEXT_FIELDS.has(field) && prop !== "null";
    return [field, isText ? prop : parseJson(prop, { ...place, source: `${source}: ${key}` })];
  });
  return readMetadata(Object.fromEntries(fields), place);
}

/** The metadata with the status that the engine goes by: whoever was not judged by docs/decisions.md 22 is unproven. */
export function withVerdict(metadata: ModelMetadata): ModelMetadata {
  return { ...metadata, status: metadata.proof?.status ?? "unproven" };
}

/** The id of a model: its name and 12 hex digits over everything that its metadata says. */
export function modelIdOf(name: string, rest: Omit<ModelMetadata, "modelId">): string {
  return `${name}-${sha256Hex(canonicalJson(rest)).slice(0, 12)}`;
}

/** Returns whether the id is the one that the metadata deserves. */
export function hasOwnId({ modelId, ...rest }: ModelMetadata): boolean {
  return modelIdOf(modelId.slice(0, -13), rest) === modelId;
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** The schema hash that a model for this engine, trading this plan, carries (docs/decisions.md 20). */
export function engineSchemaSha256(
  plan: TradePlanParameters = M1_SCALP,
  set: FeatureSet = FEATURES_V1,
): string {
  return sha256Hex(featureSchemaJson(plan, set));
}

/** A trade plan's name, version and entries in words: what two models of other schemas may differ in. */
export function tradePlanText(plan: TradePlanDocument | null): string {
  if (plan === null) return "no trade plan that is known";
  const { version, entry, name = M1_SCALP.name } = plan;
  const words =
    entry === undefined
      ? "entries at the market"
      : `limit entries ${entry.offsetAtr} ATR away for ${entry.expiryBars} bars`;
  return `trade plan ${name}, version ${version}, ${words}`;
}
