import { symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { CoreDriver } from "../support/core-driver.ts";
import { MINUTE_MS } from "../support/fixtures.ts";

const SLACK_MS = 15_000;

/** A trade of a minute that is over; returns when it was left. */
function closed(driver: CoreDriver): number {
  driver.guard();
  driver.nowMs += MINUTE_MS;
  driver.put({ type: "operator", word: "flatten" });
  driver.end("target");
  driver.fill("exit");
  driver.end("stop");
  return driver.nowMs;
}

function pay(driver: CoreDriver, timeMs: number, incomeId = String(timeMs)): readonly string[] {
  const income = { incomeId, type: "funding", symbolId: symbolId(0), amountE8: -100n, timeMs } as const;
  return driver.put({ type: "income", income });
}

describe("a payment that is told late (AC17)", () => {
  it("belongs to the trade that was held at its time, which is told anew, once", () => {
    const driver = new CoreDriver();
    const exitMs = closed(driver);
    expect(pay(driver, exitMs)).toEqual(["corrected -100"]);
    expect(pay(driver, exitMs)).toEqual([]);
    expect(pay(driver, exitMs + SLACK_MS)).toEqual(["corrected -200"]);
    expect(pay(driver, exitMs + SLACK_MS + 1)).toEqual([]);
    expect(driver.core.holdings.portfolio.totals.fundingE8).toBe(-300n);
  });

  it("belongs to the trade whose fill is told after it", () => {
    const driver = new CoreDriver();
    driver.enter();
    driver.outcome("entry", { type: "acked", orderId: "1" });
    const paidMs = driver.nowMs + 1_000;
    driver.nowMs = paidMs;
    expect(pay(driver, paidMs)).toEqual([]);
    driver.nowMs += 500;
    driver.fill("entry");
    expect(driver.core.holdings.openTrades()[0]?.fundingE8).toBe(-100n);
    expect(pay(driver, paidMs)).toEqual([]);
  });

  it("does not go to the trade that came after", () => {
    const driver = new CoreDriver(1, { symbolLockMs: 0 });
    const exitMs = closed(driver);
    driver.nowMs += MINUTE_MS;
    driver.guard();
    expect(pay(driver, exitMs - 1)).toEqual(["corrected -100"]);
    expect(driver.core.holdings.openTrades()[0]?.fundingE8).toBe(0n);
    expect(pay(driver, driver.nowMs)).toEqual([]);
    expect(driver.core.holdings.openTrades()[0]?.fundingE8).toBe(-100n);
  });
});
