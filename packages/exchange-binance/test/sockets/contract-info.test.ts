import { FeedCounter } from "@smcq/exchange";
import { RecordingMeter } from "@smcq/exchange/testing";
import { ManualClock, Rng, SystemClock, silentLogger } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ContractWatch } from "../../src/index.ts";
import type { ContractChange } from "../../src/index.ts";
import { WsVenue } from "../support/ws-venue.ts";

let venue: WsVenue;
let watch: ContractWatch;
let changes: ContractChange[];
let meter: RecordingMeter;
let clock: ManualClock;

const until = (condition: () => boolean): Promise<void> =>
  vi.waitFor(
    () => {
      if (!condition()) throw new Error("not yet");
    },
    { timeout: 60_000, interval: 5 },
  );

const event = (fields: object): string =>
  JSON.stringify({
    stream: "!contractInfo",
    data: {
      e: "contractInfo",
      E: 1_790_771_340_000,
      s: "NEWUSDT",
      ct: "PERPETUAL",
      dt: 4_133_404_800_000,
      ot: 1_790_771_400_000,
      cs: "TRADING",
      st: 1,
      ...fields,
    },
  });

beforeEach(async () => {
  venue = await WsVenue.start();
  changes = [];
  meter = new RecordingMeter();
  clock = new ManualClock(1_790_771_340_000);
  watch = new ContractWatch({
    bases: { wsBase: venue.wsBase, restBase: "http://127.0.0.1" },
    clock,
    wallClock: new SystemClock(),
    rng: new Rng(1),
    log: silentLogger,
    meter,
    onChange: (change) => changes.push(change),
  });
  await watch.start();
  await until(() => watch.status().state === "live");
});

afterEach(async () => {
  await watch.stop();
  await venue.close();
});

describe("ContractWatch", () => {
  it("tells listings, delistings and changes of status of USD-M contracts only", async () => {
    expect([...venue.last.names]).toEqual(["!contractInfo"]);
    for (const fields of [
      {},
      { s: "币安人生USDT", cs: "SETTLING", dt: 5 },
      { s: "BTCUSD_PERP", st: 2 },
      { s: "OLDUSDT", st: undefined, cs: "TRADING_HALT", bks: [{ bs: 1 }] },
    ])
      venue.send(event(fields));
    await until(() => changes.length === 3);
    expect(changes).toMatchObject([
      {
        symbol: "NEWUSDT",
        isTrading: true,
        status: "TRADING",
        contractType: "PERPETUAL",
        deliveryMs: 4_133_404_800_000,
      },
      { symbol: "币安人生USDT", isTrading: false, status: "SETTLING", deliveryMs: 5 },
      { symbol: "OLDUSDT", isTrading: false, status: "TRADING_HALT" },
    ]);
    expect(meter.get(FeedCounter.Unknown)).toBe(1);
  });

  it("survives frames that it cannot read and events that it does not know", async () => {
    for (const text of ["{", "5", event({ s: 7 }), '{"e":"other"}', event({})]) venue.send(text);
    await until(() => changes.length === 1);
    expect([meter.get(FeedCounter.BadFrames), meter.get(FeedCounter.Unknown)]).toEqual([2, 2]);
  });

  it("stays through hours of silence, and comes back when it is cut", async () => {
    clock.advance(6 * 3_600_000);
    expect([watch.status().state, venue.clients.length]).toEqual(["live", 1]);
    venue.last.socket.terminate();
    await until(() => watch.status().state === "waiting");
    clock.advance(1);
    await until(() => watch.status().state === "live");
    venue.send(event({}));
    await until(() => changes.length === 1);
  });
});
