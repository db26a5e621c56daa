import { parseE8 } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { VENUE_ERRORS } from "../../src/index.ts";
import { ALGO_ORDERS_MAX } from "../../src/venue/order-book.ts";
import { A, B, PathVenue } from "../support/path-venue.ts";

describe("filters refuse with the venue's codes", () => {
  const cases: readonly [string, Parameters<PathVenue["order"]>[0], number][] = [
    ["an id with a space", { id: "a b", side: 1, qty: "1" }, -4015],
    ["an id of 37 characters", { id: "x".repeat(37), side: 1, qty: "1" }, -4015],
    ["no quantity", { id: "a", side: 1, qty: "0" }, -4003],
    ["less than the least quantity", { id: "a", side: 1, qty: "0.05" }, -4004],
    ["more than a market order may have", { id: "a", side: 1, qty: "100.1" }, -4005],
    ["more than a limit order may have", { id: "a", side: 1, qty: "1000.1", price: "100" }, -4005],
    ["a quantity between two steps", { id: "a", side: 1, qty: "1.05" }, -4023],
    ["a price between two ticks", { id: "a", side: 1, qty: "1", price: "99.995" }, -4014],
    ["a price below the lowest", { id: "a", side: 1, qty: "1", price: "0.99" }, -4013],
    ["a price above the highest", { id: "a", side: 1, qty: "1", price: "100000.01" }, -4002],
    ["a BUY far above the mark", { id: "a", side: 1, qty: "1", price: "105.01" }, -4016],
    ["a SELL far below the mark", { id: "a", side: -1, qty: "1", price: "94.99" }, -4024],
    ["too small a notional", { id: "a", side: 1, qty: "0.1", price: "49" }, -4164],
    ["post-only that would take", { id: "a", side: 1, qty: "1", price: "100.01", timeInForce: "GTX" }, -5022],
    [
      "fill-or-kill that meets nobody",
      { id: "a", side: 1, qty: "1", price: "100", timeInForce: "FOK" },
      -5021,
    ],
    ["a symbol that is not listed", { id: "a", side: 1, qty: "1", symbolId: 7 as typeof A }, -1121],
    ["reduce-only without a position", { id: "a", side: 1, qty: "1", isReduceOnly: true }, -2022],
    ["more than the wallet can margin", { id: "a", side: 1, qty: "200", price: "100" }, -2027],
  ];
  it.each(cases)("%s", (_, wish, code) => {
    const venue = new PathVenue();
    expect(venue.order(wish)).toBe(String(code));
    expect(venue.told()).toEqual([]);
  });

  it("and takes what lies exactly on a bound", () => {
    const venue = new PathVenue({ wallet: "100000" });
    venue.exchange.setLeverage(A, 10, venue.nowMs);
    expect(venue.order({ id: "a", side: 1, qty: "0.1", price: "95" })).toBe("NEW");
    expect(venue.order({ id: "b", side: -1, qty: "0.1", price: "105" })).toBe("NEW");
    expect(venue.order({ id: "c", side: 1, qty: "49.8", price: "100" })).toBe("NEW");
    expect(venue.order({ id: "d", side: 1, qty: "0.1", price: "100" })).toBe("-2025");
  });

  it("a market order where the best price is out of the band", () => {
    const venue = new PathVenue();
    venue.print("106", "100");
    expect(venue.order({ id: "a", side: 1, qty: "1" })).toBe("-4131");
    expect(venue.order({ id: "b", side: -1, qty: "1" })).toBe("EXPIRED");
  });

  it("an id that an open order has, and lets an ended one's be used again", () => {
    const venue = new PathVenue();
    expect(venue.order({ id: "a", side: 1, qty: "1", price: "99" })).toBe("NEW");
    expect(venue.order({ id: "a", side: 1, qty: "1", price: "98" })).toBe("-4116");
    venue.exchange.cancel(A, "a", venue.nowMs);
    expect(venue.order({ id: "a", side: 1, qty: "1", price: "98" })).toBe("NEW");
  });

  it("openings of a symbol that is closed, and lets what is held out of it", () => {
    const venue = new PathVenue();
    venue.order({ id: "in", side: 1, qty: "1" });
    venue.exchange.setTrading(A, false);
    expect(venue.order({ id: "a", side: 1, qty: "1" })).toBe("-4140");
    expect(venue.algo({ id: "s", side: 1, at: "101", qty: "1", isReduceOnly: false })).toBe("-4140");
    expect(venue.order({ id: "out", side: -1, qty: "1", isReduceOnly: true })).toBe("FILLED");
  });

  it("each code with the text and the word of the port's list", () => {
    for (const { code, text, refusal } of Object.values(VENUE_ERRORS)) {
      expect(code).toBeLessThan(0);
      expect(text.length * refusal.length).toBeGreaterThan(0);
    }
  });
});

