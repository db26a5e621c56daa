import { type MessagePort, workerData } from "node:worker_threads";

/** Answers each message on its port; and each odd value of the cell with the next even one, until it is -1. */
const { port, cell, isAtomics } = workerData as {
  readonly port: MessagePort;
  readonly cell: SharedArrayBuffer;
  readonly isAtomics: boolean;
};

if (isAtomics) {
  const value = new Int32Array(cell);
  for (let seen = 0; seen !== -1; seen = Atomics.load(value, 0)) {
    if ((seen & 1) === 1) {
      Atomics.store(value, 0, seen + 1);
      Atomics.notify(value, 0);
    } else {
      Atomics.wait(value, 0, seen);
    }
  }
  port.close();
} else {
  port.on("message", (message: number) => {
    if (message < 0) port.close();
    else port.postMessage(message);
  });
}
