import { copyFileSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { verifyJournal } from "../../src/index.ts";
import { openDatabase } from "../../src/database.ts";
import { LOG_GROWTH_BYTES, LOG_ROOM_BYTES } from "../../src/guard/log-room.ts";
import type { JournalRow } from "../../src/journal/journal-row.ts";
import { LedgerStore } from "../../src/store.ts";
import { runRecord, temporaryFolder } from "../helpers.ts";

function rowOf(seq: number): JournalRow {
  return {
    seq,
    kind: "time",
    nowMs: seq,
    nowNs: seq,
    event: "{}",
    commands: "[]",
    commandsHash: "0".repeat(64),
  };
}

class Bench {
  readonly file = join(temporaryFolder(), "ledger.db");
  readonly store = new LedgerStore({ file: this.file });
  #seq = -1;

  constructor() {
    this.store.beginRun(runRecord("r1"));
    onTestFinished(() => this.store.close());
  }

  get logBytes(): number {
    return statSync(`${this.file}-wal`).size;
  }

  add(count: number): void {
    for (let one = 0; one < count; one++)
      this.store.appendJournal({ runId: "r1", rows: [rowOf(++this.#seq)], isFull: true, isAwaited: false });
  }

  growWhole(): void {
    while (this.store.growLog());
  }

  /** Rows that somebody reads who knows nothing but the files as they stand now: what a kill leaves. */
  rowsAfterKill(): number {
    const file = join(temporaryFolder(), "ledger.db");
    for (const part of ["", "-wal"]) copyFileSync(`${this.file}${part}`, `${file}${part}`);
    openDatabase({ file }).close();
    const { rows, broken } = verifyJournal(file);
    return broken === null ? rows : Number.NaN;
  }
}

it("makes room piece by piece, once, and commits write in it", () => {
  const bench = new Bench();
  bench.add(3);
  const before = bench.logBytes;
  expect(bench.store.growLog()).toBe(true);
  expect(bench.logBytes).toBe(before + LOG_GROWTH_BYTES);
  bench.growWhole();
  expect(bench.logBytes).toBe(LOG_ROOM_BYTES);
  bench.add(20);
  expect(bench.store.growLog()).toBe(false);
  expect(bench.logBytes).toBe(LOG_ROOM_BYTES);
  bench.store.checkpoint();
  bench.add(1);
  expect(bench.logBytes).toBe(LOG_ROOM_BYTES);
});

it.each<[string, (bench: Bench) => void]>([
  ["before the first row", (bench) => bench.growWhole()],
  [
    "between rows",
    (bench) => {
      bench.add(5);
      bench.growWhole();
    },
  ],
  [
    "after the log was folded back",
    (bench) => {
      bench.add(5);
      bench.store.checkpoint();
      bench.growWhole();
    },
  ],
  [
    "before the log was folded back",
    (bench) => {
      bench.add(5);
      bench.growWhole();
      bench.store.checkpoint();
    },
  ],
  [
    "a piece at a time, with rows between",
    (bench) => {
      while (bench.store.growLog()) bench.add(1);
    },
  ],
])("every row outlives a kill when room was made %s", (_when, prepare) => {
  const bench = new Bench();
  prepare(bench);
  const before = bench.rowsAfterKill();
  for (let rows = before + 1; rows < before + 4; rows++) {
    bench.add(1);
    expect(bench.rowsAfterKill()).toBe(rows);
  }
});

it("a log that is folded back is begun anew before anybody commits", () => {
  const bench = new Bench();
  bench.growWhole();
  bench.add(50);
  // The salts of its header: made anew each time that the log begins at its start.
  const head = (): string => readFileSync(`${bench.file}-wal`).toString("hex", 16, 24);
  const before = head();
  bench.store.checkpoint();
  const begun = head();
  expect(begun).not.toBe(before);
  bench.add(1);
  expect(head()).toBe(begun);
});
