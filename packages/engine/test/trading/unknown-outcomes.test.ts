import { describe, expect, it } from "vitest";
import { AGREE_MS, GHOST_AGE_MS, OUTCOME_MS } from "../../src/trading/stages/order-tracker.ts";
import { PROTOCOL } from "../support/fixtures.ts";
import { CoreDriver } from "../support/core-driver.ts";

const LOST = { type: "unknown", text: "timeout" } as const;
/** Steps of the usual entry. */
const STEPS = 326;

function unknownEntry(): CoreDriver {
  const driver = new CoreDriver();
  driver.enter();
  driver.outcome("entry", LOST);
  return driver;
}

function acked(): CoreDriver {
  const driver = new CoreDriver();
  driver.enterFilled();
  driver.ack("stop");
  driver.put({ type: "order-update", update: { ...driver.update("stop", { steps: 0 }), fill: null } });
  driver.ack("target");
  return driver;
}

describe("an order of unknown outcome", () => {
  it("is asked for twice as soon as it can be believed to be absent, then each 10 s, and never sent again", () => {
    const driver = unknownEntry();
    const times: number[] = [];
    const start = driver.nowMs;
    while (driver.nowMs < start + 25_000) {
      expect(driver.wait(100)).toEqual([]);
      if (driver.takeAsked().includes("order entry")) times.push(driver.nowMs - start);
    }
    expect(times).toEqual([300, 1_000, 3_300, 5_500, 6_300, 8_500, 18_500]);
    expect(driver.count("entry")).toBe(1);
  });

  it("is also one that nobody told anything of", () => {
    const driver = new CoreDriver();
    driver.enter();
    driver.wait(OUTCOME_MS - 100);
    expect(driver.core.orders.unknownCount).toBe(0);
    driver.wait(400);
    expect(driver.core.orders.unknownCount).toBe(1);
    expect(driver.takeAsked()).toEqual(["order entry"]);
  });

  it("works when it is found, and its trades are asked for and count once (EX01)", () => {
    const driver = unknownEntry();
    driver.wait(300);
    expect(driver.answerOrder("entry", { status: "filled", cum: STEPS })).toEqual([]);
    expect(driver.core.orders.unknownCount).toBe(0);
    driver.takeAsked();
    driver.wait(300);
    expect(driver.takeAsked()).toEqual(["trades 0", "positions"]);
    const update = driver.update("entry");
    expect(driver.answerTrades(update.fill)).toEqual([`stop -${STEPS} @ 9939`]);
    expect(driver.put({ type: "order-update", update })).toEqual([]);
    expect(driver.answerTrades(update.fill)).toEqual([]);
    expect(driver.ack("stop")).toEqual([`target -${STEPS} @ 10096`]);
    expect(driver.core.holdings.openTrades()[0]).toMatchObject({ qtySteps: STEPS });
  });

  it("is over when the venue twice knows nothing of it, and not a moment before (EX02)", () => {
    const driver = unknownEntry();
    driver.wait(2_900);
    driver.answerOrder("entry", null);
    driver.wait(AGREE_MS);
    // The first one was asked before the venue's receive window was over.
    driver.answerOrder("entry", null);
    driver.wait(AGREE_MS - 100);
    driver.answerOrder("entry", null);
    expect(driver.core.holdings.trades.size).toBe(1);
    driver.wait(100);
    expect(driver.answerOrder("entry", null)).toEqual([]);
    expect(driver.core.holdings.trades.size).toBe(0);
    expect(driver.core.orders.openCount).toBe(0);
    expect(driver.count("entry")).toBe(1);
  });

  it("is not over when a trade is told between two answers that know nothing of it (EX03)", () => {
    const driver = unknownEntry();
    driver.wait(4_000);
    driver.answerOrder("entry", null);
    expect(driver.fill("entry", { steps: 100 })).toEqual(["stop -100 @ 9939"]);
    driver.wait(1_000);
    driver.answerOrder("entry", null);
    expect(driver.core.holdings.openTrades()[0]?.isEntryEnded).toBe(false);
  });

  it("keeps its symbol locked and its heat reserved", () => {
    const driver = unknownEntry();
    driver.wait(60_000);
    driver.enter();
    expect(driver.outcomes.at(-1)).not.toBe("S0 APPROVED");
    expect(driver.core.holdings.openTrades()[0]?.isEntryEnded).toBe(false);
  });

  it("that is an exit is derived again from what is held when the venue knows nothing of it", () => {
    const driver = acked();
    driver.put({ type: "operator", word: "flatten" });
    driver.end("target");
    driver.outcome("exit", LOST);
    driver.wait(5_900);
    driver.answerOrder("exit", null);
    driver.wait(AGREE_MS);
    // The first one was asked before the receive window was over, which is longer than an entry's.
    driver.answerOrder("exit", null);
    expect(driver.count("exit")).toBe(1);
    driver.wait(AGREE_MS);
    expect(driver.answerOrder("exit", null)).toEqual([]);
    expect(driver.wait(300)).toEqual([`exit -${STEPS}`]);
  });

  it("is asked for anew when the account's words come again, once its schedule has long waits", () => {
    const driver = unknownEntry();
    driver.put({ type: "account-stream", isLive: false });
    driver.wait(5_500);
    driver.takeAsked();
    const times = (ms: number): readonly number[] => {
      const start = driver.nowMs;
      const found: number[] = [];
      driver.put({ type: "account-stream", isLive: true });
      while (driver.nowMs < start + ms) {
        driver.wait(100);
        if (driver.takeAsked().includes("order entry")) found.push(driver.nowMs - start);
      }
      return found;
    };
    // Young: 6.25 and 8.5 s after the doubt, as without.
    expect(times(3_500)).toEqual([800, 3_000]);
    driver.wait(5_000);
    expect(times(4_000)).toEqual([300, 1_000, 3_300]);
  });

  it("is asked for every few seconds while the questions fail, and soon believed afterwards", () => {
    const driver = unknownEntry();
    let failures = 0;
    const start = driver.nowMs;
    const ask = (answer: () => void, untilMs: number): void => {
      while (driver.core.orders.unknownCount > 0 && driver.nowMs < untilMs) {
        driver.wait(100);
        if (driver.takeAsked().includes("order entry")) answer();
      }
    };
    ask(() => {
      failures++;
      driver.failOrder("entry");
    }, start + 60_000);
    expect(failures).toBeGreaterThan(20);
    expect(failures).toBeLessThan(45);
    ask(() => driver.answerOrder("entry", null), start + 120_000);
    expect(driver.nowMs - start).toBeLessThan(60_000 + 8_000);
  });

  it.each([
    ["entry", 5_500],
    ["exit", 8_500],
  ] as const)("that is an %s is asked for when the second answer is believed", (role, overMs) => {
    const driver = role === "entry" ? unknownEntry() : acked();
    if (role === "exit") {
      driver.put({ type: "operator", word: "flatten" });
      driver.end("target");
      driver.outcome("exit", LOST);
    }
    const start = driver.nowMs;
    while (driver.core.orders.unknownCount > 0 && driver.nowMs < start + 20_000) {
      driver.wait(100);
      if (driver.takeAsked().includes(`order ${role}`)) driver.answerOrder(role, null);
    }
    expect(driver.nowMs - start).toBe(overMs);
  });

  it("refused as told already is one of unknown outcome", () => {
    const driver = new CoreDriver();
    driver.enter();
    expect(driver.refuse("entry", "DUPLICATE_ID")).toEqual([]);
    expect(driver.core.orders.unknownCount).toBe(1);
  });
});

