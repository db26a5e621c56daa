import {
  canonicalJson,
  type FeatureSet,
  FEATURES,
  featureSetOf,
  M1_SCALP,
  tradePlanDocument,
  type TradePlanParameters,
} from "@smcq/features";
import { SmcqError } from "@smcq/kernel";
import { CARD_BYTES_MAX, checkSignature, parseCard } from "../card/card.ts";
import type { ModelCard } from "../card/card.ts";
import {
  engineSchemaSha256,
  hasOwnId,
  parseMetadataProps,
  sha256Hex,
  tradePlanText,
  withVerdict,
} from "../card/metadata.ts";
import type { ModelMetadata } from "../card/metadata.ts";
import { utcMs } from "../card/utc.ts";
import { ModelErrorCode } from "../errors.ts";
import { decodeGolden, GOLDEN_BYTES_MAX } from "../golden/golden-file.ts";
import type { GoldenRows } from "../golden/golden-file.ts";
import { modelPaths, readModelFile } from "../import/model-files.ts";
import type { ModelPaths } from "../import/model-files.ts";
import { FEATURE_COUNTS } from "../leaf-mask/compile-leaf-mask.ts";
import { MODEL_LIMITS } from "../limits.ts";
import { readOnnx } from "../onnx/read-onnx.ts";
import type { TreeEnsemble } from "../onnx/tree-ensemble.ts";

/** Told of every check that was passed, with its figures. */
export type OnCheck = (name: string, figures: string) => void;

export interface OpenOptions {
  /** NAME.onnx; NAME.card.json and NAME.golden.bin lie beside it. */
  readonly file: string;
  /** The venue's time, by which expiry is judged. */
  readonly nowMs: number;
  /** True where an expired model is of no use (reload); otherwise `isExpired` tells. */
  readonly refuseExpired: boolean;
  /** Takes models of other features: for the offline commands, never for the engine. */
  readonly isAnySchema: boolean;
  /** Names of the feature sets that whoever scores with it makes rows of; absent: of any. */
  readonly liveSets?: readonly string[] | undefined;
  /** How the engine enters; absent: at the market. A model that was trained for other entries is refused. */
  readonly plan?: TradePlanParameters | undefined;
  /** ed25519 public key in PEM; when given, the card must be signed with it. */
  readonly publicKeyPem?: string | undefined;
  readonly onCheck?: OnCheck | undefined;
}

/** A model whose files are whole, belong together and fit this engine; not yet tried. */
export interface OpenedModel {
  readonly onnx: Uint8Array;
  readonly card: ModelCard;
  readonly golden: GoldenRows;
  readonly ensemble: TreeEnsemble;
  readonly isExpired: boolean;
}

/**
 * The first half of the gate, everything that needs no scorer: files, sizes, card, hashes, signature, graph, metadata,
 * features, schema, expiry. Each refusal has its own code.
 */
export function openModel(options: OpenOptions): OpenedModel {
  const onCheck = options.onCheck ?? ((): void => {});
  const paths = modelPaths(options.file);
  const onnx = readModelFile(paths.onnx, MODEL_LIMITS.fileBytesMax);
  onCheck("file", `${onnx.length} bytes`);
  const card = parseCard(
    new TextDecoder().decode(readModelFile(paths.card, CARD_BYTES_MAX, ModelErrorCode.Card)),
    `the card ${paths.card}`,
  );
  onCheck("card", card.metadata.modelId);
  checkBytes(onnx, card, paths);
  onCheck("sha256", card.onnxSha256);
  if (options.publicKeyPem !== undefined) checkSignature(card, options.publicKeyPem);
  onCheck("signature", options.publicKeyPem === undefined ? "not checked, no key is given" : "valid");
  const { ensemble, metadata } = readOnnx(onnx);
  onCheck("graph", `${ensemble.roots.length} trees, ${ensemble.feature.length} nodes`);
  checkMetadata(parseMetadataProps(metadata, `the metadata of ${paths.onnx}`), card, ensemble);
  onCheck("metadata", `as the card says, status ${withVerdict(card.metadata).status}`);
  checkSchema(card.metadata, options, onCheck);
  const isExpired = checkExpiry(card.metadata, options, onCheck);
  const golden = openGolden(paths, card, ensemble);
  onCheck("golden file", `${golden.count} rows`);
  return { onnx, card: { ...card, metadata: withVerdict(card.metadata) }, golden, ensemble, isExpired };
}

