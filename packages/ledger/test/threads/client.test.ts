import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Rng, SystemClock, errorCode } from "@smcq/kernel";
import SqliteDatabase from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { LedgerReader, openLedger } from "../../src/index.ts";
import { openTestLedger, runRecord, signals, temporaryFolder, until } from "../helpers.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const CRASHING = new URL("./crashing-entry.ts", import.meta.url);

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "no error",
    (error: unknown) => errorCode(error),
  );
}

function storedCount(file: string, runId = "r1"): number {
  const reader = new LedgerReader(file);
  const { signalCount, duplicateCount } = reader.summary(runId);
  reader.close();
  expect(duplicateCount).toBe(0);
  return signalCount;
}

describe("the ledger with its thread", () => {
  it("stores every batch of a run, ends it and closes without a leftover", async () => {
    const { ledger, events, file } = await openTestLedger();
    const rng = new Rng(SEED);
    await ledger.beginRun(runRecord("r1"));
    const given = Array.from({ length: 40 }, () => signals(1 + rng.int(60), rng)).map((batch, at) =>
      batch.map((signal) => Object.assign(signal, { openTimeMs: signal.openTimeMs + at * 10_000_000 })),
    );
    for (const batch of given) ledger.append(batch);
    ledger.append([]);
    await ledger.endRun("r1", 1_760_000_900_000, { signals: given.flat().length, isClean: true });
    const total = given.flat().length;
    expect(ledger.stats()).toMatchObject({
      state: "open",
      appended: total,
      stored: total,
      pending: 0,
      lost: 0,
    });
    await ledger.close();
    expect(ledger.stats().state).toBe("closed");
    expect(events).toEqual([]);
    const reader = new LedgerReader(file);
    expect(reader.signals("r1", 10_000).map((signal) => signal.score)).toEqual(
      given.flat().map((s) => s.score),
    );
    expect(reader.summary("r1")).toMatchObject({ outcome: "ended", signalCount: total });
    expect(JSON.parse(reader.summary("r1").summaryJson ?? "")).toEqual({ signals: total, isClean: true });
    reader.close();
  });

  it("drains what waits when it is closed without an end of the run", async () => {
    const { ledger, file } = await openTestLedger();
    const rng = new Rng(SEED);
    await ledger.beginRun(runRecord("r1"));
    for (let at = 0; at < 100; at++) {
      const shift = { openTimeMs: 1_760_000_040_000 + at * 60_000 };
      ledger.append(
        signals(4, rng, shift).map((signal, index) => Object.assign(signal, { symbol: `S${index}` })),
      );
    }
    expect(ledger.stats().pending).toBeGreaterThan(0);
    await Promise.all([ledger.close(), ledger.close()]);
    expect(storedCount(file)).toBe(400);
  });

  it("rejects when the file cannot be opened, with the reason", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    const bad = { queueMax: 1_000, clock: new SystemClock(), onEvent: () => {} };
    expect(await codeOf(openLedger({ ...bad, file: join(folder, "file", "x.db") }))).toBe(
      "LEDGER_UNWRITABLE",
    );
    const newer = join(folder, "newer.db");
    const first = await openTestLedger({ file: newer });
    await first.ledger.close();
    new SqliteDatabase(newer).exec("PRAGMA user_version = 99").close();
    expect(await codeOf(openLedger({ ...bad, file: newer }))).toBe("LEDGER_SCHEMA_NEWER");
    const threadEntry = new URL("./no-such-entry.ts", import.meta.url);
    expect(await codeOf(openLedger({ ...bad, file: join(folder, "y.db"), threadEntry }))).toBe(
      "LEDGER_THREAD_DEAD",
    );
  });

  it("rejects with the reason also when the thread has ended before anybody listened", async () => {
    const newer = join(temporaryFolder(), "newer.db");
    new SqliteDatabase(newer).exec("PRAGMA user_version = 99; PRAGMA application_id = 1397572433").close();
    const codes: string[] = [];
    for (let round = 0; round < 8; round++) {
      const opened = codeOf(
        openLedger({ queueMax: 1, clock: new SystemClock(), onEvent: () => {}, file: newer }),
      );
      // The event loop stands still until the thread's last word and its end both wait.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
      codes.push(await opened);
    }
    expect(new Set(codes)).toEqual(new Set(["LEDGER_SCHEMA_NEWER"]));
  });

  it("counts signals that come while no run is open or after the close as lost, loudly", async () => {
    const { ledger, events } = await openTestLedger();
    const rng = new Rng(SEED);
    ledger.append(signals(2, rng));
    await ledger.close();
    ledger.append(signals(3, rng));
    expect(ledger.stats()).toMatchObject({ appended: 5, lost: 5, lastErrorCode: "LEDGER_NOT_OPEN" });
    expect(events.map((event) => event.type)).toEqual(["lost", "lost"]);
    expect(await codeOf(ledger.beginRun(runRecord("r1")))).toBe("LEDGER_NOT_OPEN");
  });
});

