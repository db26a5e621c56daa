import { describe, expect, it } from "vitest";
import { STOP_AGAIN_MS } from "../../src/trading/stages/cover.ts";
import { CoreDriver } from "../support/core-driver.ts";
import { MINUTE_MS, PROTOCOL } from "../support/fixtures.ts";

const {
  protectMs: PROTECT_MS,
  exitsMax: EXITS_MAX,
  targetEndMs: TARGET_END_MS,
  stopsLostMax: STOPS_LOST_MAX,
} = PROTOCOL;

/** Steps of the usual entry: 0.25 % of 10,000 USDT at a loss of 0.765 a unit. */
/** More than a stop waits to be replaced, and an exit to be sent again. */
const REPLACE_MS = 300;
const EXIT_AGAIN_MS = 300;
const STEPS = 326;

function phase(driver: CoreDriver): string {
  return driver.core.holdings.openTrades()[0]?.phase ?? "closed";
}

describe("the life of a trade", () => {
  it("goes from entering to closed by its target, each order when its time has come", () => {
    const driver = new CoreDriver();
    expect(driver.enter()).toEqual([`entry ${STEPS}`]);
    expect(phase(driver)).toBe("entering");
    expect(driver.ack("entry")).toEqual([]);
    // 100.02 - 0.625 and 100.02 + 0.9375, both away from the entry.
    expect(driver.fill("entry")).toEqual([`stop -${STEPS} @ 9939`]);
    expect(phase(driver)).toBe("naked");
    expect(driver.ack("stop")).toEqual([`target -${STEPS} @ 10096`]);
    expect(phase(driver)).toBe("guarded");
    driver.ack("target");
    expect(driver.fill("target", { ticks: 10_096 })).toEqual(["cancel stop", "closed target"]);
    expect(phase(driver)).toBe("closed");
    driver.end("stop");
    expect(driver.core.orders.openCount).toBe(0);
    expect(driver.trades[0]).toMatchObject({ qtySteps: STEPS, entryPrice: 100.02, stopTicks: 9_939 });
    expect(driver.core.holdings.portfolio.openCount).toBe(0);
  });

  it("mirrors itself for a short", () => {
    const driver = new CoreDriver();
    expect(driver.enter({ side: -1 })).toEqual([`entry -${STEPS}`]);
    expect(driver.fill("entry", { ticks: 9_998 })).toEqual([`stop ${STEPS} @ 10061`]);
    expect(driver.ack("stop")).toEqual([`target ${STEPS} @ 9904`]);
    expect(driver.fill("stop", { ticks: 10_064 })).toEqual(["cancel target", "closed stop"]);
  });

  it("knows from the stream what the reply tells later, and takes no harm from it", () => {
    const driver = new CoreDriver();
    driver.enter();
    expect(driver.fill("entry")).toHaveLength(1);
    expect(driver.ack("entry")).toEqual([]);
    expect(driver.refuse("entry")).toEqual([]);
    expect(phase(driver)).toBe("naked");
  });

  it("is over when its entry is refused, and when it expires without a fill", () => {
    const driver = new CoreDriver();
    driver.enter();
    expect(driver.refuse("entry")).toEqual([]);
    expect(driver.core.holdings.trades.size).toBe(0);
    driver.nowMs += MINUTE_MS;
    driver.enter();
    driver.ack("entry");
    expect(driver.end("entry", "expired")).toEqual([]);
    expect(driver.core.holdings.trades.size).toBe(0);
    expect(driver.core.orders.openCount).toBe(0);
    expect(driver.trades).toEqual([]);
  });

  it("waits with an entry of unknown outcome, and ends it when the venue knows no such order", () => {
    const driver = new CoreDriver();
    driver.enter();
    driver.outcome("entry", { type: "unknown", text: "timeout" });
    expect(phase(driver)).toBe("entering");
    expect(driver.core.orders.unknownCount).toBe(1);
    driver.nowMs += 4_000;
    driver.enter();
    expect(driver.outcomes.at(-1)).toBe("S0 ORDER_PENDING");
    driver.refuse("entry", "UNKNOWN_ORDER");
    expect(phase(driver)).toBe("closed");
    expect(driver.core.orders.unknownCount).toBe(0);
  });

  it("takes an entry of unknown outcome for one that works as soon as it fills", () => {
    const driver = new CoreDriver();
    driver.enter();
    driver.outcome("entry", { type: "unknown", text: "timeout" });
    expect(driver.fill("entry")).toEqual([`stop -${STEPS} @ 9939`]);
  });
});

