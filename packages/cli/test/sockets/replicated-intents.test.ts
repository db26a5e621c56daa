import { dirname } from "node:path";
import { type BusConnection, JournalStream, Snapshots } from "@smcq/bus-nats";
import { silentLogger, SystemClock } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasNatsServer, NatsServer } from "../../../bus-nats/test/support/nats-server.ts";
import { JournalCopy } from "../../src/run/duty/journal-copy.ts";
import { JournaledLoop } from "../support/journaled-loop.ts";
import { labConnection } from "../support/scan-host.ts";

describe.skipIf(!hasNatsServer())("an entry of a host that shares its account", () => {
  let nats: NatsServer;
  let bus: BusConnection;
  let copy: JournalCopy | null = null;
  let run: JournaledLoop | null = null;

  beforeEach(async () => {
    nats = await NatsServer.start();
    bus = await labConnection(nats.url, "smcq", "holder");
  });
  afterEach(async () => {
    nats.freeze(false);
    await run?.end();
    copy?.close();
    await bus.close();
    await nats.stop();
  });

  /** `onEntry` hears of each entry just before it leaves. */
  async function open(isAwaited: boolean, onEntry: () => void): Promise<JournaledLoop> {
    const stream = await JournalStream.open({ bus, answerMs: 500, replicas: 1 });
    const snapshots = await Snapshots.open(bus, 1);
    run = await JournaledLoop.open({
      seed: 1,
      onSubmit: ({ role }) => {
        if (role === "entry") onEntry();
      },
      copyOf: (file) =>
        (copy = new JournalCopy({
          bus,
          stream,
          snapshots,
          dataDir: dirname(file),
          file,
          epoch: 1,
          isAwaited,
          wallClock: new SystemClock(),
          logger: silentLogger,
          onSuperseded() {},
        })),
    });
    return run;
  }

  it("waits for the bus where the settings want it, and nothing that guards or leaves does", async () => {
    let entries = 0;
    const one = await open(true, () => {
      entries++;
      // Its row is with the bus: from here on nothing is.
      if (entries === 1) nats.freeze(true);
    });
    one.minute(0);
    await one.until(() => one.sent.includes("stop S0"));
    expect(one.sent).toContain("entry S0");
    one.minute(1);
    await one.until(() => one.loop.entryCounts?.held === 1 && one.journal.stats.waiting === 0);
    expect(one.sent).not.toContain("entry S1");
    // The gate's limit is over.
    one.minute();
    expect(one.loop.entryCounts).toEqual({ held: 0, released: 1, dropped: 1 });
    one.put({ type: "operator", word: "flatten" });
    await one.until(() => one.sent.includes("exit S0"));
    expect(one.sent).not.toContain("entry S1");
    nats.freeze(false);
    await one.until(() => copy?.view.state === "whole" && copy.view.waitingRows === 0);
    one.minute(2);
    await one.until(() => one.sent.includes("entry S2"));
  });

  it("waits for the disk alone where they do not", async () => {
    const one = await open(false, () => {});
    nats.freeze(true);
    one.minute(0);
    await one.until(() => one.sent.includes("stop S0"));
    expect(one.loop.entryCounts).toEqual({ held: 0, released: 1, dropped: 0 });
  });
});
