import { SystemClock } from "@smcq/kernel";
import { runGc } from "./gc.ts";
import { runGuests } from "./guests.ts";
import { runHistory } from "./history.ts";
import { Calibration } from "./lib/calibration.ts";
import { judge } from "./lib/goals.ts";
import { describeMachine } from "./lib/machine.ts";
import { type BenchOptions, type Part, readOptions } from "./lib/options.ts";
import { PartRecorder, type PartResult } from "./lib/results.ts";
import { runJobs } from "./jobs.ts";
import { runMemory } from "./memory.ts";
import { runModel } from "./model/model.ts";
import { runMicro } from "./micro/micro.ts";
import { runAgainst } from "./pipeline/against.ts";
import { runPipeline } from "./pipeline/pipeline.ts";
import { runSteady } from "./steady.ts";
import { runStore } from "./store.ts";
import { runTrading } from "./trading.ts";
import { goalText, partText } from "./report/table.ts";
import { writeReport } from "./report/write.ts";

type RunPart = (options: BenchOptions, calibration: Calibration, recorder: PartRecorder) => Promise<void>;

const RUNS: Readonly<Record<Part, RunPart>> = {
  micro: runMicro,
  history: runHistory,
  model: runModel,
  pipeline: runPipeline,
  steady: runSteady,
  memory: runMemory,
  gc: runGc,
  trading: runTrading,
  store: runStore,
  guests: runGuests,
  jobs: runJobs,
  against: runAgainst,
};

const clock = new SystemClock();

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const machine = describeMachine();
  const startedAtMs = clock.nowMs();
  console.log(
    `${machine.cpu}, ${machine.cores} cores, ${machine.kernel}, node ${machine.node}, load ${machine.load}`,
  );
  const calibration = new Calibration();
  const parts: PartResult[] = [];
  for (const part of options.parts) {
    const recorder = new PartRecorder(part);
    const startNs = clock.monoNs();
    await RUNS[part](options, calibration, recorder);
    const result = recorder.result((clock.monoNs() - startNs) / 1e9);
    parts.push(result);
    console.log(`\n${partText(result)}`);
  }
  const goals = judge(parts);
  console.log(`\ngoals of docs/performance.md\n${goalText(goals)}`);
  const report = {
    startedAtMs,
    isQuick: options.isQuick,
    machine,
    calibration: calibration.summary(),
    goals,
    parts,
  };
  console.log(`\n${writeReport(options.outDir, report).join("\n")}`);
  return parts.every((part) => part.checks.every((check) => check.isHeld)) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof TypeError ? error.message : error);
  process.exitCode = 2;
}
