import { parseE8 } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { Governors, Pace } from "../src/index.ts";
import { DEFAULTS } from "./support.ts";

const DAY = Date.parse("2025-06-02T00:00:00Z");
const MINUTE = 60_000;

/** An account of 10,000 that is told of its minutes. */
class Account {
  readonly governors: Governors;

  constructor(start = "10000") {
    this.governors = new Governors(parseE8(start), DEFAULTS);
  }

  minute(closeMs: number, equity: string, transfers: string = "0"): string | null {
    return this.governors.minute(closeMs, parseE8(equity), parseE8(transfers));
  }

  at(equity: string, transfers: string = "0"): Governors["state"] {
    this.minute(DAY + 9 * 60 * MINUTE, equity, transfers);
    return this.governors.state;
  }
}

describe("the loss of a day", () => {
  it.each([
    ["10500", 1, false, null],
    ["10000", 1, false, null],
    ["9800.00000001", 1, false, null],
    ["9800", 0.5, false, null],
    ["9700.00000001", 0.5, false, null],
    ["9700", 0.5, true, null],
    ["9500.00000001", 0.5, true, null],
    ["9500", 0.5, true, "daily-loss"],
    ["1", 0.5, true, "daily-loss"],
  ])("down to %s: factor %s, stopped %s, flatten %s", (equity, dailyFactor, isDayStopped, flatten) => {
    const account = new Account();
    expect(account.minute(DAY + MINUTE, equity)).toBe(flatten);
    expect(account.governors.state).toMatchObject({ dailyFactor, isDayStopped });
  });

  it("is followed up again, unless everything was flattened", () => {
    const account = new Account();
    account.minute(DAY + MINUTE, "9700");
    expect(account.governors.state.isDayStopped).toBe(true);
    account.minute(DAY + 2 * MINUTE, "9750");
    expect(account.governors.state).toMatchObject({ isDayStopped: false, dailyFactor: 0.5 });
    account.minute(DAY + 3 * MINUTE, "9500");
    expect(account.minute(DAY + 4 * MINUTE, "10000")).toBeNull();
    expect(account.governors.state).toMatchObject({ isDayStopped: true, dailyFactor: 1, dayLossRatio: 0 });
  });

  it("counts from the minute that closes at 00:00, and a stopped day ends there", () => {
    const account = new Account();
    expect(account.minute(DAY - MINUTE, "9500")).toBe("daily-loss");
    expect(account.minute(DAY, "9500")).toBeNull();
    expect(account.governors.state).toMatchObject({ dayLossRatio: 0, dailyFactor: 1, isDayStopped: false });
    account.minute(DAY + MINUTE, "9310");
    expect(account.governors.state).toMatchObject({ dayLossRatio: 0.02, dailyFactor: 0.5 });
  });

  it("counts from the start's equity before the first midnight", () => {
    const account = new Account();
    account.minute(DAY + MINUTE, "10100");
    account.minute(DAY + 2 * MINUTE, "9800");
    expect(account.governors.state.dayLossRatio).toBe(0.02);
    expect(account.governors.dayPnl).toBe(-200);
  });

  it("is neither made nor mended by money that comes or goes", () => {
    expect(new Account().at("5000", "-5000").dayLossRatio).toBe(0);
    expect(new Account().at("15000", "5000").dayLossRatio).toBe(0);
    expect(new Account().at("14800", "5000").dayLossRatio).toBe(0.02);
    expect(new Account().at("4800", "-5000")).toMatchObject({ dayLossRatio: 0.02, dailyFactor: 0.5 });
  });

  it("does not count yesterday's transfers", () => {
    const account = new Account();
    account.minute(DAY - MINUTE, "15000", "5000");
    account.minute(DAY, "15000", "5000");
    expect(account.at("14700", "5000").dayLossRatio).toBe(0.02);
  });

  it.each(["0", "-500"])("of a day that began at %s is measured by what was paid in since", (start) => {
    const account = new Account(start);
    expect(account.governors.state).toMatchObject({ dayLossRatio: 0, dailyFactor: 1, isDayStopped: false });
    const paidIn = start === "0" ? "1000" : "1500";
    expect(account.minute(DAY + MINUTE, "999", paidIn)).toBeNull();
    expect(account.governors.state.dayLossRatio).toBe(0.001);
    expect(account.minute(DAY + 2 * MINUTE, "950", paidIn)).toBe("daily-loss");
  });
});