describe("a market order", () => {
  it("takes the ask with slippage, rounded against it; the account is told first", () => {
    const venue = new PathVenue({ slippageE4: 2n });
    expect(venue.order({ id: "a", side: 1, qty: "1" })).toBe("FILLED");
    // (100 + 0.01) * 1.0002 = 100.030002 -> 100.04.
    expect(venue.events.map((event) => event.type)).toEqual(["order", "account", "order"]);
    expect(venue.told()).toEqual(["a NEW NEW", "a TRADE FILLED 1 @ 100.04"]);
    // 100 * 0.9998 = 99.98.
    venue.order({ id: "b", side: -1, qty: "1", isReduceOnly: true });
    expect(venue.told()).toEqual(["b NEW NEW", "b TRADE FILLED 1 @ 99.98"]);
  });

  it("in a minute that trades nothing takes a step a part, and the rest at the worst price", () => {
    const venue = new PathVenue();
    venue.exchange.setVolume(A, 0n);
    expect(venue.order({ id: "m", side: 1, qty: "3" })).toBe("FILLED");
    const told = venue.told();
    expect([told.length, told[1], told.at(-1)]).toEqual([
      21,
      "m TRADE PARTIALLY_FILLED 0.1 @ 100.01",
      "m TRADE FILLED 1.1 @ 100.2",
    ]);
  });

  it("is filled in parts, each a tick worse, above its share of the minute", () => {
    const venue = new PathVenue();
    venue.exchange.setVolume(A, 3_000_000_000n);
    expect(venue.order({ id: "a", side: 1, qty: "7" })).toBe("FILLED");
    // A tenth of 30 is 3 a part.
    expect(venue.told()).toEqual([
      "a NEW NEW",
      "a TRADE PARTIALLY_FILLED 3 @ 100.01",
      "a TRADE PARTIALLY_FILLED 3 @ 100.02",
      "a TRADE FILLED 1 @ 100.03",
    ]);
  });

  it("stops at the bound from the mark, and the rest expires", () => {
    const venue = new PathVenue();
    venue.exchange.setVolume(A, 1_000_000_000n);
    venue.print("95.01", "100");
    expect(venue.order({ id: "a", side: -1, qty: "5" })).toBe("EXPIRED");
    expect(venue.told()).toEqual([
      "a NEW NEW",
      "a TRADE PARTIALLY_FILLED 1 @ 95.01",
      "a TRADE PARTIALLY_FILLED 1 @ 95",
      "a EXPIRED EXPIRED",
    ]);
  });

  it("takes no more than the book offers to one order, and the rest expires", () => {
    const venue = new PathVenue();
    venue.exchange.setOffer(A, parseE8("2"));
    expect(venue.order({ id: "a", side: 1, qty: "5" })).toBe("EXPIRED");
    expect(venue.held()).toMatch(/^2 @ 100.01/);
    venue.exchange.setOffer(A, null);
    expect(venue.order({ id: "b", side: 1, qty: "5" })).toBe("FILLED");
  });

  it("that only reduces is cut to what is held", () => {
    const venue = new PathVenue();
    venue.order({ id: "in", side: 1, qty: "2" });
    expect(venue.order({ id: "out", side: -1, qty: "5", isReduceOnly: true })).toBe("EXPIRED");
    expect(venue.held()).toBe("flat");
  });

  it("that is larger than what it closes turns the position around", () => {
    const venue = new PathVenue();
    venue.order({ id: "in", side: 1, qty: "2" });
    venue.print("110");
    expect(venue.order({ id: "turn", side: -1, qty: "5" })).toBe("FILLED");
    expect(venue.held()).toBe("-3 @ 110 [0]");
    expect(venue.booksOf("realised")).toEqual(["19.98"]);
    expect(venue.wallet).toBe(venue.booked);
  });
});

