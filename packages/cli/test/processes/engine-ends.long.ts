import { afterEach, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { EngineRuns, storedSignals } from "./engine-run.ts";

const engines = new EngineRuns();
afterEach(() => {
  engines.clean();
});

describe("smcq engine, told to end in other ways", () => {
  it.each(["SIGINT", "SIGTERM"] as const)("ends cleanly on %s to its own process alone", async (signal) => {
    const folder = engines.fresh();
    const run = engines.start([], folder);
    await run.sees("READY");
    run.child.kill(signal);
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect(storedSignals(folder).ended).toBe(1);
  });
});
