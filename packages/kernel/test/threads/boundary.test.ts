import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromWireError, SmcqError, SystemClock, wallNowMs, type WireError } from "@smcq/kernel";
import type { Question } from "./boundary.worker.ts";

let worker: Worker;

beforeAll(async () => {
  worker = new Worker(new URL("./boundary.worker.ts", import.meta.url));
  await once(worker, "online");
});

afterAll(async () => {
  await worker.terminate();
});

async function ask<T>(question: Question): Promise<T> {
  const answer = once(worker, "message");
  worker.postMessage(question);
  return (await answer)[0] as T;
}

describe("errors across a thread", () => {
  it.each([
    ["ours", "RING_LOST", "the ring is gone", { slot: 4, names: ["A", "B"] }],
    ["invariant", "INVARIANT", "Invariant: this thread is fine", {}],
    ["text", "UNKNOWN", "just text", {}],
  ])("keep code, text and context: %s", async (what, code, message, context) => {
    const error = fromWireError(await ask<WireError>({ type: "throw", what }));
    expect(error).toBeInstanceOf(SmcqError);
    expect([error.code, error.message, error.context]).toEqual([code, message, context]);
  });

  it("keep the codes of Node and the stack of the thread they were thrown in", async () => {
    const error = fromWireError(await ask<WireError>({ type: "throw", what: "node" }));
    expect(error.code).toMatch(/^ERR_WORKER_UNSUPPORTED_OPERATION$/);
    const ours = fromWireError(await ask<WireError>({ type: "throw", what: "ours" }));
    expect(ours.stack).toContain("boundary.worker.ts");
  });
});

describe("clocks across threads", () => {
  it("tell one monotonic time: an instant of another thread lies between the question and the answer", async () => {
    const clock = new SystemClock();
    // The two origins are each found to well under a tenth of a millisecond.
    const slackNs = 1e5;
    for (let round = 0; round < 200; round++) {
      const askedNs = clock.monoNs();
      const { monoNs } = await ask<{ monoNs: number }>({ type: "clock" });
      expect(monoNs).toBeGreaterThanOrEqual(askedNs - slackNs);
      expect(monoNs).toBeLessThanOrEqual(clock.monoNs() + slackNs);
    }
  });

  it("tell one wall time, with fractions, as anchors need it", async () => {
    for (let round = 0; round < 50; round++) {
      const askedMs = wallNowMs();
      const { wallMs, nowMs } = await ask<{ wallMs: number; nowMs: number }>({ type: "clock" });
      expect(wallMs).toBeGreaterThanOrEqual(askedMs - 5);
      expect(wallMs).toBeLessThanOrEqual(wallNowMs() + 5);
      expect(Math.abs(wallMs - nowMs)).toBeLessThan(1000);
    }
  });
});
