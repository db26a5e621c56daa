import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createShardMemory } from "@smcq/cluster";
import { SystemClock } from "@smcq/kernel";
import type { Calibration } from "./lib/calibration.ts";
import { startCliEngine } from "./lib/cli-engine.ts";
import type { BenchOptions } from "./lib/options.ts";
import type { PartRecorder } from "./lib/results.ts";
import { slope } from "./lib/statistics.ts";
import { writeModelFiles } from "./model/model-files.ts";
import { proportionalMb, residentMb, storageBytes } from "./pipeline/cpu.ts";
import { setting } from "./pipeline/pipeline.ts";
import { Session } from "./pipeline/session.ts";

const clock = new SystemClock();
const MB = 2 ** 20;
const SYMBOLS = 600;
const SAMPLE_MS = 500;
/** Closes before the first look at the memory of an engine under bursts. */
const WARM_BURSTS = 30;

const pause = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

/** docs/performance.md G6, G7: memory of the engine's process, and who of its threads writes to storage. */
export async function runMemory(
  options: BenchOptions,
  _calibration: Calibration,
  recorder: PartRecorder,
): Promise<void> {
  recordShared(recorder);
  await measureProduct(options, recorder);
  await measureGrowth(options, recorder);
}

/** Shared memory a symbol, from the blocks themselves. */
function recordShared(recorder: PartRecorder): void {
  const slots = 512;
  const { rings, states, results, control } = createShardMemory(0, slots);
  const perSlot = (bytes: number): number => bytes / slots;
  recorder.figure({
    id: "ring-bytes",
    title: "Ring of a symbol",
    unit: "bytes",
    value: perSlot(rings.byteLength),
  });
  recorder.figure({
    id: "beyond-ring-bytes",
    title: "Shared memory of a symbol beyond its ring (state, results, counters)",
    unit: "bytes",
    value: perSlot(states.byteLength + results.byteLength + control.byteLength),
  });
}

/** The product itself, `smcq engine`: resident memory after READY, and what its threads write. */
async function measureProduct(options: BenchOptions, recorder: PartRecorder): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "smcq-bench-model-"));
  const scan = { model: writeModelFiles(folder) };
  const engine = await startCliEngine({ sim: { symbols: SYMBOLS }, shards: 2, scanThreads: 2, scan });
  const samples: [number, number][] = [];
  let writers: readonly string[];
  let peak: number;
  let shareMb: number;
  try {
    const before = storageBytes(engine.pid);
    const startNs = clock.monoNs();
    const seconds = options.isQuick ? 6 : 60;
    for (let atS = 0; atS < seconds; atS = (clock.monoNs() - startNs) / 1e9) {
      samples.push([atS, residentMb(engine.pid).now]);
      await pause(SAMPLE_MS);
    }
    writers = [...storageBytes(engine.pid)]
      .filter(([thread, { bytes }]) => bytes > (before.get(thread)?.bytes ?? 0))
      .map(([, { name }]) => name);
    peak = residentMb(engine.pid).peak;
    shareMb = proportionalMb(engine.pid);
  } finally {
    await engine.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const last = samples.at(-1)?.[1] ?? Number.NaN;
  const half = samples.slice(samples.length >> 1);
  const add = (id: string, title: string, unit: string, value: number): void =>
    recorder.figure({
      id,
      title: `smcq engine, model 500x31, ${SYMBOLS} symbols, 2 shards, pool of 2: ${title}`,
      unit,
      value,
    });
  add("product-rss", "resident memory at the end", "MB", last);
  add("product-pss", "the same, shared pages by their share (PSS)", "MB", shareMb);
  add("product-rss-ready", "resident memory at READY", "MB", samples[0]?.[1] ?? Number.NaN);
  add("product-rss-peak", "highest so far", "MB", peak);
  add("product-rss-slope", "slope over the second half", "MB a minute", slope(half) * 60);
  const isLedgerAlone = writers.every((name) => name === "ledger");
  recorder.check({
    id: "storage-writers",
    title: "Between READY and the end only the ledger's thread wrote to storage",
    isHeld: isLedgerAlone,
    detail: writers.length === 0 ? "nobody wrote" : `writers: ${writers.join(", ")}`,
  });
}

/** The bench's engine (no ledger, no log) at several sizes: memory a symbol, and its growth over many closes. */
async function measureGrowth(options: BenchOptions, recorder: PartRecorder): Promise<void> {
  const sizes = options.isQuick ? [100, 300] : [300, 600, 1_200];
  const bursts = options.isQuick ? 20 : 200;
  const points: [number, number][] = [];
  for (const symbols of sizes) {
    const session = await Session.open(setting({ name: "memory", symbols }));
    const samples: [number, number][] = [];
    try {
      for (let burst = 0; burst < WARM_BURSTS; burst++) await session.burst();
      for (let burst = 0; burst < bursts; burst++) {
        await session.burst();
        samples.push([burst, residentMb(session.engine.pid).now]);
      }
    } finally {
      await session.close();
    }
    const last = samples.at(-1)?.[1] ?? Number.NaN;
    points.push([symbols, last]);
    recorder.figure({
      id: `rss-${symbols}`,
      title: `Engine without ledger, ${symbols} symbols`,
      unit: "MB",
      value: last,
    });
    recorder.figure({
      id: `rss-growth-${symbols}`,
      title: `the same: growth over ${bursts} closes of the market`,
      unit: "MB in 100 closes",
      value: slope(samples) * 100,
    });
  }
  recorder.figure({
    id: "rss-per-symbol",
    title: "Resident memory a symbol, rings included (slope over the sizes)",
    unit: "bytes",
    value: slope(points) * MB,
  });
}