describe("an end that an answer tells", () => {
  it("is believed when trades were asked for twice and the position agrees, not at once (EX38)", () => {
    const driver = unknownEntry();
    driver.wait(300);
    driver.answerOrder("entry", { status: "expired" });
    driver.answerPositions(0);
    driver.answerTrades();
    driver.wait(AGREE_MS - 100);
    driver.answerTrades();
    expect(driver.core.holdings.trades.size).toBe(1);
    driver.wait(100);
    driver.answerTrades();
    expect(driver.core.holdings.trades.size).toBe(0);
  });

  it("is not believed while nobody has told the position, or one that the books do not have (EX38)", () => {
    for (const steps of [null, 100]) {
      const driver = unknownEntry();
      driver.wait(300);
      driver.answerOrder("entry", { status: "expired" });
      driver.answerTrades();
      if (steps !== null) driver.answerPositions(steps);
      driver.wait(AGREE_MS);
      driver.answerTrades();
      expect(driver.core.holdings.trades.size).toBe(1);
    }
  });

  it("is none when a trade contradicts it, and what was filled is guarded (EX38)", () => {
    const driver = unknownEntry();
    driver.wait(300);
    driver.answerOrder("entry", { status: "expired" });
    driver.answerTrades();
    const { fill } = driver.update("entry", { steps: 100 });
    expect(driver.answerTrades(fill)).toEqual(["stop -100 @ 9939"]);
    driver.ack("stop");
    driver.wait(AGREE_MS);
    driver.answerPositions(100);
    expect(driver.answerTrades(fill)).toEqual(["target -100 @ 10096"]);
  });
});

