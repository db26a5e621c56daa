import { parseE8 } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { bundledBrackets } from "../../src/index.ts";
import { A, B, BRACKETS, PathVenue, short } from "../support/path-venue.ts";

/** Long 5 at 100.01 (notional 500.05), leverage 10, isolated: 50.005 set aside, 0.250025 paid. */
function isolatedLong(): PathVenue {
  const venue = new PathVenue();
  venue.exchange.setMarginType(A, "isolated", venue.nowMs);
  venue.exchange.setLeverage(A, 10, venue.nowMs);
  expect(venue.order({ id: "in", side: 1, qty: "5" })).toBe("FILLED");
  expect(venue.held()).toBe("5 @ 100.01 [50.005]");
  return venue;
}

describe("an isolated position, by hand", () => {
  it("is liquidated where what it was given and its loss meet the maintenance margin", () => {
    // (50.005 + 0 - 500.05) / (5 * 0.01 - 5) = -450.045 / -4.95.
    expect(isolatedLong().liquidation()).toBe("90.91818181");
  });

  it("above that mark it lives, below it all that it was given is gone, and nothing else", () => {
    const venue = isolatedLong();
    venue.print("95", "90.92");
    expect(venue.held()).toBe("5 @ 100.01 [50.005]");
    venue.order({ id: "t", side: -1, qty: "5", price: "99", isReduceOnly: true });
    venue.algo({ id: "s", side: -1, at: "80", qty: "5" });
    venue.told();
    venue.print("95", "90.91");
    expect(venue.told()).toEqual([
      "t CANCELED CANCELED",
      "s CANCELED",
      "autoclose-N CALCULATED FILLED 5 @ 90.91",
      "account INSURANCE_CLEAR",
    ]);
    // 454.55 - 500.05 = -45.5; commission 0.227275; the fund takes 4.277725 of the 5.681875 that it may ask for.
    expect(venue.booksOf("realised")).toEqual(["-45.5"]);
    expect(venue.booksOf("commission")).toEqual(["-0.250025", "-0.227275"]);
    expect(venue.booksOf("liquidation-fee")).toEqual(["-4.277725"]);
    expect(venue.wallet).toBe("949.744975");
    expect(venue.booked).toBe(venue.wallet);
  });

  it("a market that jumps past the bankruptcy costs no more: the insurance fund pays the rest", () => {
    const venue = isolatedLong();
    venue.print("85");
    // 425 - 500.05 = -75.05, commission 0.2125: 25.2575 more than it was given.
    expect(venue.booksOf("liquidation-fee")).toEqual(["25.2575"]);
    expect(venue.wallet).toBe("949.744975");
  });

  it("is closed at the mark when its contract ends, and nothing waits there any more", () => {
    const venue = isolatedLong();
    venue.order({ id: "t", side: -1, qty: "5", price: "102", isReduceOnly: true });
    venue.algo({ id: "s", side: -1, at: "80", qty: "5" });
    venue.print("100", "100.5");
    venue.told();
    venue.exchange.settle(A, venue.nowMs);
    expect(venue.told()).toEqual([
      "t CANCELED CANCELED",
      "s CANCELED",
      "settlement_autoclose-N TRADE FILLED 5 @ 100.5",
    ]);
    expect(venue.booksOf("realised")).toEqual(["2.45"]);
  });

  it("pays the fees that hold when it trades", () => {
    const venue = new PathVenue();
    venue.exchange.setFees(A, { takerRatio: 0, makerRatio: 0 });
    venue.order({ id: "in", side: 1, qty: "5" });
    expect(venue.booksOf("commission")).toEqual([]);
  });

  it("can be given more margin, and gives back what it does not need", () => {
    const venue = isolatedLong();
    const give = (amount: string): string => {
      const reply = venue.exchange.movePositionMargin(A, parseE8(amount), venue.nowMs);
      return reply.type === "done" ? "done" : String(reply.error.code);
    };
    const { wallet } = venue;
    expect(give("10")).toBe("done");
    expect(venue.held()).toBe("5 @ 100.01 [60.005]");
    // 454.55 - 500.05 + 60.005 would have been too little before.
    venue.print("91", "90.5");
    expect(venue.held()).toBe("5 @ 100.01 [60.005]");
    expect(give("-1")).toBe("-4051");
    venue.print("101");
    // 505 / 10 stays with it.
    expect(give("-9.505")).toBe("done");
    expect(give("-0.1")).toBe("-4051");
    expect(give("5000")).toBe("-4050");
    expect(venue.wallet).toBe(wallet);
    venue.order({ id: "out", side: -1, qty: "5", isReduceOnly: true });
    expect(give("1")).toBe("-4054");
    venue.exchange.setMarginType(A, "cross", venue.nowMs);
    venue.order({ id: "again", side: 1, qty: "5" });
    expect(give("1")).toBe("-4049");
  });

  it("gives back its share when it is reduced, and pays its own funding", () => {
    const venue = isolatedLong();
    venue.order({ id: "out", side: -1, qty: "2", isReduceOnly: true });
    // 50.005 * 3 / 5.
    expect(venue.held()).toBe("3 @ 100.01 [30.003]");
    venue.print("101");
    venue.exchange.fund(A, parseE8("0.0001"), venue.nowMs);
    // 3 * 101 * 0.0001.
    expect(venue.booksOf("funding")).toEqual(["-0.0303"]);
    expect(venue.held()).toBe("3 @ 100.01 [29.9727]");
    // (29.9727 - 300.03) / (0.03 - 3).
    expect(venue.liquidation()).toBe("90.92838384");
  });

  it("a short one is liquidated above its entry", () => {
    const venue = new PathVenue();
    venue.exchange.setMarginType(A, "isolated", venue.nowMs);
    venue.exchange.setLeverage(A, 10, venue.nowMs);
    venue.order({ id: "in", side: -1, qty: "5" });
    // (50 + 500) / (0.05 + 5).
    expect(venue.liquidation()).toBe("108.91089109");
    venue.print("105", "108.92");
    expect(venue.held()).toBe("flat");
  });
});

