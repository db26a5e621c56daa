import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { createResultRing } from "@smcq/wire";
import { seedOf } from "../support/seed.ts";
import type { ResultTortureReport } from "./result-ring-torture.worker.ts";

const ROWS = 100_000;

async function side(
  role: "producer" | "consumer",
  ring: SharedArrayBuffer,
  seed: number,
): Promise<ResultTortureReport> {
  const workerData = { role, ring, rows: ROWS, seed };
  const worker = new Worker(new URL("./result-ring-torture.worker.ts", import.meta.url), { workerData });
  // Listened to from the start: the thread may have ended before its message is looked at.
  const exited = once(worker, "exit");
  const [report] = await Promise.race([
    once(worker, "message"),
    once(worker, "error").then(([error]) => {
      throw error;
    }),
  ]);
  await exited;
  return report as ResultTortureReport;
}

describe("a result ring between two threads", () => {
  it.each([16, 256])("passes every row once, in order, whole, over %i places", async (capacity) => {
    const seed = seedOf("result ring torture");
    const ring = createResultRing(capacity);
    const [producer, consumer] = await Promise.all([
      side("producer", ring, seed),
      side("consumer", ring, seed + 1),
    ]);
    console.info(`result ring of ${capacity}: full ${producer.waits} times, empty ${consumer.waits} times`);
    expect([consumer.firstBadRow, consumer.extraRows]).toEqual([-1, 0]);
    // Both ends of the ring were met: it was full, and it was empty.
    expect(producer.waits).toBeGreaterThan(0);
    expect(consumer.waits).toBeGreaterThan(0);
  });
});
