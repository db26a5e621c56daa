import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { compareTables, RecordReader, rewriteTables, verifyJournal } from "../../src/index.ts";
import { canonicalText } from "../../src/journal/canonical.ts";
import { begunRow } from "../../src/journal/journal-row.ts";
import { LedgerStore } from "../../src/store.ts";
import { runRecord, temporaryFolder } from "../helpers.ts";
import { randomDay, rowsOf } from "../support/journaled.ts";
import { DAY_OPTIONS } from "../support/random-day.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);
const ROWS = rowsOf(randomDay(SEED, 40));
/** Places of the rows that an entry waits for. */
const AWAITED = ROWS.flatMap(({ isAwaited }, index) => (isAwaited ? [index] : []));

/** A store that is given a day row by row, and files of it as a kill would leave them at this moment. */
class Bench {
  readonly file = join(temporaryFolder(), "ledger.db");
  readonly store = new LedgerStore({ file: this.file });
  #next = 0;

  constructor() {
    this.store.beginRun(runRecord("r1"));
    onTestFinished(() => this.store.close());
  }

  /** Rows up to this place, in batches that an engine might make; their tables are not made behind them. */
  upTo(place: number, rowsMax = 3): void {
    while (this.#next <= place) {
      const batch = ROWS.slice(this.#next, Math.min(this.#next + rowsMax, place + 1));
      this.#next += batch.length;
      this.store.appendJournal({
        runId: "r1",
        rows: batch.map(({ row }) => row),
        // A kill costs nothing of what is in the file, synced or not.
        isFull: false,
        isAwaited: batch.some(({ isAwaited }) => isAwaited),
      });
    }
  }

  killed(): string {
    const file = join(temporaryFolder(), "ledger.db");
    for (const part of ["", "-wal"]) copyFileSync(`${this.file}${part}`, `${file}${part}`);
    return file;
  }
}

function rowsBehind(file: string): number {
  const reader = new RecordReader(file);
  const rows = reader.rowsBehind();
  reader.close();
  return rows;
}

describe("rows that an entry waits for", () => {
  it("are there before their tables, and everybody is told so", () => {
    expect(AWAITED.length).toBeGreaterThan(3);
    for (const place of AWAITED.slice(0, 2)) {
      const bench = new Bench();
      bench.upTo(place - 1);
      bench.store.makeTables("r1");
      expect([compareTables(bench.file).rowsBehind, rowsBehind(bench.file)]).toEqual([0, 0]);
      bench.upTo(place);
      const file = bench.killed();
      expect(verifyJournal(file)).toMatchObject({ broken: null, rows: place + 1 });
      expect(compareTables(file)).toMatchObject({ isEqual: true, rowsBehind: 1, journalRows: place + 1 });
      expect(rowsBehind(file)).toBe(1);
      bench.store.makeTables("r1");
      expect(compareTables(bench.file)).toMatchObject({ isEqual: true, rowsBehind: 0 });
    }
  });

  it.each<[string, (file: string) => void]>([
    ["the file is opened again", (file) => new LedgerStore({ file }).close()],
    [
      "another run begins",
      (file) => {
        const store = new LedgerStore({ file });
        store.beginRun(runRecord("r2"));
        store.close();
      },
    ],
    [
      "the same rows are sent again",
      (file) => {
        const store = new LedgerStore({ file });
        const [place = 0] = AWAITED;
        const rows = [ROWS[place]?.row ?? ROWS[0]?.row].filter((row) => row !== undefined);
        store.appendJournal({ runId: "r1", rows, isFull: true, isAwaited: true });
        store.close();
      },
    ],
    ["they are written anew", (file) => void rewriteTables(file)],
  ])("have their tables after a kill when %s", (_when, goOn) => {
    const bench = new Bench();
    bench.upTo(AWAITED[0] ?? 0);
    const file = bench.killed();
    expect(rowsBehind(file)).toBeGreaterThan(0);
    goOn(file);
    expect(rowsBehind(file)).toBe(0);
    expect(compareTables(file)).toMatchObject({ isEqual: true, rowsBehind: 0 });
    expect(verifyJournal(file).broken).toBeNull();
  });

  it.each([1, 7])("have them with the next rows, in batches of %i", (rowsMax) => {
    const bench = new Bench();
    for (const place of [...AWAITED.slice(0, 3), ROWS.length - 1]) {
      bench.upTo(place, rowsMax);
      expect(compareTables(bench.file)).toMatchObject({ isEqual: true, journalRows: place + 1 });
    }
    bench.store.makeTables("r1");
    expect(compareTables(bench.file)).toMatchObject({ isEqual: true, rowsBehind: 0 });
  });

  it("keep the run's next rows out while their tables cannot be made, and no ledger from being opened", () => {
    const bench = new Bench();
    const place = AWAITED[0] ?? 0;
    bench.upTo(place - 1);
    const awaited = ROWS[place]?.row ?? begunRow(DAY_OPTIONS, { nowMs: 0, nowNs: 0 });
    const income = { symbolId: 0, kind: "transfer", id: "1", timeMs: 1, amountE8: 2n ** 63n };
    const event = canonicalText({ type: "income", income });
    const batch = { runId: "r1", isFull: true, isAwaited: true };
    bench.store.appendJournal({
      ...batch,
      rows: [awaited, { ...awaited, seq: place + 1, kind: "income", event, commands: "[]" }],
    });
    const refusal = /money fits into 64 bits/;
    expect(() => bench.store.makeTables("r1")).toThrow(refusal);
    const next = [{ ...awaited, seq: place + 2 }];
    expect(() => bench.store.appendJournal({ ...batch, rows: next })).toThrow(refusal);
    const file = bench.killed();
    const store = new LedgerStore({ file });
    store.beginRun(runRecord("r2"));
    store.appendJournal({ ...batch, runId: "r2", rows: [begunRow(DAY_OPTIONS, { nowMs: 0, nowNs: 0 })] });
    store.close();
    expect(rowsBehind(file)).toBeGreaterThanOrEqual(2);
    expect(verifyJournal(file)).toMatchObject({ broken: null, runs: 2 });
  });
});
