import { join } from "node:path";
import type { EngineInput } from "@smcq/engine";
import { ManualClock, Rng } from "@smcq/kernel";
import { describe, expect, it, onTestFinished } from "vitest";
import { optionsOf } from "../../../engine/test/support/fixtures.ts";
import { JournalReader, type JournalLimits, verifyJournal } from "../../src/index.ts";
import {
  JOURNAL_BATCH_ROWS_MAX,
  JOURNAL_LINGER_MS,
  JOURNAL_SLOW_MS,
  type JournalBatch,
  LedgerJournal,
} from "../../src/journal/ledger-journal.ts";
import { LedgerStore } from "../../src/store.ts";
import { runRecord, temporaryFolder } from "../helpers.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const QUIET: EngineInput = { type: "time" };
const TOLD: EngineInput = { type: "operator", word: "resume" };

/** A journal on a real file, whose thread is the test: it answers when, and as, it likes. */
class Bench {
  readonly clock = new ManualClock(1_000_000);
  readonly file = join(temporaryFolder(), "ledger.db");
  readonly store = new LedgerStore({ file: this.file });
  readonly health: boolean[] = [];
  readonly durable: number[] = [];
  readonly journal: LedgerJournal;
  sent: JournalBatch | null = null;
  seq = 0;

  constructor(limits: Partial<JournalLimits> = {}) {
    this.store.beginRun(runRecord("r1"));
    onTestFinished(() => this.store.close());
    this.journal = new LedgerJournal(
      { engine: optionsOf(), onHealth: (isSound) => this.health.push(isSound), limits },
      { runId: "r1", clock: this.clock, post: (batch) => void (this.sent = batch) },
      true,
    );
    this.journal.onDurable(() => this.durable.push(this.journal.durableSeq));
  }

  /** Rows that may linger have done so when this returns. */
  add(count: number, input = QUIET): void {
    this.write(count, input);
    this.ripen();
  }

  write(count: number, input: EngineInput): void {
    for (let one = 0; one < count; one++)
      this.journal.append(++this.seq, { ...input, nowMs: this.clock.nowMs(), nowNs: this.seq }, []);
    this.journal.write();
  }

  ripen(): void {
    this.clock.advance(JOURNAL_LINGER_MS);
  }

  take(): JournalBatch {
    if (this.sent === null) this.ripen();
    const { sent } = this;
    if (sent === null) throw new Error("nothing was sent");
    this.sent = null;
    return sent;
  }

  /** The batch that was sent is stored, and its answer comes. */
  store1(): JournalBatch {
    const batch = this.take();
    this.store.appendJournal(batch);
    this.journal.onStored();
    return batch;
  }

  storeAll(): void {
    while (!this.journal.isIdle) this.store1();
  }

  refuse(): void {
    this.take();
    this.journal.onRefused();
  }
}

