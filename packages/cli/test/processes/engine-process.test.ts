import { afterEach, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { checkChain, checkReplay, checkTables } from "../../src/offline/ledger/check-ledger.ts";
import { runCommand } from "../support/run-command.ts";
import {
  EngineRuns,
  isAlive,
  isWholeMinute,
  partsOf,
  type SmcqRun,
  storedSignals,
  until,
} from "./engine-run.ts";

const engines = new EngineRuns();
afterEach(() => engines.clean());

/** Sends the signal to the engine's process alone; the whole family ends, and with exit code 0. */
async function endsOn(signal: "SIGTERM", run: SmcqRun): Promise<void> {
  const parts = partsOf(run);
  process.kill(parts.engine, signal);
  expect(await run.ends()).toBe(ExitCode.Ok);
  expect([parts.engine, parts.venue].filter(isAlive)).toEqual([]);
}

describe("smcq engine as processes", () => {
  it("gets READY, closes whole minutes, finds and stores signals, keeps a journal that replays, whose questions are answered while it runs, and ends on SIGTERM to its own process", async () => {
    const folder = engines.fresh();
    const run = engines.start(["--symbols", "24"], folder);
    const ready = await run.sees("READY: 24 pairs, 2 shards");
    expect(ready.level).toBe("info");
    await until(() => run.lines.some(isWholeMinute), "a whole minute");
    const hasSignals = (): boolean =>
      run.lines.some(({ msg, candidates }) => msg === "minute" && Number(candidates) > 0);
    await until(hasSignals, "a candidate");
    const questions = [
      ["trades"],
      ["pnl"],
      ["decisions"],
      ["risk"],
      ["explain", "BTCUSDT", "2026-02-02 19:22"],
    ];
    const answers = [];
    for (const argv of questions) answers.push(await runCommand(...argv, "--data-dir", folder));
    expect(answers.map(({ code, said }) => [code, said])).toEqual(questions.map(() => [ExitCode.Ok, ""]));
    expect(answers[1]?.text).toMatch(/start wallet +10000\.00000000/);
    await endsOn("SIGTERM", run);
    const stored = storedSignals(folder);
    expect(stored).toMatchObject({ runs: 1, ended: 1 });
    expect(stored.signals).toBeGreaterThan(0);
    const checks = [checkChain(folder), checkTables(folder, false), checkReplay(folder, null)];
    expect(checks.filter(({ isSound }) => !isSound)).toEqual([]);
    expect(checks[2]?.data).toMatchObject({ events: expect.any(Number), difference: null });
  });
});
