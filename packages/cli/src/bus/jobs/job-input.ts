import { readFile } from "node:fs/promises";
import type { JobInput } from "@smcq/bus-nats";
import { modelPaths } from "@smcq/scoring";
import { sha256OfFile } from "../../offline/dataset/bar-source.ts";
import { sha256OfBytes } from "./sha256.ts";

/** A file as an input; KLINES_READ when it cannot be read. */
export async function fileInput(path: string): Promise<JobInput> {
  return { sha256: await sha256OfFile(path), read: () => readFile(path) };
}

/** Bytes that are made again when they are sent: nothing but their hash is held. */
export function madeInput(make: () => Uint8Array, parts: readonly JobInput[] = []): JobInput {
  return { sha256: sha256OfBytes(make()), read: make, parts };
}

/** The paths of a model's files, the model first; none of the heuristic. */
export function modelFiles(model: string): readonly string[] {
  if (model === "heuristic") return [];
  const { onnx, card, golden } = modelPaths(model);
  return [onnx, card, golden];
}
