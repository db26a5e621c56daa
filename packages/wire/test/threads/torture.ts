import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { createKlineRings } from "@smcq/wire";
import { type ReaderReport, type TortureReport, Word, type WriterReport } from "./torture-protocol.ts";

export interface TortureOptions {
  readonly seed: number;
  readonly slots: number;
  readonly readers: number;
  /** The run ends when so many copies were tried and so many mixed ones seen, and no sooner than `msMin`. */
  readonly readsMin: number;
  readonly mixedMin: number;
  readonly msMin: number;
  /** It ends then in any case. */
  readonly msMax: number;
}

export interface TortureOutcome {
  readonly writer: WriterReport;
  readonly readers: readonly ReaderReport[];
  readonly elapsedMs: number;
}

/** One writer and several readers in threads of their own on the same rings. */
export async function runTorture(options: TortureOptions): Promise<TortureOutcome> {
  const rings = createKlineRings(options.slots);
  const sharedWords = new SharedArrayBuffer(64);
  const words = new Int32Array(sharedWords);
  const start = (role: "writer" | "reader", seed: number): Promise<TortureReport> => {
    const workerData = { role, rings, words: sharedWords, seed };
    const worker = new Worker(new URL("./ring-torture.worker.ts", import.meta.url), { workerData });
    // Listened to from the start: the thread may have ended before its message is looked at.
    const exited = once(worker, "exit");
    return Promise.race([
      once(worker, "message").then(async ([report]) => {
        await exited;
        return report as TortureReport;
      }),
      once(worker, "error").then(([error]) => {
        throw error;
      }),
    ]).finally(() => Atomics.store(words, Word.Stop, 1));
  };
  const startedMs = performance.now();
  const running = [start("writer", options.seed)];
  for (let index = 1; index <= options.readers; index++) running.push(start("reader", options.seed + index));
  const finished = Promise.all(running);
  // A thread that fails ends the run; the error comes out of `finished` below.
  finished.catch(() => Atomics.store(words, Word.Stop, 1));
  const isDone = (): boolean => {
    const elapsedMs = performance.now() - startedMs;
    const isEnough =
      Atomics.load(words, Word.Reads) >= options.readsMin &&
      Atomics.load(words, Word.Mixed) >= options.mixedMin;
    return elapsedMs > options.msMax || (isEnough && elapsedMs > options.msMin);
  };
  while (Atomics.load(words, Word.Stop) === 0 && !isDone())
    await new Promise((resolve) => setTimeout(resolve, 10));
  Atomics.store(words, Word.Stop, 1);
  const reports = await finished;
  return {
    writer: reports.find((report) => report.role === "writer") as WriterReport,
    readers: reports.filter((report) => report.role === "reader"),
    elapsedMs: performance.now() - startedMs,
  };
}

/** Sums a count over all readers. */
export function total(
  outcome: TortureOutcome,
  field: Exclude<keyof ReaderReport, "role" | "faults">,
): number {
  return outcome.readers.reduce((sum, reader) => sum + reader[field], 0);
}

/** The figures of a run in one line. */
export function summary(outcome: TortureOutcome): string {
  const { writer } = outcome;
  const fields = [
    "reads",
    "accepted",
    "acceptedOvertaken",
    "oldestAccepted",
    "refused",
    "mixedRefused",
    "soundRefused",
    "refusedAtBegin",
    "formingAccepted",
    "formingRefused",
    "lastFinalAccepted",
    "lastFinalRefused",
    "lastFinalMixedRefused",
    "faultCount",
  ] as const;
  const counts = fields.map((field) => `${field} ${total(outcome, field)}`).join(", ");
  return (
    `${Math.round(outcome.elapsedMs)} ms: appends ${writer.appends}, replacements ${writer.replacements}, ` +
    `resets ${writer.resets}, deaths ${writer.deaths}; ${counts}`
  );
}
