import { SmcqError } from "@smcq/kernel";
import { ModelErrorCode } from "../errors.ts";
import { MODEL_LIMITS } from "../limits.ts";
import { orParseError } from "./message-reader.ts";
import { readOnnxFile } from "./onnx-messages.ts";
import type { Graph, GraphValue, OnnxFile, OperatorNode } from "./onnx-messages.ts";
import * as schema from "./onnx-schema.ts";
import { readTreeEnsemble } from "./read-tree-ensemble.ts";
import type { TreeEnsemble } from "./tree-ensemble.ts";

// IR versions and main opsets that ONNX Runtime 1.30 loads; TreeEnsemble came with IR 10.
const IR_VERSION_MIN = 8;
const IR_VERSION_MAX = 13;
const FEATURES_MAX = 1_024;

export interface OnnxModel {
  readonly ensemble: TreeEnsemble;
  readonly metadata: Readonly<Record<string, string>>;
}

function refuse(code: ModelErrorCode, text: string): SmcqError {
  return new SmcqError(code, `the ONNX file is refused: ${text}`);
}

function checkOpsets({ irVersion, opsets }: OnnxFile): void {
  if (irVersion < IR_VERSION_MIN || irVersion > IR_VERSION_MAX)
    throw refuse(
      ModelErrorCode.Opset,
      `its IR version is ${irVersion}, ${IR_VERSION_MIN} to ${IR_VERSION_MAX} are read`,
    );
  const ml = opsets.filter(({ domain }) => domain === schema.ML_DOMAIN);
  if (ml.length !== 1 || ml[0]?.version !== schema.ML_OPSET)
    throw refuse(
      ModelErrorCode.Opset,
      `it must import ${schema.ML_DOMAIN} ${schema.ML_OPSET} once, it imports ${ml.map(({ version }) => version).join(", ") || "none"}`,
    );
  const other = opsets.find(({ domain }) => domain !== "" && domain !== schema.ML_DOMAIN);
  if (other !== undefined)
    throw refuse(ModelErrorCode.Opset, `it imports the operators of ${JSON.stringify(other.domain)}`);
}

function checkExternalData({ nodes, initializers }: Graph): void {
  const tensors = nodes.flatMap(({ attributes }) => attributes.flatMap(({ tensor }) => tensor ?? []));
  if ([...tensors, ...initializers].some(({ isExternal }) => isExternal))
    throw refuse(ModelErrorCode.ExternalData, "a tensor lies in another file");
}

function onlyNode(graph: Graph): OperatorNode {
  const [node, ...further] = graph.nodes;
  if (
    node === undefined ||
    further.length > 0 ||
    node.operator !== schema.OPERATOR ||
    node.domain !== schema.ML_DOMAIN
  )
    throw refuse(
      ModelErrorCode.Operator,
      `its graph must be one ${schema.ML_DOMAIN}.${schema.OPERATOR}, it is ${shownOperators(graph)}`,
    );
  return node;
}

function shownOperators({ nodes }: Graph): string {
  const names = nodes.slice(0, 5).map(({ domain, operator }) => `${domain}.${operator}`.slice(0, 60));
  return nodes.length === 0 ? "empty" : `${nodes.length} nodes (${names.join(", ")})`;
}

/** The one value of a side, [any, width] of doubles; returns the width. */
function checkValue(side: string, name: string, values: readonly GraphValue[]): number {
  const [value, ...further] = values;
  const width = value?.shape[1];
  if (
    value?.name !== name ||
    further.length > 0 ||
    value.elementType !== schema.DataType.Double ||
    value.shape.length !== 2 ||
    value.shape[0] !== null ||
    typeof width !== "number"
  )
    throw refuse(ModelErrorCode.Shape, `its ${side} must be one "${name}" of doubles, [N, width]`);
  if (width < 1 || width > FEATURES_MAX)
    throw refuse(ModelErrorCode.Shape, `its ${side} is ${width} wide, 1 to ${FEATURES_MAX} are read`);
  return width;
}

function checkValues(graph: Graph, node: OperatorNode): number {
  const width = checkValue("input", schema.INPUT_NAME, graph.inputs);
  if (checkValue("output", schema.OUTPUT_NAME, graph.outputs) !== 1)
    throw refuse(ModelErrorCode.Shape, "its output must be one margin a row");
  if (node.inputs.join() !== schema.INPUT_NAME || node.outputs.join() !== schema.OUTPUT_NAME)
    throw refuse(ModelErrorCode.Shape, "its node is not the way from input to output");
  if (graph.initializers.length > 0 || graph.hasSparseInitializer)
    throw refuse(ModelErrorCode.Shape, "it has tensors of its own");
  return width;
}

/**
 * Reads an ONNX file of one TreeEnsemble as `writeOnnx` writes it. Refuses everything else, each with a code of its
 * own: MODEL_SIZE, MODEL_PARSE, MODEL_OPSET, MODEL_OPERATOR, MODEL_EXTERNAL_DATA, MODEL_SHAPE, MODEL_THRESHOLD, MODEL_TREES.
 */
export function readOnnx(bytes: Uint8Array): OnnxModel {
  if (bytes.length > MODEL_LIMITS.fileBytesMax)
    throw refuse(ModelErrorCode.Size, `it has ${bytes.length} bytes, ${MODEL_LIMITS.fileBytesMax} at most`);
  const file = orParseError(() => readOnnxFile(bytes));
  const [graph, ...further] = file.graphs;
  if (graph === undefined) throw refuse(ModelErrorCode.Parse, "it has no graph: it is truncated or no model");
  checkOpsets(file);
  if (further.length > 0 || file.hasFurtherGraphs)
    throw refuse(ModelErrorCode.Operator, "it has more graphs than one, functions or training");
  checkExternalData(graph);
  const node = onlyNode(graph);
  const ensemble = readTreeEnsemble(node.attributes, checkValues(graph, node));
  const metadata = new Map(file.metadata);
  if (metadata.size !== file.metadata.length)
    throw refuse(ModelErrorCode.Parse, "it has a metadata key twice");
  return { ensemble, metadata: Object.fromEntries(metadata) };
}
