import type { ModelEvent } from "@smcq/engine";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Rng, errorCode } from "@smcq/kernel";
import SqliteDatabase from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { encodeBatch } from "../src/batch.ts";
import { CACHE_BYTES_MAX, openDatabase, unsynced } from "../src/database.ts";
import { LedgerReader } from "../src/index.ts";
import { LedgerStore } from "../src/store.ts";
import { runRecord, signals, temporaryFolder } from "./helpers.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_120);

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return errorCode(error);
  }
  return "no error";
}

describe("runs", () => {
  it("keeps a run with its versions, end and summary", () => {
    const file = join(temporaryFolder(), "deep", "er", "ledger.db");
    const store = new LedgerStore({ file });
    store.beginRun(runRecord("r1"));
    store.endRun("r1", 1_760_000_600_000, '{"closes":12}');
    store.close();
    const reader = new LedgerReader(file);
    expect(reader.summary("r1")).toMatchObject({
      runId: "r1",
      mode: "sim",
      startedAtMs: 1_760_000_000_000,
      endedAtMs: 1_760_000_600_000,
      outcome: "ended",
      configHash: "c".repeat(64),
      scorerId: "heuristic-1",
      signalCount: 0,
      scoreBest: null,
      totalUsP99: null,
      summaryJson: '{"closes":12}',
    });
    reader.close();
  });

  it("takes the same run twice, but no other run of its id", () => {
    const store = new LedgerStore({ file: join(temporaryFolder(), "ledger.db") });
    store.beginRun(runRecord("r1"));
    store.beginRun(runRecord("r1"));
    expect(codeOf(() => store.beginRun(runRecord("r1", { startedAtMs: 5 })))).toBe("LEDGER_RUN_MISMATCH");
    expect(codeOf(() => store.appendBatch("r2", 1, encodeBatch(signals(1, new Rng(SEED)))))).toBe(
      "LEDGER_RUN_MISMATCH",
    );
    expect(codeOf(() => store.endRun("r2", 1, "{}"))).toBe("LEDGER_RUN_MISMATCH");
    store.close();
  });

  it("marks a run that never ended as aborted when the next one begins", () => {
    const file = join(temporaryFolder(), "ledger.db");
    const store = new LedgerStore({ file });
    store.beginRun(runRecord("r1"));
    store.beginRun(runRecord("r2", { startedAtMs: 1_760_000_000_001 }));
    store.close();
    const reader = new LedgerReader(file);
    expect(reader.runIds(9)).toEqual(["r2", "r1"]);
    expect(reader.summary("r1").outcome).toBe("aborted");
    expect(reader.summary("r2").outcome).toBe("running");
    expect(codeOf(() => reader.summary("r3"))).toBe("LEDGER_RUN_MISMATCH");
    reader.close();
  });
});