describe("a limit order", () => {
  it("waits, and is filled at its own price when the market goes through it by a tick", () => {
    const venue = new PathVenue();
    venue.order({ id: "a", side: 1, qty: "1", price: "99.5" });
    venue.print("99.5");
    expect(venue.told()).toEqual(["a NEW NEW"]);
    venue.print("99.49");
    expect(venue.told()).toEqual(["a TRADE FILLED 1 @ 99.5"]);
    // 99.5 * 0.0002.
    expect(venue.booksOf("commission")).toEqual(["-0.0199"]);
  });

  it("takes what it meets up to its price, and waits (GTC) or expires (IOC) with the rest", () => {
    const venue = new PathVenue();
    venue.exchange.setVolume(A, 1_000_000_000n);
    expect(venue.order({ id: "a", side: 1, qty: "3", price: "100.02" })).toBe("PARTIALLY_FILLED");
    expect(venue.order({ id: "b", side: 1, qty: "3", price: "100.02", timeInForce: "IOC" })).toBe("EXPIRED");
    expect(venue.told()).toEqual([
      "a NEW NEW",
      "a TRADE PARTIALLY_FILLED 1 @ 100.01",
      "a TRADE PARTIALLY_FILLED 1 @ 100.02",
      "b NEW NEW",
      "b TRADE PARTIALLY_FILLED 1 @ 100.01",
      "b TRADE PARTIALLY_FILLED 1 @ 100.02",
      "b EXPIRED EXPIRED",
    ]);
  });

  it("fill-or-kill is filled as a whole, whatever its share of the minute", () => {
    const venue = new PathVenue();
    venue.exchange.setVolume(A, 1_000_000_000n);
    expect(venue.order({ id: "a", side: 1, qty: "8", price: "100.01", timeInForce: "FOK" })).toBe("FILLED");
    expect(venue.told()).toEqual(["a NEW NEW", "a TRADE FILLED 8 @ 100.01"]);
  });

  it("that only reduces is cut to what is held at each change, and ends when nothing is", () => {
    const venue = new PathVenue();
    venue.order({ id: "in", side: 1, qty: "3" });
    venue.order({ id: "t", side: -1, qty: "3", price: "101", isReduceOnly: true });
    venue.order({ id: "out", side: -1, qty: "1", isReduceOnly: true });
    expect(venue.exchange.order(A, "t")?.qtyE8).toBe(200_000_000n);
    venue.told();
    venue.order({ id: "rest", side: -1, qty: "2", isReduceOnly: true });
    expect(venue.told()).toEqual(["rest NEW NEW", "rest TRADE FILLED 2 @ 100", "t EXPIRED EXPIRED"]);
  });

  it("of ours that another would meet: taker, maker or both go", () => {
    for (const [mode, told] of [
      ["EXPIRE_TAKER", ["b NEW NEW", "b EXPIRED EXPIRED_IN_MATCH"]],
      ["EXPIRE_MAKER", ["b NEW NEW", "a EXPIRED EXPIRED_IN_MATCH", "b TRADE FILLED 1 @ 100.01"]],
      ["EXPIRE_BOTH", ["b NEW NEW", "a EXPIRED EXPIRED_IN_MATCH", "b EXPIRED EXPIRED_IN_MATCH"]],
    ] as const) {
      const venue = new PathVenue();
      venue.order({ id: "a", side: -1, qty: "1", price: "100.01" });
      venue.told();
      venue.order({ id: "b", side: 1, qty: "1", selfTradePrevention: mode });
      expect(venue.told()).toEqual(told);
    }
  });

  it("is taken as far as somebody takes, of its side and in the order of arrival", () => {
    const venue = new PathVenue();
    venue.order({ id: "e", side: 1, qty: "5" });
    venue.order({ id: "a", side: -1, qty: "2", price: "101" });
    venue.order({ id: "b", side: -1, qty: "2", price: "102" });
    venue.order({ id: "c", side: 1, qty: "1", price: "99" });
    venue.told();
    venue.exchange.takeWaiting(A, -1, parseE8("3"), venue.nowMs);
    expect(venue.told()).toEqual(["a TRADE FILLED 2 @ 101", "b TRADE PARTIALLY_FILLED 1 @ 102"]);
  });

  it("has trade numbers that its symbol counts by itself", () => {
    const venue = new PathVenue();
    for (const id of [A, B]) venue.order({ id: "e", side: 1, qty: "1", symbolId: id });
    const [[a], [b]] = [venue.exchange.trades(A, 0), venue.exchange.trades(B, 0)];
    expect(a?.tradeId).toBe(b?.tradeId);
    expect(a?.tradeId).toMatch(/^\d{19}$/);
  });
});

