import { parseE8, symbolId } from "@smcq/kernel";
import { M1_SCALP } from "@smcq/strategy";
import { describe, expect, it } from "vitest";
import { ADL_PAUSE_MS } from "../../src/trading/adoption.ts";
import { TARGETS_LOST_MAX } from "../../src/trading/stages/closing-orders.ts";
import type { Trade } from "../../src/trading/trade.ts";
import { CoreDriver } from "../support/core-driver.ts";
import { MINUTE_MS, START_E8 } from "../support/fixtures.ts";

/** Steps of the usual entry. */
const STEPS = 326;

function guarded(): CoreDriver {
  const driver = new CoreDriver();
  driver.guard();
  return driver;
}

function held(driver: CoreDriver): Trade | undefined {
  return driver.core.holdings.openTrades()[0];
}

describe("a fill of somebody else that closes a position of ours", () => {
  it.each([
    ["autoclose-1", "liquidation", "HALTED liquidation"],
    ["adl_autoclose", "adl", undefined],
    ["settlement_autoclose-1", "delist", undefined],
    ["web_abc", "external", undefined],
  ] as const)("of order %s ends the trade with reason %s, and nothing rests", (id, reason, state) => {
    const driver = guarded();
    expect(driver.foreign(id, -STEPS)).toEqual(["cancel stop", "cancel target", `closed ${reason}`]);
    expect(driver.states[0]).toBe(state);
    expect(driver.core.holdings.portfolio.openCount).toBe(0);
    expect(driver.core.holdings.portfolio.walletE8).toBe(START_E8 + (driver.trades[0]?.pnlE8 ?? 0n));
  });

  it("leaves a symbol alone in which the venue has deleveraged (AC01)", () => {
    const driver = guarded();
    driver.foreign("adl_autoclose", -STEPS);
    driver.end("stop");
    driver.end("target");
    driver.nowMs += ADL_PAUSE_MS - 1;
    driver.enter();
    driver.nowMs += 1;
    driver.enter();
    expect(driver.outcomes.slice(-2)).toEqual(["S0 SYMBOL_LOCKED", "S0 APPROVED"]);
  });

  it("halts after a liquidation, until a person resumes (AC02)", () => {
    const driver = guarded();
    driver.foreign("autoclose-1", -STEPS);
    driver.end("stop");
    driver.end("target");
    driver.nowMs += MINUTE_MS;
    driver.enter();
    driver.put({ type: "operator", word: "resume" });
    driver.enter();
    expect(driver.outcomes.slice(-2)).toEqual(["S0 STATE_NOT_ACTIVE", "S0 APPROVED"]);
  });

  it("is counted at its time: what was in flight to close the same opens nothing", () => {
    const driver = guarded();
    driver.put({ type: "operator", word: "flatten" });
    driver.end("target");
    expect(driver.foreign("web_abc", -STEPS)).toEqual(["cancel stop", "closed external"]);
    expect(driver.refuse("exit", "REDUCE_ONLY_REJECT")).toEqual([]);
  });
});

describe("a fill of somebody else that reduces a position of ours (AC13)", () => {
  it("is booked in the trade, and smaller stop and target take the place of the former", () => {
    const driver = guarded();
    expect(driver.foreign("web_abc", -126, 10_010)).toEqual(["stop -200 @ 9939", "cancel target"]);
    expect(driver.ack("stop")).toEqual(["cancel stop"]);
    expect(driver.end("target")).toEqual(["target -200 @ 10096"]);
    driver.end("stop", "canceled", 1);
    driver.fill("target", { ticks: 10_096 });
    const exitPrice = (126 * 100.1 + 200 * 100.96) / STEPS;
    expect(driver.trades[0]).toMatchObject({ reason: "target", qtySteps: STEPS });
    expect(driver.trades[0]?.exitPrice).toBeCloseTo(exitPrice, 10);
  });

  it("has a new target when the venue cancels it, and not for ever", () => {
    const driver = guarded();
    for (let lost = 1; lost < TARGETS_LOST_MAX; lost++)
      expect(driver.end("target")).toEqual([`target -${STEPS} @ 10096`]);
    expect(driver.end("target")).toEqual([]);
  });
});