describe("cross positions, by hand", () => {
  it("share the wallet: one that falls takes the other with it", () => {
    const venue = new PathVenue({ wallet: "100" });
    venue.order({ id: "a", side: 1, qty: "8" });
    venue.order({ id: "b", side: -1, qty: "5", symbolId: B });
    expect(venue.wallet).toBe("99.34996");
    // (99.34996 - 5 + 0 - 800.08) / (0.08 - 8): B's maintenance is 5, its result 0.
    expect(venue.liquidation()).toBe("89.10732828");
    venue.print("95", "89.11");
    expect(venue.held()).not.toBe("flat");
    venue.told();
    venue.print("95", "89.1");
    expect(venue.told()).toEqual([
      "autoclose-N CALCULATED FILLED 8 @ 89.1",
      "account INSURANCE_CLEAR",
      "autoclose-N CALCULATED FILLED 5 @ 100",
      "account INSURANCE_CLEAR",
    ]);
    // A: -87.28, commission 0.3564, fee 8.91: 2.80356 are left, less than B's maintenance of 5; the rest of B's fee.
    expect(venue.booksOf("liquidation-fee")).toEqual(["-8.91", "-2.55356"]);
    expect([venue.wallet, venue.booked]).toEqual(["0", "0"]);
  });

  it("lend their open profit to each other", () => {
    const venue = new PathVenue({ wallet: "100" });
    venue.order({ id: "a", side: 1, qty: "8" });
    venue.order({ id: "b", side: 1, qty: "5", symbolId: B });
    venue.print("120", "120", B);
    // UPNL_B = 600 - 500.05, TMM_B = 6: (99.349935 - 6 + 99.95 - 800.08) / -7.92.
    expect(venue.liquidation()).toBe("76.61364457");
  });
});

describe("an account that has lost more than it had", () => {
  it("owes nothing once it is flat: the insurance fund pays", () => {
    const venue = new PathVenue({ wallet: "30" });
    venue.order({ id: "in", side: 1, qty: "5" });
    // The last trade is 4 % below the mark, which carries it: 25.4 - 0.250025 - 25 - 0.237525 = -0.08755.
    venue.exchange.transfer(parseE8("-4.6"), venue.nowMs);
    venue.print("95.01", "99");
    venue.told();
    venue.order({ id: "out", side: -1, qty: "5", isReduceOnly: true });
    expect(venue.held()).toBe("flat");
    expect(venue.told().at(-1)).toBe("account INSURANCE_CLEAR");
    expect(venue.booksOf("liquidation-fee")).toEqual(["0.08755"]);
    expect([venue.wallet, venue.booked]).toEqual(["0", "0"]);
  });
});

