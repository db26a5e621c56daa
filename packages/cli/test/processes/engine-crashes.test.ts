import { afterEach, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { EngineRuns, isAlive, isWholeMinute, partsOf, storedSignals, until } from "./engine-run.ts";

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

  it("refuses a second engine on its folder; killed with -9 it leaves no orphan and nothing in the way", async () => {
    const folder = engines.fresh();
    const first = engines.start([], folder);
    await first.sees("READY");
    const parts = partsOf(first);
    const second = engines.start([], folder);
    expect(await second.ends()).toBe(ExitCode.Locked);
    expect(second.stderr).toContain(String(parts.engine));
    process.kill(first.pid, "SIGKILL");
    await until(() => !isAlive(parts.engine) && !isAlive(parts.venue), "the children to end");
    const next = engines.start(["--for", "1s"], folder);
    await next.sees("READY");
    expect(await next.ends()).toBe(ExitCode.Ok);
    expect([...first.lines, ...next.lines].filter((line) => line.level === "error")).toEqual([]);
    // The account is still there, so the run before goes on.
    expect(storedSignals(folder)).toMatchObject({ runs: 1, ended: 1 });
  });
});
