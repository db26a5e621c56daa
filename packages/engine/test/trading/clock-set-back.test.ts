import { beforeEach, describe, expect, it } from "vitest";
import { TRADES_WAIT_MS } from "../../src/trading/stages/check-times.ts";
import { AGREE_MS, OUTCOME_MS } from "../../src/trading/stages/order-tracker.ts";
import { CoreDriver } from "../support/core-driver.ts";
import { PROTOCOL } from "../support/fixtures.ts";

const AHEAD_MS = 90_000;
/** More than a stop waits to be replaced. */
const REPLACE_MS = 300;
/** As long as an exit waits for anything. */
const EXIT_MS = Math.max(PROTOCOL.targetEndMs, 1_000);

let driver: CoreDriver;

beforeEach(() => {
  driver = new CoreDriver();
});

/** The clock was ahead, and is set right; the monotonic one goes on. */
function setRight(): void {
  driver.nowMs -= AHEAD_MS;
  driver.monoOffsetMs += AHEAD_MS;
}

describe("CL01: what was begun by a clock that was ahead is due no later when it is set right", () => {
  it("the stop for all of a position takes the place of the first fill's", () => {
    driver.enter();
    expect(driver.fill("entry", { steps: 100 })).toEqual(["stop -100 @ 9939"]);
    setRight();
    driver.ack("stop");
    driver.fill("entry");
    driver.wait(REPLACE_MS);
    expect(driver.last("stop")).toMatchObject({ qtySteps: 326 });
  });

  it("also one that waits its turn already", () => {
    driver.enter();
    driver.fill("entry", { steps: 100 });
    driver.ack("stop");
    expect(driver.fill("entry")).toEqual([]);
    setRight();
    driver.wait(1);
    driver.wait(REPLACE_MS);
    expect(driver.last("stop")).toMatchObject({ qtySteps: 326 });
  });

  it("a position whose stop gets no word is left", () => {
    driver.enterFilled();
    setRight();
    expect(driver.wait(1)).toEqual([]);
    driver.wait(PROTOCOL.protectMs);
    expect(driver.count("exit")).toBe(1);
  });

  it("an exit that waits for its target's end is sent", () => {
    driver.guard();
    expect(driver.put({ type: "operator", word: "flatten" })).toEqual(["cancel target"]);
    setRight();
    expect(driver.wait(1)).toEqual([]);
    driver.wait(EXIT_MS);
    expect(driver.count("exit")).toBe(1);
  });

  it("an order that nobody has told of is one of unknown outcome", () => {
    driver.enter();
    setRight();
    driver.wait(OUTCOME_MS + 100);
    expect(driver.core.orders.unknownCount).toBe(1);
  });

  it("what became of it is asked for from the beginning", () => {
    driver.enter();
    driver.outcome("entry", { type: "unknown", text: "timeout" });
    driver.wait(300);
    setRight();
    driver.put({ type: "time" });
    driver.takeAsked();
    driver.wait(1_000);
    expect(driver.takeAsked()).toContain("order entry");
  });

  it("also what was slept through when it was set ahead", () => {
    driver.enter();
    driver.outcome("entry", { type: "unknown", text: "timeout" });
    driver.nowMs += AHEAD_MS;
    driver.monoOffsetMs -= AHEAD_MS;
    driver.put({ type: "time" });
    setRight();
    driver.put({ type: "time" });
    driver.takeAsked();
    driver.wait(1_000);
    expect(driver.takeAsked()).toContain("order entry");
  });

  it("an order that nobody knows is over when two answers say so", () => {
    driver.enter();
    driver.outcome("entry", { type: "unknown", text: "timeout" });
    setRight();
    driver.wait(5_000);
    driver.answerOrder("entry", null);
    driver.wait(AGREE_MS);
    driver.answerOrder("entry", null);
    expect(driver.core.orders.openCount).toBe(0);
  });

  it("what the venue holds and no trade explains is booked", () => {
    driver.guard();
    setRight();
    driver.wait(1_000);
    for (let answers = 0; answers < 8; answers++) {
      driver.answerPositions(0);
      driver.wait(TRADES_WAIT_MS / 4);
    }
    expect(driver.core.holdings.trades.size).toBe(0);
  });
});
