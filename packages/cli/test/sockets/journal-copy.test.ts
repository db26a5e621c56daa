import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BusConnection, COPY_ROWS_MAX, JournalStream, Snapshots } from "@smcq/bus-nats";
import { ManualClock, silentLogger } from "@smcq/kernel";
import { type JournalRow, ledgerFile, LedgerStore, rowOf } from "@smcq/ledger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasNatsServer, NatsServer } from "../../../bus-nats/test/support/nats-server.ts";
import { JournalCopy, SNAPSHOT_MS } from "../../src/run/duty/journal-copy.ts";
import { runRecord } from "../support/recorded-ledger.ts";
import { labConnection } from "../support/scan-host.ts";
import { until } from "../support/two-hosts.ts";

const RECORD = runRecord("run-1");
const LOOK_MS = 5_000;

describe.skipIf(!hasNatsServer())("the copy of a holder's whole ledger", () => {
  let folder = "";
  let nats: NatsServer;
  let bus: BusConnection;
  let snapshots: Snapshots;
  let ledger: LedgerStore;
  let copy: JournalCopy;
  let clock: ManualClock;

  beforeEach(async () => {
    clock = new ManualClock(1_000);
    folder = mkdtempSync(join(tmpdir(), "smcq-copy-"));
    nats = await NatsServer.start();
    bus = await labConnection(nats.url, "smcq", "holder");
    const stream = await JournalStream.open({ bus, answerMs: 10_000, replicas: 1 });
    snapshots = await Snapshots.open(bus, 1);
    const file = ledgerFile(folder);
    ledger = new LedgerStore({ file });
    mkdirSync(place());
    const own = { dataDir: place(), file, epoch: 1, isAwaited: false, onSuperseded() {} };
    copy = new JournalCopy({ bus, stream, snapshots, ...own, wallClock: clock, logger: silentLogger });
    ledger.beginRun(RECORD);
    await copy.begin(RECORD, false);
    await until(() => copy.view.rowsSinceSnapshot !== null, "the first copy");
  });
  afterEach(async () => {
    copy.close();
    ledger.close();
    await bus.close();
    await nats.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Where the copy is made. */
  const place = (): string => join(folder, "place");
  const nuid = async (): Promise<string> => (await snapshots.last())?.nuid ?? "";

  it("is made until it is there where rows found no room: one that failed mends nothing", async () => {
    const first = await nuid();
    const row = rowOf(0, { type: "time", nowMs: 1, nowNs: 1 }, []);
    const rows: JournalRow[] = Array.from({ length: COPY_ROWS_MAX + 1 }, (_, seq) => ({ ...row, seq }));
    copy.stored(rows);
    expect(copy.view.state).toBe("holed");
    rmdirSync(place());
    const { lostRows } = copy.view;
    clock.advance(LOOK_MS);
    // While a copy is made rows are written, and are not lost.
    let seq = COPY_ROWS_MAX;
    const isLost = (): boolean => {
      copy.stored([{ ...row, seq: ++seq }]);
      return copy.view.lostRows > lostRows;
    };
    await until(isLost, "the copy has failed");
    expect([copy.view.state, await nuid()]).toEqual(["holed", first]);
    mkdirSync(place());
    clock.advance(LOOK_MS);
    await until(() => copy.view.state === "whole", "the hole is mended");
    expect(await nuid()).not.toBe(first);
  });

  it("has all rows behind it before its holder gives the account up", async () => {
    const row = rowOf(0, { type: "time", nowMs: 1, nowNs: 1 }, []);
    for (let seq = 0; seq < 50; seq++) copy.stored([{ ...row, seq }]);
    expect(copy.view.waitingRows).toBe(50);
    await copy.settled();
    copy.close();
    expect(copy.view.waitingRows).toBe(0);
  });

  it("is made each day, as the bus forgets the rows behind an older one", async () => {
    const first = await nuid();
    clock.advance(SNAPSHOT_MS - 2 * LOOK_MS);
    expect(await nuid()).toBe(first);
    clock.advance(2 * LOOK_MS);
    await expect.poll(nuid, { timeout: 20_000 }).not.toBe(first);
  });
});
