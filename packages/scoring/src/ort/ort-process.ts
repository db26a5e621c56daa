import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAwake, fromWireError, SmcqError, workerExecArgv, workerUrl } from "@smcq/kernel";
import type { CancelTimer, Clock } from "@smcq/kernel";
import { ModelErrorCode } from "../errors.ts";
import type { OrtReply, OrtRequest } from "./messages.ts";

/** A request that is not answered by then is taken for a hang: the process is killed, wall ms. */
export const ORT_REQUEST_MS_MAX = 30_000;
/**
 * The same for a live batch: shorter than a scan thread waits (`ORT_WAIT_MS_MAX`), so that a scan that failed for a
 * hang and is sent again meets the next process.
 */
export const ORT_BATCH_MS_MAX = 4_000;
/** A process whose channel is closed and that has not ended by then is killed, wall ms. */
const END_MS_MAX = 3_000;
const STDERR_CHARS_MAX = 2_000;

type RequestBody = OrtRequest extends infer R ? (R extends OrtRequest ? Omit<R, "requestId"> : never) : never;

interface Pending {
  readonly resolve: (reply: Exclude<OrtReply, { type: "failed" }>) => void;
  readonly reject: (error: SmcqError) => void;
  readonly cancelDeadline: CancelTimer;
}

/** A running ONNX Runtime process and the requests to it; every promise settles, at the latest when it ends. */
export class OrtProcess {
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #stderrText = "";
  #hasEnded = false;
  #isClosing = false;

  /** Starts the process; `clock` counts wall time. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#child = fork(fileURLToPath(workerUrl(import.meta.url, "./ort.process")), {
      execArgv: workerExecArgv(import.meta.url),
      // No other process sees the environment, where keys may stand.
      env: {},
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      serialization: "advanced",
    });
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#stderrText = (this.#stderrText + chunk.toString("utf8")).slice(-STDERR_CHARS_MAX);
    });
    this.#child.on("message", (reply) => this.#onReply(reply as OrtReply));
    this.exited = new Promise((resolve) => {
      const end = (code: number | null, signal: string | null): void => {
        this.#onEnd(`it ended with ${signal ?? `code ${String(code)}`}`);
        resolve();
      };
      // `close` comes when all of stderr was read, but never after a disconnect by this side.
      this.#child.once("close", end);
      this.#child.once("exit", (code, signal) => {
        if (this.#isClosing) end(code, signal);
      });
      // A send into a channel that is closing: the end follows. A process that cannot be started: none will.
      this.#child.on("error", (error) => {
        this.#onEnd(error.message);
        if (this.#child.pid === undefined) resolve();
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** True once it answers nothing any more; its end follows. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Loads an ONNX file under the name `epoch`, in place of what is there. */
  async load(epoch: number, onnx: Uint8Array): Promise<void> {
    await this.#request({ type: "load", epoch, onnx }, ORT_REQUEST_MS_MAX);
  }

  /** Raw margins of `count` rows; `rows` must not be shared memory. No answer within `msMax` is a hang. */
  async score(
    epoch: number,
    rows: Float32Array,
    count: number,
    msMax: number = ORT_REQUEST_MS_MAX,
  ): Promise<Float64Array> {
    const reply = await this.#request({ type: "score", epoch, rows, count }, msMax);
    if (reply.type !== "margins") throw this.#fault("it answered a question with nothing");
    return reply.margins;
  }

  async drop(epoch: number): Promise<void> {
    await this.#request({ type: "drop", epoch }, ORT_REQUEST_MS_MAX);
  }

  /** Closes the channel, by which the process ends, and waits for the end. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const cancel = afterAwake(this.#clock, END_MS_MAX, () => this.#child.kill("SIGKILL"));
    if (this.#child.connected) this.#child.disconnect();
    await this.exited;
    cancel();
  }

  #request(body: RequestBody, msMax: number): Promise<Exclude<OrtReply, { type: "failed" }>> {
    if (this.#hasEnded || !this.#child.connected) return Promise.reject(this.#fault("it has ended"));
    const requestId = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const cancelDeadline = afterAwake(this.#clock, msMax, () => {
        this.#onEnd(`no answer within ${msMax} ms`);
        this.#child.kill("SIGKILL");
      });
      this.#pending.set(requestId, { resolve, reject, cancelDeadline });
      this.#child.send({ ...body, requestId } satisfies OrtRequest);
    });
  }

  #onReply(reply: OrtReply): void {
    const pending = this.#pending.get(reply.requestId);
    if (pending === undefined) return;
    this.#pending.delete(reply.requestId);
    pending.cancelDeadline();
    if (reply.type === "failed") pending.reject(fromWireError(reply.error));
    else pending.resolve(reply);
  }

  #onEnd(why: string): void {
    this.#hasEnded = true;
    const fault = this.#fault(why);
    for (const { reject, cancelDeadline } of this.#pending.values()) {
      cancelDeadline();
      reject(fault);
    }
    this.#pending.clear();
  }

  #fault(why: string): SmcqError {
    const said = this.#stderrText.trim();
    return new SmcqError(
      ModelErrorCode.Ort,
      `the ONNX Runtime process failed: ${why}${said === "" ? "" : ` (${said})`}`,
      { context: { pid: this.pid } },
    );
  }
}
