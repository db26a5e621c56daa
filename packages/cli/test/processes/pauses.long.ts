import { SystemClock } from "@smcq/kernel";
import { afterEach, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { descendants, EngineRuns, partsOf, type SmcqRun } from "./engine-run.ts";

/** Longer than any watchdog's patience. */
const PAUSE_MS = 33_000;

const wallClock = new SystemClock();
const engines = new EngineRuns();
afterEach(() => engines.clean());

type Who = (run: SmcqRun) => readonly number[];

/** Stops processes as Ctrl-Z and `docker pause` do, and lets them go on. */
async function pause(pids: readonly number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  await new Promise<void>((resolve) => wallClock.after(PAUSE_MS, resolve));
  for (const pid of pids) process.kill(pid, "SIGCONT");
}

describe("a pause that is over", () => {
  it.each<readonly [string, Who]>([
    ["the supervisor", (run) => [run.pid]],
    ["everything", (run) => [run.pid, ...descendants(run.pid).map(({ pid }) => pid)]],
    [
      "everything, the engine first to go on",
      (run) => [...descendants(run.pid).map(({ pid }) => pid), run.pid],
    ],
  ])("of %s kills nobody, is told, and the run goes on", async (_what, who) => {
    const run = engines.start([]);
    await run.sees("READY");
    const { engine } = partsOf(run);
    await pause(who(run));
    await run.sees("this process was paused");
    await run.sees("minute", run.count("minute") + 2);
    expect(run.lines.filter(({ msg }) => /hangs|crashed|died/.test(msg))).toEqual([]);
    expect(partsOf(run).engine).toBe(engine);
    run.child.kill("SIGTERM");
    expect(await run.ends()).toBe(ExitCode.Ok);
  });

  it("of everything while it starts ends no start", async () => {
    const run = engines.start(["--symbols", "60"]);
    await run.sees("start-up step", 4);
    await pause([run.pid, ...descendants(run.pid).map(({ pid }) => pid)]);
    await run.sees("READY");
    run.child.kill("SIGTERM");
    expect(await run.ends()).toBe(ExitCode.Ok);
  });

  it("of everything while it stops cuts no stop short", async () => {
    const run = engines.start(["--symbols", "60"]);
    await run.sees("READY");
    run.child.kill("SIGTERM");
    await pause([run.pid, ...descendants(run.pid).map(({ pid }) => pid)]);
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect(run.count("process did not end")).toBe(0);
  });
});
