import { MessageReader } from "./message-reader.ts";
import * as schema from "./onnx-schema.ts";

// The messages of an ONNX file as plain data, with what would make the file something else than one TreeEnsemble
// counted in `foreign`.

export interface Tensor {
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly raw: Uint8Array;
  readonly ints: readonly number[];
  readonly doubles: readonly number[];
  readonly isExternal: boolean;
}

export interface Attribute {
  readonly name: string;
  readonly int: number;
  readonly ints: readonly number[];
  readonly tensor: Tensor | null;
  /** It holds a graph, or text or floats, which no attribute of TreeEnsemble does. */
  readonly isForeign: boolean;
}

export interface OperatorNode {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly operator: string;
  readonly domain: string;
  readonly attributes: readonly Attribute[];
}

export interface GraphValue {
  readonly name: string;
  readonly elementType: number;
  /** A dimension without a number is null. */
  readonly shape: readonly (number | null)[];
}

export interface Graph {
  readonly nodes: readonly OperatorNode[];
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  readonly initializers: readonly Tensor[];
  readonly hasSparseInitializer: boolean;
}

export interface OnnxFile {
  readonly irVersion: number;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  readonly graphs: readonly Graph[];
  readonly metadata: readonly (readonly [key: string, value: string])[];
  /** Functions of its own, or a graph for training. */
  readonly hasFurtherGraphs: boolean;
}

export function readOnnxFile(bytes: Uint8Array): OnnxFile {
  const { ModelField } = schema;
  const reader = new MessageReader(bytes);
  const graphs: Graph[] = [];
  const opsets: { domain: string; version: number }[] = [];
  const metadata: [string, string][] = [];
  let irVersion = 0;
  let hasFurtherGraphs = false;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === ModelField.IrVersion) irVersion = reader.int();
    else if (field === ModelField.Graph) graphs.push(readGraph(reader.bytes()));
    else if (field === ModelField.OpsetImport) opsets.push(readOpset(reader.bytes()));
    else if (field === ModelField.MetadataProps) metadata.push(readEntry(reader.bytes()));
    else {
      hasFurtherGraphs ||= field === ModelField.TrainingInfo || field === ModelField.Functions;
      reader.skip();
    }
  }
  return { irVersion, opsets, graphs, metadata, hasFurtherGraphs };
}

function readOpset(bytes: Uint8Array): { domain: string; version: number } {
  const reader = new MessageReader(bytes);
  const opset = { domain: "", version: 0 };
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === schema.OpsetField.Domain) opset.domain = reader.text();
    else if (field === schema.OpsetField.Version) opset.version = reader.int();
    else reader.skip();
  }
  return opset;
}

function readEntry(bytes: Uint8Array): [string, string] {
  const reader = new MessageReader(bytes);
  const entry: [string, string] = ["", ""];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === schema.EntryField.Key) entry[0] = reader.text();
    else if (field === schema.EntryField.Value) entry[1] = reader.text();
    else reader.skip();
  }
  return entry;
}

function readGraph(bytes: Uint8Array): Graph {
  const { GraphField } = schema;
  const reader = new MessageReader(bytes);
  const nodes: OperatorNode[] = [];
  const inputs: GraphValue[] = [];
  const outputs: GraphValue[] = [];
  const initializers: Tensor[] = [];
  let hasSparseInitializer = false;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === GraphField.Node) nodes.push(readNode(reader.bytes()));
    else if (field === GraphField.Input) inputs.push(readValue(reader.bytes()));
    else if (field === GraphField.Output) outputs.push(readValue(reader.bytes()));
    else if (field === GraphField.Initializer) initializers.push(readTensor(reader.bytes()));
    else {
      hasSparseInitializer ||= field === GraphField.SparseInitializer;
      reader.skip();
    }
  }
  return { nodes, inputs, outputs, initializers, hasSparseInitializer };
}

function readNode(bytes: Uint8Array): OperatorNode {
  const { NodeField } = schema;
  const reader = new MessageReader(bytes);
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: Attribute[] = [];
  let operator = "";
  let domain = "";
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === NodeField.Input) inputs.push(reader.text());
    else if (field === NodeField.Output) outputs.push(reader.text());
    else if (field === NodeField.OpType) operator = reader.text();
    else if (field === NodeField.Domain) domain = reader.text();
    else if (field === NodeField.Attribute) attributes.push(readAttribute(reader.bytes()));
    else reader.skip();
  }
  return { inputs, outputs, operator, domain, attributes };
}

function readAttribute(bytes: Uint8Array): Attribute {
  const { AttributeField } = schema;
  const known: ReadonlySet<number> = new Set([AttributeField.Name, AttributeField.Type]);
  const reader = new MessageReader(bytes);
  const ints: number[] = [];
  let name = "";
  let int = 0;
  let tensor: Tensor | null = null;
  let isForeign = false;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === AttributeField.Name) name = reader.text();
    else if (field === AttributeField.Int) int = reader.int();
    else if (field === AttributeField.Ints) reader.ints(ints);
    else if (field === AttributeField.Tensor) tensor = readTensor(reader.bytes());
    else {
      isForeign ||= !known.has(field);
      reader.skip();
    }
  }
  return { name, int, ints, tensor, isForeign };
}

function readTensor(bytes: Uint8Array): Tensor {
  const { TensorField } = schema;
  const reader = new MessageReader(bytes);
  const dims: number[] = [];
  const ints: number[] = [];
  const doubles: number[] = [];
  let dataType = 0;
  let raw: Uint8Array = new Uint8Array();
  let isExternal = false;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === TensorField.Dims) reader.ints(dims);
    else if (field === TensorField.DataType) dataType = reader.int();
    else if (field === TensorField.Int32Data) reader.ints(ints);
    else if (field === TensorField.DoubleData) reader.doubles(doubles);
    else if (field === TensorField.RawData) raw = reader.bytes();
    else if (field === TensorField.DataLocation) isExternal = reader.int() !== 0 || isExternal;
    else {
      isExternal ||= field === TensorField.ExternalData;
      reader.skip();
    }
  }
  return { dims, dataType, raw, ints, doubles, isExternal };
}

function readValue(bytes: Uint8Array): GraphValue {
  const reader = new MessageReader(bytes);
  let name = "";
  let type: Pick<GraphValue, "elementType" | "shape"> = { elementType: 0, shape: [] };
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === schema.ValueField.Name) name = reader.text();
    else if (field === schema.ValueField.Type) type = readType(reader.bytes());
    else reader.skip();
  }
  return { name, ...type };
}

function readType(bytes: Uint8Array): Pick<GraphValue, "elementType" | "shape"> {
  const { DimensionField, ShapeField, TensorTypeField, TypeField } = schema;
  const type = { elementType: 0, shape: [] as (number | null)[] };
  for (const tensor of messagesIn(bytes, TypeField.TensorType)) {
    const reader = new MessageReader(tensor);
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === TensorTypeField.ElementType) type.elementType = reader.int();
      else if (field === TensorTypeField.Shape)
        type.shape = messagesIn(reader.bytes(), ShapeField.Dimension).map((dimension) => {
          const value = new MessageReader(dimension);
          return value.next() === DimensionField.Value ? value.int() : null;
        });
      else reader.skip();
    }
  }
  return type;
}

/** The messages that a message holds under one field. */
function messagesIn(bytes: Uint8Array, wanted: number): Uint8Array[] {
  const reader = new MessageReader(bytes);
  const found: Uint8Array[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next())
    if (field === wanted) found.push(reader.bytes());
    else reader.skip();
  return found;
}