describe("an amended limit order", () => {
  const amend = (venue: PathVenue, id: string, qty: string, price: string): string => {
    const change = { qtyE8: parseE8(qty), priceE8: parseE8(price) };
    const reply = venue.exchange.amend({ symbolId: A, clientOrderId: id }, change, venue.nowMs);
    return reply.type === "done" ? reply.value.status : String(reply.error.code);
  };

  it("has another quantity and price, and stands behind those that wait", () => {
    const venue = new PathVenue();
    for (const id of ["a", "b"]) venue.order({ id, side: 1, qty: "2", price: "99" });
    venue.told();
    expect(amend(venue, "a", "3", "99.5")).toBe("NEW");
    expect(venue.told()).toEqual(["a AMENDMENT NEW"]);
    expect(venue.exchange.openOrders().map(({ clientOrderId }) => clientOrderId)).toEqual(["b", "a"]);
    venue.print("99.4");
    expect(venue.held()).toMatch(/^3 @ 99.5/);
  });

  it("takes what it meets, and ends where it has been filled so far already", () => {
    const venue = new PathVenue();
    venue.order({ id: "a", side: 1, qty: "2", price: "99" });
    expect(amend(venue, "a", "2", "100.01")).toBe("FILLED");
    venue.order({ id: "b", side: -1, qty: "2", price: "101" });
    venue.exchange.takeWaiting(A, -1, parseE8("1"), venue.nowMs);
    expect(amend(venue, "b", "1", "101")).toBe("CANCELED");
  });

  it("stays as it was, in its place, where the new one is refused", () => {
    const venue = new PathVenue();
    for (const id of ["a", "b"]) venue.order({ id, side: 1, qty: "2", price: "99" });
    expect(amend(venue, "a", "2", "99")).toBe("-5027");
    expect(amend(venue, "a", "2", "99.005")).toBe("-4014");
    expect(amend(venue, "a", "250", "99")).toBe("-2027");
    expect(amend(venue, "c", "2", "99.5")).toBe("-2011");
    expect(venue.exchange.openOrders().map(({ clientOrderId, qtyE8 }) => [clientOrderId, qtyE8])).toEqual([
      ["a", 200_000_000n],
      ["b", 200_000_000n],
    ]);
  });
});

describe("the strict venue", () => {
  it("finds no room beside a full-size target, not even when a stop fires", () => {
    const venue = new PathVenue({ isStrictReduceOnly: true });
    venue.order({ id: "in", side: 1, qty: "2" });
    venue.order({ id: "t", side: -1, qty: "2", price: "101", isReduceOnly: true });
    expect(venue.order({ id: "x", side: -1, qty: "1", isReduceOnly: true })).toBe("-4118");
    expect(venue.algo({ id: "s", side: -1, at: "99", qty: "2" })).toBe("NEW");
    venue.told();
    venue.print("99");
    expect(venue.told()).toEqual(["s TRIGGERING", "s REJECTED"]);
    expect(venue.exchange.algo(A, "s")?.rejectText).toMatch(/ReduceOnly/);
  });
});