describe("partial fills of the entry", () => {
  it("have a stop from the first one on, and the new stop stands before the former goes", () => {
    const driver = new CoreDriver();
    driver.enter();
    expect(driver.fill("entry", { steps: 100 })).toEqual(["stop -100 @ 9939"]);
    expect(driver.ack("stop")).toEqual([]);
    driver.wait(REPLACE_MS);
    expect(driver.fill("entry")).toEqual([`stop -${STEPS} @ 9939`]);
    expect(driver.ack("stop")).toEqual(["cancel stop", `target -${STEPS} @ 10096`]);
    expect(driver.end("stop", "canceled", 1)).toEqual([]);
    expect(driver.count("stop")).toBe(2);
  });

  it("move the stop with the average price", () => {
    const driver = new CoreDriver();
    driver.enter();
    driver.fill("entry", { steps: 163, ticks: 10_000 });
    driver.ack("stop");
    driver.wait(REPLACE_MS);
    // The average is 100.02: 99.395, down to the tick.
    expect(driver.fill("entry", { ticks: 10_004 })).toEqual([`stop -${STEPS} @ 9939`]);
    expect(driver.last("stop", 1)).toMatchObject({ triggerTicks: 9_937 });
  });

  it("never leave more than two stops, and the last one covers all", () => {
    const driver = new CoreDriver();
    driver.enter();
    driver.fill("entry", { steps: 100 });
    driver.ack("stop");
    driver.wait(REPLACE_MS);
    expect(driver.fill("entry", { steps: 100 })).toEqual(["stop -200 @ 9939"]);
    expect(driver.fill("entry")).toEqual([]);
    expect(driver.ack("stop")).toEqual(["cancel stop"]);
    expect(driver.end("stop", "canceled", 1)).toEqual([]);
    // One replacement in REPLACE_MS.
    expect(driver.wait(REPLACE_MS)).toEqual([`stop -${STEPS} @ 9939`]);
    // The target waits for a stop under all of it.
    expect(driver.ack("stop")).toEqual(["cancel stop", `target -${STEPS} @ 10096`]);
    expect(driver.end("stop", "canceled", 1)).toEqual([]);
  });

  it("are left in time when the stop that is to cover them gets no word, or the former no end", () => {
    for (const isLost of [true, false]) {
      const driver = new CoreDriver();
      driver.enter();
      driver.fill("entry", { steps: 100 });
      driver.ack("stop");
      driver.wait(REPLACE_MS);
      driver.fill("entry", { steps: 100 });
      if (isLost) driver.outcome("stop", { type: "unknown", text: "timeout" });
      else driver.ack("stop");
      // The former stop and the second one stand for 300 together at most.
      driver.fill("entry", { steps: STEPS - 201 });
      driver.nowMs += PROTECT_MS - 1;
      // The former's end is asked for again.
      expect(driver.put({ type: "time" })).toEqual(isLost ? [] : ["cancel stop"]);
      driver.nowMs += 1;
      expect(driver.put({ type: "time" })).toEqual([`exit -${STEPS - 1}`]);
    }
  });

  it("get their target also when the rest of the entry expires after the stop was confirmed", () => {
    const driver = new CoreDriver();
    driver.enter();
    driver.fill("entry", { steps: 100 });
    driver.ack("stop");
    expect(driver.end("entry", "expired")).toEqual(["target -100 @ 10096"]);
  });

  it("are told of in any order: an entry is over when all of it was told", () => {
    const driver = new CoreDriver();
    driver.enter();
    const first = driver.update("entry", { steps: 100 });
    const second = driver.update("entry");
    driver.put({ type: "order-update", update: second });
    driver.ack("stop");
    driver.wait(REPLACE_MS);
    expect(driver.core.orders.openCount).toBe(2);
    driver.put({ type: "order-update", update: first });
    expect(driver.ack("stop")).toContain(`target -${STEPS} @ 10096`);
    expect(driver.last("stop").qtySteps).toBe(STEPS);
  });

  it("that come after the stop has filled are guarded like the first", () => {
    const driver = new CoreDriver();
    driver.enter();
    driver.fill("entry", { steps: 100 });
    driver.ack("stop");
    expect(driver.fill("stop", { ticks: 9_937, status: "finished" })).toEqual([]);
    expect(driver.fill("entry")).toEqual([`stop -${STEPS - 100} @ 9939`]);
    expect(driver.ack("stop")).toEqual([`target -${STEPS - 100} @ 10096`]);
    expect(driver.fill("stop", { ticks: 9_937, status: "finished" })).toEqual([
      "cancel target",
      "closed stop",
    ]);
    expect(driver.trades[0]).toMatchObject({ qtySteps: STEPS, exitPrice: 99.37 });
  });

  it("close the trade when the rest expires after the stop has filled", () => {
    const driver = new CoreDriver();
    driver.enter();
    driver.fill("entry", { steps: 100 });
    driver.ack("stop");
    driver.fill("stop", { ticks: 9_937, status: "finished" });
    expect(driver.end("entry", "expired")).toEqual(["closed stop"]);
    expect(driver.core.orders.openCount).toBe(0);
  });
});

