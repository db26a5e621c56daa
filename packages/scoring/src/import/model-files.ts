import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  fstatSync,
  writeSync,
} from "node:fs";
import { dirname, join, parse } from "node:path";
import { errorCode, errorMessage, SmcqError } from "@smcq/kernel";
import { cardText } from "../card/card.ts";
import { ModelErrorCode } from "../errors.ts";
import type { BuiltModel } from "./build-model.ts";

/** Where the three files of a model lie. */
export interface ModelPaths {
  readonly onnx: string;
  readonly card: string;
  readonly golden: string;
}

/** The files that belong to NAME.onnx: NAME.card.json and NAME.golden.bin beside it. */
export function modelPaths(onnx: string): ModelPaths {
  const { dir, name, ext } = parse(onnx);
  if (ext !== ".onnx")
    throw new SmcqError(ModelErrorCode.File, `a model's file is named NAME.onnx, this one is ${onnx}`, {
      context: { file: onnx },
    });
  return { onnx, card: join(dir, `${name}.card.json`), golden: join(dir, `${name}.golden.bin`) };
}

function fileFault(
  doing: string,
  file: string,
  error: unknown,
  code: string = ModelErrorCode.File,
): SmcqError {
  return new SmcqError(code, `cannot ${doing} ${file}: ${errorMessage(error)}`, {
    context: { file, cause: errorCode(error) },
    cause: error,
  });
}

/**
 * Reads a whole file of at most `bytesMax` bytes; refuses with MODEL_FILE or, before reading, MODEL_SIZE, or with the
 * one code that is given for both.
 */
export function readModelFile(file: string, bytesMax: number, code?: string): Uint8Array {
  let bytes: Uint8Array;
  let descriptor = -1;
  try {
    // A pipe without a writer would hold this thread for ever, and no thread is ended inside a system call.
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new Error("it is no file");
    if (status.size > bytesMax)
      throw new SmcqError(
        code ?? ModelErrorCode.Size,
        `${file} has ${status.size} bytes, at most ${bytesMax} are read`,
        { context: { file, bytes: status.size, bytesMax } },
      );
    bytes = new Uint8Array(status.size);
    let at = 0;
    for (let count = 1; count > 0 && at < bytes.length; at += count)
      count = readSync(descriptor, bytes, at, bytes.length - at, at);
    // A file that shrinks while it is read is judged by what there was.
    return bytes.subarray(0, at);
  } catch (error) {
    throw error instanceof SmcqError ? error : fileFault("read", file, error, code);
  } finally {
    if (descriptor >= 0) closeSync(descriptor);
  }
}

/** Writes a file so that a reader sees the old or the new one, also after a power cut. */
function writeWhole(file: string, bytes: Uint8Array): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const descriptor = openSync(temporary, "w");
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fileFault("write", file, error);
  }
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Writes a model's files; the card comes last, so that a set without or with an older card is refused as it is. */
export function writeModel(paths: ModelPaths, model: BuiltModel): void {
  const folder = dirname(paths.onnx);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw fileFault("create", folder, error);
  }
  writeWhole(paths.golden, model.golden);
  writeWhole(paths.onnx, model.onnx);
  writeWhole(paths.card, new TextEncoder().encode(cardText(model.card)));
  syncFolder(folder);
}
