import type { TradePlanParameters } from "@smcq/features";
import { SystemClock } from "@smcq/kernel";
import {
  attachModels,
  createModelMemory,
  openModel,
  OrtProcess,
  predictConfidence,
  tryLeafMask,
} from "@smcq/scoring";
import type { ModelKind, OpenedModel } from "@smcq/scoring";
import { CsvOutput } from "../scan/csv-output.ts";
import { readRows } from "./read-rows.ts";

export interface ScoreOptions {
  readonly file: string;
  readonly rows: string;
  /** Leaves the column `confidence` out. */
  readonly isRaw: boolean;
  /** An array of objects, a row a line, instead of CSV. */
  readonly isJson: boolean;
  /** Bytes of the rows' file that were read so far. */
  readonly onRead: (bytes: number) => void;
  readonly scorer: ModelKind;
  readonly isAnySchema: boolean;
  readonly plan: TradePlanParameters;
}

interface MarginSource {
  margins(features: Float32Array, count: number): Promise<Float64Array>;
  close(): Promise<void>;
}

const EPOCH = 1;

/**
 * Scores the rows of a CSV file by a model that passes the gate (an expired one too) and writes `raw,confidence` to
 * standard output, as CSV or JSON, shortest digits that read back the same. Returns the rows scored.
 */
export async function runScore(options: ScoreOptions): Promise<number> {
  const { file, isAnySchema, plan } = options;
  const clock = new SystemClock();
  const opened = openModel({ file, nowMs: clock.nowMs(), refuseExpired: false, isAnySchema, plan });
  const source = options.scorer === "ort" ? await ortSource(opened, clock) : leafMaskSource(opened);
  try {
    return await writeScores(options, opened, source);
  } finally {
    await source.close();
  }
}

async function writeScores(
  { rows, isRaw, isJson, onRead }: ScoreOptions,
  { card }: OpenedModel,
  source: MarginSource,
): Promise<number> {
  const { calibration, featureNames } = card.metadata;
  const output = new CsvOutput("-", isJson ? "[" : isRaw ? "raw" : "raw,confidence");
  const csv = (raw: string, confidence: string): string => (isRaw ? `${raw}\n` : `${raw},${confidence}\n`);
  const json = (raw: string, confidence: string): string =>
    isRaw ? `{"raw":${number(raw)}}` : `{"raw":${number(raw)},"confidence":${number(confidence)}}`;
  let rowCount = 0;
  for await (const { features, count } of readRows(rows, featureNames, onRead)) {
    for (const margin of await source.margins(features, count)) {
      const words = [decimal(margin), String(predictConfidence(margin, calibration))] as const;
      // The comma stands before each row but the first: which is the last is not known yet.
      output.add(isJson ? `${rowCount === 0 ? "" : ",\n"}${json(...words)}` : csv(...words));
      rowCount++;
    }
    await output.flush();
    if (!output.isOpen) break;
  }
  if (isJson) output.add("\n]\n");
  await output.close();
  return rowCount;
}

/** What JSON has no number for is null. */
function number(text: string): string {
  return Number.isFinite(Number(text)) ? text : "null";
}

/** The shortest text that reads back as the same double, the sign of zero included. */
function decimal(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function leafMaskSource(opened: OpenedModel): MarginSource {
  const { modelId, calibration } = opened.card.metadata;
  const memory = createModelMemory({ lanes: 1 });
  memory.install({ epoch: EPOCH, id: modelId, calibration, tables: tryLeafMask(opened) });
  const scorer = attachModels(memory.shared(), 0).model(EPOCH);
  return {
    margins(features, count) {
      const margins = new Float64Array(count);
      scorer.margins(features, count, margins);
      return Promise.resolve(margins);
    },
    close: () => Promise.resolve(),
  };
}

async function ortSource({ onnx, ensemble }: OpenedModel, clock: SystemClock): Promise<MarginSource> {
  const ort = new OrtProcess(clock);
  try {
    await ort.load(EPOCH, onnx);
  } catch (error) {
    await ort.close();
    throw error;
  }
  return {
    margins: (features, count) =>
      ort.score(EPOCH, features.subarray(0, count * ensemble.featureCount), count),
    close: () => ort.close(),
  };
}
