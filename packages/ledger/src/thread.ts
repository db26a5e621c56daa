import { receiveMessageOnPort, Worker } from "node:worker_threads";
import { workerUrl } from "@smcq/kernel";
import type { DatabaseOptions } from "./database.ts";
import type { LedgerPort, LedgerReply, LedgerRequest } from "./messages.ts";

/** What the ledger's thread is started with. */
export interface LedgerThreadData {
  /** A channel of our own: under `node --watch` foreign messages arrive at the worker's default port. */
  readonly port: LedgerPort;
  readonly options: DatabaseOptions;
  /** False for the first thread, whose opening decides whether the engine starts. */
  readonly isReplacement: boolean;
}

export interface ThreadStart {
  readonly options: DatabaseOptions;
  readonly isReplacement: boolean;
  /** Another entry than `ledger.worker`. */
  readonly entry?: URL | undefined;
}

export interface ThreadHandlers {
  onReply(reply: LedgerReply): void;
  /** The thread is gone; `error` says why when it did not end by itself. */
  onExit(error: unknown): void;
}

/** A running ledger thread. There is no way to terminate it: see the README's laws. */
export interface LedgerThread {
  post(request: LedgerRequest): void;
}

/**
 * Starts the ledger's thread. The only place outside `cluster` and `*.worker.ts` that constructs a Worker: the ledger
 * owns its thread's life (docs/decisions.md 5), and a spawn function handed in would let a caller terminate it.
 */
export function startLedgerThread(start: ThreadStart, handlers: ThreadHandlers): LedgerThread {
  const { port1, port2 } = new MessageChannel();
  let failure: unknown;
  const worker = new Worker(start.entry ?? workerUrl(import.meta.url, "./ledger.worker"), {
    name: "ledger",
    // No thread but the coordinator's sees the environment, where keys may stand.
    env: {},
    workerData: { port: port2, options: start.options, isReplacement: start.isReplacement },
    transferList: [port2],
  });
  port1.on("message", (reply: LedgerReply) => handlers.onReply(reply));
  worker.on("error", (error) => {
    failure = error;
  });
  worker.on("exit", (exitCode) => {
    // Its end may overtake its last words.
    for (let last = receiveMessageOnPort(port1); last !== undefined; last = receiveMessageOnPort(port1))
      handlers.onReply(last.message as LedgerReply);
    port1.close();
    handlers.onExit(
      failure ?? (exitCode === 0 ? undefined : new Error(`the ledger's thread exited with ${exitCode}`)),
    );
  });
  return { post: (request) => port1.postMessage(request) };
}