describe("the drawdown", () => {
  // Start and peak are 10,000; the day is told to begin at each equity, so that the daily loss stays out.
  const drawn = (equity: string): { readonly flatten: string | null; readonly governors: Governors } => {
    const account = new Account();
    const flatten = account.minute(DAY, equity);
    return { flatten, governors: account.governors };
  };

  it.each([
    ["12000", 1],
    ["10000", 1],
    ["9750", 1],
    ["9700", 0.9],
    ["9625", 0.75],
    ["9500", 0.5],
    ["9400", 0.4],
    ["9250", 0.25],
    ["9200", 0.2],
    ["9100", 0.1],
    ["9000", 0],
    ["5000", 0],
  ])("at %s of 10,000 leaves a factor of %s", (equity, factor) => {
    expect(drawn(equity).governors.state.drawdownFactor).toBeCloseTo(factor, 12);
  });

  it.each([
    ["9749.99999999", "9750"],
    ["9499.99999999", "9500"],
  ])("falls without a step at %s", (below, at) => {
    const step = drawn(at).governors.state.drawdownFactor - drawn(below).governors.state.drawdownFactor;
    expect(step).toBeGreaterThan(0);
    expect(step).toBeLessThan(1e-9);
  });

  it("halts and flattens beyond 0.08, and not at it", () => {
    expect(drawn("9200")).toMatchObject({ flatten: null, governors: { isHalting: false } });
    expect(drawn("9199.99999999")).toMatchObject({ flatten: "drawdown", governors: { isHalting: true } });
  });

  it("counts from the highest equity, however many days ago", () => {
    const account = new Account();
    account.minute(DAY, "20000");
    account.minute(DAY + 86_400_000, "19000");
    expect(account.governors.state).toMatchObject({ drawdownRatio: 0.05, drawdownFactor: 0.5 });
  });

  it("is named after the daily loss where both would flatten", () => {
    expect(new Account().minute(DAY + MINUTE, "9000")).toBe("daily-loss");
  });

  it("moves its peak with money that comes or goes", () => {
    expect(new Account().at("5000", "-5000").drawdownRatio).toBe(0);
    expect(new Account().at("20000", "10000").drawdownRatio).toBe(0);
    expect(new Account().at("19500", "10000").drawdownRatio).toBe(0.025);
    const account = new Account();
    account.at("20000", "10000");
    expect(account.at("9500", "0")).toMatchObject({ drawdownRatio: 0.05 });
  });

  it("begins anew at the equity of the moment when a person resumes", () => {
    const { governors } = drawn("9000");
    expect(governors.isHalting).toBe(true);
    governors.rebase();
    expect(governors.isHalting).toBe(false);
    expect(governors.state).toMatchObject({ drawdownRatio: 0, drawdownFactor: 1 });
    expect(governors.minute(DAY + MINUTE, parseE8("8775"), 0n)).toBeNull();
    expect(governors.state.drawdownRatio).toBe(0.025);
  });

  it.each(["0", "-100"])("of an account of %s is none, and is no gain when it gets worse", (start) => {
    const account = new Account(start);
    expect(account.governors.state).toMatchObject({ drawdownRatio: 0, drawdownFactor: 1 });
    expect(account.minute(DAY + MINUTE, "-200")).toBeNull();
    expect(account.governors.isHalting).toBe(false);
    expect(account.governors.state).toMatchObject({ drawdownRatio: 0, drawdownFactor: 1 });
  });
});

describe("a symbol's lock", () => {
  const HOURS_2 = 7_200_000;

  it("needs two exits by stop at most 2 h apart, and lasts 2 h from the later", () => {
    const pace = new Pace(DEFAULTS);
    expect(pace.lockedUntilMs(1)).toBe(0);
    pace.stopped(1, 1_000);
    expect(pace.lockedUntilMs(1)).toBe(0);
    pace.stopped(1, 1_000 + HOURS_2);
    expect(pace.lockedUntilMs(1)).toBe(1_000 + 2 * HOURS_2);
    expect(pace.lockedUntilMs(2)).toBe(0);
  });

  it("does not come of exits a millisecond further apart, nor of an earlier pair", () => {
    const pace = new Pace(DEFAULTS);
    for (const atMs of [0, 1_000, 1_001 + HOURS_2]) pace.stopped(1, atMs);
    expect(pace.lockedUntilMs(1)).toBe(0);
    pace.stopped(1, 1_002 + HOURS_2);
    expect(pace.lockedUntilMs(1)).toBe(1_002 + 2 * HOURS_2);
  });

  it("takes exits in the order of their time, not of their telling", () => {
    const pace = new Pace(DEFAULTS);
    for (const atMs of [5_000, 1_000]) pace.stopped(1, atMs);
    expect(pace.lockedUntilMs(1)).toBe(5_000 + HOURS_2);
  });
});

