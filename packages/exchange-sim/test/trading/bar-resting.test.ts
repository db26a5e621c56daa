import { notionalE8, parseE8 } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { BarVenue, MINUTE_MS, RULES } from "../support/bar-venue.ts";

describe("an entry that rests", () => {
  /** A buy of 50 steps at 99.50 that has met an open of 100. */
  function resting(): BarVenue {
    const venue = new BarVenue();
    expect(venue.rest({ id: "e", side: 1, steps: 50, ticks: 9_950 }).type).toBe("acked");
    expect(venue.venue.hasWaiting).toBe(true);
    venue.open("100");
    expect(venue.venue.hasWaiting).toBe(false);
    expect(venue.told).toEqual([]);
    return venue;
  }

  it("fills as maker at its price when a bar trades through it by a tick, and not when it is touched", () => {
    const venue = resting();
    expect(venue.bar("100", "101", "99.50")).toBe(false);
    expect(venue.told).toEqual([]);
    expect(venue.bar("100", "101", "99.49")).toBe(true);
    expect(venue.told).toEqual(["e filled 9950 x 50"]);
    const fill = venue.updates[0]?.fill;
    const valueE8 = notionalE8(9_950n * RULES.tickE8, 50n * RULES.stepE8);
    expect(fill).toMatchObject({ isMaker: true, timeMs: MINUTE_MS, feeE8: (valueE8 * 2n) / 10_000n });
    expect(venue.held).toBe(50);
  });

  it("fills at its own price also when a later bar opens beyond it", () => {
    const venue = resting();
    venue.open("98");
    expect(venue.bar("98", "98.5", "97")).toBe(true);
    expect(venue.told).toEqual(["e filled 9950 x 50"]);
  });

  it("works the same way round for a sell", () => {
    const venue = new BarVenue();
    venue.rest({ id: "e", side: -1, steps: 50, ticks: 10_050 });
    venue.open("100");
    expect(venue.bar("100", "100.50", "99")).toBe(false);
    expect(venue.bar("100", "100.51", "99")).toBe(true);
    expect(venue.held).toBe(-50);
  });

  it("expires where it would take at the open, and rests at exactly the open's price", () => {
    const venue = new BarVenue();
    venue.rest({ id: "taker", side: 1, steps: 50, ticks: 10_001 });
    venue.open("100");
    expect(venue.told).toEqual(["taker expired"]);
    venue.rest({ id: "edge", side: 1, steps: 50, ticks: 10_000 });
    venue.rest({ id: "short", side: -1, steps: 50, ticks: 9_999 });
    venue.open("100");
    expect(venue.told).toEqual(["taker expired", "short expired"]);
    expect(venue.bar("100", "101", "99.99")).toBe(true);
  });

  it("waits for a bar of its symbol, fills in none before, and is cancelled like any other order", () => {
    const venue = new BarVenue();
    venue.rest({ id: "e", side: 1, steps: 50, ticks: 9_950 });
    venue.open(null);
    expect(venue.venue.hasWaiting).toBe(true);
    expect(venue.bar("100", "101", "90")).toBe(false);
    expect(venue.cancel("e", false).type).toBe("acked");
    expect(venue.told).toEqual(["e canceled"]);
    venue.open("100");
    expect(venue.bar("100", "101", "90")).toBe(false);
    expect([venue.held, venue.venue.hasWaiting]).toEqual([0, false]);
  });

  it("is stopped in its own bar when that reaches the stop, at the open where that lies beyond", () => {
    for (const [open, low, wanted] of [
      // 99 * 0.9998 = 98.9802, down to the tick; 98.5 * 0.9998 = 98.4803.
      ["100", "99", "s finished 9898 x 50"],
      ["98.5", "98", "s finished 9848 x 50"],
    ] as const) {
      const venue = resting();
      venue.bar(open, "103", low);
      venue.stop({ id: "s", side: -1, steps: 50, ticks: 9_900 });
      venue.target({ id: "t", side: -1, steps: 50, ticks: 10_200 });
      venue.clear();
      venue.afterEntry(open, "103", low);
      expect(venue.told).toEqual([wanted, "t expired"]);
      expect(venue.updates[0]?.timeMs).toBe(MINUTE_MS);
    }
  });

  it("reaches no target in its own bar, whatever the bar's high", () => {
    const venue = resting();
    venue.bar("100", "110", "99.01");
    venue.stop({ id: "s", side: -1, steps: 50, ticks: 9_900 });
    venue.target({ id: "t", side: -1, steps: 50, ticks: 10_200 });
    venue.clear();
    venue.afterEntry("100", "110", "99.01");
    expect(venue.told).toEqual([]);
    venue.bar("100", "102.01", "99.5");
    expect(venue.told).toEqual(["t filled 10200 x 50", "s expired"]);
  });

  it("moves no money before it fills, and then its fee alone", () => {
    const venue = resting();
    const before = venue.venue.walletE8();
    venue.bar("100", "101", "99.50");
    expect(venue.venue.walletE8()).toBe(before);
    venue.bar("100", "101", "99.40");
    // 497.5 USDT at 0.02 %.
    expect(before - venue.venue.walletE8()).toBe(parseE8("0.0995"));
  });
});
