import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { until } from "./engine-run.ts";
import { cleanUp, fresh, removeLedger, start, traded } from "./restarts.ts";

afterEach(cleanUp);

describe("an engine that starts on an account that it has traded, or whose past it does not know whole", () => {
  it("OP02 learns from the venue what an old backup of its ledger does not know", async () => {
    const folder = fresh();
    const { dataDir } = await traded(folder);
    const backup = join(folder, "backup");
    cpSync(join(dataDir, "ledger.db"), join(backup, "ledger.db"));
    const second = await start(folder);
    await second.run.sees("trade closed", 2);
    expect(await second.stop()).toBe(ExitCode.Ok);
    removeLedger(dataDir);
    cpSync(backup, dataDir, { recursive: true });
    const third = await start(folder);
    await third.covered();
    await third.agrees();
    expect(await third.stop()).toBe(ExitCode.Ok);
  });

  it("OP05 adopts what the account holds when its ledger is gone, and guards it", async () => {
    const folder = fresh();
    const { dataDir } = await traded(folder);
    removeLedger(dataDir);
    const again = await start(folder);
    await again.covered();
    // What two answers say is believed; a stop may have fired before.
    await until(() => again.adopted().length > 0, "a position to be adopted");
    await again.covered();
    expect(await again.stop()).toBe(ExitCode.Ok);
  });

  it("PR09 guards all of a position that has grown while nobody ran", async () => {
    const folder = fresh();
    const first = await start(folder);
    await first.holds(1);
    const [[symbol, amount] = ["", 0]] = await first.amounts();
    first.killEngine();
    // The supervisor waits before it starts the engine again.
    await first.order(symbol, amount > 0 ? "BUY" : "SELL", String(Math.abs(amount)));
    await first.run.sees("READY", 2);
    await first.covered();
    await first.agrees();
    expect(await first.stop()).toBe(ExitCode.Ok);
  });

  it("PR01 goes on with its run after a stop: the same positions, its own stops, no cent unexplained", async () => {
    const folder = fresh();
    await traded(folder);
    const again = await start(folder);
    const step = again.run.lines.find((line) => line["step"] === "run");
    expect(step).toMatchObject({ goesOn: true });
    expect(step?.["held"]).not.toEqual([]);
    await again.covered();
    await again.agrees();
    expect(await again.stop()).toBe(ExitCode.Ok);
    expect(again.proofs()).toEqual({ runs: 1, verify: 0, rebuild: 0, replay: 0 });
    expect(again.troubles()).toEqual([]);
  });
});
