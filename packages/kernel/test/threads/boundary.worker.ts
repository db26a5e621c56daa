import { parentPort } from "node:worker_threads";
import { assert, errorMessage, SmcqError, SystemClock, toWireError, wallNowMs } from "@smcq/kernel";

/** What the test asks for; one answer a question. */
export type Question = { readonly type: "clock" } | { readonly type: "throw"; readonly what: string };

const clock = new SystemClock();

const THROWS: Readonly<Record<string, () => void>> = {
  ours: () => {
    throw new SmcqError("RING_LOST", "the ring is gone", { context: { slot: 4, names: ["A", "B"] } });
  },
  invariant: () => assert(false, "Invariant: this thread is fine"),
  node: () => process.chdir("/no/such/folder/anywhere"),
  text: () => {
    // oxlint-disable-next-line typescript/only-throw-error -- The boundary must take whatever is thrown.
    throw "just text";
  },
};

parentPort?.on("message", (question: Question) => {
  if (question.type === "clock") {
    parentPort?.postMessage({ monoNs: clock.monoNs(), nowMs: clock.nowMs(), wallMs: wallNowMs() });
    return;
  }
  try {
    THROWS[question.what]?.();
    parentPort?.postMessage(`nothing was thrown for ${errorMessage(question.what)}`);
  } catch (error) {
    parentPort?.postMessage(toWireError(error));
  }
});
