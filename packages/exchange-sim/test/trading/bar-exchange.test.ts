import { parseE8, symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { CLIENT_IDS_REMEMBERED_MAX } from "../../src/trading/bar-exchange.ts";
import { marketTicks } from "../../src/index.ts";
import { A, B, BarVenue, MINUTE_MS, RULES, START_E8 } from "../support/bar-venue.ts";

describe("market orders", () => {
  it("fill at the next open with slippage and rounding against us, both ways", () => {
    const venue = new BarVenue();
    expect(venue.market({ id: "e", side: 1, steps: 50, isReduceOnly: false }).type).toBe("acked");
    expect(venue.told).toEqual([]);
    venue.open("100.01");
    // 100.01 * 1.0002 = 100.030002, up to the tick.
    expect(venue.told).toEqual(["e filled 10004 x 50"]);
    venue.market({ id: "x", side: -1, steps: 50, isReduceOnly: true });
    venue.open("100.01");
    // 100.01 * 0.9998 = 99.989998, down to the tick.
    expect(venue.told.at(-1)).toBe("x filled 9998 x 50");
    expect(venue.held).toBe(0);
  });

  it("lose a tick only where slippage does not end on one", () => {
    expect(marketTicks(1, parseE8("100"), parseE8("0.01"))).toBe(10_002);
    expect(marketTicks(-1, parseE8("100"), parseE8("0.01"))).toBe(9_998);
    expect(marketTicks(1, parseE8("100.00000001"), parseE8("0.01"))).toBe(10_003);
    expect(marketTicks(-1, parseE8("99.99999999"), parseE8("0.01"))).toBe(9_997);
  });

  it("wait for the next bar of their symbol, closing ones fill first", () => {
    const venue = new BarVenue();
    venue.enter(1, 50, "100");
    venue.clear();
    venue.market({ id: "other", side: -1, steps: 10, isReduceOnly: false, symbol: B });
    venue.market({ id: "exit", side: -1, steps: 50, isReduceOnly: true });
    venue.open(null, MINUTE_MS);
    expect(venue.told).toEqual([]);
    expect(venue.venue.hasWaiting).toBe(true);
    venue.open("100", 2 * MINUTE_MS);
    expect(venue.told).toEqual(["exit filled 9998 x 50", "other filled 9998 x 10"]);
    expect(venue.updates[0]?.fill?.timeMs).toBe(2 * MINUTE_MS);
    expect(venue.venue.hasWaiting).toBe(false);
  });

  it("fill at the last price when the data of their symbol end, and those of others wait on", () => {
    const venue = new BarVenue();
    venue.enter(1, 50, "100");
    venue.market({ id: "x", side: -1, steps: 50, isReduceOnly: true });
    venue.market({ id: "other", side: 1, steps: 10, isReduceOnly: false, symbol: B });
    venue.clear();
    venue.venue.settle(A, MINUTE_MS, parseE8("99"));
    expect(venue.told).toEqual(["x filled 9898 x 50"]);
    expect(venue.updates[0]?.timeMs).toBe(MINUTE_MS);
    expect(venue.venue.hasWaiting).toBe(true);
  });
});

describe("stops and targets", () => {
  function long(): BarVenue {
    const venue = new BarVenue();
    venue.enter(1, 50, "100");
    venue.stop({ id: "s", side: -1, steps: 50, ticks: 9_900 });
    venue.target({ id: "t", side: -1, steps: 50, ticks: 10_200 });
    venue.clear();
    return venue;
  }

  it("take the stop when a bar reaches both, at the stop's price with slippage", () => {
    const venue = long();
    venue.bar("100", "103", "98");
    // 99 * 0.9998 = 98.9802, down to the tick.
    expect(venue.told).toEqual(["s finished 9898 x 50", "t expired"]);
    expect(venue.updates[0]?.timeMs).toBe(MINUTE_MS);
  });

  it("fill a stop at the open of a bar that begins beyond it", () => {
    const venue = long();
    venue.bar("97", "103", "96");
    // 97 * 0.9998 = 96.9806, down to the tick.
    expect(venue.told[0]).toBe("s finished 9698 x 50");
    expect(venue.updates[0]?.timeMs).toBe(0);
  });

  it("fill a stop that is just touched, and a target only when the bar trades through it by a tick", () => {
    const venue = long();
    venue.bar("100", "102", "99.01");
    expect(venue.told).toEqual([]);
    venue.bar("100", "102.01", "99.01");
    expect(venue.told).toEqual(["t filled 10200 x 50", "s expired"]);
    expect(venue.updates[0]?.fill?.isMaker).toBe(true);
    const touched = long();
    touched.bar("100", "101", "99");
    expect(touched.told[0]).toBe("s finished 9898 x 50");
  });

  it("work the same way round for a short", () => {
    const venue = new BarVenue();
    venue.enter(-1, 50, "100");
    venue.stop({ id: "s", side: 1, steps: 50, ticks: 10_100 });
    venue.target({ id: "t", side: 1, steps: 50, ticks: 9_800 });
    venue.clear();
    venue.bar("100", "100.5", "98");
    expect(venue.told).toEqual([]);
    venue.bar("100", "101", "97");
    // 101 * 1.0002 = 101.0202, up to the tick.
    expect(venue.told).toEqual(["s finished 10103 x 50", "t expired"]);
  });

  it("never open anything: a stop without a position is refused", () => {
    const venue = new BarVenue();
    expect(venue.stop({ id: "s", side: -1, steps: 5, ticks: 9_900 })).toMatchObject({
      code: "REDUCE_ONLY_REJECT",
    });
    venue.bar("90", "91", "89");
    expect(venue.told).toEqual([]);
  });

  it("let a new stop stand beside the one that it replaces, each cancelled by its own id", () => {
    const venue = long();
    expect(venue.stop({ id: "s2", side: -1, steps: 50, ticks: 9_950 }).type).toBe("acked");
    expect(venue.cancel("s", true).type).toBe("acked");
    expect(venue.told).toEqual(["s canceled"]);
    venue.bar("100", "100", "99.5");
    expect(venue.told.slice(1)).toEqual(["s2 finished 9948 x 50", "t expired"]);
  });

  it("fill every stop that a bar reaches until nothing is held, and no target in that bar", () => {
    const venue = new BarVenue();
    venue.enter(1, 50, "100");
    venue.stop({ id: "small", side: -1, steps: 20, ticks: 9_900 });
    venue.stop({ id: "whole", side: -1, steps: 50, ticks: 9_910 });
    venue.target({ id: "t", side: -1, steps: 50, ticks: 10_200 });
    venue.clear();
    venue.bar("100", "103", "98");
    expect(venue.told).toEqual(["small finished 9898 x 20", "whole finished 9908 x 30", "t expired"]);
    expect(venue.held).toBe(0);
  });
});

describe("what the venue refuses and cuts", () => {
  it("cuts a closing order to what is held, and ends one that finds nothing", () => {
    const venue = new BarVenue();
    venue.enter(1, 50, "100");
    venue.clear();
    venue.market({ id: "x1", side: -1, steps: 80, isReduceOnly: true });
    venue.market({ id: "x2", side: -1, steps: 50, isReduceOnly: true });
    venue.open("100");
    expect(venue.told).toEqual(["x1 filled 9998 x 50", "x2 expired"]);
    expect(venue.held).toBe(0);
  });

  it("refuses a closing order without a position or on its own side", () => {
    const venue = new BarVenue();
    const refusal = { type: "refused", code: "REDUCE_ONLY_REJECT" };
    expect(venue.market({ id: "x1", side: -1, steps: 5, isReduceOnly: true })).toMatchObject(refusal);
    venue.enter(1, 50, "100");
    expect(venue.market({ id: "x2", side: 1, steps: 5, isReduceOnly: true })).toMatchObject(refusal);
  });

  it("refuses a client order id that was used, also after its order has ended", () => {
    const venue = new BarVenue();
    const order = { id: "e", side: 1, steps: 50, isReduceOnly: false } as const;
    venue.market(order);
    expect(venue.market(order)).toMatchObject({ type: "refused", code: "DUPLICATE_ID" });
    venue.open("100");
    expect(venue.market(order)).toMatchObject({ type: "refused", code: "DUPLICATE_ID" });
    expect(venue.told).toEqual(["e filled 10002 x 50"]);
  });

  it(`remembers the last ${CLIENT_IDS_REMEMBERED_MAX} client order ids and no more`, () => {
    const venue = new BarVenue();
    const order = (id: number): string =>
      venue.market({ id: `e${id}`, side: 1, steps: 1, isReduceOnly: false }).type;
    for (let id = 0; id < CLIENT_IDS_REMEMBERED_MAX; id++) order(id);
    expect(order(0)).toBe("refused");
    expect(order(CLIENT_IDS_REMEMBERED_MAX)).toBe("acked");
    expect(order(0)).toBe("acked");
    expect(order(2)).toBe("refused");
  });

  it("refuses what its filters forbid and symbols that it does not list", () => {
    const venue = new BarVenue();
    const entry = { side: 1, isReduceOnly: false } as const;
    expect(venue.market({ ...entry, id: "a", steps: 0 })).toMatchObject({ code: "LOT_SIZE" });
    expect(venue.market({ ...entry, id: "b", steps: 1_001 })).toMatchObject({ code: "MARKET_LOT_SIZE" });
    expect(venue.market({ ...entry, id: "c", steps: 1_000 })).toMatchObject({ type: "acked" });
    expect(venue.market({ ...entry, id: "d", steps: 1, symbol: symbolId(9) })).toMatchObject({
      code: "SYMBOL_CLOSED",
    });
  });

  it("refuses to cancel what has ended, and says nothing more of it", () => {
    const venue = new BarVenue();
    venue.enter(1, 50, "100");
    venue.target({ id: "t", side: -1, steps: 50, ticks: 10_200 });
    expect(venue.cancel("t", true)).toMatchObject({ code: "UNKNOWN_ORDER" });
    venue.bar("100", "103", "99");
    venue.clear();
    expect(venue.cancel("t", false)).toMatchObject({ code: "UNKNOWN_ORDER" });
    expect(venue.told).toEqual([]);
  });

  it("takes no order without the seal of risk", () => {
    const { venue } = new BarVenue();
    expect(() => venue.submit({ value: {} } as never, () => {})).toThrow(/Invariant/);
  });
});

describe("money", () => {
  it("takes the taker rate of markets and stops and the maker rate of targets, to the last unit", () => {
    const venue = new BarVenue();
    venue.enter(1, 33, "100.01");
    venue.target({ id: "t", side: -1, steps: 33, ticks: 10_200 });
    venue.bar("100", "103", "99");
    // 3.3 at 100.04 = 330.132, 3.3 at 102 = 336.6.
    expect(venue.updates.map(({ fill }) => fill?.feeE8)).toEqual([parseE8("0.165066"), parseE8("0.06732")]);
    expect(venue.venue.walletE8()).toBe(
      START_E8 + parseE8("6.468") - parseE8("0.165066") - parseE8("0.06732"),
    );
  });

  it("states positions with their side and price, and the leverage of a symbol", () => {
    const { venue } = new BarVenue();
    expect(venue.positions()).toEqual([]);
    venue.setLeverage(A, 7, (outcome) => expect(outcome.type).toBe("acked"));
    const short = new BarVenue();
    short.enter(-1, 12, "100");
    short.venue.setLeverage(A, 7, () => {});
    // Sold at 100 less 2 in 10,000.
    expect(short.venue.positions()).toEqual([
      { symbolId: A, qtySteps: -12, entryPriceE8: parseE8("99.98"), liquidationPriceE8: null },
    ]);
    expect([short.venue.leverageOf(A), short.venue.leverageOf(B)]).toEqual([7, 20]);
    expect(RULES.minQtySteps).toBe(1);
  });
});
