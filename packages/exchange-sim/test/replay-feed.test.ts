import type { KlineSink } from "@smcq/exchange";
import { MINUTE_MS } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { MarketData, ReplayFeed } from "../src/index.ts";

interface Given {
  readonly slot: number;
  readonly openTimeMs: number;
  readonly bar: readonly number[];
}

class Tap implements KlineSink {
  readonly finals: Given[] = [];
  readonly resets: number[] = [];

  forming(): void {
    expect.unreachable("a replay has no forming bars");
  }

  final(slot: number, openTimeMs: number, ...rest: number[]): void {
    this.finals.push({ slot, openTimeMs, bar: rest.slice(0, 5) });
  }

  correct(): void {
    expect.unreachable("a replay corrects nothing");
  }

  reset(slot: number): void {
    this.resets.push(slot);
  }
}

const market = new MarketData({ symbols: 20 });

async function startFeed(startMinute: number): Promise<{ feed: ReplayFeed; tap: Tap }> {
  const tap = new Tap();
  const feed = new ReplayFeed({ market, sink: tap, startMinute });
  await feed.start();
  return { feed, tap };
}

describe("the replay feed", () => {
  it("gives all symbols of a minute together, in order of time and slot, equal to the market's bars", async () => {
    const { feed, tap } = await startFeed(700);
    const symbols = market.symbols.slice(0, 5);
    for (const [slot, symbol] of symbols.entries()) feed.add(slot, symbol.symbol);
    expect(feed.runTo(710)).toBe(50);
    for (const [index, given] of tap.finals.entries()) {
      const minute = 700 + Math.floor(index / 5);
      expect(given.slot).toBe(index % 5);
      const wanted = [...market.flatBars(symbols[given.slot]!, minute, minute)];
      expect([given.openTimeMs, ...given.bar]).toEqual(wanted);
    }
  });

  it("follows added and removed symbols and resets a slot used before", async () => {
    const { feed, tap } = await startFeed(0);
    feed.add(0, "ALGOUSDT");
    expect(feed.step()).toBe(1);
    feed.remove(0);
    expect(feed.step()).toBe(0);
    feed.add(0, "FILUSDT");
    expect(tap.resets).toEqual([0]);
    feed.step();
    expect(tap.finals.map((given) => given.openTimeMs - market.startMs)).toEqual([0, 2 * MINUTE_MS]);
    expect(() => feed.add(0, "XLMUSDT")).toThrow(/slot 0 is free/);
    expect(() => feed.add(1, "NOSUCHUSDT")).toThrow(expect.objectContaining({ code: "UNKNOWN_SYMBOL" }));
  });

  it("ends with the data and when it is stopped", async () => {
    const { feed } = await startFeed(market.minuteCount - 1);
    feed.add(0, "ALGOUSDT");
    expect(feed.step()).toBe(1);
    expect(feed.step()).toBe(-1);
    const other = await startFeed(0);
    await other.feed.stop();
    expect(other.feed.step()).toBe(-1);
  });

  it("refuses to step before it is started and bars nobody asked for", () => {
    const feed = new ReplayFeed({ market, sink: new Tap() });
    expect(() => feed.step()).toThrow(/started/);
    const request = { slot: 0, symbol: "A", interval: "1m", fromMs: 0, toMs: 0, priority: 0 } as const;
    expect(() => feed.supplyBars({ request, bars: new Float64Array() })).toThrow(/asked for/);
  });
});
