import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { TradePlanParameters } from "@smcq/features";
import { afterAwake, errorMessage, fromWireError, SmcqError, workerUrl } from "@smcq/kernel";
import type { Clock } from "@smcq/kernel";
import type { ModelCard } from "./card/card.ts";
import { ModelErrorCode } from "./errors.ts";
import { tryOracle } from "./gate/try-oracle.ts";
import type { LoadMessage, LoadTask } from "./load-messages.ts";
import type { ModelKind, ModelMemory } from "./model-memory.ts";

export interface LoadModelOptions {
  /** NAME.onnx, or a LightGBM text NAME.txt that is converted into `textOutDir` first. */
  readonly file: string;
  readonly textOutDir: string;
  readonly scorer: ModelKind;
  readonly memory: ModelMemory;
  /** Its slot must be free: nobody scores with the epoch four before it. */
  readonly epoch: number;
  /** The venue's time, by which expiry is judged. */
  readonly nowMs: number;
  /** How the engine enters; absent: at the market. */
  readonly plan?: TradePlanParameters | undefined;
  /** Feature sets that rows are made of (MODEL_FEATURE_SET for a model of another one); absent: any. */
  readonly liveSets?: readonly string[] | undefined;
  /** True in a reload; at start an expired model is loaded and `isExpired` says that it must not trade. */
  readonly refuseExpired: boolean;
  /** ed25519 public key in PEM; when given, the card must be signed with it. */
  readonly publicKeyPem?: string | undefined;
  /** Counts wall time. */
  readonly clock: Clock;
}

/** A model that has passed the whole gate and stands in the memory under its epoch. */
export interface LoadedModel {
  readonly id: string;
  readonly epoch: number;
  readonly kind: ModelKind;
  /** The ONNX file; another one than was asked for when a text was converted. */
  readonly file: string;
  readonly sha256: string;
  readonly card: ModelCard;
  readonly isExpired: boolean;
  readonly tableBytes: number;
  /** From the request to the end of the last check. */
  readonly buildMs: number;
  /** For `OrtHost.install`, before anyone is told to score with the epoch; null for leaf-mask. */
  readonly onnx: Uint8Array | null;
}

/** A load that takes longer is given up, wall ms. */
export const LOAD_MS_MAX = 120_000;
/** A file that needs more heap than this to be read is refused, MB. */
const HEAP_MB_MAX = 1_024;

interface Loading {
  /** What ONNX Runtime must agree with. */
  readonly opened: Promise<Extract<LoadMessage, { type: "opened" }>>;
  readonly installed: Promise<Extract<LoadMessage, { type: "installed" }>>;
}

/**
 * Loads a model through the whole gate: read, checked, compiled and tried in a thread of its own, while a process of
 * its own tries it in ONNX Runtime. Rejects with the code of the first check that refuses it; the engine's slot is
 * then unused or holds what nobody was told of.
 */
export async function loadModel(options: LoadModelOptions): Promise<LoadedModel> {
  const { clock, memory, file, textOutDir, scorer, epoch, nowMs, plan } = options;
  const { refuseExpired, publicKeyPem, liveSets } = options;
  const startNs = clock.monoNs();
  const { opened, installed } = startLoader(
    {
      file,
      textOutDir,
      scorer,
      models: memory.shared(),
      epoch,
      nowMs,
      plan,
      liveSets,
      refuseExpired,
      publicKeyPem,
    },
    clock,
  );
  const oracle = opened.then(async ({ onnx, golden }) => {
    await tryOracle(onnx, golden, clock);
    return onnx;
  });
  // Both are waited for, so that nothing is still at work after a refusal; the thread's own verdict comes first.
  const [inThread, inOracle] = await Promise.allSettled([installed, oracle]);
  if (inThread.status === "rejected") throw inThread.reason;
  if (inOracle.status === "rejected") throw inOracle.reason;
  const { card, isExpired, tableBytes } = inThread.value;
  return {
    id: card.metadata.modelId,
    epoch,
    kind: scorer,
    file: inThread.value.file,
    sha256: card.onnxSha256,
    card,
    isExpired,
    tableBytes,
    buildMs: (clock.monoNs() - startNs) / 1e6,
    onnx: scorer === "ort" ? inOracle.value : null,
  };
}

/** Starts the loader's thread; both promises settle, at the latest when it is given up. */
function startLoader(task: LoadTask, clock: Clock): Loading {
  const { port1, port2 } = new MessageChannel();
  const opened = Promise.withResolvers<Extract<LoadMessage, { type: "opened" }>>();
  const installed = Promise.withResolvers<Extract<LoadMessage, { type: "installed" }>>();
  const fail = (error: unknown): void => {
    opened.reject(error);
    installed.reject(error);
  };
  const worker = new Worker(workerUrl(import.meta.url, "./loader.worker"), {
    name: "model-loader",
    // No thread but the coordinator's sees the environment, where keys may stand.
    env: {},
    workerData: { port: port2, task },
    transferList: [port2],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
  });
  const cancelDeadline = afterAwake(clock, LOAD_MS_MAX, () => {
    fail(loadFault(task.file, `it takes longer than ${LOAD_MS_MAX} ms`));
    // Nothing native runs in this thread: ending it harms nobody.
    void worker.terminate();
  });
  const hear = (message: LoadMessage): void => {
    if (message.type === "opened") opened.resolve(message);
    else if (message.type === "installed") installed.resolve(message);
    else fail(fromWireError(message.error));
  };
  port1.on("message", hear);
  worker.on("error", (error) => fail(loadFault(task.file, errorMessage(error), error)));
  worker.on("exit", () => {
    cancelDeadline();
    // The thread's end may be told before its last words.
    for (let last = receiveMessageOnPort(port1); last !== undefined; last = receiveMessageOnPort(port1))
      hear(last.message as LoadMessage);
    fail(loadFault(task.file, "its thread ended without a result"));
    port1.close();
  });
  return { opened: opened.promise, installed: installed.promise };
}

function loadFault(file: string, why: string, cause?: unknown): SmcqError {
  return new SmcqError(ModelErrorCode.Load, `${file} cannot be loaded: ${why}`, { context: { file }, cause });
}
