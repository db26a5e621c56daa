import { join } from "node:path";
import { Rng, SystemClock } from "@smcq/kernel";
import { afterEach, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { descendants, EngineRuns, isAlive, partsOf, type SmcqRun, until } from "./engine-run.ts";
import { makeModel, putInPlace } from "./model-fixtures.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const RUNS = 20;
const wallClock = new SystemClock();
const runs = new EngineRuns();
afterEach(() => runs.clean());

/** An engine that scores with ONNX Runtime, a minute every 200 ms. */
function start(model: string, args: readonly string[], preload?: string): SmcqRun {
  const flags = "--scorer ort --shards 4 --symbols 200 --speed 300 --log-format json --log-level debug".split(
    " ",
  );
  const all = ["engine", ...flags, "--model", `${model}.onnx`, "--data-dir", runs.fresh(), ...args];
  return runs.smcq(all, preload === undefined ? {} : { preloads: [preload] });
}

/** The process in which ONNX Runtime is at work below an engine. */
function ortOf(run: SmcqRun): number {
  const found = descendants(run.pid).find(({ command }) => command.includes("ort.process"));
  if (found === undefined) throw new Error("no ONNX Runtime process");
  return found.pid;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void wallClock.after(ms, resolve));
}

describe("an engine that scores with ONNX Runtime", () => {
  it(`ends cleanly ${RUNS} times, told to at any moment (seed ${seed})`, async () => {
    const rng = new Rng(seed);
    const model = makeModel("plain", runs.fresh());
    for (let count = 0; count < RUNS; count++) {
      const run = start(model, []);
      await run.sees("READY");
      const ort = ortOf(run);
      await pause(rng.int(500));
      const engine = partsOf(run).engine;
      process.kill(count % 2 === 0 ? engine : run.pid, rng.chance(0.5) ? "SIGTERM" : "SIGINT");
      expect(await run.ends()).toBe(ExitCode.Ok);
      expect(run.count("process crashed")).toBe(0);
      await until(() => !isAlive(ort), "the ONNX Runtime process to end");
    }
  });

  it(`crashes ${RUNS} times by its own exit code, never by an abort (seed ${seed})`, async () => {
    const rng = new Rng(seed);
    const model = makeModel("plain", runs.fresh());
    const preload = join(import.meta.dirname, "crash-on-signal.ts");
    for (let count = 0; count < RUNS; count++) {
      const run = start(model, ["--set", "supervisor.restartsMax=0"], preload);
      await run.sees("READY");
      const ort = ortOf(run);
      await pause(rng.int(500));
      process.kill(partsOf(run).engine, "SIGUSR2");
      const end = await run.sees("process crashed too often");
      expect([end["process"], end["exitCode"], end["signal"]]).toEqual(["engine", 1, null]);
      expect(await run.ends()).toBe(ExitCode.Crashes);
      await until(() => !isAlive(ort), "the ONNX Runtime process to end");
    }
  });

  it(`takes ${RUNS} new versions, and the death of ONNX Runtime, while it scores`, async () => {
    const folder = runs.fresh();
    const versions = ["plain", "dart", "isnan_only"].map((name) => makeModel(name, folder));
    const live = join(folder, "live");
    putInPlace(versions[0] ?? "", live);
    const run = start(live, ["--set", "scan.shadowBars=0", "--set", "scan.modelPollMs=50"]);
    await run.sees("READY");
    for (let count = 1; count <= RUNS; count++) {
      putInPlace(versions[count % versions.length] ?? "", live);
      await run.sees("the new version of the model scores now", count);
      if (count % 10 === 0) process.kill(ortOf(run), "SIGKILL");
    }
    const minutes = run.count("minute");
    await run.sees("minute", minutes + 2);
    expect(run.count("process crashed")).toBe(0);
    run.child.kill("SIGTERM");
    expect(await run.ends()).toBe(ExitCode.Ok);
  });
});