describe("signals", () => {
  it(`gives back every stored field, features bit for bit (seed ${SEED})`, () => {
    const file = join(temporaryFolder(), "ledger.db");
    const given = signals(200, new Rng(SEED));
    const store = new LedgerStore({ file });
    store.beginRun(runRecord("r1"));
    expect(store.appendBatch("r1", 1, encodeBatch(given))).toBe(200);
    store.close();
    const reader = new LedgerReader(file);
    const found = reader.signals("r1", 1_000);
    const wanted = given.map(({ times, ...signal }) =>
      Object.assign(signal, { totalUs: (times.emittedNs - times.receivedNs) / 1_000 }),
    );
    expect(found).toEqual(wanted);
    reader.close();
  });

  it("writes features as real columns too, and the latency of each stage", () => {
    const file = join(temporaryFolder(), "ledger.db");
    const store = new LedgerStore({ file });
    store.beginRun(runRecord("r1"));
    const features = Float32Array.of(0.1, Number.NaN, 3, 4, 5, 6, 7, 8, 9, 10, 11, -0.5);
    store.appendBatch("r1", 1, encodeBatch(signals(1, new Rng(SEED), { features })));
    store.close();
    const db = new SqliteDatabase(file, { readonly: true });
    expect(db.prepare("SELECT * FROM signals").get()).toMatchObject({
      f1: Math.fround(0.1),
      f2: null,
      f12: -0.5,
      write_us: 0.25,
      queue_us: 90,
      features_us: 10,
      score_us: 1.25,
      emit_us: 48.5,
      total_us: 150,
    });
    expect(db.prepare("SELECT bar_open, run_id FROM signal_list").get()).toEqual({
      bar_open: "2025-10-09T08:54Z",
      run_id: "r1",
    });
    db.close();
  });

  it("leaves the latency of an unmeasured stage empty", () => {
    const file = join(temporaryFolder(), "ledger.db");
    const store = new LedgerStore({ file });
    store.beginRun(runRecord("r1"));
    const times = {
      receivedNs: 0,
      writtenNs: 1_000,
      takenNs: 0,
      featuresNs: 9_000,
      scoredNs: 9_500,
      emittedNs: 0,
    };
    store.appendBatch("r1", 1, encodeBatch(signals(1, new Rng(SEED), { times })));
    store.close();
    const db = new SqliteDatabase(file, { readonly: true });
    expect(
      db
        .prepare("SELECT write_us, queue_us, features_us, score_us, emit_us, total_us FROM signals")
        .raw()
        .get(),
    ).toEqual([null, null, null, 0.5, null, null]);
    db.close();
  });

  it("stores a batch that comes again only once", () => {
    const file = join(temporaryFolder(), "ledger.db");
    const store = new LedgerStore({ file });
    store.beginRun(runRecord("r1"));
    const bytes = encodeBatch(signals(5, new Rng(SEED)));
    expect(store.appendBatch("r1", 1, bytes)).toBe(5);
    expect(store.appendBatch("r1", 1, bytes)).toBe(0);
    expect(store.appendBatch("r1", 3, bytes)).toBe(5);
    store.close();
    const reader = new LedgerReader(file);
    expect(reader.summary("r1")).toMatchObject({ signalCount: 10, duplicateCount: 5 });
    reader.close();
  });

  it("keeps nothing of a batch that fails half way, and its text keys are not remembered", () => {
    const file = join(temporaryFolder(), "ledger.db");
    const store = new LedgerStore({ file });
    store.beginRun(runRecord("r1"));
    const poisoned = encodeBatch(signals(4, new Rng(SEED), { symbol: "NEWUSDT" }));
    // The setup bits of the last signal: the CHECK of the table refuses it after three good rows.
    new Uint32Array(poisoned, 16 + 4 * (104 + 48), 20)[3 * 5 + 2] = 0;
    expect(codeOf(() => store.appendBatch("r1", 1, poisoned))).toBe("LEDGER_REFUSED");
    expect(store.appendBatch("r1", 1, encodeBatch(signals(2, new Rng(SEED), { symbol: "NEWUSDT" })))).toBe(2);
    store.close();
    const reader = new LedgerReader(file);
    expect(reader.signals("r1", 9).map((signal) => signal.symbol)).toEqual(["NEWUSDT", "NEWUSDT"]);
    reader.close();
  });
});

