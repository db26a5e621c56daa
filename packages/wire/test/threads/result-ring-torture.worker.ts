import { parentPort, workerData } from "node:worker_threads";
import { Rng } from "@smcq/kernel";
import { createResultRow, ResultRingReader, ResultRingWriter } from "@smcq/wire";
import { fillRow, isRow } from "../support/result-rows.ts";

export interface ResultTortureData {
  readonly role: "producer" | "consumer";
  readonly ring: SharedArrayBuffer;
  readonly rows: number;
  readonly seed: number;
}

export interface ResultTortureReport {
  readonly role: "producer" | "consumer";
  /** The producer found no room, or the consumer nothing to read. */
  readonly waits: number;
  /** The first row that was not the next one, whole; -1 when there was none. */
  readonly firstBadRow: number;
  /** Rows seen beyond the last one. */
  readonly extraRows: number;
}

/** Lets the other thread have the core for a moment. */
const idle = new Int32Array(new SharedArrayBuffer(4));

function produce(data: ResultTortureData, rng: Rng): ResultTortureReport {
  const ring = new ResultRingWriter(data.ring);
  const row = createResultRow();
  let waits = 0;
  for (let written = 0; written < data.rows;) {
    const count = Math.min(ring.room, 1 + rng.int(ring.capacity), data.rows - written);
    if (count === 0) {
      if (++waits % 100 === 0) Atomics.wait(idle, 0, 0, 0.01);
      continue;
    }
    for (let ahead = 0; ahead < count; ahead++) {
      fillRow(row, written + ahead);
      ring.write(ahead, row);
    }
    ring.publish(count);
    written += count;
  }
  return { role: "producer", waits, firstBadRow: -1, extraRows: 0 };
}

function consume(data: ResultTortureData, rng: Rng): ResultTortureReport {
  const ring = new ResultRingReader(data.ring);
  const row = createResultRow();
  let waits = 0;
  let firstBadRow = -1;
  for (let read = 0; read < data.rows;) {
    const count = Math.min(ring.available, 1 + rng.int(64));
    if (count === 0) {
      if (++waits % 100 === 0) Atomics.wait(idle, 0, 0, 0.01);
      continue;
    }
    for (let ahead = 0; ahead < count; ahead++) {
      ring.read(ahead, row);
      if (firstBadRow < 0 && !isRow(row, read + ahead)) firstBadRow = read + ahead;
    }
    ring.release(count);
    read += count;
  }
  return { role: "consumer", waits, firstBadRow, extraRows: ring.available };
}

const data = workerData as ResultTortureData;
const rng = new Rng(data.seed);
parentPort?.postMessage(data.role === "producer" ? produce(data, rng) : consume(data, rng));