describe("a streak", () => {
  const HALF_HOUR = 1_800_000;

  it("is four exits by stop of any symbols within 30 min, and pauses 30 min from the last", () => {
    const pace = new Pace(DEFAULTS);
    for (const [symbol, atMs] of [0, 600_000, 1_200_000].entries()) pace.stopped(symbol, atMs);
    expect(pace.pausedUntilMs()).toBe(0);
    pace.stopped(9, HALF_HOUR);
    expect(pace.pausedUntilMs()).toBe(2 * HALF_HOUR);
  });

  it("is none a millisecond longer, and goes on with every further stop", () => {
    const pace = new Pace(DEFAULTS);
    for (const atMs of [0, 600_000, 1_200_000, HALF_HOUR + 1]) pace.stopped(1, atMs);
    expect(pace.pausedUntilMs()).toBe(0);
    pace.stopped(2, 600_000 + HALF_HOUR);
    expect(pace.pausedUntilMs()).toBe(600_000 + 2 * HALF_HOUR);
    pace.stopped(2, 600_001 + HALF_HOUR);
    expect(pace.pausedUntilMs()).toBe(600_001 + 2 * HALF_HOUR);
  });

  it("takes exits in the order of their time, not of their telling", () => {
    const pace = new Pace(DEFAULTS);
    for (const atMs of [1_000, 2_000, 4_000, 3_000]) pace.stopped(1, atMs);
    expect(pace.pausedUntilMs()).toBe(4_000 + HALF_HOUR);
    const apart = new Pace(DEFAULTS);
    for (const atMs of [HALF_HOUR + 1, 1_000, 2_000, 0]) apart.stopped(1, atMs);
    expect(apart.pausedUntilMs()).toBe(0);
  });
});

describe("what holds entries back", () => {
  it("is told with the end of each lock, by symbol, and only while it holds", () => {
    const pace = new Pace(DEFAULTS);
    for (const symbol of [7, 3]) for (const atMs of [1_000, 2_000 + symbol]) pace.stopped(symbol, atMs);
    pace.stopped(5, 1_000);
    const end = 2_000 + DEFAULTS.symbolLockMs;
    expect(pace.locks(2_000)).toEqual([
      { symbolId: 3, untilMs: end + 3 },
      { symbolId: 7, untilMs: end + 7 },
    ]);
    expect(pace.locks(end + 3)).toEqual([{ symbolId: 7, untilMs: end + 7 }]);
    expect(pace.locks(end + 7)).toEqual([]);
  });

  it("counts the stops of the last half hour, its first instant included, up to a streak", () => {
    const pace = new Pace(DEFAULTS);
    const { streakMs } = DEFAULTS;
    expect(pace.stopsInStreak(0)).toBe(0);
    for (const atMs of [0, 1, 2]) pace.stopped(1, atMs);
    expect([pace.stopsInStreak(streakMs), pace.stopsInStreak(streakMs + 1)]).toEqual([3, 2]);
    for (const atMs of [3, 4]) pace.stopped(1, atMs);
    expect(pace.stopsInStreak(streakMs)).toBe(4);
  });
});

describe("the throttle", () => {
  it("counts entries in (T - 60 s, T]", () => {
    const pace = new Pace(DEFAULTS);
    expect(pace.entriesInMinute(MINUTE)).toBe(0);
    for (const atMs of [0, 1, 30_000, 30_000, MINUTE]) pace.entered(atMs);
    expect(pace.entriesInMinute(MINUTE)).toBe(4);
    expect(pace.entriesInMinute(MINUTE + 1)).toBe(3);
    expect(pace.entriesInMinute(MINUTE - 1)).toBe(3);
    expect(pace.entriesInMinute(30_000 + MINUTE)).toBe(1);
    expect(pace.entriesInMinute(2 * MINUTE)).toBe(0);
  });
});
