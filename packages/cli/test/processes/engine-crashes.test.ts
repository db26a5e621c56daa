import { afterEach, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { EngineRuns, isAlive, partsOf, storedSignals, until } from "./engine-run.ts";

const engines = new EngineRuns();
afterEach(() => engines.clean());

describe("smcq engine whose processes die", () => {
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
