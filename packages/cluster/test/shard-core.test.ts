import type { MarketFeed } from "@smcq/exchange";
import { MarketData } from "@smcq/exchange-sim";
import { ManualClock, MINUTE_MS, silentLogger } from "@smcq/kernel";
import { KlineRingReader, KlineRingWriter, LastFinal, type ShardEvent, type ShardMemory } from "@smcq/wire";
import { describe, expect, it } from "vitest";
import { createShardMemory, ShardCore } from "../src/index.ts";
import { flatBars, tearRing, writeBars } from "./support.ts";

const market = new MarketData({ seed: 3 });
const SYMBOL = market.symbols[0]?.symbol ?? "";
const bars = flatBars(market, SYMBOL, 0, 400);
const idleFeed: MarketFeed = {
  async start() {},
  add() {},
  remove() {},
  supplyBars() {},
  async stop() {},
};

function shard(memory: ShardMemory, emit: (event: ShardEvent) => void = () => {}): ShardCore {
  const clock = new ManualClock(market.startMs);
  return new ShardCore({
    memory,
    machineClock: clock,
    wallClock: clock,
    logger: silentLogger,
    createFeed: () => idleFeed,
    scan: null,
    emit,
  });
}

const assignment = (slot: number) => ({ slot, symbol: SYMBOL, symbolId: slot, isTakenOver: false });

describe("ShardCore", () => {
  it("vacates a slot that it is told to give up: no bar of the former symbol is left to scan", async () => {
    const memory = createShardMemory(0, 2);
    const core = shard(memory);
    await core.start([assignment(0), assignment(1)]);
    const writer = new KlineRingWriter(memory.rings);
    writeBars(writer, 0, bars, 0, 330);
    const reader = new KlineRingReader(memory.rings);
    const before = reader.generationOf(0);
    await core.handle({ type: "remove", slot: 0 });
    expect(writer.owner(0)).toBe(0);
    expect(reader.barCount(0)).toBe(0);
    expect(reader.generationOf(0)).toBe(before + 1);
    expect(writer.owner(1)).toBe(2);
    await core.stop();
  });

  it("lets bars that have closed raise signals from the time that it is told", async () => {
    const memory = createShardMemory(0, 3);
    const core = shard(memory);
    const fromMs = market.startMs - 3 * MINUTE_MS;
    await core.start([assignment(0), { ...assignment(1), liveFromMs: fromMs }]);
    await core.handle({
      type: "add",
      assignment: { ...assignment(2), liveFromMs: market.startMs + MINUTE_MS },
    });
    const reader = new KlineRingReader(memory.rings);
    const liveFromMs = [0, 1, 2].map((slot) => {
      reader.begin(slot);
      return reader.lastFinal(LastFinal.LiveFromMs);
    });
    expect(liveFromMs).toEqual([market.startMs, fromMs, market.startMs]);
    await core.stop();
  });

  it("vacates, when it takes over, what the dead thread still had and is not wanted any more", async () => {
    const memory = createShardMemory(0, 2);
    const dead = shard(memory);
    await dead.start([assignment(0), assignment(1)]);
    const writer = new KlineRingWriter(memory.rings);
    writeBars(writer, 0, bars, 0, 330);
    writeBars(writer, 1, bars, 0, 330);
    const next = shard(memory);
    await next.start([{ ...assignment(1), isTakenOver: true }]);
    const reader = new KlineRingReader(memory.rings);
    expect([writer.owner(0), reader.barCount(0)]).toEqual([0, 0]);
    expect([writer.owner(1), reader.barCount(1)]).toEqual([2, 330]);
    await Promise.all([dead.stop(), next.stop()]);
  });
});

describe("a shard that takes over", () => {
  it("says of which symbols the dead thread left no whole bars, and goes on with the others", async () => {
    const memory = createShardMemory(0, 2);
    const dead = shard(memory);
    await dead.start([assignment(0), assignment(1)]);
    const writer = new KlineRingWriter(memory.rings);
    writeBars(writer, 0, bars, 0, 330);
    writeBars(writer, 1, bars, 0, 330);
    tearRing(memory, writer, bars.subarray(329 * 6, 330 * 6));
    const events: ShardEvent[] = [];
    const next = shard(memory, (event) => void events.push(event));
    await next.start([
      { ...assignment(0), isTakenOver: true },
      { ...assignment(1), isTakenOver: true },
    ]);
    expect(events).toEqual([{ type: "reset", slot: 0 }]);
    const reader = new KlineRingReader(memory.rings);
    expect([reader.barCount(0), reader.barCount(1)]).toEqual([0, 330]);
    await Promise.all([dead.stop(), next.stop()]);
  });
});
