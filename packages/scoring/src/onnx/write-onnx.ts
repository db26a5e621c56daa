import protobuf from "protobufjs/minimal.js";
import * as schema from "./onnx-schema.ts";
import type { TreeEnsemble } from "./tree-ensemble.ts";

const { AttributeField, AttributeType, DataType, GraphField, ModelField, NodeField } = schema;
const VARINT = 0;
const LENGTH = 2;

/** Fields of one message, in the order in which they are added. */
class Message {
  readonly #writer = new protobuf.Writer();

  int(field: number, value: number): this {
    this.#writer.uint32((field << 3) | VARINT).int64(value);
    return this;
  }

  text(field: number, value: string): this {
    this.#writer.uint32((field << 3) | LENGTH).string(value);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#writer.uint32((field << 3) | LENGTH).bytes(value);
    return this;
  }

  message(field: number, message: Message): this {
    return this.bytes(field, message.finish());
  }

  finish(): Uint8Array {
    return this.#writer.finish();
  }
}

function intAttribute(name: string, value: number): Message {
  return new Message()
    .text(AttributeField.Name, name)
    .int(AttributeField.Int, value)
    .int(AttributeField.Type, AttributeType.Int);
}

function intsAttribute(name: string, values: Int32Array | Uint8Array): Message {
  const attribute = new Message().text(AttributeField.Name, name);
  for (const value of values) attribute.int(AttributeField.Ints, value);
  return attribute.int(AttributeField.Type, AttributeType.Ints);
}

function tensorAttribute(name: string, values: Float64Array | Uint8Array): Message {
  const { TensorField } = schema;
  const tensor = new Message()
    .int(TensorField.Dims, values.length)
    .int(TensorField.DataType, values instanceof Uint8Array ? DataType.Uint8 : DataType.Double)
    .text(TensorField.Name, name)
    .bytes(TensorField.RawData, littleEndian(values));
  return new Message()
    .text(AttributeField.Name, name)
    .message(AttributeField.Tensor, tensor)
    .int(AttributeField.Type, AttributeType.Tensor);
}

function littleEndian(values: Float64Array | Uint8Array): Uint8Array {
  if (values instanceof Uint8Array) return values;
  const view = new DataView(new ArrayBuffer(values.length * 8));
  values.forEach((value, index) => view.setFloat64(index * 8, value, true));
  return new Uint8Array(view.buffer);
}

function treeNode(ensemble: TreeEnsemble): Message {
  const nodes = ensemble.feature.length;
  const attributes = [
    intAttribute("aggregate_function", ensemble.isAveraged ? schema.AGGREGATE_AVERAGE : schema.AGGREGATE_SUM),
    intsAttribute("leaf_targetids", new Uint8Array(ensemble.leafValue.length)),
    tensorAttribute("leaf_weights", ensemble.leafValue),
    intAttribute("n_targets", 1),
    intsAttribute("nodes_falseleafs", ensemble.isFalseLeaf),
    intsAttribute("nodes_falsenodeids", ensemble.falseChild),
    intsAttribute("nodes_featureids", ensemble.feature),
    intsAttribute("nodes_missing_value_tracks_true", ensemble.isNanTrue),
    tensorAttribute("nodes_modes", new Uint8Array(nodes).fill(schema.BRANCH_LEQ)),
    tensorAttribute("nodes_splits", ensemble.threshold),
    intsAttribute("nodes_trueleafs", ensemble.isTrueLeaf),
    intsAttribute("nodes_truenodeids", ensemble.trueChild),
    intAttribute("post_transform", schema.POST_TRANSFORM_NONE),
    intsAttribute("tree_roots", ensemble.roots),
  ];
  const node = new Message()
    .text(NodeField.Input, schema.INPUT_NAME)
    .text(NodeField.Output, schema.OUTPUT_NAME)
    .text(NodeField.OpType, schema.OPERATOR)
    .text(NodeField.Domain, schema.ML_DOMAIN);
  for (const attribute of attributes) node.message(NodeField.Attribute, attribute);
  return node;
}

/** A two-dimensional tensor of doubles: any number of rows of `width`. */
function value(name: string, width: number): Message {
  const { DimensionField, ShapeField, TensorTypeField, TypeField, ValueField } = schema;
  const shape = new Message()
    .message(ShapeField.Dimension, new Message().text(DimensionField.Parameter, "N"))
    .message(ShapeField.Dimension, new Message().int(DimensionField.Value, width));
  const tensor = new Message()
    .int(TensorTypeField.ElementType, DataType.Double)
    .message(TensorTypeField.Shape, shape);
  return new Message()
    .text(ValueField.Name, name)
    .message(ValueField.Type, new Message().message(TypeField.TensorType, tensor));
}

function opset(domain: string, version: number): Message {
  return new Message().text(schema.OpsetField.Domain, domain).int(schema.OpsetField.Version, version);
}

/**
 * An ONNX file of one TreeEnsemble (ai.onnx.ml opset 5): `features` [N, width] in, `margin` [N, 1] out, both double,
 * no transform. The metadata's keys are written in sorted order, so that equal models are equal files.
 */
export function writeOnnx(ensemble: TreeEnsemble, metadata: Readonly<Record<string, string>>): Uint8Array {
  const graph = new Message()
    .message(GraphField.Node, treeNode(ensemble))
    .text(GraphField.Name, "smc-quant")
    .message(GraphField.Input, value(schema.INPUT_NAME, ensemble.featureCount))
    .message(GraphField.Output, value(schema.OUTPUT_NAME, 1));
  const model = new Message()
    .int(ModelField.IrVersion, schema.IR_VERSION)
    .text(ModelField.ProducerName, "smc-quant")
    .message(ModelField.Graph, graph)
    .message(ModelField.OpsetImport, opset("", schema.MAIN_OPSET))
    .message(ModelField.OpsetImport, opset(schema.ML_DOMAIN, schema.ML_OPSET));
  for (const key of Object.keys(metadata).toSorted())
    model.message(
      ModelField.MetadataProps,
      new Message().text(schema.EntryField.Key, key).text(schema.EntryField.Value, metadata[key] ?? ""),
    );
  return model.finish();
}