describe("limits and failures", () => {
  it("refuses a batch beyond queueMax whole, counts it and tells it once a spell", async () => {
    const { ledger, events, file } = await openTestLedger({ queueMax: 100 });
    const rng = new Rng(SEED);
    await ledger.beginRun(runRecord("r1"));
    const distinct = (count: number, at: number): ReturnType<typeof signals> =>
      signals(count, rng, { openTimeMs: at * 60_000 }).map((s, i) => Object.assign(s, { symbol: `S${i}` }));
    ledger.append(distinct(60, 1));
    ledger.append(distinct(40, 2));
    ledger.append(distinct(1, 3));
    ledger.append(distinct(1, 4));
    expect(ledger.stats()).toMatchObject({ pending: 100, pendingPeak: 100, overflowed: 2 });
    expect(events).toEqual([{ type: "overflow", signalCount: 1, queueMax: 100 }]);
    await until(() => ledger.stats().pending === 0);
    ledger.append(distinct(101, 5));
    expect(events).toHaveLength(2);
    ledger.append(distinct(100, 6));
    await ledger.close();
    expect(ledger.stats()).toMatchObject({ appended: 303, stored: 200, overflowed: 103, lost: 0 });
    expect(storedCount(file)).toBe(200);
  });

  it("keeps signals while another process holds the lock, and stores them all afterwards", async () => {
    const { ledger, events, file } = await openTestLedger({ busyMsMax: 1, retryMsMin: 2 });
    const rng = new Rng(SEED);
    await ledger.beginRun(runRecord("r1"));
    const other = new SqliteDatabase(file);
    other.exec("BEGIN IMMEDIATE");
    ledger.append(signals(5, rng, { symbol: "AUSDT" }));
    ledger.append(signals(5, rng, { symbol: "BUSDT" }));
    await until(() => ledger.stats().retries >= 3);
    expect(ledger.stats()).toMatchObject({
      state: "failing",
      stored: 0,
      pending: 10,
      lastErrorCode: "LEDGER_BUSY",
    });
    other.exec("ROLLBACK");
    other.close();
    await until(() => ledger.stats().stored === 10);
    expect(ledger.stats()).toMatchObject({ state: "open", lost: 0 });
    expect(events.map((event) => event.type)).toEqual(["failing", "recovered"]);
    expect(storedCount(file)).toBe(10);
  });

  it("gives a batch up after retriesMax when the disk is full, loudly, and stores again once there is room", async () => {
    const file = join(temporaryFolder(), "ledger.db");
    const options = { file, fileBytesMax: 320_000, retriesMax: 2, retryMsMin: 1 };
    const { ledger, events } = await openTestLedger(options);
    const rng = new Rng(SEED);
    await ledger.beginRun(runRecord("r1"));
    let at = 0;
    const add = (): void => ledger.append(signals(20, rng, { symbol: `S${at++}` }));
    while (ledger.stats().lost === 0) {
      add();
      await until(() => ledger.stats().pending === 0);
    }
    expect(ledger.stats()).toMatchObject({
      state: "failing",
      lost: 20,
      retries: 2,
      lastErrorCode: "LEDGER_DISK_FULL",
    });
    expect(events.map((event) => event.type)).toEqual(["failing", "lost"]);
    const stored = ledger.stats().stored;
    expect(storedCount(file)).toBe(stored);

    const other = new SqliteDatabase(file);
    other.exec("DELETE FROM signals");
    other.close();
    add();
    await until(() => ledger.stats().stored === stored + 20);
    expect(ledger.stats()).toMatchObject({ state: "open", lost: 20 });
    expect(events.at(-1)?.type).toBe("recovered");
    await ledger.endRun("r1", 1, {});
  });

  it("starts a crashed thread again, sends the unanswered batch again and stores it once", async () => {
    const { ledger, events, file } = await openTestLedger({ threadEntry: CRASHING, retryMsMin: 1 });
    await ledger.close();
    writeFileSync(`${file}.plan`, "crash-after=3");
    const again = await openTestLedger({ file, threadEntry: CRASHING, retryMsMin: 1 });
    const rng = new Rng(SEED);
    await again.ledger.beginRun(runRecord("r1"));
    for (let at = 0; at < 10; at++) again.ledger.append(signals(7, rng, { symbol: `S${at}` }));
    await again.ledger.endRun("r1", 1, {});
    expect(again.ledger.stats()).toMatchObject({ state: "open", stored: 70, lost: 0, threadRestarts: 1 });
    expect(again.events.map((event) => event.type)).toEqual(["failing", "threadRestarted", "recovered"]);
    expect(events).toEqual([]);
    expect(storedCount(file)).toBe(70);
  });

  it("starts a thread again while the file is locked, and loses nothing", async () => {
    const file = join(temporaryFolder(), "ledger.db");
    writeFileSync(`${file}.plan`, "crash-after=1");
    const { ledger } = await openTestLedger({
      file,
      threadEntry: CRASHING,
      busyMsMax: 1,
      // The restart waits this long, so that the lock is there before the new thread is.
      retryMsMin: 1_000,
      retryMsMax: 4,
    });
    await ledger.beginRun(runRecord("r1"));
    for (let at = 0; at < 3; at++) ledger.append(signals(2, new Rng(SEED + at), { symbol: `S${at}` }));
    await until(() => ledger.stats().threadRestarts === 1);
    const other = new SqliteDatabase(file);
    other.exec("BEGIN EXCLUSIVE");
    await until(() => ledger.stats().retries >= 3);
    other.close();
    await ledger.endRun("r1", 1, {});
    expect(ledger.stats()).toMatchObject({ state: "open", stored: 6, lost: 0, threadRestarts: 1 });
    expect(storedCount(file)).toBe(6);
  });

  it("dies loudly after three restarts: everything waiting is lost and said so, nothing hangs", async () => {
    const file = join(temporaryFolder(), "ledger.db");
    writeFileSync(`${file}.plan`, "crash-always");
    const { ledger, events } = await openTestLedger({ file, threadEntry: CRASHING, retryMsMin: 1 });
    const rng = new Rng(SEED);
    await ledger.beginRun(runRecord("r1"));
    for (let at = 0; at < 9; at++) ledger.append(signals(2, rng, { symbol: `S${at}` }));
    await until(() => ledger.stats().state === "dead");
    ledger.append(signals(1, rng));
    const { appended, stored, lost, threadRestarts, pending } = ledger.stats();
    expect({ appended, lost: lost + stored, threadRestarts, pending }).toEqual({
      appended: 19,
      lost: 19,
      threadRestarts: 3,
      pending: 0,
    });
    expect(events.map((event) => event.type)).toContain("dead");
    expect(await codeOf(ledger.endRun("r1", 1, {}))).toBe("LEDGER_NOT_OPEN");
    await ledger.close();
  });

  it("gives up draining after drainMsMax and still closes", async () => {
    const options = { busyMsMax: 1, retryMsMin: 5, retryMsMax: 5, retriesMax: 1_000_000, drainMsMax: 150 };
    const { ledger, events, file } = await openTestLedger(options);
    await ledger.beginRun(runRecord("r1"));
    const other = new SqliteDatabase(file);
    other.exec("BEGIN IMMEDIATE");
    ledger.append(signals(3, new Rng(SEED)));
    expect(await codeOf(ledger.endRun("r1", 1, {}))).toBe("LEDGER_DRAIN_TIMEOUT");
    await ledger.close();
    expect(ledger.stats()).toMatchObject({ state: "closed", pending: 0, lost: 3 });
    expect(events.at(-1)).toMatchObject({ type: "lost", code: "LEDGER_DRAIN_TIMEOUT" });
    other.close();
  });
});
