import { parseE8, symbolId } from "@smcq/kernel";
import { M1_SCALP } from "@smcq/strategy";
import { describe, expect, it } from "vitest";

import { DELIST_EXIT_MS } from "../../src/trading/protocol.ts";
import { BARLESS_MS } from "../../src/trading/stages/exits.ts";
import { CoreDriver } from "../support/core-driver.ts";
import { DAY_MS, FEES, MINUTE_MS, optionsOf, PROTOCOL, rulesOf } from "../support/fixtures.ts";

/** Closes at which a long of 100.02 stagnates, does not, and has lost 5.2 % of the equity. */
const STAGNANT = "100.14";
const LIVELY = "100.50";
const CRASHED = "84";

function guarded(symbols = 1): CoreDriver {
  const driver = new CoreDriver(symbols, {}, { isVenueRemote: false });
  driver.guard();
  return driver;
}

/** Leaves by the market order that was asked for, and says what closed. */
function leave(driver: CoreDriver, ticks: number): readonly string[] {
  return [...driver.end("target"), ...driver.fill("exit", { ticks }), ...driver.end("stop")];
}

function toMidnight(driver: CoreDriver): void {
  driver.nowMs = (Math.floor(driver.nowMs / DAY_MS) + 1) * DAY_MS - MINUTE_MS;
}

describe("exits by rule", () => {
  it("leave what stagnates, from the bar after the bound on", () => {
    const driver = guarded();
    for (let bar = 1; bar <= M1_SCALP.stagnationBars; bar++)
      expect(driver.minute(STAGNANT), `bar ${bar}`).toEqual([]);
    expect(driver.minute(STAGNANT)).toEqual(["cancel target"]);
    expect(leave(driver, 10_012)).toEqual(["exit -326", "cancel stop", "closed stagnation"]);
  });

  it("leave after the longest holding time, whatever the price", () => {
    const driver = guarded();
    for (let bar = 1; bar < M1_SCALP.holdBarsMax; bar++)
      expect(driver.minute(LIVELY), `bar ${bar}`).toEqual([]);
    expect(driver.minute(LIVELY)).toEqual(["cancel target"]);
    expect(leave(driver, 10_048)).toContain("closed time");
  });

  it("count bars of the symbol, not minutes", () => {
    const driver = guarded();
    for (let minute = 0; minute < 2 * M1_SCALP.holdBarsMax; minute++)
      expect(driver.minute(), `minute ${minute}`).toEqual([]);
    for (let bar = 1; bar < M1_SCALP.holdBarsMax; bar++) driver.minute(LIVELY);
    expect(driver.minute(LIVELY)).toEqual(["cancel target"]);
  });

  it("count from the bar after the signal's on, whose own minute is told behind the decision", () => {
    const driver = new CoreDriver();
    const closeMs = driver.nowMs;
    driver.nowMs += 2_000;
    driver.guard();
    const marks = [{ symbolId: symbolId(0), priceE8: parseE8(LIVELY) }];
    const tell = (bar: number): readonly string[] => {
      driver.nowMs = closeMs + bar * MINUTE_MS + 6_000;
      return driver.put({ type: "minute", closeMs: closeMs + bar * MINUTE_MS, marks });
    };
    for (let bar = 0; bar < M1_SCALP.holdBarsMax; bar++) expect(tell(bar), `bar ${bar}`).toEqual([]);
    expect(tell(M1_SCALP.holdBarsMax)).toEqual(["cancel target"]);
  });

  it("name a trade by the first of several rules", () => {
    const driver = new CoreDriver(2, {}, { isVenueRemote: false });
    driver.decide(driver.candidate(0));
    driver.fill("entry");
    driver.ack("stop");
    for (let bar = 1; bar <= M1_SCALP.stagnationBars; bar++) driver.minute(STAGNANT);
    driver.decide(driver.candidate(1));
    driver.fill("entry");
    driver.ack("stop");
    expect(driver.minute(STAGNANT, "80")).toEqual(["cancel target", "cancel target"]);
    expect(driver.core.holdings.openTrades().map(({ wantedExit }) => wantedExit)).toEqual([
      "stagnation",
      "daily-loss",
    ]);
  });
});

