// A child process that holds the run lock and appends batches of 25 until it is killed; prints what is stored.
import { join } from "node:path";
import { Rng, SystemClock } from "@smcq/kernel";
import { acquireRunLock, ledgerFile, openLedger } from "../../src/index.ts";
import { runRecord, signals } from "../signals.ts";

const [dataDir = "", runId = "", seedText = "1"] = process.argv.slice(2);
const clock = new SystemClock();
const rng = new Rng(Number(seedText));
const lock = acquireRunLock(join(dataDir));
const ledger = await openLedger({
  file: ledgerFile(dataDir),
  queueMax: 1_000,
  clock,
  onEvent: () => process.exit(3),
});
await ledger.beginRun(runRecord(runId, { startedAtMs: clock.nowMs() }));
process.stdout.write(`began ${lock.takenOverFromPid ?? "fresh"}\n`);
for (let printed = 0; ;) {
  const { pending, stored } = ledger.stats();
  if (pending < 500) ledger.append(signals(25, rng));
  if (stored > printed) {
    printed = stored;
    process.stdout.write(`stored ${stored}\n`);
  }
  await new Promise<void>((resolve) => clock.after(0, resolve));
}
