import { silentLogger, SystemClock } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { untilTrue } from "../../../engine/test/support/signal-bus-conformance.ts";
import {
  BusConnection,
  COPY_ROWS_MAX,
  type CopiedRow,
  decodeMessage,
  JournalStream,
  JournalWriter,
} from "../../src/index.ts";
import { hasNatsServer, NatsServer } from "../support/nats-server.ts";

function rows(from: number, to: number): readonly CopiedRow[] {
  const [kind, event, commands, commandsHash] = ["time", "{}", "[]", "x"];
  return Array.from({ length: to - from + 1 }, (_, index) => {
    const seq = from + index;
    return { seq, kind, nowMs: seq, nowNs: seq, event, commands, commandsHash };
  });
}

describe.skipIf(!hasNatsServer())("a writer that lost rows", () => {
  let nats: NatsServer;
  let bus: BusConnection;
  let stream: JournalStream;
  let writer: JournalWriter;
  const acked: number[] = [];

  beforeEach(async () => {
    acked.length = 0;
    nats = await NatsServer.start();
    const files = { nkeyFile: null, caFile: null, certFile: null, keyFile: null };
    const own = { name: "smcq", connectTimeoutMs: 10_000, client: "test", logger: silentLogger };
    bus = await BusConnection.open({ ...files, ...own, url: nats.url });
    stream = await JournalStream.open({ bus, answerMs: 10_000, replicas: 1 });
    const parts = { clock: new SystemClock(), logger: silentLogger, onSuperseded() {} };
    writer = new JournalWriter({ stream, epoch: 1, ...parts, onAcked: (seq) => acked.push(seq) }, 0);
  });
  afterEach(async () => {
    writer.close();
    await bus.close();
    await nats.stop();
  });

  async function written(): Promise<readonly (readonly number[])[]> {
    const found: (readonly number[])[] = [];
    for (let seq = 1; seq <= writer.lastSeq; seq++) {
      const message = decodeMessage((await stream.message(seq)) ?? new Uint8Array());
      found.push(message?.type === "rows" ? message.rows.map((row) => row.seq) : []);
    }
    return found;
  }

  it("keeps what comes behind them, whatever was on its way, and counts it when the copy of all of it is there", async () => {
    nats.freeze(true);
    writer.rows("r", rows(0, 1));
    writer.rows("r", rows(2, 1 + COPY_ROWS_MAX));
    expect(writer.state).toBe("holed");
    writer.beginMend();
    writer.rows("r", rows(70_000, 70_001));
    writer.rows("r", rows(70_002, 70_002));
    nats.freeze(false);
    await untilTrue(() => expect([writer.lastSeq, writer.stats.waiting]).toEqual([3, 0]));
    expect(await written()).toEqual([[0, 1], [70_000, 70_001], [70_002]]);
    expect([writer.state, acked]).toEqual(["holed", []]);
    writer.endMend(true);
    expect([writer.state, acked]).toEqual(["whole", [70_002]]);
    writer.rows("r", rows(70_003, 70_003));
    await untilTrue(() => expect(acked).toEqual([70_002, 70_003]));
  });

  it("has the hole still when there was no copy", async () => {
    writer.rows("r", rows(0, COPY_ROWS_MAX));
    writer.beginMend();
    writer.rows("r", rows(70_000, 70_000));
    await untilTrue(() => expect(writer.stats.waiting).toBe(0));
    writer.endMend(false);
    writer.rows("r", rows(70_001, 70_001));
    expect([writer.state, writer.stats.lost, acked]).toEqual(["holed", COPY_ROWS_MAX + 2, []]);
  });
});
