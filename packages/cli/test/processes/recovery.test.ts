import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { temporaryFolder, until } from "./engine-run.ts";
import { KilledEngine } from "./kills.ts";

const SMALL = ["--shards", "2", "--symbols", "24", "--speed", "60"];
const LEDGER = ["ledger.db", "ledger.db-wal", "ledger.db-shm"];

const folders: { readonly path: string; readonly remove: () => void }[] = [];
const engines: KilledEngine[] = [];
afterEach(() => {
  for (const { run } of engines.splice(0)) if (run.child.exitCode === null) run.child.kill("SIGKILL");
  for (const folder of folders.splice(0)) folder.remove();
});

function fresh(): string {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder.path;
}

async function start(folder: string, flags: readonly string[] = []): Promise<KilledEngine> {
  const engine = new KilledEngine(folder, [...SMALL, ...flags]);
  engines.push(engine);
  await engine.run.sees("READY");
  return engine;
}

/** Starts, and ends once it holds something; what it holds stays at the venue. */
async function traded(folder: string): Promise<KilledEngine> {
  const engine = await start(folder);
  await engine.holds(2);
  expect(await engine.stop()).toBe(ExitCode.Ok);
  return engine;
}

describe("an engine that starts on an account that it, or somebody, has traded", () => {
  it("goes on with its run after a stop: the same positions, its own stops, no cent unexplained", async () => {
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

  it("OP05 adopts what the account holds when its ledger is gone, and guards it", async () => {
    const folder = fresh();
    const { dataDir } = await traded(folder);
    for (const name of LEDGER) rmSync(join(dataDir, name), { force: true });
    const again = await start(folder);
    await again.covered();
    // What two answers say is believed; a stop may have fired before.
    await until(() => again.adopted().length > 0, "a position to be adopted");
    await again.covered();
    expect(await again.stop()).toBe(ExitCode.Ok);
  });

  it("OP02 learns from the venue what an old backup of its ledger does not know", async () => {
    const folder = fresh();
    const { dataDir } = await traded(folder);
    const backup = join(folder, "backup");
    cpSync(join(dataDir, "ledger.db"), join(backup, "ledger.db"));
    const second = await start(folder);
    await second.run.sees("simulated trade closed", 2);
    expect(await second.stop()).toBe(ExitCode.Ok);
    for (const name of LEDGER) rmSync(join(dataDir, name), { force: true });
    cpSync(backup, dataDir, { recursive: true });
    const third = await start(folder);
    await third.covered();
    await third.agrees();
    expect(await third.stop()).toBe(ExitCode.Ok);
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
});
