import { jetstreamManager } from "@nats-io/jetstream";
import { silentLogger, SystemClock } from "@smcq/kernel";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  barsWord,
  Reader,
  signalBusConformance,
  signalWord,
  untilTrue,
} from "../../../engine/test/support/signal-bus-conformance.ts";
import { BusConnection, NatsSignalBus } from "../../src/index.ts";
import { hasNatsServer, NatsServer } from "../support/nats-server.ts";

const clock = new SystemClock();

describe.runIf(hasNatsServer())("NatsSignalBus", () => {
  let server: NatsServer;
  let name = "";
  let tests = 0;
  const connections: BusConnection[] = [];
  beforeAll(async () => {
    server = await NatsServer.start();
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    for (const connection of connections.splice(0)) await connection.close();
    name = "";
  });

  async function open(waitingMax?: number): Promise<NatsSignalBus> {
    // Streams of its own for each test.
    if (name === "") name = `t${++tests}`;
    const files = { nkeyFile: null, caFile: null, certFile: null, keyFile: null };
    const connection = await BusConnection.open({
      ...files,
      url: server.url,
      name,
      connectTimeoutMs: 5_000,
      client: "test",
      logger: silentLogger,
    });
    connections.push(connection);
    return NatsSignalBus.open({
      connection,
      clock,
      logger: silentLogger,
      ...(waitingMax === undefined ? {} : { waitingMax }),
    });
  }

  signalBusConformance(() => open(), true);

  it("acknowledges what is no word, counts it, and goes on", async () => {
    const bus = await open();
    const reader = await new Reader().follow(bus);
    const [{ nats }] = connections as [BusConnection];
    for (const bytes of [new Uint8Array(), new Uint8Array([1, 9, 0, 0]), new Uint8Array(200).fill(1)])
      nats.publish(`${name}.scanner.signals.1`, bytes);
    await nats.flush();
    bus.publish(signalWord());
    await untilTrue(() => expect([reader.words.length, bus.counts.poison]).toEqual([1, 3]));
    reader.acknowledge(1);
    const manager = await jetstreamManager(nats);
    for (let isKnown = false; !isKnown;) {
      const info = await manager.consumers.info(`${name}_signals`, "executor-1");
      isKnown = info.ack_floor.stream_seq === 4;
    }
    await reader.following?.stop();
    const again = await new Reader().follow(bus);
    bus.publish(signalWord({ symbol: "LAST" }));
    await untilTrue(() => expect(again.symbols).toEqual(["LAST"]));
    expect(bus.counts.poison).toBe(3);
    await bus.close();
  });

  it("sends what waited when the server comes back, drops the oldest of too many, and reads on behind what was acknowledged", async () => {
    const bus = await open(3);
    const reader = await new Reader().follow(bus);
    bus.publish(signalWord({ symbol: "A" }));
    await untilTrue(() => expect(reader.symbols).toEqual(["A"]));
    reader.acknowledge(1);
    const [connection] = connections as [BusConnection];
    await connection.nats.flush();
    await server.kill();
    await untilTrue(() => expect(connection.isConnected).toBe(false));
    for (const symbol of ["B", "C", "D", "E"]) bus.publish(signalWord({ symbol }));
    bus.publish(barsWord(28_000_001));
    expect([bus.counts.waiting, bus.counts.dropped]).toEqual([3, 2]);
    await server.up();
    // What was not acknowledged may be told again.
    await untilTrue(() => expect([...new Set(reader.symbols)]).toEqual(["A", "D", "E", "part 3"]));
    expect(bus.counts.kept).toBe(4);
    await bus.close();
  });
});
