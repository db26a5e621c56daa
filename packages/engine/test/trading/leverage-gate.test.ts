import { symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { LEVERAGE_MS } from "../../src/trading/stages/leverage-gate.ts";
import { CoreDriver } from "../support/core-driver.ts";
import { MINUTE_MS } from "../support/fixtures.ts";

const A = symbolId(0);
const REFUSED = { type: "refused", code: "SETTING_REFUSED", text: "" } as const;
const ACKED = { type: "acked", orderId: "" } as const;

/** The venue says nothing of leverages by itself. */
function waiting(symbols = 1): CoreDriver {
  const driver = new CoreDriver(symbols);
  driver.leverageOutcome = null;
  return driver;
}

describe("an entry", () => {
  it("leaves when the venue has confirmed the leverage that it was sized with, and not before", () => {
    const driver = waiting();
    expect(driver.enter()).toEqual(["leverage 10"]);
    driver.nowMs += LEVERAGE_MS - 1;
    expect(driver.put({ type: "time" })).toEqual([]);
    const outcome = { type: "leverage-outcome", symbolId: A, leverage: 10, outcome: ACKED } as const;
    expect(driver.put(outcome)).toEqual(["entry 326"]);
    expect(driver.put(outcome)).toEqual([]);
  });

  it("has its leverage asked for again when one before was refused for its symbol's settings (AC05)", () => {
    const driver = new CoreDriver();
    expect(driver.enter()).toHaveLength(1);
    driver.refuse("entry", "SETTING_REFUSED");
    driver.leverageOutcome = null;
    driver.nowMs += MINUTE_MS;
    expect(driver.enter()).toEqual(["leverage 10"]);
  });

  it("leaves at the account's own word too", () => {
    const driver = waiting();
    driver.enter();
    expect(driver.put({ type: "leverage", symbolId: A, leverage: 10 })).toEqual(["entry 326"]);
  });

  it("never leaves when that is refused, unknown, another one, or not told in time: the symbol is free again", () => {
    const words = [
      { type: "leverage-outcome", symbolId: A, leverage: 10, outcome: REFUSED },
      { type: "leverage-outcome", symbolId: A, leverage: 10, outcome: { type: "unknown", text: "" } },
      { type: "leverage", symbolId: A, leverage: 20 },
      { type: "leverage", symbolId: A, leverage: 5 },
      { type: "time" },
    ] as const;
    for (const word of words) {
      const driver = waiting();
      driver.enter();
      if (word.type === "time") driver.nowMs += LEVERAGE_MS;
      expect(driver.put(word)).toEqual(["failed LEVERAGE_UNCONFIRMED"]);
      expect([driver.core.holdings.trades.size, driver.core.orders.openCount]).toEqual([0, 0]);
      driver.leverageOutcome = ACKED;
      driver.nowMs += 60_000;
      expect(driver.enter()).toContain("entry 326");
    }
  });

  it("keeps its place in caps and gates while it waits", () => {
    const driver = waiting();
    driver.enter();
    expect(driver.core.getRiskMetrics()).toMatchObject({ pendingEntries: 1, openPositions: 0 });
    driver.decide(driver.candidate(0));
    expect(driver.decisions.at(-1)?.receipt.outcome).toBe("ORDER_PENDING");
  });

  it("never leaves when the engine has stopped entering meanwhile, or it was flattened", () => {
    for (const word of ["halt", "flatten"] as const) {
      const driver = waiting();
      driver.enter();
      const told = driver.put({ type: "operator", word });
      driver.leverageOutcome = ACKED;
      const later = driver.put({ type: "leverage-outcome", symbolId: A, leverage: 10, outcome: ACKED });
      expect([word, ...told, ...later]).toEqual([word, "failed LEVERAGE_UNCONFIRMED"]);
    }
  });

  it("leaves at once where the leverage was confirmed before, until words may have got lost", () => {
    const driver = waiting();
    driver.enter();
    driver.put({ type: "leverage-outcome", symbolId: A, leverage: 10, outcome: ACKED });
    driver.refuse("entry", "TOO_MANY_ORDERS");
    driver.nowMs += 60_000;
    expect(driver.enter()).toEqual(["entry 326"]);
    driver.refuse("entry", "TOO_MANY_ORDERS");
    driver.put({ type: "account-stream", isLive: false });
    expect(driver.core.holdings.leverage(A)).toBeNull();
  });

  it("believes nothing of a leverage that was asked for and not answered: the venue may have either", () => {
    const driver = waiting();
    driver.put({ type: "leverage", symbolId: A, leverage: 7 });
    expect(driver.enter()).toEqual(["leverage 10"]);
    expect(driver.core.holdings.leverage(A)).toBeNull();
    // A late word of another question.
    driver.put({ type: "leverage-outcome", symbolId: A, leverage: 7, outcome: ACKED });
    expect(driver.core.holdings.leverage(A)).toBeNull();
  });
});