describe("a conditional order", () => {
  it("lives NEW, TRIGGERING, TRIGGERED, FINISHED, and tells of the order that it became", () => {
    const venue = new PathVenue();
    venue.order({ id: "in", side: 1, qty: "2" });
    venue.algo({ id: "s", side: -1, at: "99", qty: "2" });
    venue.told();
    venue.print("99.01");
    expect(venue.told()).toEqual([]);
    venue.print("98.7");
    expect(venue.told()).toEqual([
      "s TRIGGERING",
      "s TRIGGERED",
      "s NEW NEW",
      "s TRADE FILLED 2 @ 98.7",
      "s FINISHED",
    ]);
    const algo = venue.exchange.algo(A, "s");
    const order = venue.exchange.order(A, "s");
    expect([algo?.actualOrderId, algo?.actualQtyE8]).toEqual([order?.orderId, 200_000_000n]);
    expect(order?.clientAlgoId).toBe("s");
  });

  it("waits on both sides: stops against the market, take-profits with it", () => {
    const kinds = [
      ["STOP_MARKET", -1, "99", "98.99"],
      ["STOP_MARKET", 1, "101", "101"],
      ["TAKE_PROFIT_MARKET", -1, "101", "101"],
      ["TAKE_PROFIT_MARKET", 1, "99", "99"],
    ] as const;
    for (const [type, side, at, touch] of kinds) {
      const venue = new PathVenue();
      venue.order({ id: "in", side: side > 0 ? -1 : 1, qty: "1" });
      expect(venue.algo({ id: "s", side, at, qty: "1", type })).toBe("NEW");
      venue.print(touch);
      expect([type, side, venue.held()]).toEqual([type, side, "flat"]);
    }
  });

  it("is refused when it would fire at once, and when it says too much or too little", () => {
    const venue = new PathVenue();
    expect(venue.algo({ id: "s", side: -1, at: "100", qty: "1" })).toBe("-2021");
    expect(venue.algo({ id: "s", side: -1, at: "99", qty: "1", isClosePosition: true })).toBe("-4137");
    expect(venue.algo({ id: "s", side: -1, at: "99", isClosePosition: true, isReduceOnly: true })).toBe(
      "-4138",
    );
    expect(venue.algo({ id: "s", side: -1, at: "99.001", qty: "1" })).toBe("-4014");
    expect(venue.algo({ id: "s", side: -1, at: "0", qty: "1" })).toBe("-4006");
    expect(venue.algo({ id: "s", side: -1, at: "99", isClosePosition: true })).toBe("NEW");
    expect(venue.algo({ id: "s", side: -1, at: "98", isClosePosition: true })).toBe("-4116");
    expect(venue.algo({ id: "s2", side: -1, at: "98", isClosePosition: true })).toBe("-4130");
    expect(
      venue.algo({ id: "p", side: -1, at: "102", isClosePosition: true, type: "TAKE_PROFIT_MARKET" }),
    ).toBe("NEW");
  });

  it("with closePosition closes also what is less than the least order", () => {
    const venue = new PathVenue();
    venue.order({ id: "e", side: 1, qty: "5" });
    const rules = venue.exchange.rules(A);
    const marketLot = { ...rules.marketLot, minE8: parseE8("10") };
    venue.exchange.setRules(A, { ...rules, marketLot });
    expect(venue.order({ id: "x", side: -1, qty: "5", isReduceOnly: true })).toBe("-4004");
    expect(venue.algo({ id: "s", side: -1, at: "99", isClosePosition: true })).toBe("NEW");
    venue.print("98.9");
    expect(venue.exchange.positions()).toEqual([]);
  });

  it("are rejected when they fire where the venue wants it so", () => {
    const venue = new PathVenue();
    venue.order({ id: "e", side: 1, qty: "5" });
    venue.algo({ id: "s", side: -1, at: "99", qty: "5" });
    venue.exchange.setFiringRejected(A, true);
    venue.told();
    venue.print("98.9");
    expect(venue.told()).toEqual(["s TRIGGERING", "s REJECTED"]);
    expect(venue.exchange.positions()).toHaveLength(1);
  });

  it("with closePosition closes all that is held, and expires when nothing is", () => {
    const venue = new PathVenue();
    venue.order({ id: "in", side: 1, qty: "2" });
    venue.algo({ id: "s", side: -1, at: "99", isClosePosition: true });
    venue.order({ id: "more", side: 1, qty: "1" });
    venue.told();
    venue.print("99");
    expect(venue.told().at(-2)).toBe("s TRADE FILLED 3 @ 99");
    venue.print("100");
    venue.algo({ id: "s3", side: -1, at: "99", isClosePosition: true });
    venue.told();
    venue.print("98");
    expect(venue.told()).toEqual(["s3 TRIGGERING", "s3 EXPIRED"]);
  });

  it("that only reduces outlives the position, and is rejected when it fires on nothing", () => {
    const venue = new PathVenue();
    venue.order({ id: "in", side: 1, qty: "2" });
    venue.algo({ id: "s", side: -1, at: "99", qty: "2" });
    venue.order({ id: "out", side: -1, qty: "2", isReduceOnly: true });
    expect(venue.exchange.openAlgos().length).toBe(1);
    venue.told();
    venue.print("98");
    expect(venue.told()).toEqual(["s TRIGGERING", "s REJECTED"]);
  });

  it("that opens is not asked for margin before it fires", () => {
    const venue = new PathVenue({ wallet: "10" });
    expect(venue.algo({ id: "s", side: 1, at: "101", qty: "9", isReduceOnly: false })).toBe("NEW");
    venue.print("101");
    expect(venue.told()).toEqual(["s NEW", "s TRIGGERING", "s REJECTED"]);
    expect(venue.exchange.algo(A, "s")?.rejectText).toBe("Margin is insufficient.");
  });

  it("looks at the mark where it is told to, and at both where it is protected", () => {
    const venue = new PathVenue();
    venue.order({ id: "in", side: 1, qty: "2" });
    venue.algo({ id: "m", side: -1, at: "99", qty: "1", workingType: "MARK_PRICE" });
    venue.algo({ id: "p", side: -1, at: "94", qty: "1", isPriceProtected: true });
    venue.told();
    venue.print("93", "99.01");
    expect(venue.told()).toEqual([]);
    venue.print("93", "97.6");
    expect(venue.told()[0]).toBe("m TRIGGERING");
    // |97.6 - 93| is less than 5 % of 93.
    expect(venue.exchange.openAlgos()).toEqual([]);
  });

  it("that becomes a limit order is finished with it", () => {
    const venue = new PathVenue();
    venue.order({ id: "in", side: 1, qty: "1" });
    venue.algo({ id: "s", side: -1, at: "99", qty: "1", type: "STOP", price: "99.5" });
    venue.print("99");
    expect(venue.exchange.algo(A, "s")?.status).toBe("TRIGGERED");
    venue.told();
    venue.print("99.51");
    expect(venue.told()).toEqual(["s TRADE FILLED 1 @ 99.5", "s FINISHED"]);
  });

  it(`is one of ${ALGO_ORDERS_MAX} of the account at most, whatever the symbol`, () => {
    const venue = new PathVenue();
    for (let index = 0; index < ALGO_ORDERS_MAX; index++)
      expect(
        venue.algo({ id: `s${index}`, side: -1, at: "99", qty: "1", symbolId: index % 2 === 0 ? A : B }),
      ).toBe("NEW");
    expect(venue.algo({ id: "one", side: -1, at: "99", qty: "1" })).toBe("-4045");
    venue.exchange.cancelAlgo(B, "s1", venue.nowMs);
    expect(venue.algo({ id: "one", side: -1, at: "99", qty: "1" })).toBe("NEW");
  });

  it("is found by its own kind of cancel alone", () => {
    const venue = new PathVenue();
    venue.algo({ id: "s", side: -1, at: "99", qty: "1" });
    expect(venue.exchange.cancel(A, "s", venue.nowMs)).toMatchObject({ error: { code: -2011 } });
    expect(venue.exchange.cancelAlgo(A, "s", venue.nowMs)).toMatchObject({ value: { status: "CANCELED" } });
    expect(venue.exchange.cancelAlgo(A, "s", venue.nowMs)).toMatchObject({ error: { code: -2011 } });
  });
});
