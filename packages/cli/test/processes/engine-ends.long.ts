import { afterEach, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { EngineRuns, isAlive, partsOf, storedSignals } from "./engine-run.ts";

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

  it.each([
    ["Ctrl-C", "SIGINT"],
    ["a closed terminal", "SIGHUP"],
  ] as const)("ends cleanly on %s, which reaches the whole group", async (_what, signal) => {
    const folder = engines.fresh();
    const run = engines.start([], folder, true);
    await run.sees("READY");
    const parts = partsOf(run);
    process.kill(-run.pid, signal);
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect([parts.engine, parts.venue].filter(isAlive)).toEqual([]);
    expect(storedSignals(folder).ended).toBe(1);
  });

  it("ends cleanly when it is told to, twice, while it is still starting, and never says READY", async () => {
    const folder = engines.fresh();
    // No handshake comes through: it would wait for its first klines for a minute.
    const run = engines.start(["--faults", "NW01=1"], folder);
    await run.sees("start-up step", 8);
    run.child.kill("SIGTERM");
    run.child.kill("SIGTERM");
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect(run.count("READY")).toBe(0);
    expect(storedSignals(folder)).toMatchObject({ runs: 1, ended: 1 });
  });

  it("ends by --for with exit code 0, also when the reader of its lines goes away", async () => {
    const folder = engines.fresh();
    const run = engines.start(["--for", "1s", "--log-format", "pretty"], folder);
    run.child.stdout?.once("data", () => run.child.stdout?.destroy());
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect(run.stderr).toBe("");
    expect(storedSignals(folder)).toMatchObject({ runs: 1, ended: 1 });
  });
});
