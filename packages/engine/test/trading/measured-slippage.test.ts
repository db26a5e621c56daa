import { SLIPPAGE_ORDERS_MIN } from "@smcq/risk";
import { describe, expect, it } from "vitest";
import { CoreDriver } from "../support/core-driver.ts";
import { MINUTE_MS } from "../support/fixtures.ts";

/** A trade whose entry was decided at 100 and filled at `entryTicks`, left by its stop at `stopTicks`. */
function stopped(driver: CoreDriver, entryTicks: number, stopTicks: number): void {
  driver.enter();
  driver.ack("entry");
  driver.fill("entry", { ticks: entryTicks });
  driver.ack("stop");
  driver.ack("target");
  driver.fill("stop", { ticks: stopTicks });
  driver.end("target");
  driver.nowMs += MINUTE_MS;
  driver.minute("100");
}

const NO_BRAKES = { symbolLockMs: 0, streakMs: 0 };

describe("measured slippage", () => {
  it("is kept with each trade: of its entry against the decision's quote, of its stop against the stop's price", () => {
    const driver = new CoreDriver();
    stopped(driver, 10_012, 9_949);
    const [trade] = driver.trades;
    expect(trade?.entrySlippage).toBeCloseTo(0.12 / 100, 9);
    expect(trade?.stopSlippage).toBeCloseTo(0, 9);
  });

  it("makes the costs of the next decisions on its symbol, once enough orders have told: what no longer pays is refused", () => {
    const driver = new CoreDriver(2, NO_BRAKES);
    // Each tells twice: of its entry and of its stop.
    for (let trade = 0; trade < SLIPPAGE_ORDERS_MIN / 2; trade++) stopped(driver, 10_012, 9_929);
    driver.decide(driver.candidate(0), driver.candidate(1));
    expect(driver.outcomes.slice(-2)).toEqual(["S1 APPROVED", "S0 COST_GATE"]);
    const sigmas = driver.decisions.map(({ receipt }) => receipt.unit?.sigma ?? 0);
    expect(sigmas.at(0)).toBe(0.0002);
    expect(sigmas.at(-1)).toBeCloseTo(20 / 9_949, 9);
    expect(sigmas.at(-2)).toBe(0.0002);
  });
});
