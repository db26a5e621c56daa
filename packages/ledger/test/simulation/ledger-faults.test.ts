import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Rng, SystemClock } from "@smcq/kernel";
import SqliteDatabase from "better-sqlite3";
import { expect, it } from "vitest";
import { LedgerReader } from "../../src/index.ts";
import { openTestLedger, runRecord, signals, temporaryFolder, until } from "../helpers.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const ROUNDS = 4;
const STEPS = 300;
const QUEUE_MAX = 400;
const CRASHING = new URL("../threads/crashing-entry.ts", import.meta.url);

/** Crashes of the thread, foreign locks and overload at random; returns the signals in the order they were accepted. */
async function runRound(file: string, rng: Rng): Promise<number> {
  const clock = new SystemClock();
  const { ledger, events } = await openTestLedger({
    file,
    queueMax: QUEUE_MAX,
    threadEntry: CRASHING,
    busyMsMax: 1,
    retryMsMin: 1,
    retryMsMax: 4,
    retriesMax: 1_000,
  });
  await ledger.beginRun(runRecord("r1"));
  let lock: InstanceType<typeof SqliteDatabase> | null = null;
  let crashesLeft = 2;
  let serial = 0;
  const accepted: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const before = ledger.stats().overflowed;
    const batch = signals(1 + rng.int(30), rng).map((s) =>
      Object.assign(s, { openTimeMs: 60_000 * serial++ }),
    );
    ledger.append(batch);
    if (ledger.stats().overflowed === before) accepted.push(...batch.map((signal) => signal.openTimeMs));
    const { appended, stored, pending, overflowed, lost } = ledger.stats();
    expect(stored + pending + overflowed + lost).toBe(appended);
    expect(pending).toBeLessThanOrEqual(QUEUE_MAX);
    if (lock !== null && rng.chance(0.2)) {
      lock.close();
      lock = null;
    }
    if (lock === null && rng.chance(0.05)) {
      lock = new SqliteDatabase(file);
      lock.exec("BEGIN IMMEDIATE");
    }
    if (crashesLeft > 0 && rng.chance(0.02)) {
      crashesLeft--;
      // Read when a thread starts: it acts on the thread after the next crash. Three crashes at most, a fourth is fatal.
      writeFileSync(`${file}.plan`, `crash-after=${1 + rng.int(5)}`);
    }
    if (rng.chance(0.5)) await new Promise<void>((resolve) => clock.after(rng.int(3), resolve));
  }
  lock?.close();
  await until(() => ledger.stats().pending === 0);
  await ledger.endRun("r1", 1, {});
  await ledger.close();
  expect(ledger.stats()).toMatchObject({ state: "closed", stored: accepted.length, lost: 0 });
  expect(events.some((event) => event.type === "dead" || event.type === "lost")).toBe(false);
  const reader = new LedgerReader(file);
  expect(reader.signals("r1", 1_000_000).map((signal) => signal.openTimeMs)).toEqual(accepted);
  expect(reader.summary("r1")).toMatchObject({ duplicateCount: 0, outcome: "ended" });
  reader.close();
  return ledger.stats().threadRestarts;
}

it(`keeps every accepted signal once and in order through crashes, locks and overload (seed ${SEED})`, async () => {
  let restarts = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const file = join(temporaryFolder(), "ledger.db");
    writeFileSync(`${file}.plan`, "crash-after=7");
    restarts += await runRound(file, new Rng(SEED + round));
  }
  expect(restarts).toBeGreaterThanOrEqual(ROUNDS);
});
