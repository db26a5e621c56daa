import { SystemClock } from "@smcq/kernel";
import { ledgerFile, RecordReader } from "@smcq/ledger";
import { afterEach, describe, expect, it } from "vitest";
import { askEngine } from "../../src/control/control-client.ts";
import { ExitCode } from "../../src/exit-codes.ts";
import { checkReplay } from "../../src/offline/ledger/check-ledger.ts";
import { runCommand } from "../support/run-command.ts";
import { EngineRuns, partsOf, type SmcqRun, until } from "./engine-run.ts";

const engines = new EngineRuns();
afterEach(() => engines.clean());
const clock = new SystemClock();

/** A run that holds something guarded. */
async function holding(args: readonly string[]): Promise<{ readonly run: SmcqRun; readonly folder: string }> {
  const folder = engines.fresh();
  const run = engines.start(["--symbols", "24", ...args], folder);
  await run.sees("READY");
  let count = 0;
  const ask = async (): Promise<void> => {
    const { positions } = await askEngine(folder, { request: "positions" });
    count = positions.filter(({ guard }) => guard === "guarded").length;
  };
  while (count === 0) {
    await ask();
    await new Promise<void>((resolve) => clock.after(20, resolve));
  }
  return { run, folder };
}

/** Why the run's trades ended. */
async function reasons(folder: string): Promise<readonly string[]> {
  const { text } = await runCommand("trades", "--json", "--data-dir", folder);
  const { trades } = JSON.parse(text) as { readonly trades: readonly { readonly reason: string }[] };
  return trades.map(({ reason }) => reason);
}

/** The words that the ledger has of the run. */
function words(folder: string): readonly unknown[] {
  const reader = new RecordReader(ledgerFile(folder));
  try {
    return reader.incidents(reader.run(null).runKey, "operator").map(({ detail }) => detail);
  } finally {
    reader.close();
  }
}

describe("a run that is told to end while it holds positions", () => {
  it("leaves them to their stops, tells each, and ends with code 0", async () => {
    const { run, folder } = await holding([]);
    run.child.kill("SIGTERM");
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect(run.count("position stays open with its stop")).toBeGreaterThan(0);
    expect(run.count("position stays open, and no stop")).toBe(0);
    expect(words(folder)[0]).toEqual({ word: "stop", by: "signal" });
  });

  it("leaves them first with --flatten-on-exit", async () => {
    const { run, folder } = await holding(["--flatten-on-exit", "--set", "simTrading.orders=binance-sim"]);
    run.child.kill("SIGTERM");
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect([run.count("position"), run.count("orders of ours")]).toEqual([0, 0]);
    expect(await reasons(folder)).toContain("operator");
    expect(words(folder).slice(0, 2)).toEqual([
      { word: "stop", by: "signal" },
      { word: "flatten", by: "signal" },
    ]);
    expect(checkReplay(folder, null).data).toMatchObject({ difference: null });
  });

  it("tells with a code of its own what it could not leave, also when it is told twice", async () => {
    const { run } = await holding(["--flatten-on-exit"]);
    const { venue } = partsOf(run);
    // The venue hears nothing any more.
    process.kill(venue, "SIGSTOP");
    try {
      run.child.kill("SIGTERM");
      await run.sees("stopping");
      await new Promise<void>((resolve) => clock.after(1_200, resolve));
      run.child.kill("SIGTERM");
      await run.sees("position could not be left; its stop stays");
    } finally {
      process.kill(venue, "SIGCONT");
    }
    expect(await run.ends()).toBe(ExitCode.Exposed);
    await until(() => run.count("stopped") === 1, "the last line");
  });
});