describe("a fill of somebody else that opens or enlarges a position (AC03)", () => {
  it("is adopted: a stop 2 % away, no target, no time, and a place in the gates and in heat", () => {
    const driver = new CoreDriver();
    expect(driver.foreign("web_abc", 50)).toEqual(["stop -50 @ 9800"]);
    expect(driver.ack("stop")).toEqual([]);
    expect(held(driver)).toMatchObject({ isAdopted: true, setup: 0, phase: "guarded", leverage: 1 });
    driver.enter();
    expect(driver.outcomes.at(-1)).toBe("S0 POSITION_OPEN");
    for (let bar = 0; bar <= M1_SCALP.holdBarsMax + 1; bar++) expect(driver.minute("100")).toEqual([]);
    expect(driver.fill("stop", { ticks: 9_790, status: "finished" })).toEqual(["closed stop"]);
    expect(driver.trades[0]).toMatchObject({ setup: 0, boundBy: "adopted", qtySteps: 50, stopTicks: 9_800 });
  });

  it("is mirrored for a short, and left on a person's word", () => {
    const driver = new CoreDriver();
    driver.put({ type: "leverage", symbolId: symbolId(0), leverage: 5 });
    expect(driver.foreign("web_abc", -50)).toEqual(["stop 50 @ 10200"]);
    expect(held(driver)?.leverage).toBe(5);
    driver.ack("stop");
    expect(driver.put({ type: "operator", word: "flatten" })).toEqual(["exit 50"]);
    expect(driver.fill("exit")).toEqual(["cancel stop", "closed operator"]);
  });

  it("makes a trade of ours that person's: its stop stays where it stood, for all of it", () => {
    const driver = guarded();
    driver.wait(300);
    expect(driver.foreign("web_abc", 100, 9_990)).toEqual(["cancel target", `stop -${STEPS + 100} @ 9939`]);
    expect(driver.ack("stop")).toEqual(["cancel stop"]);
    expect(driver.end("target")).toEqual([]);
    driver.end("stop", "canceled", 1);
    for (let bar = 0; bar <= M1_SCALP.holdBarsMax + 1; bar++) expect(driver.minute("100")).toEqual([]);
    expect(held(driver)).toMatchObject({ isAdopted: true, qtySteps: STEPS + 100 });
  });

  it("that turns a position around ends ours and adopts the rest", () => {
    const driver = guarded();
    expect(driver.foreign("web_abc", -STEPS - 40, 10_010)).toEqual([
      "cancel stop",
      "cancel target",
      "closed external",
      "stop 40 @ 10211",
    ]);
    expect(driver.trades[0]).toMatchObject({ qtySteps: STEPS, exitPrice: 10_010 * 0.01 });
    expect(held(driver)).toMatchObject({ side: -1, qtySteps: 40, isAdopted: true });
    expect(driver.core.holdings.portfolio.position(driver.last("entry").symbolId)).toMatchObject({
      side: -1,
      qtySteps: 40,
    });
  });

  it("against an entry that is on its way is adopted, and what the entry then fills reduces it", () => {
    const driver = new CoreDriver();
    driver.enter();
    expect(driver.foreign("web_abc", -400)).toEqual(["stop 400 @ 10200"]);
    driver.ack("stop");
    expect(driver.fill("entry")).toEqual([]);
    expect(held(driver)).toMatchObject({ side: -1, qtySteps: 400 - STEPS });
  });

  it("is what an order of ours fills that was taken for over", () => {
    const driver = new CoreDriver();
    driver.enter();
    driver.refuse("entry");
    expect(driver.fill("entry")).toEqual([`stop -${STEPS} @ 9801`]);
    expect(held(driver)?.isAdopted).toBe(true);
  });
});

it("reduces only while the account trades in a symbol whose rules are not known", () => {
  const driver = new CoreDriver(0);
  expect(driver.foreign("web_abc", 50)).toEqual([]);
  expect(driver.states).toEqual(["REDUCING unknown-symbol"]);
  expect(driver.core.holdings.portfolio.walletE8).toBe(parseE8("10000"));
});