describe("reports", () => {
  it("sums up a run: counts, best score, percentiles, minutes and the top", () => {
    const file = join(temporaryFolder(), "ledger.db");
    const given = signals(100, new Rng(SEED)).map((signal, index) => {
      const emittedNs = signal.times.receivedNs + (index + 1) * 1_000;
      const minute = 1_760_000_040_000 + 60_000 * Math.floor(index / 10);
      return Object.assign(signal, {
        score: (index + 1) / 200,
        openTimeMs: minute,
        isRestConfirmed: index < 7,
        times: { ...signal.times, emittedNs },
      });
    });
    const store = new LedgerStore({ file });
    store.beginRun(runRecord("r1"));
    store.appendBatch("r1", 1, encodeBatch(given));
    const reader = new LedgerReader(file);
    expect(reader.summary("r1")).toMatchObject({
      signalCount: 100,
      symbolCount: 4,
      restConfirmedCount: 7,
      scoreBest: 0.5,
      firstOpenTimeMs: 1_760_000_040_000,
      lastOpenTimeMs: 1_760_000_580_000,
      totalUsP50: 50.5,
      totalUsMax: 100,
    });
    expect(reader.countAbove("r1", 0.4)).toBe(20);
    const minutes = reader.signalsPerMinute("r1");
    expect(minutes).toHaveLength(10);
    expect(minutes[9]).toEqual({ openTimeMs: 1_760_000_580_000, signalCount: 10, scoreBest: 0.5 });
    expect(reader.topSignals("r1", 3).map((signal) => signal.score)).toEqual([0.5, 0.495, 0.49]);
    const names = given.map(({ symbol, openTimeMs, side }) => ({ symbol, openTimeMs, side }));
    const since = reader.signalsSince(1_760_000_520_000);
    expect(since.map(({ openTimeMs }) => openTimeMs)).toEqual([
      ...Array.from({ length: 10 }, () => 1_760_000_580_000),
      ...Array.from({ length: 10 }, () => 1_760_000_520_000),
    ]);
    expect(names).toEqual(expect.arrayContaining([...since]));
    expect(reader.signalsSince(1_760_000_580_001)).toEqual([]);
    reader.close();
    store.close();
  });

  it("refuses a file that is not there", () => {
    expect(codeOf(() => new LedgerReader(join(temporaryFolder(), "no.db")))).toBe("LEDGER_ABSENT");
  });
});

describe("the file", () => {
  it("is in WAL mode, syncs fully for runs and normally for signals", () => {
    const db = openDatabase({ file: join(temporaryFolder(), "ledger.db") });
    const mode = (): unknown => db.pragma("synchronous", { simple: true });
    expect(db.pragma("journal_mode", { simple: true })).toBe("wal");
    expect(mode()).toBe(2);
    expect(unsynced(db, mode)).toBe(1);
    expect(() =>
      unsynced(db, () => {
        throw new Error("inside");
      }),
    ).toThrow("inside");
    expect(mode()).toBe(2);
    db.close();
  });

  it("refuses what is no database, a damaged one and a stranger's", () => {
    const folder = temporaryFolder();
    const text = join(folder, "text.db");
    writeFileSync(
      text,
      "this is a text, long enough to be looked at as a header of a database file ".repeat(20),
    );
    expect(codeOf(() => openDatabase({ file: text }))).toBe("LEDGER_CORRUPT");

    const foreign = join(folder, "foreign.db");
    new SqliteDatabase(foreign).exec("CREATE TABLE theirs (x)").close();
    const before = readFileSync(foreign);
    expect(codeOf(() => openDatabase({ file: foreign }))).toBe("LEDGER_FOREIGN");
    expect(readFileSync(foreign).equals(before)).toBe(true);

    const damaged = join(folder, "damaged.db");
    const store = new LedgerStore({ file: damaged });
    store.beginRun(runRecord("r1"));
    for (let seq = 1; seq <= 20; seq++) store.appendBatch("r1", seq, encodeBatch(signals(100, new Rng(seq))));
    store.close();
    const bytes = readFileSync(damaged);
    bytes.fill(0xa5, 4_096 * 6, 4_096 * 30);
    writeFileSync(damaged, bytes);
    expect(codeOf(() => openDatabase({ file: damaged }))).toBe("LEDGER_CORRUPT");
  });

  it("says so when its folder or itself cannot be written", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    expect(codeOf(() => openDatabase({ file: join(folder, "file", "ledger.db") }))).toBe("LEDGER_UNWRITABLE");
    mkdirSync(join(folder, "ledger.db"));
    expect(codeOf(() => openDatabase({ file: join(folder, "ledger.db") }))).toBe("LEDGER_UNWRITABLE");
  });

  it("keeps 2 MB of a file's pages in memory, of a new one and of one that was there", () => {
    const file = join(temporaryFolder(), "ledger.db");
    for (const state of ["new", "there before"]) {
      const db = openDatabase({ file });
      expect([state, db.pragma("cache_size", { simple: true })]).toEqual([state, -2_048]);
      db.close();
    }
    expect(CACHE_BYTES_MAX).toBe(2_097_152);
  });

  it("refuses to grow beyond fileBytesMax and keeps what it has", () => {
    const file = join(temporaryFolder(), "ledger.db");
    const store = new LedgerStore({ file, fileBytesMax: 400_000 });
    store.beginRun(runRecord("r1"));
    let stored = 0;
    const code = codeOf(() => {
      for (let seq = 1; seq <= 100; seq++)
        stored += store.appendBatch("r1", seq, encodeBatch(signals(50, new Rng(seq))));
    });
    store.close();
    expect(code).toBe("LEDGER_DISK_FULL");
    const reader = new LedgerReader(file);
    expect(reader.summary("r1").signalCount).toBe(stored);
    expect(stored).toBeGreaterThan(0);
    reader.close();
  });

  it("waits for a foreign lock no longer than busyMsMax", () => {
    const file = join(temporaryFolder(), "ledger.db");
    const store = new LedgerStore({ file, busyMsMax: 20 });
    store.beginRun(runRecord("r1"));
    const other = new SqliteDatabase(file);
    other.exec("BEGIN IMMEDIATE");
    const bytes = encodeBatch(signals(1, new Rng(SEED)));
    expect(codeOf(() => store.appendBatch("r1", 1, bytes))).toBe("LEDGER_BUSY");
    other.exec("ROLLBACK");
    other.close();
    expect(store.appendBatch("r1", 1, bytes)).toBe(1);
    store.close();
  });
});

