import { ManualClock, silentLogger } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BusConnection, Standbys } from "../../src/index.ts";
import { until } from "../support/lease-bed.ts";
import { hasNatsServer, NatsServer } from "../support/nats-server.ts";

describe.skipIf(!hasNatsServer())("who waits for the account", () => {
  let server: NatsServer;
  const connections: BusConnection[] = [];

  beforeEach(async () => {
    server = await NatsServer.start();
  });
  afterEach(async () => {
    for (const connection of connections.splice(0)) await connection.close();
    await server.stop();
  });

  async function connect(client: string): Promise<BusConnection> {
    const files = { nkeyFile: null, caFile: null, certFile: null, keyFile: null };
    const own = { url: server.url, name: "smcq", connectTimeoutMs: 5_000, client, logger: silentLogger };
    const connection = await BusConnection.open({ ...own, ...files });
    connections.push(connection);
    return connection;
  }

  it("is heard by who holds it, with whether it reaches the venue, for as long as it says so", async () => {
    const [bus, clock] = [await connect("holder"), new ManualClock()];
    const holder = new Standbys(bus, clock);
    holder.listen();
    await bus.nats.flush();
    const theirs = new ManualClock();
    const waiting = new Standbys(await connect("standby"), theirs);
    let reaches = false;
    waiting.wait(() => reaches);
    theirs.advance(1_000);
    expect(holder.reaching).toBe(0);
    reaches = true;
    theirs.advance(1_000);
    await until(() => holder.reaching === 1, "it is heard");
    clock.advance(3_500);
    expect(holder.reaching).toBe(1);
    clock.advance(1);
    expect(holder.reaching).toBe(0);
    for (const word of ["", "null", "{}", '{"host":"x"}', '{"host":"","reaches":true}'])
      bus.nats.publish("smcq.executor.standby", word);
    bus.nats.publish("smcq.executor.standby", '{"host":"y","reaches":true}');
    await until(() => holder.reaching === 1, "the last one is heard, and nothing that is no word");
    waiting.stop();
    holder.stop();
    expect(holder.reaching).toBe(0);
  });
});