describe("the ledger's journal", () => {
  it("has one batch with the thread at a time, and says what is durable only after a synced one", () => {
    const bench = new Bench();
    expect(bench.take()).toMatchObject({ isFull: true, rows: [{ seq: 0, kind: "run-begun" }] });
    bench.add(3);
    expect([bench.sent, bench.journal.durableSeq]).toEqual([null, -1]);
    bench.journal.onStored();
    expect([bench.journal.durableSeq, bench.take().isFull]).toEqual([0, false]);
    bench.add(2);
    bench.add(1, TOLD);
    bench.journal.onStored();
    expect([bench.journal.durableSeq, bench.durable]).toEqual([0, [0]]);
    const { rows, isFull } = bench.take();
    expect([rows.map(({ seq }) => seq), isFull]).toEqual([[4, 5, 6], true]);
    bench.journal.onStored();
    expect(bench.durable).toEqual([0, 6]);
  });

  it("sends rows that need no sync with the first that does, by themselves when none comes for a while", () => {
    const bench = new Bench();
    bench.storeAll();
    bench.write(3, QUIET);
    expect(bench.sent).toBeNull();
    bench.write(1, TOLD);
    expect(bench.store1()).toMatchObject({ isFull: true, rows: { length: 4 } });
    bench.write(2, QUIET);
    bench.clock.advance(JOURNAL_LINGER_MS - 1);
    bench.write(1, QUIET);
    expect(bench.sent).toBeNull();
    bench.clock.advance(1);
    expect(bench.store1()).toMatchObject({ isFull: false, rows: { length: 3 } });
    bench.write(1, QUIET);
    let isIdle = false;
    bench.journal.onIdle(() => void (isIdle = true));
    bench.store1();
    expect(isIdle).toBe(true);
  });

  it("sends no more rows at once than a transaction may have", () => {
    const bench = new Bench();
    bench.add(JOURNAL_BATCH_ROWS_MAX + 10);
    bench.store1();
    expect(bench.sent?.rows.length).toBe(JOURNAL_BATCH_ROWS_MAX);
    bench.storeAll();
    expect(verifyJournal(bench.file)).toMatchObject({ rows: JOURNAL_BATCH_ROWS_MAX + 11, broken: null });
  });

  it("tries a batch that fails again for ever, later each time, and is not sound meanwhile", () => {
    const bench = new Bench();
    bench.storeAll();
    bench.add(1);
    const waits: number[] = [];
    for (let failure = 0; failure < 12; failure++) {
      bench.refuse();
      bench.add(1);
      let waitedMs = 0;
      while (bench.sent === null) {
        bench.clock.advance(100);
        waitedMs += 100;
      }
      waits.push(waitedMs);
    }
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(waits.at(-1)).toBeLessThanOrEqual(5_000);
    expect([bench.health, bench.journal.stats.retries]).toEqual([[false], 12]);
    bench.storeAll();
    expect(bench.health).toEqual([false, true]);
    expect(verifyJournal(bench.file)).toMatchObject({ rows: bench.seq + 1, broken: null });
  });

  it("is not sound when rows wait for too long, with a thread or without, until one is stored in time", () => {
    const bench = new Bench();
    bench.storeAll();
    bench.write(1, QUIET);
    bench.clock.advance(JOURNAL_SLOW_MS - 1);
    expect(bench.health).toEqual([]);
    bench.clock.advance(2);
    expect(bench.health).toEqual([false]);
    bench.add(1);
    bench.store1();
    expect(bench.health).toEqual([false]);
    bench.storeAll();
    expect(bench.health).toEqual([false, true]);
    bench.journal.onThread(false);
    bench.add(1);
    bench.clock.advance(JOURNAL_SLOW_MS);
    expect(bench.health).toEqual([false, true, false]);
    bench.journal.onThread(true);
    bench.storeAll();
    expect(bench.health).toEqual([false, true, false, true]);
  });

  it("is not sound with its queue half full until a quarter is left, and says so after append", async () => {
    const bench = new Bench({ rowsMax: 40 });
    bench.storeAll();
    bench.add(21);
    expect(bench.health).toEqual([]);
    await Promise.resolve();
    expect(bench.health).toEqual([false]);
    bench.storeAll();
    expect(bench.health).toEqual([false, true]);
    const wide = new Bench({ charactersMax: 2_000 });
    wide.storeAll();
    wide.add(30, { type: "operator", word: "flatten" });
    await Promise.resolve();
    expect(wide.health).toEqual([false]);
  });

  it("tells a hole where rows found no room, keeps synced ones longer, and is never sound again", () => {
    const bench = new Bench({ rowsMax: 8 });
    bench.storeAll();
    bench.add(10);
    bench.add(3, TOLD);
    expect(bench.journal.stats).toMatchObject({ eventsLost: 4, waiting: 10 });
    bench.storeAll();
    bench.add(2);
    bench.storeAll();
    expect(verifyJournal(bench.file)).toMatchObject({ eventsLost: 4, broken: null });
    const reader = new JournalReader(bench.file);
    const kinds = [...reader.rows("r1")].map((row) => (row.type === "event" ? row.seq : row));
    reader.close();
    expect(kinds).toEqual([
      expect.objectContaining({ type: "begun" }),
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      8,
      { type: "lost", fromSeq: 9, toSeq: 10 },
      11,
      { type: "lost", fromSeq: 12, toSeq: 13 },
      14,
      15,
    ]);
    expect([bench.health, bench.journal.stats.isSound]).toEqual([[false], false]);
  });

  it("takes nothing of a run that has ended", () => {
    const bench = new Bench();
    bench.add(1);
    bench.storeAll();
    bench.journal.close();
    bench.add(2, TOLD);
    expect([bench.sent, bench.journal.isIdle, bench.journal.stats.eventsLost]).toEqual([null, true, 2]);
    expect(verifyJournal(bench.file)).toMatchObject({ rows: 2, eventsLost: 0, broken: null });
  });

  it(`stores each row once and in order, whatever fails (seed ${SEED})`, () => {
    const rng = new Rng(SEED);
    for (let round = 0; round < 10; round++) {
      const bench = new Bench();
      for (let step = 0; step < 400; step++) {
        const luck = rng.next();
        if (luck < 0.5) bench.add(1 + rng.int(4), rng.chance(0.3) ? TOLD : QUIET);
        else if (luck < 0.6) bench.clock.advance(rng.int(4_000));
        else if (bench.sent === null) bench.journal.onThread(rng.chance(0.7));
        else if (luck < 0.85) bench.store1();
        else {
          const batch = bench.take();
          // The disk has it, and the word is lost: with an error, or with the thread.
          if (rng.chance(0.5)) bench.store.appendJournal(batch);
          if (rng.chance(0.5)) bench.journal.onRefused();
          else bench.journal.onThread(false);
        }
        const { appended, stored, waiting } = bench.journal.stats;
        expect([stored + waiting, bench.journal.durableSeq < stored]).toEqual([appended, true]);
      }
      bench.journal.onThread(true);
      while (!bench.journal.isIdle) {
        bench.clock.advance(6_000);
        bench.storeAll();
      }
      bench.add(1);
      bench.storeAll();
      expect(verifyJournal(bench.file)).toMatchObject({ rows: bench.seq + 1, eventsLost: 0, broken: null });
      expect(bench.journal.stats.isSound).toBe(true);
    }
  });
});
