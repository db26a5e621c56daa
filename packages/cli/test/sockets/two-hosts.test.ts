import { expect, it } from "vitest";
import { hasNatsServer, NatsServer } from "../../../bus-nats/test/support/nats-server.ts";
import { runTwoHosts, SharedVenue } from "../support/two-hosts.ts";

// simulation/two-hosts.long.ts has the other faults, and many seeds.
it.skipIf(!hasNatsServer())("what a frozen host had on its way is refused when it arrives", async () => {
  const nats = await NatsServer.start();
  const shared = await SharedVenue.start(2);
  try {
    const { epochs, takeoverMs } = await runTwoHosts({ natsPort: nats.port, shared, name: "run" }, 1, 0);
    expect(epochs).toEqual(epochs.toSorted((a, b) => a - b));
    expect([new Set(epochs).size, takeoverMs !== null]).toEqual([2, true]);
  } finally {
    await shared.sim.stop();
    await nats.stop();
  }
});