describe("brackets", () => {
  it("give the maintenance margin without a jump, and allow no more than their leverage", () => {
    expect(short(BRACKETS.maintenanceE8(parseE8("1000")))).toBe("10");
    expect(short(BRACKETS.maintenanceE8(parseE8("1500")))).toBe("20");
    const venue = new PathVenue({ wallet: "10000" });
    expect(venue.order({ id: "a", side: 1, qty: "15" })).toBe("-2027");
    venue.exchange.setLeverage(A, 10, venue.nowMs);
    expect(venue.order({ id: "a", side: 1, qty: "15" })).toBe("FILLED");
    expect(venue.exchange.setLeverage(A, 20, venue.nowMs)).toMatchObject({ error: { code: -2027 } });
    expect(venue.exchange.setLeverage(A, 21, venue.nowMs)).toMatchObject({ error: { code: -4028 } });
    // 15 are held: 35 more are 5,000.
    expect(venue.order({ id: "b", side: 1, qty: "35.1", price: "100" })).toBe("-2027");
    expect(venue.order({ id: "b", side: 1, qty: "35", price: "100" })).toBe("NEW");
  });

  it("the liquidation price takes the bracket of the position's value there", () => {
    const isolated = (qty: string): string => {
      const venue = new PathVenue();
      venue.exchange.setMarginType(A, "isolated", venue.nowMs);
      venue.exchange.setLeverage(A, 10, venue.nowMs);
      venue.order({ id: "in", side: 1, qty });
      return venue.liquidation();
    };
    // (150.015 + 10 - 1500.15) / (0.3 - 15): worth 1,367 there.
    expect(isolated("15")).toBe("91.16564625");
    // Worth less than 1,000 there: (105.0105 - 1050.105) / (0.105 - 10.5).
    expect(isolated("10.5")).toBe("90.91818181");
  });

  it("of the bundled symbols follow one another, with cum_n = cum_(n-1) + floor_n * (ratio_n - ratio_(n-1))", () => {
    for (const symbol of ["BTCUSDT", "XMRUSDT", "1000PEPEUSDT", "NOSUCHUSDT", "constructor"]) {
      const { steps } = bundledBrackets(symbol);
      steps.forEach(({ notionalFloorE8, maintMarginRatioE8, cumE8 }, index) => {
        const before = steps[index - 1];
        if (before === undefined) return;
        const stepE8 = (notionalFloorE8 * (maintMarginRatioE8 - before.maintMarginRatioE8)) / 100_000_000n;
        expect(cumE8, `${symbol} ${index}`).toBe(before.cumE8 + stepE8);
      });
    }
    expect(short(bundledBrackets("BTCUSDT").notionalMaxE8(20))).toBe("100000000");
    expect(short(bundledBrackets("BTCUSDT").maintenanceE8(parseE8("1000000")))).toBe("5550");
  });
});

describe("what a new order may use", () => {
  it("is the wallet less margins, open losses and waiting orders", () => {
    const venue = new PathVenue({ wallet: "10" });
    // 200.02 / 20 + 2 * 0.01 lost at the mark at once.
    expect(venue.order({ id: "a", side: 1, qty: "2" })).toBe("-2019");
    expect(venue.order({ id: "l", side: 1, qty: "1", price: "99" })).toBe("NEW");
    expect(short(venue.exchange.availableE8())).toBe("5.05");
    expect(venue.order({ id: "b", side: 1, qty: "1" })).toBe("FILLED");
    // 10 - 0.050005 - 4.95 - 0.01 - 5.
    expect(short(venue.exchange.availableE8())).toBe("0");
    // A closing order needs none.
    expect(venue.order({ id: "out", side: -1, qty: "1" })).toBe("FILLED");
  });

  it("leaves through a transfer only as far as nothing needs it", () => {
    const venue = new PathVenue({ wallet: "10" });
    venue.order({ id: "l", side: 1, qty: "1", price: "99" });
    expect(venue.exchange.transfer(parseE8("-5.06"), venue.nowMs)).toMatchObject({ error: { code: -2018 } });
    expect(venue.exchange.transfer(parseE8("-5.05"), venue.nowMs)).toMatchObject({ type: "done" });
    venue.exchange.transfer(parseE8("7"), venue.nowMs);
    expect(venue.booksOf("transfer")).toEqual(["-5.05", "7"]);
    expect(venue.told()).toEqual(["l NEW NEW", "account WITHDRAW", "account DEPOSIT"]);
    expect(venue.wallet).toBe("11.95");
  });

  it("pays out no profit that nobody has taken yet", () => {
    const venue = new PathVenue({ wallet: "100" });
    venue.order({ id: "a", side: 1, qty: "5" });
    venue.print("150");
    // 99.749975 + 249.95 - 37.5 may be used for orders.
    expect(short(venue.exchange.availableE8())).toBe("312.199975");
    expect(venue.exchange.transfer(parseE8("-99.749976"), venue.nowMs)).toMatchObject({
      error: { code: -2018 },
    });
    expect(venue.exchange.transfer(parseE8("-99.749975"), venue.nowMs)).toMatchObject({ value: 0n });
  });
});