describe("model events", () => {
  it("are kept in order, once each, for their run", () => {
    const file = join(temporaryFolder(), "ledger.db");
    const store = new LedgerStore({ file });
    store.beginRun(runRecord("r1"));
    const event = (atMs: number, kind: ModelEvent["kind"], modelId: string): ModelEvent => ({
      atMs,
      kind,
      modelId,
      detailJson: "{}",
    });
    const given = [event(5, "loaded", "a"), event(7, "shadow-begun", "b"), event(9, "swapped", "b")];
    for (const one of [...given, event(7, "shadow-begun", "b")]) store.noteModel("r1", one);
    expect(codeOf(() => store.noteModel("r2", event(1, "loaded", "a")))).toBe("LEDGER_RUN_MISMATCH");
    store.close();
    const reader = new LedgerReader(file);
    expect(reader.modelEvents("r1")).toEqual(given);
    expect(reader.lastHealth("a")).toBeNull();
    reader.close();
  });

  it("tell how well a model last did, in whatever run", () => {
    const file = join(temporaryFolder(), "ledger.db");
    const store = new LedgerStore({ file });
    const health = (modelId: string, atMs: number, sizeFactor: number): ModelEvent => ({
      atMs,
      kind: "health",
      modelId,
      detailJson: JSON.stringify({ sizeFactor }),
    });
    for (const runId of ["r1", "r2"]) store.beginRun(runRecord(runId));
    store.noteModel("r1", health("a", 900, 0));
    store.noteModel("r2", health("a", 100, 0.5));
    store.noteModel("r2", health("b", 200, 1));
    store.close();
    const reader = new LedgerReader(file);
    expect([reader.lastHealth("a"), reader.lastHealth("b")]).toEqual([
      '{"sizeFactor":0.5}',
      '{"sizeFactor":1}',
    ]);
    reader.close();
  });
});
