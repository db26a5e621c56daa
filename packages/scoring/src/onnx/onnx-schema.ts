// Field numbers and values of onnx.proto and onnx-ml.proto (github.com/onnx/onnx), as far as a TreeEnsemble needs them.

export const ModelField = {
  IrVersion: 1,
  ProducerName: 2,
  Graph: 7,
  OpsetImport: 8,
  MetadataProps: 14,
  TrainingInfo: 20,
  Functions: 25,
} as const;

export const OpsetField = { Domain: 1, Version: 2 } as const;

export const EntryField = { Key: 1, Value: 2 } as const;

export const GraphField = {
  Node: 1,
  Name: 2,
  Initializer: 5,
  Input: 11,
  Output: 12,
  SparseInitializer: 15,
} as const;

export const NodeField = { Input: 1, Output: 2, OpType: 4, Attribute: 5, Domain: 7 } as const;

export const AttributeField = {
  Name: 1,
  Float: 2,
  Int: 3,
  Text: 4,
  Tensor: 5,
  Graph: 6,
  Ints: 8,
  Graphs: 11,
  Type: 20,
} as const;

export const AttributeType = { Int: 2, Tensor: 4, Ints: 7 } as const;

export const TensorField = {
  Dims: 1,
  DataType: 2,
  Int32Data: 5,
  Name: 8,
  RawData: 9,
  DoubleData: 10,
  ExternalData: 13,
  DataLocation: 14,
} as const;

export const DataType = { Uint8: 2, Double: 11 } as const;

export const ValueField = { Name: 1, Type: 2 } as const;

/** Type -> tensor type -> shape -> dimension. */
export const TypeField = { TensorType: 1 } as const;
export const TensorTypeField = { ElementType: 1, Shape: 2 } as const;
export const ShapeField = { Dimension: 1 } as const;
export const DimensionField = { Value: 1, Parameter: 2 } as const;

export const OPERATOR = "TreeEnsemble";
export const ML_DOMAIN = "ai.onnx.ml";
/** The first version with TreeEnsemble, whose doubles stay doubles (docs/model.md section 2). */
export const ML_OPSET = 5;
/** IR 10 and opset 21 belong together (ONNX 1.16); ONNX Runtime takes them from 1.18 on. */
export const IR_VERSION = 10;
export const MAIN_OPSET = 21;
export const INPUT_NAME = "features";
export const OUTPUT_NAME = "margin";

/** Attributes of TreeEnsemble and the values that a plain sum of `x <= threshold` trees has. */
export const AGGREGATE_AVERAGE = 0;
export const AGGREGATE_SUM = 1;
export const POST_TRANSFORM_NONE = 0;
export const BRANCH_LEQ = 0;