describe("exits", () => {
  function leaving(): CoreDriver {
    const driver = new CoreDriver();
    driver.guard();
    driver.put({ type: "data-ended", symbolId: driver.last("entry").symbolId });
    return driver;
  }

  it("cancel the target first, then sell, and cancel the stop only when flat", () => {
    const driver = new CoreDriver();
    driver.guard();
    expect(driver.put({ type: "data-ended", symbolId: driver.last("entry").symbolId })).toEqual([
      "cancel target",
    ]);
    expect(driver.end("target")).toEqual([`exit -${STEPS}`]);
    expect(phase(driver)).toBe("exiting");
    expect(driver.ack("exit")).toEqual([]);
    expect(driver.fill("exit")).toEqual(["cancel stop", "closed end-of-data"]);
  });

  it("are begun once, whatever asks for them again", () => {
    const driver = leaving();
    const again = { type: "data-ended", symbolId: driver.last("entry").symbolId } as const;
    expect(driver.put(again)).toEqual([]);
    driver.end("target");
    expect([driver.put(again), driver.minute("90"), driver.end("target")].flat()).toEqual([]);
    expect(driver.count("exit")).toBe(1);
  });

  it("are not needed when the target fills while its cancel is under way", () => {
    const driver = leaving();
    expect(driver.fill("target", { ticks: 10_096 })).toEqual(["cancel stop", "closed target"]);
    expect(driver.count("exit")).toBe(0);
  });

  it("sell what a target has left that filled partly before it was cancelled", () => {
    const driver = leaving();
    expect(driver.fill("target", { steps: 26, ticks: 10_096 })).toEqual([]);
    expect(driver.end("target")).toEqual(["exit -300"]);
  });

  it("do not wait for ever for the end of a target that nobody tells", () => {
    const driver = leaving();
    driver.nowMs += TARGET_END_MS - 1;
    expect(driver.put({ type: "time" })).toEqual([]);
    driver.nowMs += 1;
    expect(driver.put({ type: "time" })).toEqual([`exit -${STEPS}`]);
    expect(driver.fill("exit")).toEqual(["cancel stop", "cancel target", "closed end-of-data"]);
  });

  it("end with the stop when it fills while the exit is in flight, and the exit then opens nothing", () => {
    const driver = leaving();
    driver.end("target");
    expect(driver.fill("stop", { ticks: 9_937, status: "finished" })).toEqual(["closed stop"]);
    driver.nowMs += 2_000;
    // The exit is still in flight: it would close the next trade of the symbol.
    expect(driver.enter()).toEqual([]);
    expect(driver.outcomes.at(-1)).toBe("S0 ORDER_PENDING");
    driver.refuse("exit", "REDUCE_ONLY_REJECT");
    driver.nowMs += MINUTE_MS;
    expect(driver.enter()).toHaveLength(1);
  });

  it("are sent again when they are refused or end with something left, and not for ever", () => {
    const driver = leaving();
    driver.end("target");
    driver.fill("exit", { steps: 126 });
    expect(driver.end("exit", "expired")).toEqual([]);
    expect(driver.wait(EXIT_AGAIN_MS)).toEqual(["exit -200"]);
    expect(driver.refuse("exit", "TOO_MANY_ORDERS")).toEqual([]);
    expect(driver.wait(EXIT_AGAIN_MS)).toEqual(["exit -200"]);
    expect(driver.count("exit")).toBe(EXITS_MAX);
    expect(driver.refuse("exit", "TOO_MANY_ORDERS")).toEqual([]);
    // Given up: the stop stands still, and the target is offered again.
    expect(driver.wait(EXIT_AGAIN_MS)).toEqual(["target -200 @ 10096"]);
    expect(phase(driver)).toBe("guarded");
    expect(driver.minute("100")).toEqual(["cancel target"]);
    expect(driver.end("target")).toEqual(["exit -200"]);
    expect(driver.fill("exit")).toEqual(["cancel stop", "closed end-of-data"]);
    expect(driver.trades[0]).toMatchObject({ qtySteps: STEPS });
  });

  it("wait for an entry that is on its way and leave it with its first fill", () => {
    const driver = new CoreDriver();
    driver.enter();
    driver.put({ type: "data-ended", symbolId: driver.last("entry").symbolId });
    expect(driver.fill("entry")).toEqual([`stop -${STEPS} @ 9939`, `exit -${STEPS}`]);
    expect(driver.ack("stop")).toEqual([]);
    expect(driver.fill("exit")).toEqual(["cancel stop", "closed end-of-data"]);
  });

  it("leave nothing resting when target and stop fill one after another", () => {
    const driver = new CoreDriver();
    driver.guard();
    driver.fill("target", { steps: 100, ticks: 10_096 });
    expect(driver.fill("stop", { steps: 226, ticks: 9_937, status: "finished" })).toContain("cancel target");
    expect(driver.core.holdings.trades.size).toBe(0);
  });

  it("take the stop's word when the stop fills before the target's cancel is told", () => {
    const driver = leaving();
    expect(driver.fill("stop", { ticks: 9_937, status: "finished" })).toEqual([
      "cancel target",
      "closed stop",
    ]);
    driver.end("target");
    expect(driver.core.orders.openCount).toBe(0);
    expect(driver.count("exit")).toBe(0);
  });
});

