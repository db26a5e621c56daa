/**
 * Loads one model into the engine's models memory and ends: its heap goes with it. Everything that reads the file, by
 * which a hostile one could take time or memory, happens here and not on the coordinator's thread.
 */
import { workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { toWireError } from "@smcq/kernel";
import { openModel } from "./gate/open-model.ts";
import { tryLeafMask } from "./gate/try-model.ts";
import { importDropped } from "./import/import-model.ts";
import type { LoadMessage, LoadTask } from "./load-messages.ts";
import { openModelMemory } from "./model-memory.ts";

const { port, task } = workerData as { readonly port: MessagePort; readonly task: LoadTask };

function tell(message: LoadMessage): void {
  port.postMessage(message);
}

function onnxFile(): string {
  if (!task.file.endsWith(".txt")) return task.file;
  const { file: text, textOutDir: outDir, nowMs, plan } = task;
  return importDropped({ text, outDir, nowMs, plan }).paths.onnx;
}

function load(): void {
  const file = onnxFile();
  const opened = openModel({ ...task, file, isAnySchema: false });
  const { onnx, golden, card, isExpired } = opened;
  tell({ type: "opened", onnx, golden });
  const tables = task.scorer === "leaf-mask" ? tryLeafMask(opened) : "ort";
  const { modelId, calibration, featureNames } = card.metadata;
  const featureCount = featureNames.length;
  openModelMemory(task.models).install({ epoch: task.epoch, id: modelId, calibration, tables, featureCount });
  const tableBytes = tables === "ort" ? 0 : tables.image.length;
  tell({ type: "installed", file, card, isExpired, tableBytes });
}

try {
  load();
} catch (error) {
  tell({ type: "failed", error: toWireError(error) });
} finally {
  port.close();
}
