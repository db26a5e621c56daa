import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BusConnection, JournalStream, JournalWriter, Snapshots } from "@smcq/bus-nats";
import { silentLogger, SystemClock } from "@smcq/kernel";
import {
  copyLedger,
  type JournalRow,
  lastRowOf,
  ledgerFile,
  LedgerStore,
  rowOf,
  verifyJournal,
} from "@smcq/ledger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runRecord } from "../support/recorded-ledger.ts";
import { hasNatsServer, NatsServer } from "../../../bus-nats/test/support/nats-server.ts";
import { FollowedLedger } from "../../src/run/duty/followed-ledger.ts";
import { until } from "../support/two-hosts.ts";

const RUN_RECORD = runRecord("run-1");
const clock = new SystemClock();

function rows(from: number, to: number): readonly JournalRow[] {
  return Array.from({ length: to - from + 1 }, (_, index) => {
    const seq = from + index;
    return rowOf(seq, { type: "time", nowMs: 1_000 + seq, nowNs: seq }, []);
  });
}

describe.skipIf(!hasNatsServer())("a standby's ledger", () => {
  let folder = "";
  let nats: NatsServer;
  let bus: BusConnection;
  let stream: JournalStream;
  let snapshots: Snapshots;
  let holder: LedgerStore;
  const followers: FollowedLedger[] = [];
  let replacements = 0;
  const holderFile = (): string => ledgerFile(join(folder, "holder"));
  const ownFile = (): string => ledgerFile(join(folder, "own"));

  beforeEach(async () => {
    replacements = 0;
    folder = mkdtempSync(join(tmpdir(), "smcq-follow-"));
    nats = await NatsServer.start();
    bus = await BusConnection.open({
      url: nats.url,
      name: "smcq",
      nkeyFile: null,
      caFile: null,
      certFile: null,
      keyFile: null,
      connectTimeoutMs: 10_000,
      client: "test",
      logger: silentLogger,
    });
    stream = await JournalStream.open({ bus, answerMs: 2_000, replicas: 1 });
    snapshots = await Snapshots.open(bus, 1);
    mkdirSync(join(folder, "holder"));
    holder = new LedgerStore({ file: holderFile() });
  });
  afterEach(async () => {
    for (const follower of followers.splice(0)) follower.close();
    holder.close();
    await bus.close();
    await nats.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function writerOf(epoch: number): Promise<JournalWriter> {
    const { lastSeq } = await stream.place();
    return new JournalWriter(
      { stream, epoch, clock, logger: silentLogger, onAcked() {}, onSuperseded() {} },
      lastSeq,
    );
  }

  function keep(writer: JournalWriter | null, given: readonly JournalRow[]): void {
    holder.appendJournal({ runId: RUN_RECORD.runId, rows: given, isFull: false, isAwaited: false });
    writer?.rows(RUN_RECORD.runId, given);
  }

  async function follow(): Promise<FollowedLedger> {
    const follower = new FollowedLedger({
      bus,
      stream,
      snapshots,
      file: ownFile(),
      clock,
      logger: silentLogger,
      onReplaced: () => void replacements++,
    });
    followers.push(follower);
    await follower.start();
    return follower;
  }

  async function snapshot(streamSeq: number): Promise<void> {
    const draft = join(folder, "draft.db");
    copyLedger(holderFile(), draft);
    await snapshots.put(draft, { streamSeq, epoch: 1 });
    rmSync(draft);
  }

  function begin(writer: JournalWriter): void {
    writer.run({
      type: "run",
      epoch: 1,
      isResumed: false,
      record: RUN_RECORD,
      before: lastRowOf(holderFile()),
    });
    holder.beginRun(RUN_RECORD);
  }

  it("has the holder's rows with the holder's chain, over a bus that goes and comes back", async () => {
    const writer = await writerOf(1);
    const follower = await follow();
    begin(writer);
    keep(writer, rows(0, 9));
    await until(() => follower.view.rows === 10, "ten rows");
    await nats.kill();
    keep(writer, rows(10, 19));
    await nats.up();
    await until(() => follower.view.rows === 20, "twenty rows");
    follower.close();
    expect(verifyJournal(ownFile())).toEqual(verifyJournal(holderFile()));
    expect([verifyJournal(ownFile()).broken, writer.state]).toEqual([null, "whole"]);
  });

  it("begins behind its own last row, and is whole when it has what the stream held by then", async () => {
    const writer = await writerOf(1);
    begin(writer);
    const told = async (from: number, to: number): Promise<number> => {
      keep(writer, rows(from, to));
      await until(() => writer.stats.waiting === 0, "all is written");
      return (await stream.place()).lastSeq;
    };
    for (let seq = 0; seq < 10; seq++) await told(seq, seq);
    const firstSeq = await told(10, 14);
    const first = await follow();
    expect([first.view.takenSeq, first.isWhole]).toEqual([0, false]);
    expect(await first.catchUp(10_000)).toBe(true);
    expect([first.view.takenSeq, first.isWhole]).toEqual([firstSeq, true]);
    first.close();
    await told(15, 17);
    const lastSeq = await told(18, 19);
    const second = await follow();
    expect([second.view.takenSeq, second.isWhole]).toEqual([firstSeq, false]);
    expect(await second.catchUp(10_000)).toBe(true);
    expect([second.isWhole, second.view.rows]).toEqual([true, 5]);
    second.close();
    expect(verifyJournal(ownFile())).toEqual(verifyJournal(holderFile()));
    expect((await follow()).view.takenSeq).toBe(lastSeq);
  });

  it("that had rows of its own is not whole before it has the holder's", async () => {
    const writer = await writerOf(1);
    begin(writer);
    keep(writer, rows(0, 9));
    const first = await follow();
    expect(await first.catchUp(10_000)).toBe(true);
    first.close();
    const own = new LedgerStore({ file: ownFile() });
    const other = rowOf(10, { type: "time", nowMs: 7, nowNs: 7 }, []);
    own.appendJournal({ runId: RUN_RECORD.runId, rows: [other], isFull: false, isAwaited: false });
    own.close();
    keep(writer, rows(10, 19));
    await until(() => writer.stats.waiting === 0, "all is written");
    const second = await follow();
    await until(() => second.view.state === "waits", "it waits for a copy");
    expect([second.view.takenSeq, second.isWhole]).toEqual([2, false]);
    await snapshot(writer.lastSeq);
    await until(() => second.isWhole, "it has the copy");
    second.close();
    expect(verifyJournal(ownFile())).toEqual(verifyJournal(holderFile()));
  });

  it("takes a copy of the whole ledger where the stream lacks rows, and puts its own aside", async () => {
    const writer = await writerOf(1);
    begin(writer);
    keep(null, rows(0, 9));
    keep(writer, rows(10, 19));
    const follower = await follow();
    await until(() => follower.view.state === "waits", "it waits for a copy");
    for (const ms of [5, 1, 3, 2, 4, 6]) writeFileSync(`${ownFile()}.before-100000000000${ms}`, "old");
    await until(() => writer.stats.waiting === 0, "all is written");
    await snapshot(writer.lastSeq);
    await until(() => follower.view.state === "follows", "it has the copy");
    expect(replacements).toBe(1);
    keep(writer, rows(20, 29));
    expect(await follower.catchUp(10_000)).toBe(true);
    await until(() => lastRowOf(ownFile())?.seq === 29, "the last row");
    follower.close();
    expect(verifyJournal(ownFile())).toEqual(verifyJournal(holderFile()));
    const aside = readdirSync(join(folder, "own")).filter((name) => /before-\d+$/.test(name));
    expect(aside.toSorted().map((name) => Number(name.split("-")[1]))).toEqual([
      1_000_000_000_003,
      1_000_000_000_004,
      1_000_000_000_005,
      1_000_000_000_006,
      expect.any(Number),
    ]);
  });

  it("follows on when servers have lost the stream, and a newer holder writes a new one", async () => {
    const writer = await writerOf(1);
    begin(writer);
    for (let seq = 0; seq < 10; seq++) {
      keep(writer, rows(seq, seq));
      await until(() => writer.stats.waiting === 0, "all is written");
    }
    const follower = await follow();
    await until(() => follower.isWhole, "it has all of it");
    writer.close();
    await nats.kill();
    nats.lose();
    await nats.up();
    await until(() => bus.isConnected, "the bus is back");
    stream = await JournalStream.open({ bus, answerMs: 2_000, replicas: 1 });
    snapshots = await Snapshots.open(bus, 1);
    const next = await writerOf(2);
    const before = lastRowOf(holderFile());
    next.run({ type: "run", epoch: 2, isResumed: true, record: RUN_RECORD, before });
    keep(next, rows(10, 12));
    await until(() => follower.view.rows === 13, "the rows of the new stream");
    expect([follower.isWhole, follower.epochMax]).toEqual([true, 2]);
    follower.close();
    expect(verifyJournal(ownFile())).toEqual(verifyJournal(holderFile()));
  });

  it("knows the highest epoch on the bus before it takes the lease", async () => {
    await snapshot(0);
    expect((await follow()).epochMax).toBe(1);
    const writer = await writerOf(41);
    writer.rows(RUN_RECORD.runId, rows(0, 0));
    await until(() => writer.stats.waiting === 0, "all is written");
    expect((await follow()).epochMax).toBe(41);
  });

  it("hears nothing of an older epoch that writes behind a newer one's back", async () => {
    const old = await writerOf(1);
    begin(old);
    keep(old, rows(0, 4));
    await until(() => old.stats.waiting === 0, "the old one has written");
    const newer = await writerOf(2);
    newer.rows(RUN_RECORD.runId, rows(5, 6));
    await until(() => newer.stats.waiting === 0, "the new one has written");
    old.rows(RUN_RECORD.runId, rows(5, 9));
    await until(() => old.state === "superseded", "the old one gives up");
    expect((await stream.place()).lastSeq).toBe(3);
  });
});