describe("a position without a stop", () => {
  it("is left at once when its stop is refused", () => {
    const driver = new CoreDriver();
    driver.enterFilled();
    expect(driver.refuse("stop", "WOULD_TRIGGER")).toEqual([`exit -${STEPS}`]);
    expect(driver.fill("exit")).toEqual(["closed unguarded"]);
    expect(driver.core.orders.openCount).toBe(0);
  });

  it("has its stop sent again where the venue has no time for it, until it has (EX21, EX22)", () => {
    const driver = new CoreDriver();
    driver.enterFilled();
    expect(driver.refuse("stop", "TOO_MANY_ORDERS")).toEqual([]);
    expect(driver.wait(STOP_AGAIN_MS)).toEqual([`stop -${STEPS} @ 9939`]);
    expect(driver.refuse("stop", "NOT_SENT")).toEqual([]);
    expect(driver.wait(STOP_AGAIN_MS)).toEqual([`stop -${STEPS} @ 9939`]);
    driver.ack("stop");
    expect([driver.core.holdings.openTrades()[0]?.phase, driver.states]).toEqual(["guarded", []]);
  });

  it("is left where the venue has no time for its stop for too long (EX31)", () => {
    const driver = new CoreDriver();
    driver.enterFilled();
    const told: string[] = [];
    for (let ms = 0; ms < 1_500 && !told.includes(`exit -${STEPS}`); ms += STOP_AGAIN_MS)
      told.push(...driver.refuse("stop", "TOO_MANY_ORDERS"), ...driver.wait(STOP_AGAIN_MS));
    expect(told).toEqual([...Array.from({ length: 5 }, () => `stop -${STEPS} @ 9939`), `exit -${STEPS}`]);
    expect(driver.fill("exit").at(-1)).toBe("closed unguarded");
  });

  it("keeps the stop that covers it where the venue has no time for a smaller one", () => {
    const driver = new CoreDriver();
    driver.enterFilled();
    driver.ack("stop");
    expect(driver.foreign("web_1", -100)).toContain(`stop -${STEPS - 100} @ 9939`);
    expect(driver.refuse("stop", "TOO_MANY_ORDERS")).toEqual([]);
    expect(driver.wait(1_000)).toEqual([`stop -${STEPS - 100} @ 9939`]);
    expect(driver.count("exit")).toBe(0);
  });

  it("whose stop does not fit the venue's ticks is left, and its symbol rests for the day (EX15)", () => {
    const driver = new CoreDriver();
    driver.enterFilled();
    expect(driver.refuse("stop", "PRICE_FILTER")).toEqual([`exit -${STEPS}`]);
    expect(driver.fill("exit")).toEqual(["closed unguarded"]);
    driver.decide(driver.candidate(0));
    expect(driver.outcomes.at(-1)).toBe("S0 SYMBOL_LOCKED");
  });

  it("keeps the former stop until it is left when the new one is refused", () => {
    const driver = new CoreDriver();
    driver.enter();
    driver.fill("entry", { steps: 100 });
    driver.ack("stop");
    driver.wait(REPLACE_MS);
    driver.fill("entry");
    expect(driver.refuse("stop")).toEqual([`exit -${STEPS}`]);
    expect(driver.fill("exit")).toEqual(["cancel stop", "closed unguarded"]);
  });

  it("is left when nobody has confirmed its stop in time", () => {
    const driver = new CoreDriver();
    driver.enterFilled();
    driver.outcome("stop", { type: "unknown", text: "timeout" });
    driver.nowMs += PROTECT_MS - 1;
    expect(driver.put({ type: "time" })).toEqual([]);
    driver.nowMs += 1;
    expect(driver.put({ type: "time" })).toEqual([`exit -${STEPS}`]);
    expect(driver.fill("exit")).toEqual(["cancel stop", "closed unguarded"]);
  });

  it("has no more time when all that is told of its stop is the end, and no target meanwhile", () => {
    const driver = new CoreDriver();
    driver.enterFilled();
    driver.nowMs += PROTECT_MS - 1;
    expect(driver.end("stop", "expired")).toEqual([`stop -${STEPS} @ 9939`]);
    driver.nowMs += 1;
    expect(driver.put({ type: "time" })).toEqual([`exit -${STEPS}`]);
  });

  it("gets a new stop when the venue ends the old one, and is left when that goes on", () => {
    const driver = new CoreDriver();
    driver.guard();
    for (let lost = 1; lost < STOPS_LOST_MAX; lost++) {
      expect(driver.end("stop", "expired")).toEqual([`stop -${STEPS} @ 9939`]);
      expect(driver.ack("stop")).toEqual([]);
    }
    expect(driver.end("stop", "expired")).toEqual(["cancel target"]);
    expect(driver.end("target")).toEqual([`exit -${STEPS}`]);
    expect(driver.count("stop")).toBe(STOPS_LOST_MAX);
  });

  it("is never the answer to a venue that refuses everything: the next minute tries again", () => {
    const driver = new CoreDriver();
    driver.enterFilled();
    driver.refuse("stop");
    for (let round = 1; round <= EXITS_MAX; round++) {
      driver.refuse("exit");
      driver.wait(EXIT_AGAIN_MS);
    }
    driver.refuse("stop");
    expect([driver.count("exit"), driver.count("stop")]).toEqual([EXITS_MAX, 2]);
    expect(driver.minute("100")).toEqual([`exit -${STEPS}`]);
  });
});

