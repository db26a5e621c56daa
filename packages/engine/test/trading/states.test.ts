import { symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { PROTECTION_WINDOW_MS } from "../../src/trading/holdings.ts";
import { CLOSED_PAUSE_MS } from "../../src/trading/stages/exits.ts";
import { UNKNOWN_MS } from "../../src/trading/stages/states.ts";
import { CoreDriver } from "../support/core-driver.ts";
import { MINUTE_MS } from "../support/fixtures.ts";

/** What becomes of a setup now. */
function judged(driver: CoreDriver): string | undefined {
  driver.nowMs += MINUTE_MS;
  driver.enter();
  return driver.outcomes.at(-1);
}

describe("a person's word", () => {
  it("halts all entries until a person resumes, and leaves what is held alone", () => {
    const driver = new CoreDriver();
    expect(driver.put({ type: "operator", word: "halt" })).toEqual([]);
    expect(judged(driver)).toBe("S0 STATE_NOT_ACTIVE");
    driver.put({ type: "operator", word: "halt" });
    driver.put({ type: "operator", word: "resume" });
    expect(driver.states).toEqual(["HALTED operator", "ACTIVE "]);
    expect(judged(driver)).toBe("S0 APPROVED");
    driver.fill("entry");
    driver.ack("stop");
    driver.ack("target");
    expect(driver.put({ type: "operator", word: "halt" })).toEqual([]);
    expect(driver.minute("100")).toEqual([]);
  });

  it("leaves everything that is held, and what is on its way as soon as it fills", () => {
    const driver = new CoreDriver(2);
    driver.guard();
    driver.decide(driver.candidate(1));
    expect(driver.put({ type: "operator", word: "flatten" })).toEqual(["cancel target"]);
    const entry = driver.fill("entry");
    expect(entry.map((word) => word.split(" ")[0])).toEqual(["stop", "exit"]);
    driver.fill("exit");
    expect(driver.end("target")).toHaveLength(1);
    driver.fill("exit");
    expect(driver.trades.map(({ reason }) => reason)).toEqual(["operator", "operator"]);
    expect(driver.core.holdings.state).toBe("ACTIVE");
  });
});

describe("a person's word to close one symbol", () => {
  it("leaves its position with its orders, no other one, and keeps the symbol free for 30 minutes", () => {
    const driver = new CoreDriver(2, {}, { isVenueRemote: false });
    driver.decide(driver.candidate(1));
    driver.fill("entry");
    driver.guard();
    const [held, other] = driver.core.holdings.openTrades();
    expect([held?.wantedExit, other?.wantedExit]).toEqual([null, null]);
    const word = { type: "operator", word: "close", symbolId: symbolId(0), by: "socket" } as const;
    expect(driver.put(word)).toEqual(["cancel target"]);
    expect([held?.wantedExit, other?.wantedExit]).toEqual(["operator", null]);
    const closedMs = driver.nowMs;
    expect(driver.put(word)).toEqual([]);
    expect(driver.end("target").map((told) => told.split(" ")[0])).toEqual(["exit"]);
    expect(driver.fill("exit")).toEqual(["cancel stop", "closed operator"]);
    driver.end("stop");
    expect(driver.core.holdings.state).toBe("ACTIVE");
    driver.nowMs = closedMs + CLOSED_PAUSE_MS - 1;
    driver.decide(driver.candidate(0));
    driver.nowMs = closedMs + CLOSED_PAUSE_MS;
    driver.decide(driver.candidate(0));
    expect(driver.outcomes.slice(-2)).toEqual(["S0 SYMBOL_LOCKED", "S0 APPROVED"]);
  });

  it("leaves an entry that is on its way as soon as it fills, and does nothing where nothing is held", () => {
    const driver = new CoreDriver(2);
    driver.decide(driver.candidate(1));
    driver.put({ type: "operator", word: "close", symbolId: symbolId(1) });
    expect(driver.fill("entry").map((word) => word.split(" ")[0])).toEqual(["stop", "exit"]);
    expect(driver.put({ type: "operator", word: "close", symbolId: symbolId(0) })).toEqual([]);
    driver.decide(driver.candidate(0));
    expect(driver.outcomes.at(-1)).toBe("S0 APPROVED");
  });
});

describe("a drawdown that has not halted", () => {
  it("goes on being measured from its peak when a person resumes after another halt", () => {
    const driver = new CoreDriver();
    driver.guard();
    driver.minute("90");
    const { drawdownRatio, drawdownFactor } = driver.core.governors.state;
    expect(drawdownFactor).toBeLessThan(1);
    expect(driver.core.holdings.state).toBe("ACTIVE");
    driver.put({ type: "operator", word: "halt" });
    driver.put({ type: "operator", word: "resume" });
    expect(driver.core.holdings.state).toBe("ACTIVE");
    expect(driver.core.governors.state).toMatchObject({ drawdownRatio, drawdownFactor });
  });
});

describe("the state", () => {
  it("says since when it is what it is, and each reason", () => {
    const driver = new CoreDriver();
    expect(driver.core.standing).toEqual({ state: "ACTIVE", sinceMs: null, reasons: [] });
    const haltedMs = driver.nowMs;
    driver.put({ type: "operator", word: "halt" });
    driver.nowMs += 5_000;
    driver.put({ type: "ledger-health", isSound: false });
    expect(driver.core.standing).toEqual({
      state: "HALTED",
      sinceMs: haltedMs,
      reasons: [
        { reason: "operator", sinceMs: haltedMs },
        { reason: "ledger", sinceMs: haltedMs + 5_000 },
      ],
    });
    driver.nowMs += 5_000;
    driver.put({ type: "operator", word: "resume" });
    expect(driver.core.standing).toEqual({
      state: "REDUCING",
      sinceMs: haltedMs + 10_000,
      reasons: [{ reason: "ledger", sinceMs: haltedMs + 5_000 }],
    });
  });

  it("is to reduce only while the account's words may get lost", () => {
    const driver = new CoreDriver();
    driver.put({ type: "account-stream", isLive: false });
    expect(judged(driver)).toBe("S0 STATE_NOT_ACTIVE");
    driver.put({ type: "account-stream", isLive: true });
    expect(judged(driver)).toBe("S0 STATE_NOT_ACTIVE");
    // What was left out is looked at first.
    driver.answerPositions(0, driver.nowMs - MINUTE_MS - 1);
    expect(driver.core.holdings.state).toBe("REDUCING");
    driver.answerPositions(0);
    expect(driver.core.holdings.state).toBe("REDUCING");
    driver.answerOpenOrders();
    expect(driver.states).toEqual(["REDUCING account-stream", "ACTIVE "]);
    expect(judged(driver)).toBe("S0 APPROVED");
  });

  it("is to reduce only while the ledger cannot keep up, and exits go on", () => {
    const driver = new CoreDriver();
    driver.guard();
    driver.put({ type: "ledger-health", isSound: false });
    driver.put({ type: "ledger-health", isSound: false });
    expect(driver.states).toEqual(["REDUCING ledger"]);
    expect(driver.put({ type: "operator", word: "flatten" })).toEqual(["cancel target"]);
    expect(driver.end("target")).toEqual(["exit -326"]);
    driver.fill("exit");
    driver.end("stop");
    expect(judged(driver)).toBe("S0 STATE_NOT_ACTIVE");
    driver.put({ type: "ledger-health", isSound: true });
    expect(judged(driver)).toBe("S0 APPROVED");
  });

  it("enters nothing while another host may trade, and goes on when the account is this one's again", () => {
    const driver = new CoreDriver();
    driver.guard();
    driver.put({ type: "account-lease", isHeld: false });
    driver.put({ type: "account-lease", isHeld: false });
    expect([driver.states, judged(driver)]).toEqual([["REDUCING account-lease"], "S0 STATE_NOT_ACTIVE"]);
    driver.put({ type: "account-lease", isHeld: true });
    expect(driver.states.at(-1)).toBe("ACTIVE ");
  });

  it("waits with what is bare for the account to be this one's again, and guards it then: that is no failure of a stop", () => {
    const driver = new CoreDriver(4);
    for (let id = 0; id < 4; id++) driver.decide(driver.candidate(id));
    for (let back = 3; back >= 0; back--) {
      driver.outcome("entry", { type: "acked", orderId: "1" }, back);
      driver.fill("entry", { back });
    }
    driver.put({ type: "account-lease", isHeld: false });
    for (let back = 3; back >= 0; back--)
      driver.outcome("stop", { type: "refused", code: "NOT_SENT", text: "" }, back);
    expect([driver.wait(20_000), driver.states]).toEqual([[], ["REDUCING account-lease"]]);
    const guarded = driver.put({ type: "account-lease", isHeld: true });
    expect(guarded).toHaveLength(4);
    expect(guarded.every((what) => what.startsWith("stop -"))).toBe(true);
    expect([driver.wait(1_000), driver.states.at(-1)]).toEqual([[], "ACTIVE "]);
    // From then on a stop that does not stand is one that failed.
    expect(driver.wait(1_000)).toHaveLength(4);
  });

  it("leaves a position when the account is this one's again whose exit was held back", () => {
    const driver = new CoreDriver();
    driver.enterFilled();
    driver.refuse("stop");
    driver.put({ type: "account-lease", isHeld: false });
    driver.refuse("exit", "NOT_SENT");
    expect(driver.wait(20_000)).toEqual([]);
    const [left] = driver.put({ type: "account-lease", isHeld: true });
    expect(left).toMatch(/^exit -/);
  });

  it("lets a symbol go at once whose entry was held back and never left", () => {
    const driver = new CoreDriver();
    driver.enter();
    driver.refuse("entry", "NOT_SENT");
    expect([driver.core.holdings.trades.size, driver.core.orders.openCount]).toEqual([0, 0]);
    expect(judged(driver)).toBe("S0 APPROVED");
  });

  it.each([
    ["KEY_REFUSED", "key-refused"],
    ["POSITION_SIDE", "hedge-mode"],
  ] as const)("is halted when an order is refused with %s", (code, reason) => {
    const driver = new CoreDriver();
    driver.enter();
    driver.refuse("entry", code);
    expect(driver.states).toEqual([`HALTED ${reason}`]);
    expect(judged(driver)).toBe("S0 STATE_NOT_ACTIVE");
  });

  it("is to reduce only while an order's outcome is unknown for more than 5 s", () => {
    const driver = new CoreDriver(2);
    driver.decide(driver.candidate(1));
    driver.outcome("entry", { type: "unknown", text: "" });
    driver.wait(UNKNOWN_MS - 100);
    expect(driver.states).toEqual([]);
    driver.wait(100);
    expect(driver.states).toEqual(["REDUCING outcome-unknown"]);
    driver.answerOrder("entry", { status: "new" });
    expect(driver.states.at(-1)).toBe("ACTIVE ");
  });

  it("is halted by a second engine's order, but for one of whoever has the account's lease meanwhile (AC11)", () => {
    const driver = new CoreDriver(2);
    driver.enterFilled();
    const word = driver.update("stop", { steps: 0 });
    const told = { ...word, status: "new", clientOrderId: "0002E7-0", fill: null } as const;
    driver.put({ type: "account-lease", isHeld: false });
    driver.put({ type: "order-update", update: told });
    expect(driver.states).toEqual(["REDUCING account-lease"]);
    driver.put({ type: "account-lease", isHeld: true });
    expect(driver.states.at(-1)).toBe("ACTIVE ");
    driver.put({ type: "order-update", update: told });
    expect(driver.states.at(-1)).toBe("HALTED second-engine");
  });

  it("is to reduce only at the second failure of protection in ten minutes, and halted at the third", () => {
    const driver = new CoreDriver(3);
    for (const id of [0, 1]) {
      driver.decide(driver.candidate(id));
      driver.fill("entry");
      driver.refuse("stop", "WOULD_TRIGGER");
      driver.fill("exit");
    }
    expect(driver.states).toEqual(["REDUCING protection"]);
    driver.nowMs += PROTECTION_WINDOW_MS;
    driver.put({ type: "time" });
    expect(driver.states.at(-1)).toBe("ACTIVE ");
    // One that shows that stops stand again, and two beside it when the venue begins to refuse them.
    driver.decide(driver.candidate(2));
    driver.fill("entry");
    driver.ack("stop");
    driver.decide(...[0, 1].map((id) => driver.candidate(id)));
    for (const back of [1, 0]) driver.fill("entry", { back });
    const refused = { type: "refused", code: "WOULD_TRIGGER", text: "" } as const;
    for (const back of [1, 0]) driver.outcome("stop", refused, back);
    expect(driver.states.slice(2)).toEqual(["REDUCING protection"]);
    driver.end("stop", "rejected", 2);
    expect(driver.states.slice(3)).toEqual(["HALTED protection"]);
    driver.put({ type: "operator", word: "resume" });
    expect(driver.core.holdings.state).toBe("ACTIVE");
  });

  it("lets one entry in after failures of protection, and is halted when that one fails too (EX31)", () => {
    const driver = new CoreDriver(4);
    const fail = (): void => {
      driver.fill("entry");
      driver.refuse("stop", "WOULD_TRIGGER");
      driver.fill("exit");
    };
    for (const id of [0, 1]) {
      driver.decide(driver.candidate(id));
      fail();
    }
    driver.nowMs += PROTECTION_WINDOW_MS;
    driver.decide(...[2, 3].map((id) => driver.candidate(id)));
    expect(driver.outcomes.slice(-2)).toEqual(["S2 APPROVED", "S3 STATE_NOT_ACTIVE"]);
    fail();
    expect(driver.states.at(-1)).toBe("HALTED protection");
  });

  it("is told of with all reasons, the person's first, each change once", () => {
    const driver = new CoreDriver();
    driver.put({ type: "account-stream", isLive: false });
    driver.put({ type: "operator", word: "halt" });
    driver.put({ type: "account-stream", isLive: false });
    driver.put({ type: "operator", word: "resume" });
    expect(driver.states).toEqual([
      "REDUCING account-stream",
      "HALTED operator,account-stream",
      "REDUCING account-stream",
    ]);
  });
});

it("counts a position's margin at the leverage that the venue has told last", () => {
  const driver = new CoreDriver();
  driver.guard();
  driver.put({ type: "leverage", symbolId: driver.last("entry").symbolId, leverage: 3 });
  expect(driver.core.holdings.openTrades()[0]?.leverage).toBe(3);
});