function checkBytes(onnx: Uint8Array, card: ModelCard, paths: ModelPaths): void {
  if (onnx.length < card.onnxBytes)
    throw new SmcqError(
      ModelErrorCode.Parse,
      `${paths.onnx} is truncated: it has ${onnx.length} of ${card.onnxBytes} bytes`,
      { context: { file: paths.onnx, bytes: onnx.length, wantedBytes: card.onnxBytes } },
    );
  const sha256 = sha256Hex(onnx);
  if (sha256 !== card.onnxSha256)
    throw new SmcqError(
      ModelErrorCode.Hash,
      `${paths.onnx} is not the file of its card: its sha256 is ${sha256}, the card's ${card.onnxSha256}`,
      { context: { file: paths.onnx, sha256, wantedSha256: card.onnxSha256 } },
    );
}

function checkMetadata(metadata: ModelMetadata, card: ModelCard, ensemble: TreeEnsemble): void {
  for (const key of Object.keys(metadata) as (keyof ModelMetadata)[])
    if (canonicalJson(metadata[key]) !== canonicalJson(card.metadata[key]))
      throw cardFault(`its ${key} is not the file's own`, key);
  if (!hasOwnId(metadata)) throw cardFault("its modelId is not the hash of what it says", "modelId");
  if (metadata.trees !== ensemble.roots.length)
    throw cardFault(`it tells of ${metadata.trees} trees, the graph has ${ensemble.roots.length}`, "trees");
}

function cardFault(what: string, key: string): SmcqError {
  return new SmcqError(ModelErrorCode.Card, `the card is refused: ${what}`, { context: { key } });
}

function checkSchema(
  metadata: ModelMetadata,
  { isAnySchema, liveSets, plan = M1_SCALP }: OpenOptions,
  onCheck: OnCheck,
): void {
  if (isAnySchema) {
    onCheck("features", `${metadata.featureNames.length}, any names are taken`);
    return;
  }
  const { featureNames, featureSchemaSha256, labelSpec } = metadata;
  const set = featureSetOf(featureNames);
  if (set === null)
    throw new SmcqError(
      ModelErrorCode.Features,
      `the model's features are ${featureNames.join(", ")}; the engine's are ${FEATURES.map(({ name }) => name).join(", ")}, in this order`,
      { context: { featureNames } },
    );
  if (liveSets !== undefined) checkLiveSet(set, liveSets);
  onCheck("features", `${featureNames.length} names in their order, set ${set.name}`);
  const engineSha256 = engineSchemaSha256(plan, set);
  if (featureSchemaSha256 !== engineSha256)
    throw new SmcqError(
      ModelErrorCode.Schema,
      `the model is of schema ${featureSchemaSha256 ?? "unknown"} (${tradePlanText(labelSpec)}), the engine's is ${engineSha256} (${tradePlanText(tradePlanDocument(plan))}): train it anew, or trade the plan that it was trained for (strategy.plan, strategy.entry)`,
      { context: { featureSchemaSha256, engineSha256 } },
    );
  onCheck("schema", engineSha256);
}

function checkLiveSet(set: FeatureSet, liveSets: readonly string[]): void {
  if (liveSets.includes(set.name)) return;
  throw new SmcqError(
    ModelErrorCode.FeatureSet,
    `the model takes feature set ${set.name}, this run began with models of ${liveSets.join(" and ")} and keeps no more bars than they need: start the engine anew with it`,
    { context: { featureSet: set.name } },
  );
}

function checkExpiry(metadata: ModelMetadata, options: OpenOptions, onCheck: OnCheck): boolean {
  const { expiresUtc } = metadata;
  const isExpired = options.nowMs >= utcMs(expiresUtc);
  if (isExpired && options.refuseExpired)
    throw new SmcqError(ModelErrorCode.Expired, `the model expired at ${expiresUtc}: train it anew`, {
      context: { expiresUtc },
    });
  onCheck("expiry", isExpired ? `EXPIRED at ${expiresUtc}` : expiresUtc);
  return isExpired;
}

function openGolden(paths: ModelPaths, card: ModelCard, ensemble: TreeEnsemble): GoldenRows {
  const bytes = readModelFile(paths.golden, GOLDEN_BYTES_MAX, ModelErrorCode.Golden);
  const sha256 = sha256Hex(bytes);
  if (sha256 !== card.goldenSha256)
    throw new SmcqError(
      ModelErrorCode.Golden,
      `${paths.golden} is not the golden file of the card: its sha256 is ${sha256}, the card's ${card.goldenSha256}`,
      { context: { file: paths.golden, sha256, wantedSha256: card.goldenSha256 } },
    );
  const golden = decodeGolden(bytes);
  const wanted = card.metadata.featureNames.length;
  if (!FEATURE_COUNTS.includes(wanted) || golden.featureCount !== wanted || ensemble.featureCount !== wanted)
    throw new SmcqError(
      ModelErrorCode.Features,
      `golden rows of ${golden.featureCount} and a graph of ${ensemble.featureCount} features for ${wanted} names: ${FEATURE_COUNTS.join(" or ")} are wanted, alike`,
      { context: { golden: golden.featureCount, graph: ensemble.featureCount } },
    );
  return golden;
}