describe("settings", () => {
  it("the margin type changes only where nothing is held or waits", () => {
    const venue = new PathVenue();
    venue.order({ id: "l", side: 1, qty: "1", price: "99" });
    expect(venue.exchange.setMarginType(A, "cross", venue.nowMs)).toMatchObject({ type: "done" });
    expect(venue.exchange.setMarginType(A, "isolated", venue.nowMs)).toMatchObject({
      error: { code: -4047 },
    });
    venue.print("98");
    expect(venue.exchange.setMarginType(A, "isolated", venue.nowMs)).toMatchObject({
      error: { code: -4048 },
    });
    expect(venue.exchange.setMarginType(B, "isolated", venue.nowMs)).toMatchObject({
      value: { marginType: "isolated" },
    });
  });

  it("the leverage of what is held goes down only with margin for it, and never while it is isolated", () => {
    expect(isolatedLong().exchange.setLeverage(A, 9, 10_000)).toMatchObject({ error: { code: -4161 } });
    const venue = new PathVenue({ wallet: "30" });
    venue.order({ id: "in", side: 1, qty: "5" });
    expect(venue.exchange.setLeverage(A, 10, venue.nowMs)).toMatchObject({ error: { code: -2019 } });
    expect(venue.exchange.settings(A).leverage).toBe(20);
    expect(venue.exchange.setLeverage(A, 18, venue.nowMs)).toMatchObject({ value: { leverage: 18 } });
    expect(venue.told().at(-1)).toBe("leverage 18");
  });

  it("the leverage of what waits is bound by its size, that of an unused symbol needs no margin", () => {
    const venue = new PathVenue({ wallet: "110" });
    venue.exchange.setLeverage(A, 10, venue.nowMs);
    expect(venue.order({ id: "l", side: 1, qty: "11", price: "99" })).toBe("NEW");
    expect(venue.exchange.setLeverage(A, 20, venue.nowMs)).toMatchObject({ error: { code: -2027 } });
    expect(short(venue.exchange.availableE8())).toBe("1.1");
    venue.exchange.transfer(parseE8("-1.1"), venue.nowMs);
    expect(venue.exchange.setLeverage(A, 9, venue.nowMs)).toMatchObject({ error: { code: -2019 } });
    expect(venue.exchange.setLeverage(B, 5, venue.nowMs)).toMatchObject({ value: { leverage: 5 } });
  });
});

describe("what the venue does by itself", () => {
  it("deleverages at the mark, rounded against the account", () => {
    const venue = new PathVenue();
    venue.order({ id: "in", side: 1, qty: "5" });
    venue.order({ id: "t", side: -1, qty: "5", price: "101", isReduceOnly: true });
    venue.print("100", "99.999");
    venue.told();
    venue.exchange.deleverage(A, parseE8("2"), venue.nowMs);
    expect(venue.told()).toEqual(["adl_autoclose_N CALCULATED FILLED 2 @ 99.99"]);
    expect(venue.held()).toBe("3 @ 100.01 [0]");
    expect(venue.exchange.order(A, "t")?.qtyE8).toBe(parseE8("3"));
    venue.exchange.deleverage(A, parseE8("9"), venue.nowMs);
    expect(venue.told()).toEqual(["adl_autoclose_N CALCULATED FILLED 3 @ 99.99", "t EXPIRED EXPIRED"]);
  });

  it("pays funding on the notional at the mark: longs a positive rate, shorts a negative one", () => {
    for (const [side, rate, paid] of [
      [1, "0.0001", "-0.0505"],
      [-1, "0.0001", "0.0505"],
      [1, "-0.0003", "0.1515"],
      [-1, "-0.0003", "-0.1515"],
    ] as const) {
      const venue = new PathVenue();
      venue.exchange.fund(A, parseE8(rate), venue.nowMs);
      venue.order({ id: "in", side, qty: "5" });
      venue.print("100", "101");
      venue.exchange.fund(A, parseE8(rate), venue.nowMs);
      expect(venue.booksOf("funding")).toEqual([paid]);
    }
  });

  it("gives ids of 19 digits, which no double holds", () => {
    const venue = new PathVenue();
    venue.order({ id: "a", side: 1, qty: "1" });
    const id = venue.exchange.order(A, "a")?.orderId ?? "";
    expect(id).toMatch(/^\d{19}$/);
    expect(BigInt(Number(id))).not.toBe(BigInt(id));
  });
});