describe("a stop", () => {
  it("of unknown outcome guards as soon as it is found (EX30)", () => {
    const driver = new CoreDriver();
    driver.enterFilled();
    driver.outcome("stop", LOST);
    driver.wait(300);
    expect(driver.answerOrder("stop", { status: "new" })).toEqual([`target -${STEPS} @ 10096`]);
    expect(driver.wait(PROTOCOL.protectMs)).toEqual([]);
  });

  it("of unknown outcome is left in time, then taken back until it has an end (EX30)", () => {
    const driver = new CoreDriver();
    driver.enterFilled();
    driver.outcome("stop", LOST);
    expect(driver.wait(PROTOCOL.protectMs)).toEqual([`exit -${STEPS}`]);
    expect(driver.fill("exit")).toEqual(["cancel stop", "closed unguarded"]);
    expect(driver.wait(5_000)).toEqual(["cancel stop", "cancel stop"]);
    // It had come to be, and the second cancel finds it.
    driver.end("stop");
    expect(driver.wait(60_000)).toEqual([]);
    expect(driver.core.orders.openCount).toBe(0);
    expect(driver.count("stop")).toBe(1);
  });

  it("that was acked and is not found guards for now, and is replaced and looked for in the end (EX29)", () => {
    const driver = new CoreDriver();
    driver.enterFilled();
    driver.ack("stop");
    driver.ack("target");
    const asked: number[] = [];
    const start = driver.nowMs;
    let wanted: readonly string[] = [];
    while (wanted.length === 0) {
      driver.wait(100);
      if (!driver.takeAsked().includes("order stop")) continue;
      asked.push(driver.nowMs - start);
      wanted = driver.answerOrder("stop", null);
    }
    expect(asked).toEqual([1_000, 3_000, 10_000, GHOST_AGE_MS]);
    expect(wanted).toEqual([`stop -${STEPS} @ 9939`]);
    driver.ack("stop");
    driver.put({ type: "order-update", update: { ...driver.update("stop", { steps: 0 }), fill: null } });
    expect(driver.wait(6_000)).toEqual(["cancel stop", "cancel stop"]);
    // It appears: taken back at once, and gone for good with its end.
    const found = driver.answerOrder("stop", { status: "new" }, 1);
    expect(found).toEqual(["cancel stop"]);
    expect(driver.end("stop", "canceled", 1)).toEqual([]);
    expect(driver.wait(120_000)).toEqual([]);
    expect(driver.count("stop")).toBe(2);
  });

  it("that is missing and has an end which only an answer tells is over when its trades are told", () => {
    const driver = new CoreDriver();
    driver.enterFilled();
    driver.ack("stop");
    driver.ack("target");
    driver.wait(GHOST_AGE_MS);
    driver.answerOrder("stop", null);
    driver.wait(AGREE_MS);
    driver.answerOrder("stop", null);
    driver.ack("stop");
    driver.answerOrder("stop", { status: "canceled" }, 1);
    driver.takeAsked();
    driver.wait(1_000);
    expect(driver.takeAsked()).toContain("trades 0");
    driver.answerTrades();
    driver.wait(AGREE_MS);
    driver.answerPositions(STEPS);
    driver.answerTrades();
    expect([...driver.core.orders.open()].map(({ state }) => state)).not.toContain("missing");
  });

  it("that is missing blocks its symbol, and closes what it fills on as any stop does", () => {
    const driver = new CoreDriver();
    driver.enterFilled();
    driver.ack("stop");
    driver.ack("target");
    driver.wait(GHOST_AGE_MS);
    driver.answerOrder("stop", null);
    driver.wait(AGREE_MS);
    driver.answerOrder("stop", null);
    driver.ack("stop");
    expect(driver.fill("stop", { back: 1, ticks: 9_937, status: "finished" })).toEqual([
      "cancel stop",
      "cancel target",
      "closed stop",
    ]);
  });
});

it("asks for trades of which only the sum was told, and for the end of what was cancelled", () => {
  const driver = acked();
  driver.put({ type: "data-ended", symbolId: driver.last("entry").symbolId });
  const told = driver.update("target", { steps: 26, ticks: 10_096 });
  driver.takeAsked();
  driver.put({ type: "order-update", update: { ...told, status: "canceled", fill: null } });
  expect(driver.wait(300)).toEqual([]);
  expect(driver.takeAsked()).toEqual(["trades 0"]);
  expect(driver.answerTrades(told.fill)).toEqual(["exit -300"]);
});

it("asks for the end of a market order whose trades were lost", () => {
  const driver = new CoreDriver();
  driver.enter();
  driver.ack("entry");
  driver.wait(3_000);
  expect(driver.takeAsked()).toEqual(["order entry"]);
});

it.each(["triggering", "triggered"] as const)(
  "asks for the end of a stop that is %s and tells no more (EX09)",
  (status) => {
    const driver = acked();
    driver.takeAsked();
    driver.put({
      type: "order-update",
      update: { ...driver.update("stop", { steps: 0 }), status, fill: null },
    });
    driver.wait(2_900);
    expect(driver.takeAsked()).not.toContain("order stop");
    driver.wait(100);
    expect(driver.takeAsked()).toContain("order stop");
    expect(driver.answerOrder("stop", { status: "rejected" })).toEqual(["cancel target"]);
  },
);