describe("daily loss", () => {
  it("flattens everything and opens nothing until the next UTC day", () => {
    const driver = guarded();
    expect(driver.minute(CRASHED)).toEqual(["cancel target"]);
    expect(leave(driver, 8_398)).toContain("closed daily-loss");
    driver.minute();
    expect(driver.enter()).toEqual([]);
    expect(driver.outcomes.at(-1)).toBe("S0 DAILY_LOSS");
    expect(driver.core.holdings.state).toBe("ACTIVE");
    toMidnight(driver);
    driver.minute();
    expect(driver.enter()).toHaveLength(1);
  });

  it("leaves an entry that was on its way as soon as it fills", () => {
    const driver = guarded(2);
    driver.decide(driver.candidate(1));
    driver.minute(CRASHED);
    expect(driver.fill("entry")).toEqual([
      expect.stringMatching(/^stop -/),
      expect.stringMatching(/^exit -/),
    ]);
    expect(driver.fill("exit")).toContain("closed daily-loss");
  });

  it("forgets an entry that was on its way and is refused", () => {
    const driver = guarded(2);
    driver.decide(driver.candidate(1));
    driver.minute(CRASHED);
    expect(driver.refuse("entry")).toEqual([]);
    expect(driver.core.holdings.trades.has(symbolId(1))).toBe(false);
  });
});

describe("drawdown", () => {
  /** A position that loses 3.9 % on the first day and stands at 8.2 % on the second. */
  function halted(): CoreDriver {
    const driver = guarded();
    driver.minute("88");
    toMidnight(driver);
    driver.minute("88");
    expect(driver.states).toEqual([]);
    expect(driver.minute("75")).toEqual(["cancel target"]);
    return driver;
  }

  it("halts, flattens and tells of it once", () => {
    const driver = halted();
    expect(leave(driver, 7_498)).toContain("closed drawdown");
    driver.minute();
    expect(driver.states).toEqual(["HALTED drawdown"]);
    expect(driver.core.holdings.state).toBe("HALTED");
  });

  it("stays halted, also in profit and on another day, until a person resumes", () => {
    const driver = halted();
    leave(driver, 20_000);
    toMidnight(driver);
    driver.minute();
    expect(driver.enter()).toEqual([]);
    expect(driver.outcomes.at(-1)).toBe("S0 STATE_NOT_ACTIVE");
    driver.put({ type: "operator", word: "resume" });
    driver.nowMs += MINUTE_MS;
    expect(driver.enter()).toHaveLength(1);
    expect(driver.core.holdings.state).toBe("ACTIVE");
  });

  it("is measured from the equity of the moment in which a person resumed", () => {
    const driver = halted();
    leave(driver, 7_498);
    driver.put({ type: "operator", word: "resume" });
    driver.minute();
    expect(driver.core.holdings.state).toBe("ACTIVE");
    expect(driver.core.governors.state.drawdownFactor).toBe(1);
  });
});

describe("a symbol that the venue is about to deliver (MD19)", () => {
  /** The venue tells that symbol 0 ends so long from now, or that it does not. */
  function announce(driver: CoreDriver, inMs: number | null): readonly string[] {
    const end = inMs === null ? {} : { deliveryMs: driver.nowMs + inMs };
    const symbol = { symbolId: symbolId(0), symbol: "S0", rules: rulesOf(), fees: FEES };
    return driver.put({ type: "instrument", ...symbol, ...end });
  }

  it("is left two hours before, by the clock alone, and named so", () => {
    const driver = new CoreDriver();
    driver.guard();
    expect(announce(driver, DELIST_EXIT_MS + 30_000)).toEqual([]);
    expect(driver.wait(29_900)).toEqual([]);
    expect(driver.wait(100)).toEqual(["cancel target"]);
    expect(leave(driver, 10_048)).toContain("closed delist");
  });

  it("is left at once when it is told too late, and its rule goes before the day's loss", () => {
    const late = new CoreDriver();
    late.guard();
    expect(announce(late, MINUTE_MS)).toEqual(["cancel target"]);
    const both = new CoreDriver();
    both.guard();
    announce(both, DELIST_EXIT_MS + MINUTE_MS);
    expect(both.minute(CRASHED)).toEqual(["cancel target"]);
    expect(leave(both, 8_400)).toContain("closed delist");
  });

  it("is entered only where the plan's longest holding time ends before, or the end is taken back", () => {
    const driver = new CoreDriver();
    const holdMs = M1_SCALP.holdBarsMax * MINUTE_MS;
    announce(driver, DELIST_EXIT_MS + holdMs - 1);
    expect(driver.enter()).toEqual([]);
    announce(driver, null);
    driver.nowMs += MINUTE_MS;
    expect(driver.enter()).toHaveLength(1);
    expect(driver.outcomes).toEqual(["S0 SYMBOL_BLOCKED", "S0 APPROVED"]);
    const early = new CoreDriver();
    announce(early, DELIST_EXIT_MS + holdMs);
    expect(early.enter()).toHaveLength(1);
  });

  it("is left to a person who opened it", () => {
    const driver = new CoreDriver();
    driver.foreign("web_1", 10);
    expect(announce(driver, MINUTE_MS)).toEqual([]);
    expect(driver.core.holdings.openTrades()[0]?.wantedExit).toBeNull();
  });
});

