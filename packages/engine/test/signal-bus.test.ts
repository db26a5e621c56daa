import { describe, expect, it } from "vitest";
import { fromShared, LocalSignalBus, partOf, toShared } from "../src/index.ts";
import {
  ANY_ID,
  Reader,
  sharedSignal,
  signalBusConformance,
  signalWord,
} from "./support/signal-bus-conformance.ts";

describe("LocalSignalBus", () => {
  signalBusConformance(async () => new LocalSignalBus(), false);

  it("drops the oldest words when nobody acknowledges, and counts them", async () => {
    const bus = new LocalSignalBus(2);
    for (const symbol of ["A", "B", "C"]) bus.publish(signalWord({ symbol }));
    const reader = await new Reader().follow(bus);
    expect([reader.symbols, bus.counts.dropped]).toEqual([["B", "C"], 1]);
  });

  it("keeps nothing that every reader has acknowledged", async () => {
    const bus = new LocalSignalBus();
    const reader = await new Reader().follow(bus);
    for (const symbol of ["A", "B", "C"]) bus.publish(signalWord({ symbol }));
    reader.acknowledge(2);
    expect(bus.counts.lag).toBe(1);
  });
});

describe("toShared and fromShared", () => {
  it("carry times over by the wall's clock, and give back the symbol's own number", () => {
    const times = { receivedNs: 4e9, writtenNs: 4.1e9, takenNs: 4.2e9, featuresNs: 4.3e9, scoredNs: 4.5e9 };
    const { receivedMs, scoredMs, ...own } = sharedSignal();
    const shared = toShared({ ...own, symbolId: ANY_ID, times }, { nowMs: 10_000, nowNs: 5e9 });
    expect(shared).toStrictEqual({ ...own, receivedMs: 9_000, scoredMs: 9_500 });
    const back = fromShared(shared, { symbolId: ANY_ID, nowMs: 10_020, nowNs: 77e9 });
    expect(back.times).toEqual({
      receivedNs: 75.98e9,
      writtenNs: 0,
      takenNs: 0,
      featuresNs: 0,
      scoredNs: 76.48e9,
    });
    expect([receivedMs > 0, scoredMs]).toEqual([true, 0]);
  });

  it("know what was not measured, and put nothing behind now", () => {
    const shared = sharedSignal({ receivedMs: 9_000, scoredMs: 0 });
    const { times } = fromShared(shared, { symbolId: ANY_ID, nowMs: 8_000, nowNs: 3e9 });
    expect([times.receivedNs, times.scoredNs]).toEqual([3e9, 0]);
  });
});

describe("partOf", () => {
  it("spreads symbols over parts evenly, always the same way", () => {
    expect(["BTCUSDT", "ETHUSDT", "币安人生USDT"].map((symbol) => partOf(symbol, 32))).toEqual([12, 16, 12]);
    const counts = Array.from({ length: 32 }, () => 0);
    for (let index = 0; index < 3_200; index++) {
      const part = partOf(`S${index}USDT`, 32);
      counts[part] = (counts[part] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(50);
    expect(Math.max(...counts)).toBeLessThan(160);
  });
});
