/**
 * ONNX Runtime in a process of its own: `fork(ort.process.ts)` with serialization `advanced`. Terminating a thread or
 * ending a process while its native code runs aborts the whole process (docs/model.md 3), so it never runs in the
 * engine's. Ends by itself when the parent's channel closes.
 */
import { assertNever, SmcqError, toWireError } from "@smcq/kernel";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { ModelErrorCode } from "../errors.ts";
import type { OrtReply, OrtRequest } from "./messages.ts";

const OPTIONS: InferenceSession.SessionOptions = {
  executionProviders: ["cpu"],
  // More than one thread changes the order of the sum for more than 50 rows (docs/model.md section 2).
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  enableCpuMemArena: false,
  enableMemPattern: false,
  logSeverityLevel: 3,
};

interface Model {
  readonly session: InferenceSession;
  readonly inputName: string;
  readonly outputName: string;
  readonly isDouble: boolean;
}

const models = new Map<number, Model>();

async function load(onnx: Uint8Array): Promise<Model> {
  // Bytes, never a path: nothing beside the file can be loaded.
  const session = await InferenceSession.create(onnx, OPTIONS);
  const [input] = session.inputMetadata;
  const [inputName] = session.inputNames;
  const [outputName] = session.outputNames;
  if (inputName === undefined || outputName === undefined || input?.isTensor !== true)
    throw new SmcqError(ModelErrorCode.Shape, "the graph has no tensor for the features and the margins");
  return { session, inputName, outputName, isDouble: input.type === "float64" };
}

async function score(epoch: number, rows: Float32Array, count: number): Promise<Float64Array> {
  const model = models.get(epoch);
  if (model === undefined)
    throw new SmcqError(ModelErrorCode.Epoch, `ONNX Runtime holds no model of epoch ${epoch}`);
  const shape = [count, rows.length / count];
  const input = model.isDouble
    ? new Tensor("float64", Float64Array.from(rows), shape)
    : new Tensor("float32", rows, shape);
  const outputs = await model.session.run({ [model.inputName]: input });
  const margins = outputs[model.outputName]?.data;
  if (!(margins instanceof Float64Array) || margins.length !== count)
    throw new SmcqError(
      ModelErrorCode.Shape,
      `the graph does not give one float64 for each of ${count} rows`,
    );
  return margins;
}

async function answer(request: OrtRequest): Promise<OrtReply> {
  const { requestId, epoch } = request;
  switch (request.type) {
    case "load": {
      const model = await load(request.onnx);
      await models.get(epoch)?.session.release();
      models.set(epoch, model);
      return { type: "done", requestId };
    }
    case "score":
      return { type: "margins", requestId, margins: await score(epoch, request.rows, request.count) };
    case "drop":
      await models.get(epoch)?.session.release();
      models.delete(epoch);
      return { type: "done", requestId };
    default:
      return assertNever(request);
  }
}

function reply(message: OrtReply): void {
  // A parent that is gone is no failure: the process is about to end.
  if (process.connected) process.send?.(message, undefined, {}, () => {});
}

let last: Promise<void> = Promise.resolve();

process.on("message", (request: OrtRequest) => {
  last = last
    .then(() => answer(request))
    .catch((error: unknown): OrtReply => ({
      type: "failed",
      requestId: request.requestId,
      error: toWireError(error),
    }))
    .then(reply);
});
// A signal to the whole group must not come before the engine's own end: that closes the channel.
for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const)
  process.on(signal, () => {
    if (!process.connected) process.exit(0);
  });
