import { startBinanceSim } from "@smcq/binance-sim";
import { FeedCounter } from "@smcq/exchange";
import { RecordingMeter } from "@smcq/exchange/testing";
import { createClock, ManualClock, parseE8, Rng, silentLogger, SystemClock } from "@smcq/kernel";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { TickerWatch } from "../../src/index.ts";
import { WsVenue } from "../support/ws-venue.ts";

const START_MS = 1_790_771_340_000;

const until = (condition: () => boolean): Promise<void> =>
  vi.waitFor(
    () => {
      if (!condition()) throw new Error("not yet");
    },
    { timeout: 60_000, interval: 5 },
  );

const event = (fields: object): string =>
  JSON.stringify({
    stream: "!bookTicker",
    data: {
      e: "bookTicker",
      u: 1,
      E: START_MS,
      T: START_MS,
      s: "BTCUSDT",
      ps: "BTCUSDT",
      b: "100.10",
      B: "3.000",
      a: "100.20",
      A: "1.000",
      st: 1,
      ...fields,
    },
  });

async function scripted() {
  const venue = await WsVenue.start();
  const meter = new RecordingMeter();
  const watch = new TickerWatch({
    bases: { wsBase: venue.wsBase, restBase: "http://127.0.0.1" },
    clock: new ManualClock(START_MS),
    wallClock: new SystemClock(),
    rng: new Rng(1),
    log: silentLogger,
    meter,
  });
  onTestFinished(async () => {
    await watch.stop();
    await venue.close();
  });
  await watch.start();
  await until(() => watch.status().state === "live");
  return { venue, meter, watch };
}

describe("TickerWatch", () => {
  it("keeps the newest best prices of every symbol, and nothing that cannot be one", async () => {
    const { venue, meter, watch } = await scripted();
    expect([...venue.last.names]).toEqual(["!bookTicker"]);
    const u = JSON.stringify({ stream: "x", data: 1 });
    for (const fields of [
      {},
      // Late, crossed, one-sided, no number, of COIN-M: none of them says anything.
      { E: START_MS - 1, b: "99", a: "99.1" },
      { E: START_MS + 1, b: "101", a: "100.9" },
      { E: START_MS + 1, b: "0", a: "100.9" },
      { E: START_MS + 1, b: "1e300", a: "100.9" },
      { E: START_MS + 1, b: "NaN", a: "" },
      { s: "BTCUSD_PERP", st: 2 },
    ])
      venue.send(event(fields));
    for (const odd of [u, "{", "[]", '"text"', event({ s: 5 }), event({ b: 100 })]) venue.send(odd);
    venue.send(event({ s: "ETHUSDT", b: "10.00000001", a: "10.00000002" }));
    await until(() => watch.ticker("ETHUSDT") !== null);
    expect(watch.ticker("BTCUSDT")).toEqual({
      bidE8: parseE8("100.10"),
      askE8: parseE8("100.20"),
      timeMs: START_MS,
    });
    expect(watch.ticker("ETHUSDT")).toMatchObject({ bidE8: 1_000_000_001n, askE8: 1_000_000_002n });
    expect([watch.ticker("BTCUSD_PERP"), watch.ticker("XRPUSDT")]).toEqual([null, null]);
    expect(meter.get(FeedCounter.Unknown)).toBeGreaterThanOrEqual(6);
    expect(watch.status().state).toBe("live");
  });

  it("subscribes what is followed, and gives it up again", async () => {
    const { venue, watch } = await scripted();
    watch.follow(new Set(["BTCUSDT", "ETHUSDT"]));
    await until(() => venue.last.names.size === 3);
    watch.follow(new Set(["ETHUSDT", "XRPUSDT"]));
    await until(() => venue.last.names.has("xrpusdt@bookTicker") && venue.last.names.size === 3);
    expect([...venue.last.names].sort()).toEqual(["!bookTicker", "ethusdt@bookTicker", "xrpusdt@bookTicker"]);
    venue.last.socket.terminate();
    await until(() => watch.status().state === "waiting");
    watch.follow(new Set(["XRPUSDT"]));
    expect(watch.status().streams).toBe(2);
  });

  it("hears of all symbols from the simulated venue, and of followed ones more often", async () => {
    const sim = await startBinanceSim({ speed: 2, symbols: 5 });
    const watch = new TickerWatch({
      bases: { wsBase: `ws://127.0.0.1:${sim.port}`, restBase: `http://127.0.0.1:${sim.port}` },
      clock: createClock(sim.clockSpec),
      wallClock: new SystemClock(),
      rng: new Rng(1),
      log: silentLogger,
      meter: new RecordingMeter(),
    });
    onTestFinished(async () => {
      await watch.stop();
      await sim.stop();
    });
    await watch.start();
    const names = sim.market.symbols.map(({ symbol }) => symbol);
    await until(() => names.filter((name) => watch.ticker(name) !== null).length > 4);
    const [followed = "", other = ""] = names.filter((name) => watch.ticker(name) !== null);
    watch.follow(new Set([followed]));
    const seen = { followed: new Set<number>(), other: new Set<number>() };
    await until(() => {
      seen.followed.add(watch.ticker(followed)?.timeMs ?? 0);
      seen.other.add(watch.ticker(other)?.timeMs ?? 0);
      return seen.followed.size >= 5;
    });
    expect(seen.other.size).toBeLessThan(seen.followed.size);
  });
});