describe("what is told twice or too late", () => {
  it("counts once", () => {
    const driver = new CoreDriver();
    driver.enter();
    const update = driver.update("entry", { steps: 100 });
    driver.put({ type: "order-update", update });
    const { walletE8 } = driver.core.holdings.portfolio;
    expect(driver.put({ type: "order-update", update })).toEqual([]);
    const [trade] = driver.core.holdings.openTrades();
    expect(trade).toMatchObject({ qtySteps: 100 });
    expect(driver.core.holdings.portfolio.walletE8).toBe(walletE8);
  });

  it("changes nothing after the end of its order", () => {
    const driver = new CoreDriver();
    driver.guard();
    const update = driver.update("target", { ticks: 10_096 });
    driver.put({ type: "order-update", update });
    driver.end("stop");
    const { walletE8 } = driver.core.holdings.portfolio;
    expect(
      [driver.put({ type: "order-update", update }), driver.end("stop"), driver.ack("stop")].flat(),
    ).toEqual([]);
    expect(driver.core.holdings.portfolio.walletE8).toBe(walletE8);
    expect(driver.core.orders.openCount).toBe(0);
    expect(driver.trades).toHaveLength(1);
  });
});

it("takes back an order that comes to be after its trade is over", () => {
  const driver = new CoreDriver();
  driver.enterFilled();
  driver.ack("stop");
  expect(driver.fill("stop", { ticks: 9_937, status: "finished" })).toEqual(["cancel target", "closed stop"]);
  // That cancel was faster than the target, and found nothing.
  expect(driver.ack("target")).toEqual(["cancel target"]);
  driver.end("target");
  expect(driver.core.orders.openCount).toBe(0);
});

it("keeps nothing of what has ended over many trades", () => {
  const driver = new CoreDriver(1, { symbolLockMs: 0, streakMs: 0 });
  for (let round = 0; round < 50; round++) {
    driver.nowMs += MINUTE_MS;
    driver.enter();
    driver.fill("entry");
    driver.ack("stop");
    driver.fill("target", { ticks: 10_096 });
    driver.end("stop");
  }
  expect(driver.trades).toHaveLength(50);
  expect(driver.core.orders.openCount).toBe(0);
  expect(driver.core.holdings.trades.size).toBe(0);
  expect(new Set(driver.ids()).size).toBe(150);
});
