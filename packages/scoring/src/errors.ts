/** Codes of the failures this package throws; every refusal of a model has a code of its own. */
export const ModelErrorCode = {
  /** A file of the model is missing or cannot be read or written. */
  File: "MODEL_FILE",
  /** The file is larger than 64 MB. */
  Size: "MODEL_SIZE",
  /** The file's sha256 is not the card's. */
  Hash: "MODEL_HASH",
  /** The card is missing or malformed, or says something else than the file's own metadata. */
  Card: "MODEL_CARD",
  /** The card's signature is missing, malformed or not made by the given key. */
  Signature: "MODEL_SIGNATURE",
  /** The file is truncated or no protobuf of an ONNX model. */
  Parse: "MODEL_PARSE",
  Opset: "MODEL_OPSET",
  /** A custom operator, or more than the one tree ensemble. */
  Operator: "MODEL_OPERATOR",
  /** A tensor lies outside the file. */
  ExternalData: "MODEL_EXTERNAL_DATA",
  /** Inputs, outputs, array lengths, cycles or shared nodes are not those of an ensemble. */
  Shape: "MODEL_SHAPE",
  /** A NaN threshold or a leaf that is not finite. */
  Threshold: "MODEL_THRESHOLD",
  /** More than 5,000 trees. */
  Trees: "MODEL_TREES",
  /** A tree of more than 64 leaves, which leaf-mask does not take. */
  Leaves: "MODEL_LEAVES",
  /** Tables of more than 64 MB, which leaf-mask does not take. */
  Tables: "MODEL_TABLES",
  /** A training that was judged on days that it had seen. */
  Calendar: "MODEL_CALENDAR",
  /** The feature schema is not the engine's. */
  Schema: "MODEL_SCHEMA",
  /** The features are a set that this run makes no rows of. */
  FeatureSet: "MODEL_FEATURE_SET",
  /** The features' names or their order are not the engine's. */
  Features: "MODEL_FEATURES",
  /** The golden file is not the card's, malformed or too short, or leaf-mask gives another margin for a row. */
  Golden: "MODEL_GOLDEN",
  /** ONNX Runtime failed or gives another margin for a golden row. */
  Oracle: "MODEL_ORACLE",
  Expired: "MODEL_EXPIRED",
  /** The loader's thread died or took too long. */
  Load: "MODEL_LOAD",
  /** The LightGBM text is malformed. */
  Text: "MODEL_TEXT",
  /** The LightGBM text ends before its "end of trees". */
  TextTruncated: "MODEL_TEXT_TRUNCATED",
  /** A kind of LightGBM model that gives no single probability or result by a plain tree ensemble. */
  Unsupported: "MODEL_UNSUPPORTED",
  /** The training report is missing a key or holds something else. */
  Report: "MODEL_REPORT",
  /** The training report was written for another text. */
  ReportText: "MODEL_REPORT_TEXT",
  /** The null tests of the training report failed. */
  NullTest: "MODEL_NULL_TEST",
  /** Nothing is loaded under the epoch. */
  Epoch: "MODEL_EPOCH",
  /** The live ONNX Runtime process did not answer in time, died or refused. */
  Ort: "ORT_FAILED",
} as const;
export type ModelErrorCode = (typeof ModelErrorCode)[keyof typeof ModelErrorCode];
