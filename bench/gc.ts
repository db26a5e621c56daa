import { SystemClock } from "@smcq/kernel";
import type { Calibration } from "./lib/calibration.ts";
import type { BenchOptions } from "./lib/options.ts";
import type { PartRecorder } from "./lib/results.ts";
import type { GcReport } from "./pipeline/messages.ts";
import { setting } from "./pipeline/pipeline.ts";
import { Session } from "./pipeline/session.ts";

const clock = new SystemClock();
const MESSAGES_PER_SECOND = 12_000;
const SYMBOLS = 600;
/** Wall ms between two closes of the market: far more often than life, so that their garbage counts. */
const CLOSE_EVERY_MS = 500;
const WARM_BURSTS = 10;

const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

function merge(reports: readonly GcReport[]): Map<string, GcReport> {
  const byThread = new Map<string, GcReport>();
  for (const report of reports) {
    const before = byThread.get(report.thread);
    byThread.set(report.thread, {
      thread: report.thread,
      pauses: report.pauses + (before?.pauses ?? 0),
      pauseMsMax: Math.max(report.pauseMsMax, before?.pauseMsMax ?? 0),
      pauseMsTotal: report.pauseMsTotal + (before?.pauseMsTotal ?? 0),
    });
  }
  return byThread;
}

/** Pauses of the garbage collector in every thread at 12,000 messages/s with closes on top (docs/performance.md G7). */
export async function runGc(
  options: BenchOptions,
  _calibration: Calibration,
  recorder: PartRecorder,
): Promise<void> {
  const seconds = options.isQuick ? 6 : 60;
  const session = await Session.open(setting({ name: "gc", symbols: SYMBOLS, tickMs: 2, isGcTapped: true }));
  const reports: GcReport[] = [];
  let messages = 0;
  let tookNs = 0;
  try {
    await session.venue.steady(MESSAGES_PER_SECOND);
    for (let burst = 0; burst < WARM_BURSTS; burst++) await session.burst();
    const before = await session.counters();
    const startNs = clock.monoNs();
    while (clock.monoNs() - startNs < seconds * 1e9) {
      await pause(CLOSE_EVERY_MS);
      await session.burst();
      reports.push(...(await session.counters()).gc);
    }
    await session.venue.steady(0);
    messages = (await session.counters()).messages - before.messages;
    tookNs = clock.monoNs() - startNs;
  } finally {
    await session.close();
  }
  const byThread = merge(reports);
  recorder.figure({ id: "gc-rate", title: "Messages read", unit: "1/s", value: messages / (tookNs / 1e9) });
  recorder.figure({
    id: "gc-max",
    title: "Longest pause of any thread",
    unit: "ms",
    value: Math.max(0, ...[...byThread.values()].map(({ pauseMsMax }) => pauseMsMax)),
  });
  for (const [thread, { pauses, pauseMsMax, pauseMsTotal }] of [...byThread].toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  ))
    recorder.note(
      `${thread}: ${pauses} pauses in ${seconds} s, longest ${pauseMsMax.toFixed(2)} ms, together ${pauseMsTotal.toFixed(1)} ms.`,
    );
  recorder.note(
    "Pauses are the garbage collector's own reports (perf_hooks) of every thread; the coordinator's include the bench's copies of rows after each burst.",
  );
}