describe("exits by the clock, where bars stay away", () => {
  const HOLD_MS = M1_SCALP.holdBarsMax * MINUTE_MS;

  it("leave three minutes after the last bar, not before 120 minutes after the signal", () => {
    const driver = new CoreDriver();
    driver.guard();
    const signalMs = driver.nowMs;
    for (let bar = 1; bar <= 118; bar++) driver.minute(LIVELY);
    driver.wait(BARLESS_MS - 100);
    expect(driver.core.holdings.openTrades()[0]?.wantedExit).toBeNull();
    expect(driver.wait(100)).toEqual(["cancel target"]);
    expect(driver.nowMs).toBe(signalMs + HOLD_MS + MINUTE_MS);
    expect(leave(driver, 10_048)).toContain("closed time");
  });

  it("leave 123 minutes after the signal at the latest, when bars had holes", () => {
    for (const lastBar of [0, 121]) {
      const driver = new CoreDriver();
      driver.guard();
      const signalMs = driver.nowMs;
      driver.nowMs += (lastBar - 1) * MINUTE_MS;
      if (lastBar > 0) driver.minute(LIVELY);
      driver.nowMs = signalMs + HOLD_MS + (lastBar > 0 ? BARLESS_MS : 0) - 1;
      driver.put({ type: "time" });
      expect(driver.core.holdings.openTrades()[0]?.wantedExit, `bar ${lastBar}`).toBeNull();
      driver.nowMs += 1;
      expect(driver.put({ type: "time" })).toContain("cancel target");
    }
  });

  it("take a process of another host, or after a start of the machine, for no jump of the clock", () => {
    for (const upMs of [-30 * DAY_MS, 30 * DAY_MS]) {
      const driver = new CoreDriver();
      driver.guard();
      const signalMs = driver.nowMs;
      driver.minute(LIVELY);
      driver.nowMs += MINUTE_MS;
      driver.monoOffsetMs = upMs;
      expect(driver.put({ type: "restarted", engine: optionsOf() })).not.toContain("cancel target");
      driver.nowMs = signalMs + HOLD_MS - 1;
      expect(driver.put({ type: "time" })).not.toContain("cancel target");
      driver.nowMs += 1;
      expect(driver.put({ type: "time" }), `${upMs}`).toContain("cancel target");
    }
  });

  it("try again a minute after an exit was given up, also when no minute comes", () => {
    const driver = new CoreDriver();
    driver.guard();
    driver.put({ type: "operator", word: "flatten" });
    driver.end("target");
    for (let sent = 1; sent <= PROTOCOL.exitsMax; sent++) {
      driver.refuse("exit", "TOO_MANY_ORDERS");
      driver.wait(300);
    }
    driver.ack("target");
    expect(driver.wait(MINUTE_MS - 400)).toEqual([]);
    expect(driver.wait(100)).toEqual(["cancel target"]);
    expect(driver.end("target")).toEqual(["exit -326"]);
  });

  it("try again as soon as the window allows it while neither stop nor exit is taken", () => {
    const driver = new CoreDriver();
    driver.enterFilled();
    const bareMs: number[] = [];
    let sentMs = driver.nowMs;
    let [stops, exits] = [0, 0];
    for (let passed = 0; passed < 2 * MINUTE_MS; passed += 100) {
      if (driver.count("exit") > exits) {
        bareMs.push(driver.nowMs - sentMs);
        sentMs = driver.nowMs;
        exits = driver.count("exit");
        driver.refuse("exit", "TOO_MANY_ORDERS");
      } else if (driver.count("stop") > stops) {
        stops = driver.count("stop");
        driver.refuse("stop", "TOO_MANY_ORDERS");
      }
      driver.wait(100);
    }
    expect(Math.max(...bareMs)).toBeLessThanOrEqual(PROTOCOL.exitWindowMs + 300);
    // And never more of them than the window allows, but for the one that looks for a counterparty.
    expect(exits).toBeLessThanOrEqual((PROTOCOL.exitsMax + 1) * 13);
  });

  it("are the bars' alone where the venue is in memory", () => {
    const driver = guarded();
    driver.nowMs += 2 * HOLD_MS;
    expect(driver.put({ type: "time" })).toEqual([]);
  });
});
