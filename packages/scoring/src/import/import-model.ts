import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, parse } from "node:path";
import { canonicalJson, M1_SCALP, tradePlanDocument } from "@smcq/features";
import { type Clock, SmcqError } from "@smcq/kernel";
import { CARD_BYTES_MAX, parseCard } from "../card/card.ts";
import type { ModelCard } from "../card/card.ts";
import { MODEL_NAME, sha256Hex } from "../card/metadata.ts";
import { parseTrainingReport } from "../card/training-report.ts";
import { ModelErrorCode } from "../errors.ts";
import { openModel } from "../gate/open-model.ts";
import { tryLeafMask } from "../gate/try-model.ts";
import { tryOracle } from "../gate/try-oracle.ts";
import { MODEL_LIMITS } from "../limits.ts";
import type { ModelKind } from "../model-memory.ts";
import { buildModel } from "./build-model.ts";
import type { BuildOptions, BuiltModel } from "./build-model.ts";
import { modelPaths, readModelFile, writeModel } from "./model-files.ts";
import type { ModelPaths } from "./model-files.ts";

export interface ImportOptions extends Pick<
  BuildOptions,
  "nowMs" | "plan" | "expiresDays" | "isAnySchema" | "judge" | "signKeyPem"
> {
  /** File of the LightGBM text. */
  readonly text: string;
  /** NAME.onnx to write; card and golden file come beside it. */
  readonly out: string;
  /** First part of the model's id; without it the name of `out`. */
  readonly name?: string | undefined;
  /** File of the training report; without it `training.json` beside the text, when there is one. */
  readonly report?: string | undefined;
}

export interface TriedImportOptions extends ImportOptions {
  /** With `ort` the model need not fit leaf-mask. */
  readonly scorer: ModelKind;
  /** Counts wall time. */
  readonly clock: Clock;
}

export interface ImportedModel {
  readonly paths: ModelPaths;
  readonly card: ModelCard;
}

/** What the training script calls its report. */
const REPORT_NAME = "training.json";
const REPORT_BYTES_MAX: number = 16 * 2 ** 20;

/** Where the training report of a LightGBM text is looked for. */
export function reportBeside(text: string): string {
  return join(dirname(text), REPORT_NAME);
}

interface Source {
  readonly text: Uint8Array;
  readonly report: Uint8Array | null;
  readonly reportFile: string;
}

/** Makes a model's files from a LightGBM text; existing ones are replaced, each whole. */
export function importModel(options: ImportOptions): ImportedModel {
  const paths = modelPaths(options.out);
  const model = build(nameOf(options), readSource(options.text, options.report), options);
  writeModel(paths, model);
  return { paths, card: model.card };
}

/**
 * The same for a person: what is made goes through every check of the gate first, in files of its own, so that whatever the
 * engine or its scorer would refuse later is refused now and leaves existing files as they are.
 */
export async function importTried(options: TriedImportOptions): Promise<ImportedModel> {
  const paths = modelPaths(options.out);
  const model = build(nameOf(options), readSource(options.text, options.report), options);
  const folder = mkdtempSync(join(tmpdir(), "smcq-import-"));
  try {
    const trial = modelPaths(join(folder, "trial.onnx"));
    writeModel(trial, model);
    const opened = openModel({
      file: trial.onnx,
      nowMs: options.nowMs,
      refuseExpired: true,
      isAnySchema: options.isAnySchema === true,
      plan: options.plan,
    });
    if (options.scorer === "leaf-mask") tryLeafMask(opened);
    await tryOracle(opened.onnx, opened.golden, options.clock);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  writeModel(paths, model);
  return { paths, card: model.card };
}

/**
 * Makes `NAME-<hash>.onnx`, with card and golden file, in `outDir` from a LightGBM text that was dropped in place,
 * the hash being that of the text, its report, and a plan that is not the first one: what was made of the same before is used again.
 */
export function importDropped(
  options: Omit<ImportOptions, "out"> & { readonly outDir: string },
): ImportedModel {
  const source = readSource(options.text, options.report);
  const name = checkName(options.name ?? parse(options.text).name);
  const { plan } = options;
  const document = tradePlanDocument(plan ?? M1_SCALP);
  const kind = document.version === 1 ? "" : canonicalJson(document);
  const sha256 = sha256Hex(
    `${sha256Hex(source.text)}${source.report === null ? "" : sha256Hex(source.report)}${kind}`,
  );
  const paths = modelPaths(join(options.outDir, `${name}-${sha256.slice(0, 12)}.onnx`));
  const card = readWhole(paths);
  if (card !== null) return { paths, card };
  const model = build(name, source, options);
  writeModel(paths, model);
  return { paths, card: model.card };
}

function readSource(text: string, report: string | undefined): Source {
  const reportFile = report ?? reportBeside(text);
  return {
    text: readModelFile(text, MODEL_LIMITS.fileBytesMax),
    report: report === undefined ? readOptional(reportFile) : readModelFile(reportFile, REPORT_BYTES_MAX),
    reportFile,
  };
}

function readOptional(file: string): Uint8Array | null {
  try {
    return readModelFile(file, REPORT_BYTES_MAX);
  } catch (error) {
    if (error instanceof SmcqError && error.context["cause"] === "ENOENT") return null;
    throw error;
  }
}

/** The card of a model whose files are all there as it says; null when there is no such model. */
function readWhole(paths: ModelPaths): ModelCard | null {
  try {
    const card = parseCard(new TextDecoder().decode(readModelFile(paths.card, CARD_BYTES_MAX)), paths.card);
    const onnx = sha256Hex(readModelFile(paths.onnx, MODEL_LIMITS.fileBytesMax));
    const golden = sha256Hex(readModelFile(paths.golden, MODEL_LIMITS.fileBytesMax));
    return onnx === card.onnxSha256 && golden === card.goldenSha256 ? card : null;
  } catch (error) {
    // Whatever is wrong with what is there: it is made again.
    if (error instanceof SmcqError) return null;
    throw error;
  }
}

function build(
  name: string,
  { text, report, reportFile }: Source,
  options: Omit<ImportOptions, "out">,
): BuiltModel {
  return buildModel({
    ...options,
    text,
    name,
    report:
      report === null ? null : parseTrainingReport(new TextDecoder().decode(report), basename(reportFile)),
  });
}

function nameOf({ name, out }: Pick<ImportOptions, "name" | "out">): string {
  return checkName(name ?? parse(out).name);
}

function checkName(name: string): string {
  if (!MODEL_NAME.test(name))
    throw new SmcqError(
      ModelErrorCode.File,
      `a model's name has 1 to 40 of a-z, 0-9, _ and -, and begins with a letter or digit; this is ${JSON.stringify(name)}`,
      { context: { name } },
    );
  return name;
}
