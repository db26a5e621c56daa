import { afterEach, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { EngineRuns, isWholeMinute, partsOf, storedSignals, until } from "./engine-run.ts";

const engines = new EngineRuns();
afterEach(() => engines.clean());

describe("smcq engine whose processes die", () => {
  it("gives up with an exit code of its own when a part crashes too often", async () => {
    const run = engines.start(["--set", "supervisor.restartsMax=0"]);
    await run.sees("READY");
    process.kill(partsOf(run).venue, "SIGKILL");
    expect(await run.ends()).toBe(ExitCode.Crashes);
  });

  it("starts the engine, and then the venue, again after kill -9, and comes right by itself", async () => {
    const folder = engines.fresh();
    const run = engines.start([], folder);
    await run.sees("READY");
    const before = partsOf(run);
    process.kill(before.engine, "SIGKILL");
    await run.sees("process crashed");
    await run.sees("READY", 2);
    await run.sees("minute", 1);
    const after = partsOf(run);
    expect(after.engine).not.toBe(before.engine);
    expect(after.venue).toBe(before.venue);
    process.kill(after.venue, "SIGKILL");
    await run.sees("process crashed", 2);
    const minutes = run.count("minute");
    const isWhole = (): boolean =>
      run.lines
        .filter((line) => line.msg === "minute")
        .slice(minutes + 1)
        .some(isWholeMinute);
    await until(isWhole, "whole minutes after the venue came back");
    expect(partsOf(run).engine).toBe(after.engine);
    run.child.kill("SIGTERM");
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect(storedSignals(folder)).toMatchObject({ runs: 1, ended: 1 });
  });
});
