// A child process that trades a random day and journals it until it is killed; prints how far the disk is, and its health.
import { SystemClock } from "@smcq/kernel";
import { acquireRunLock, ledgerFile, openLedger } from "../../src/index.ts";
import { runRecord } from "../signals.ts";
import { DAY_OPTIONS, RandomDay } from "../support/random-day.ts";

const [dataDir = "", runId = "", seedText = "1"] = process.argv.slice(2);
const clock = new SystemClock();
acquireRunLock(dataDir);
const file = ledgerFile(dataDir);
const ledger = await openLedger({ file, queueMax: 1_000, clock, onEvent() {} });
await ledger.beginRun(runRecord(runId, { startedAtMs: clock.nowMs() }));
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const journal = ledger.openJournal({
  engine: DAY_OPTIONS,
  onHealth: (isSound) => say(`sound ${isSound} at ${journal.durableSeq}`),
});
journal.onDurable(() => say(`durable ${journal.durableSeq}`));
let seq = 0;
const day = new RandomDay(Number(seedText), (event, commands) => {
  journal.append(++seq, event, commands);
  journal.write();
});
for (;;) {
  if (journal.stats.waiting < 200) day.step();
  await new Promise<void>((resolve) => void clock.after(0, resolve));
}
