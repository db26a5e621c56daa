import { numberToE8, symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { CHECK_AGAIN_MS } from "../../src/trading/stages/account-check.ts";
import { AGREE_MS } from "../../src/trading/stages/order-tracker.ts";
import { CoreDriver } from "../support/core-driver.ts";

/** Bought 32.6 at 100.02, the stop at 99.39: half a stop distance of 0.625 behind it lies 99.0775. */
const STEPS = 326;

/** The venue would take the position at this price. */
function tell(driver: CoreDriver, price: number | null): readonly string[] {
  const liquidationPriceE8 = price === null ? null : numberToE8(price);
  const held = { symbolId: symbolId(0), qtySteps: STEPS, entryPriceE8: numberToE8(100.02) };
  const query = { type: "positions" } as const;
  const positions = [{ ...held, liquidationPriceE8 }];
  return driver.put({
    type: "answer",
    answer: { type: "positions", query, askedMs: driver.nowMs, positions },
  });
}

function guarded(): CoreDriver {
  const driver = new CoreDriver();
  driver.guard();
  return driver;
}

describe("the price of liquidation (AC20)", () => {
  it("lets nothing be entered from less than half a stop distance behind the stop on", () => {
    const driver = guarded();
    tell(driver, 99.07);
    expect(driver.states).toEqual([]);
    tell(driver, 99.08);
    expect(driver.states).toEqual(["REDUCING liquidation-near"]);
    tell(driver, null);
    expect(driver.states.at(-1)).toBe("ACTIVE ");
  });

  it("at the stop leaves the position, by two answers that agree and not by one", () => {
    const driver = guarded();
    expect(tell(driver, 99.39)).toEqual([]);
    driver.takeAsked();
    driver.wait(CHECK_AGAIN_MS);
    expect(driver.takeAsked()).toContain("positions");
    driver.nowMs -= CHECK_AGAIN_MS - AGREE_MS + 1;
    expect(tell(driver, 99.39)).toEqual([]);
    driver.nowMs += 1;
    expect(tell(driver, 99.39)).toEqual(["cancel target"]);
    expect(driver.end("target")).toEqual([`exit -${STEPS}`]);
    driver.fill("exit");
    expect(driver.trades[0]).toMatchObject({ reason: "unguarded" });
  });

  it("is not known where the venue says 0, of a short too", () => {
    const driver = new CoreDriver();
    driver.guard({ side: -1, invalidationPrice: 100.4 });
    for (let told = 0; told < 3; told++) {
      expect(tell(driver, 0)).toEqual([]);
      driver.wait(AGREE_MS);
    }
    expect(driver.states).toEqual([]);
  });

  it("says nothing when the second answer takes it back", () => {
    const driver = guarded();
    tell(driver, 99.5);
    driver.wait(AGREE_MS);
    tell(driver, 99);
    driver.wait(AGREE_MS);
    expect(tell(driver, 99.5)).toEqual([]);
  });
});
