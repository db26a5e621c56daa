import { rmSync } from "node:fs";
import { join } from "node:path";
import { ExitCode } from "../../src/exit-codes.ts";
import { temporaryFolder } from "./engine-run.ts";
import { KilledEngine } from "./kills.ts";

const SMALL = ["--shards", "2", "--symbols", "24", "--speed", "60"];

const folders: { readonly path: string; readonly remove: () => void }[] = [];
const engines: KilledEngine[] = [];
/** What a test has started ends with it. */
export function cleanUp(): void {
  for (const { run } of engines.splice(0)) if (run.child.exitCode === null) run.child.kill("SIGKILL");
  for (const folder of folders.splice(0)) folder.remove();
}

export function fresh(): string {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder.path;
}

export async function start(folder: string): Promise<KilledEngine> {
  const engine = new KilledEngine(folder, SMALL);
  engines.push(engine);
  await engine.run.sees("READY");
  return engine;
}

/** Starts, and ends once it holds something; what it holds stays at the venue. */
export async function traded(folder: string): Promise<KilledEngine> {
  const engine = await start(folder);
  await engine.holds(2);
  const exitCode = await engine.stop();
  if (exitCode !== ExitCode.Ok) throw new Error(`ended with ${exitCode}`);
  return engine;
}

/** The data folder has no ledger any more. */
export function removeLedger(dataDir: string): void {
  for (const name of ["ledger.db", "ledger.db-wal", "ledger.db-shm"])
    rmSync(join(dataDir, name), { force: true });
}
