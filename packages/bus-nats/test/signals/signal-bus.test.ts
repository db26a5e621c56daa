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
import { BusConnection, JobQueue, NatsSignalBus, PartKeeper } from "../../src/index.ts";
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

  it("reads on when servers have lost the stream and all numbers begin anew", async () => {
    const bus = await open();
    const reader = await new Reader().follow(bus);
    for (const symbol of ["A", "B", "C", "D"]) bus.publish(signalWord({ symbol }));
    await untilTrue(() => expect(reader.words).toHaveLength(4));
    reader.acknowledge(4);
    await connections[0]?.nats.flush();
    await server.kill();
    server.lose();
    await server.up();
    for (const symbol of ["E", "F"]) bus.publish(signalWord({ symbol }));
    await untilTrue(() => expect(reader.symbols).toEqual(["A", "B", "C", "D", "E", "F"]));
    await bus.close();
  });

  it("is kept on as many servers as the connection says, or not made", async () => {
    const files = { nkeyFile: null, caFile: null, certFile: null, keyFile: null };
    const own = { name: "three", connectTimeoutMs: 5_000, client: "test", logger: silentLogger };
    const connection = await BusConnection.open({ ...files, ...own, url: server.url, replicas: 3 });
    connections.push(connection);
    const deps = { connection, clock, logger: silentLogger };
    await expect(NatsSignalBus.open(deps)).rejects.toThrow("replicas > 1 not supported");
    const host = { warm() {}, isWarm: () => true, release() {}, toldMs: () => 0 };
    const counts = (): { symbols: number; ready: number } => ({ symbols: 0, ready: 0 });
    const keeper = {
      ...deps,
      venueClock: clock,
      member: "a",
      parts: 1,
      ttlMs: 400,
      host: { ...host, counts },
    };
    await expect(PartKeeper.open(keeper)).rejects.toThrow("replicas > 1 not supported");
    const version = { id: "v1", text: "1" };
    await expect(JobQueue.open({ ...deps, version })).rejects.toThrow("replicas > 1 not supported");
  });
});
