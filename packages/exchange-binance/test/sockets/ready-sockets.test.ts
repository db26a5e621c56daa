import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { ManualClock } from "@smcq/kernel";
import { afterEach, beforeEach, expect, it } from "vitest";
import { GatewayRig } from "../support/gateway-rig.ts";
import { ok } from "../support/order-venue.ts";
import { until } from "../support/trading-bench.ts";

const PING = "GET /fapi/v1/ping";
const READY_MS = 15_000;
const ENDS = ["undici:request:trailers", "undici:request:error"];

let rig: GatewayRig;
let wallClock: ManualClock;
/** Pings of which we know how they ended. */
let ended = 0;

function onEnd(message: unknown): void {
  const { request } = message as { readonly request: { readonly path: string } };
  if (PING.endsWith(request.path)) ended++;
}

beforeEach(async () => {
  ended = 0;
  for (const channel of ENDS) subscribe(channel, onEnd);
  wallClock = new ManualClock(0);
  rig = await GatewayRig.open({ wallClock });
  rig.venue.always("POST /fapi/v1/order", () => ok({ orderId: 1, clientOrderId: "o1", status: "NEW" }));
  await pings(2);
});
afterEach(async () => {
  await rig.close();
  for (const channel of ENDS) unsubscribe(channel, onEnd);
});

const pings = (count: number): Promise<void> => until(() => ended === count, `${count} pings`);

function portsOf(path: string): readonly number[] {
  return rig.venue.heard.filter((heard) => heard.path === path).map(({ socketPort }) => socketPort);
}

it("orders leave by sockets that stand: none waits for a handshake", async () => {
  const ready = new Set(portsOf("/fapi/v1/ping"));
  expect(ready.size).toBe(2);
  await Promise.all([rig.submit(rig.order()), rig.submit(rig.order())]);
  expect(portsOf("/fapi/v1/order").every((port) => ready.has(port))).toBe(true);
});

it("each is used again every 15 s of the machine's time, by a request that costs a weight of 1 and has no key", async () => {
  wallClock.advance(READY_MS);
  await pings(4);
  wallClock.advance(READY_MS);
  await pings(6);
  expect(new Set(portsOf("/fapi/v1/ping")).size).toBe(2);
  expect(rig.venue.heard.filter(({ path }) => path === "/fapi/v1/ping").map(({ apiKey }) => apiKey)).toEqual(
    Array.from({ length: 6 }, () => ""),
  );
});

it("no more of them wait than there are sockets, however long the venue says nothing", async () => {
  rig.venue.always(PING, "hang");
  wallClock.advance(READY_MS);
  await until(() => rig.venue.count(PING) === 4, "two more");
  for (let turn = 0; turn < 5; turn++) wallClock.advance(READY_MS);
  expect(await rig.submit(rig.order())).toBe("acked 1");
  expect(rig.venue.count(PING)).toBe(4);
});

it("a socket that the venue has ended is replaced before an order needs it", async () => {
  const before = new Set(portsOf("/fapi/v1/ping"));
  rig.venue.once(PING, "reset");
  rig.venue.once(PING, "reset");
  wallClock.advance(READY_MS);
  await pings(4);
  wallClock.advance(READY_MS);
  await pings(6);
  const after = portsOf("/fapi/v1/ping").slice(-2);
  expect(after.some((port) => before.has(port))).toBe(false);
  await rig.submit(rig.order());
  expect(after).toContain(portsOf("/fapi/v1/order")[0]);
});
