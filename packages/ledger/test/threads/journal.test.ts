import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Rng, SystemClock } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { optionsOf } from "../../../engine/test/support/fixtures.ts";
import { compareTables, type LedgerJournalOptions, verifyJournal } from "../../src/index.ts";
import { isAwaited } from "../../src/journal/journal-row.ts";
import { openTestLedger, runRecord, signals, temporaryFolder, until } from "../helpers.ts";
import { randomDay } from "../support/journaled.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const CRASHING = new URL("./crashing-entry.ts", import.meta.url);
const OPTIONS: LedgerJournalOptions = { engine: optionsOf(), onHealth() {} };

/** Rows of a ledger's file without its log; 0: there is none that can be read. */
function rowsIn(file: string): number {
  try {
    return verifyJournal(file).rows;
  } catch {
    return 0;
  }
}

describe("a journal by the ledger's thread", () => {
  it("stores every event in order beside signals, and says how far it is", async () => {
    const { ledger, file } = await openTestLedger();
    await ledger.beginRun(runRecord("r1"));
    const journal = ledger.openJournal(OPTIONS);
    const durable: number[] = [];
    journal.onDurable(() => durable.push(journal.durableSeq));
    const day = randomDay(SEED, 30);
    const rng = new Rng(SEED);
    for (const [index, { event, commands }] of day.entries()) {
      journal.append(index + 1, event, commands);
      journal.write();
      if (rng.chance(0.2)) ledger.append(signals(3, rng));
      if (rng.chance(0.05)) await new Promise<void>((resolve) => new SystemClock().after(1, resolve));
    }
    // Nothing is durable before the thread has said so.
    await ledger.endRun("r1", 1, {});
    expect(journal.stats).toMatchObject({ appended: day.length + 1, stored: day.length + 1, waiting: 0 });
    expect(journal.stats).toMatchObject({ eventsLost: 0, retries: 0, isSound: true });
    expect(durable).toEqual(durable.toSorted((a, b) => a - b));
    const lastFull = day.findLastIndex(({ event }) => event.type === "order-update") + 1;
    expect(journal.durableSeq).toBeGreaterThanOrEqual(lastFull);
    await ledger.close();
    expect(verifyJournal(file)).toMatchObject({ rows: day.length + 1, runs: 1, broken: null });
    expect(ledger.stats()).toMatchObject({ state: "closed", lost: 0, pending: 0 });
  });

  it.each<[string, boolean]>([
    ["by itself", false],
    ["at the latest when the run ends", true],
  ])("makes the tables of an awaited row %s", async (_when, isEnded) => {
    const { ledger, file } = await openTestLedger();
    await ledger.beginRun(runRecord("r1"));
    const journal = ledger.openJournal(OPTIONS);
    const day = randomDay(SEED, 30);
    const last = day.findIndex(({ commands }) => isAwaited(commands));
    for (const [index, { event, commands }] of day.slice(0, last + 1).entries())
      journal.append(index + 1, event, commands);
    journal.write();
    await until(() => journal.durableSeq === last + 1);
    if (isEnded) await ledger.endRun("r1", 1, {});
    else await until(() => compareTables(file).rowsBehind === 0);
    expect(compareTables(file)).toMatchObject({ isEqual: true, rowsBehind: 0, journalRows: last + 2 });
    if (!isEnded) await ledger.endRun("r1", 1, {});
    await ledger.close();
  });

  it("folds the write-ahead log back when nobody waits for a row", async () => {
    const { ledger, file } = await openTestLedger();
    await ledger.beginRun(runRecord("r1"));
    const journal = ledger.openJournal(OPTIONS);
    for (let seq = 1; seq <= 120; seq++) {
      journal.append(seq, { type: "operator", word: "resume", nowMs: seq, nowNs: seq }, []);
      journal.write();
      await until(() => journal.durableSeq === seq);
    }
    const alone = join(temporaryFolder(), "ledger.db");
    await until(() => {
      copyFileSync(file, alone);
      return rowsIn(alone) > 100;
    });
    await ledger.endRun("r1", 1, {});
    expect(journal.stats).toMatchObject({ stored: 121, retries: 0, isSound: true });
    await ledger.close();
  });

  it(`loses and doubles nothing when the thread dies at the worst moments (seed ${SEED})`, async () => {
    const file = join(temporaryFolder(), "ledger.db");
    writeFileSync(`${file}.plan`, "crash-after=3");
    const { ledger, events } = await openTestLedger({ file, threadEntry: CRASHING, retryMsMin: 1 });
    await ledger.beginRun(runRecord("r1"));
    const health: boolean[] = [];
    const journal = ledger.openJournal({ ...OPTIONS, onHealth: (isSound) => health.push(isSound) });
    const day = randomDay(SEED + 1, 30);
    for (const [index, { event, commands }] of day.entries()) {
      journal.append(index + 1, event, commands);
      journal.write();
      if (index % 20 === 0) await until(() => journal.stats.waiting < 20);
    }
    await until(() => journal.stats.waiting === 0 && journal.stats.isSound);
    await ledger.endRun("r1", 1, {});
    await ledger.close();
    expect(verifyJournal(file)).toMatchObject({ rows: day.length + 1, broken: null });
    expect(events.some(({ type }) => type === "threadRestarted")).toBe(true);
    expect(health).toEqual([false, true]);
    expect(journal.stats).toMatchObject({ stored: day.length + 1, eventsLost: 0, retries: 1 });
  });

  it("is never sound again once the ledger is dead, and what was not stored is told", async () => {
    const file = join(temporaryFolder(), "ledger.db");
    writeFileSync(`${file}.plan`, "crash-always");
    const { ledger, events } = await openTestLedger({
      file,
      threadEntry: CRASHING,
      retryMsMin: 1,
      drainMsMax: 50,
    });
    await ledger.beginRun(runRecord("r1"));
    const health: boolean[] = [];
    const journal = ledger.openJournal({ ...OPTIONS, onHealth: (isSound) => health.push(isSound) });
    await until(() => ledger.stats().state === "dead");
    journal.append(1, { type: "time", nowMs: 1, nowNs: 1 }, []);
    journal.write();
    await ledger.close();
    expect(health).toEqual([false]);
    expect(events.at(-1)).toMatchObject({ type: "journalLost", rowCount: 2 });
  });

  it("begins with what the engine was made with, and is one a run", async () => {
    const { ledger, file } = await openTestLedger();
    expect(() => ledger.openJournal(OPTIONS)).toThrow("an open run has one journal at most");
    for (const runId of ["r1", "r2"]) {
      await ledger.beginRun(runRecord(runId));
      const journal = ledger.openJournal(OPTIONS);
      expect(() => ledger.openJournal(OPTIONS)).toThrow("an open run has one journal at most");
      journal.append(1, { type: "time", nowMs: 1, nowNs: 1 }, []);
      await ledger.endRun(runId, 1, {});
    }
    expect(verifyJournal(file)).toMatchObject({ rows: 4, runs: 2, broken: null });
  });
});
