import type { Fill } from "@smcq/exchange";
import { parseE8, qtySteps, symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { CHECK_MS, DAY_LATE_MS, TRADES_WAIT_MS } from "../../src/trading/stages/check-times.ts";
import { AGREE_MS } from "../../src/trading/stages/order-tracker.ts";
import type { Trade } from "../../src/trading/trade.ts";
import { EXPLAIN_MS } from "../../src/trading/books.ts";
import { CoreDriver } from "../support/core-driver.ts";
import { START_E8, T0 } from "../support/fixtures.ts";

const DAY_MS = 86_400_000;
/** Steps of the usual entry. */
const STEPS = 326;
const ALL = ["positions", "open-orders", "wallet"];

/** Stop and target rest, and the venue has shown both. */
function guarded(): CoreDriver {
  const driver = new CoreDriver();
  driver.guard();
  driver.answerOpenOrders(driver.last("stop"), driver.last("target"));
  driver.wait(1_000);
  driver.takeAsked();
  return driver;
}

function held(driver: CoreDriver): Trade | undefined {
  return driver.core.holdings.openTrades()[0];
}

/** A trade whose word never comes. */
function lost(driver: CoreDriver, role: "stop" | "target" | "entry"): Fill {
  const { fill } = driver.update(role, { ticks: role === "stop" ? 9_937 : 10_096 });
  if (fill === null) throw new Error("an update with a fill");
  return fill;
}

describe("what the venue holds", () => {
  it("is asked for every 30 s, and at once when the account's words come again", () => {
    const driver = guarded();
    driver.put({ type: "account-stream", isLive: true });
    expect(driver.takeAsked()).toEqual(ALL);
    driver.wait(CHECK_MS - 100);
    expect(driver.takeAsked()).toEqual([]);
    driver.wait(100);
    expect(driver.takeAsked()).toEqual(ALL);
  });

  it("leads to the trades that were missed, and those close the trade at their price", () => {
    const driver = guarded();
    const fill = lost(driver, "stop");
    driver.wait(5_000);
    expect(driver.answerPositions(0)).toEqual([]);
    expect(driver.takeAsked()).toEqual(["trades 0"]);
    expect(driver.answerTrades(fill)).toEqual(["cancel target", "closed stop"]);
    expect(driver.trades[0]).toMatchObject({ exitPrice: 99.37, reason: "stop", exitMs: fill.timeMs });
  });

  it("changes nothing by one answer, nor by two that lie close together or follow a word of the symbol", () => {
    const driver = guarded();
    driver.wait(5_000);
    driver.answerPositions(0);
    driver.answerTrades();
    driver.wait(AGREE_MS - 100);
    driver.answerPositions(0);
    driver.wait(100);
    driver.put({ type: "order-update", update: { ...driver.update("stop", { steps: 0 }), fill: null } });
    driver.answerPositions(0, driver.nowMs - 1);
    expect(held(driver)?.qtySteps).toBe(STEPS);
    driver.answerPositions(STEPS);
    driver.wait(AGREE_MS);
    driver.answerPositions(0);
    expect(held(driver)?.qtySteps).toBe(STEPS);
  });

  it("is one row that no trade explains when two answers agree and no trade is told", () => {
    const driver = guarded();
    driver.wait(5_000);
    driver.answerPositions(0);
    driver.answerTrades();
    driver.wait(AGREE_MS);
    expect(driver.answerPositions(0)).toEqual(["cancel stop", "cancel target", "closed external"]);
    expect(driver.core.holdings.portfolio.openCount).toBe(0);
  });

  it("is believed without trades when nobody answers for them", () => {
    const driver = guarded();
    driver.wait(5_000);
    driver.answerPositions(100);
    driver.wait(TRADES_WAIT_MS - 100);
    expect(driver.answerPositions(100)).toEqual([]);
    driver.wait(100);
    expect(driver.answerPositions(100)).toEqual(["stop -100 @ 9939", "cancel target"]);
    expect(held(driver)?.qtySteps).toBe(100);
  });

  it("beyond the books is adopted, or an entry's of unknown outcome as long as there is one (AC12)", () => {
    for (const isUnderWay of [true, false]) {
      const driver = new CoreDriver();
      if (isUnderWay) driver.enter();
      driver.wait(5_000);
      driver.answerPositions(STEPS);
      driver.answerTrades();
      driver.wait(AGREE_MS);
      // The plan's stop from the price that is known, or 2 % away.
      const ticks = isUnderWay ? 9_937 : 9_800;
      expect(driver.answerPositions(STEPS)).toEqual([`stop -${STEPS} @ ${ticks}`]);
      expect(held(driver)?.isAdopted).toBe(!isUnderWay);
    }
  });

  it("is believed without trades later where words take longer", () => {
    const driver = new CoreDriver(1, {}, { wordFloorMs: 2 * TRADES_WAIT_MS });
    driver.guard();
    driver.wait(5_000);
    driver.answerPositions(0);
    driver.wait(3 * TRADES_WAIT_MS);
    expect(driver.answerPositions(0)).toEqual([]);
    driver.wait(TRADES_WAIT_MS);
    expect(driver.answerPositions(0)).toContain("closed external");
  });

  it("is put right to the last unit when the trades come after all", () => {
    const driver = new CoreDriver();
    driver.enter();
    const fill = lost(driver, "entry");
    driver.wait(5_000);
    driver.answerPositions(STEPS);
    driver.answerTrades();
    driver.wait(AGREE_MS);
    driver.answerPositions(STEPS);
    driver.ack("stop");
    // From then on they are asked for with each check.
    driver.takeAsked();
    driver.wait(CHECK_MS);
    expect(driver.takeAsked()).toContain("trades 0");
    expect(driver.answerTrades(fill)).toContain(`stop -${STEPS} @ 10033`);
    const { portfolio } = driver.core.holdings;
    expect(portfolio.position(symbolId(0))).toMatchObject({ qtySteps: STEPS, avgTicks: fill.priceTicks });
    expect(portfolio.walletE8).toBe(START_E8 - fill.feeE8);
    expect(held(driver)).toMatchObject({ qtySteps: STEPS, isEntryEnded: true });
    driver.ack("stop");
    driver.takeAsked();
    driver.wait(CHECK_MS);
    expect(driver.takeAsked()).not.toContain("trades 0");
  });

  it("is put right when rows at several prices have told of one trade", () => {
    const told = guarded();
    told.answerTrades(lost(told, "stop"));
    const driver = guarded();
    const fill = lost(driver, "stop");
    for (const [left, price] of [
      [226, "100.10"],
      [0, "100.30"],
    ] as const) {
      driver.minute(price);
      driver.answerPositions(left);
      driver.wait(TRADES_WAIT_MS);
      driver.answerPositions(left);
    }
    expect(driver.trades[0]?.reason).toBe("external");
    driver.answerTrades(fill);
    const [before, after] = [told, driver].map(({ core }) => core.holdings.portfolio.walletE8);
    expect(after).toBe(before);
    expect(driver.corrected[0]).toMatchObject({
      reason: "stop",
      exitPrice: 99.37,
      pnlE8: told.trades[0]?.pnlE8,
    });
  });

  it("is put right when an entry's trade is told after its stop has sold what it bought", () => {
    const told = new CoreDriver();
    told.enterFilled();
    told.ack("stop");
    told.fill("stop", { ticks: 9_930 });
    for (const isOver of [false, true]) {
      const driver = new CoreDriver();
      driver.enter();
      const { fill } = driver.update("entry", { ticks: 10_002 });
      driver.outcome("entry", { type: "unknown", text: "timeout" });
      driver.wait(1_000);
      driver.answerPositions(STEPS);
      driver.wait(TRADES_WAIT_MS);
      expect(driver.answerPositions(STEPS)).toEqual([`stop -${STEPS} @ 9937`]);
      if (isOver) driver.end("entry");
      driver.ack("stop");
      driver.fill("stop", { ticks: 9_930 });
      driver.answerTrades(fill);
      const record = [...driver.trades, ...driver.corrected].at(-1);
      const { reason, entryPrice, exitPrice, feesE8, pnlE8 } = told.trades[0] ?? {};
      expect(record).toMatchObject({ reason, exitPrice, feesE8, pnlE8 });
      expect(record?.entryPrice).toBeCloseTo(entryPrice ?? 0, 9);
      expect(driver.core.holdings.trades.size).toBe(0);
      expect(driver.core.holdings.portfolio.walletE8).toBe(told.core.holdings.portfolio.walletE8);
    }
  });

  it("is put right when what closed a trade is told after it was counted as external", () => {
    const driver = guarded();
    const fill = lost(driver, "stop");
    driver.wait(5_000);
    driver.answerPositions(0);
    driver.answerTrades();
    driver.wait(AGREE_MS);
    driver.answerPositions(0);
    // The trade was told with the row's price, and is told anew with its own.
    const [before] = driver.trades;
    expect(driver.answerTrades(fill)).toEqual(["corrected 0"]);
    const { portfolio } = driver.core.holdings;
    expect([portfolio.openCount, driver.core.holdings.trades.size]).toEqual([0, 0]);
    expect(before?.reason).toBe("external");
    const [after] = driver.corrected;
    expect(after).toMatchObject({ reason: "stop", exitMs: fill.timeMs, stopSlippage: 2 / 9_939 });
    expect(after?.exitPrice).toBeCloseTo(99.37, 9);
    // What was lost by its stop counts as that.
    expect(driver.core.getRiskMetrics().streakStops).toBe(1);
    // Bought at 100.02 and sold at 99.37, whatever the row had said.
    const paidE8 = (parseE8("0.65") * 326n) / 10n + portfolio.totals.feesE8;
    expect(portfolio.walletE8).toBe(START_E8 - paidE8);
  });
});

it("says nothing of the next entry in the symbol when the trades of a former trade come late", () => {
  const driver = new CoreDriver(1, { symbolLockMs: 0 });
  driver.guard();
  const fill = lost(driver, "stop");
  driver.wait(5_000);
  driver.answerPositions(0);
  driver.answerTrades();
  driver.wait(AGREE_MS);
  driver.answerPositions(0);
  driver.end("target");
  // The stop's end comes without its trade, which the venue tells of when the next entry is on its way.
  const { clientOrderId } = driver.last("stop");
  const ended = { clientOrderId, symbolId: symbolId(0), fill: null, timeMs: driver.nowMs } as const;
  driver.put({ type: "order-update", update: { ...ended, status: "finished", cumQtySteps: qtySteps(0) } });
  driver.answerPositions(0);
  driver.enter();
  // What nobody explains is looked for at first.
  expect(driver.outcomes.at(-1)).toBe("S0 SYMBOL_BLOCKED");
  driver.nowMs += EXPLAIN_MS;
  driver.enter();
  expect(driver.outcomes.at(-1)).toBe("S0 APPROVED");
  driver.answerTrades(fill);
  expect(driver.refuse("entry")).toEqual([]);
  expect(driver.trades.map(({ reason }) => reason)).toEqual(["external"]);
  expect(driver.core.holdings.trades.size).toBe(0);
});

it("leaves a trade ours whose entry was taken for over before its trades came", () => {
  const driver = new CoreDriver();
  driver.enter();
  const fill = lost(driver, "entry");
  driver.wait(5_000);
  driver.answerPositions(STEPS);
  driver.answerTrades();
  driver.wait(AGREE_MS);
  driver.answerPositions(STEPS);
  driver.ack("stop");
  driver.answerOrder("entry", null);
  driver.wait(AGREE_MS);
  expect(driver.answerOrder("entry", null)).toEqual([`target -${STEPS} @ 10094`]);
  driver.answerTrades(fill);
  expect(held(driver)).toMatchObject({ isAdopted: false, qtySteps: STEPS });
});

describe("what rests at the venue", () => {
  it("and is not listed is asked for, and believed from there", () => {
    const driver = guarded();
    driver.wait(5_000);
    expect(driver.answerOpenOrders(driver.last("target"))).toEqual([]);
    driver.put({ type: "time" });
    expect(driver.takeAsked()).toContain("order stop");
    const stopId = driver.last("stop").clientOrderId;
    expect(driver.answerOrder("stop", { status: "expired" })).toEqual([`stop -${STEPS} @ 9939`]);
    driver.answerTrades();
    driver.wait(AGREE_MS);
    driver.answerPositions(STEPS);
    expect(driver.answerTrades()).toEqual([]);
    const open = [...driver.core.orders.open()].map(({ request }) => request.clientOrderId);
    expect(open).not.toContain(stopId);
  });

  it("and belongs to nothing of ours any more is taken back when two lists have it", () => {
    const driver = guarded();
    const stray = { ...driver.last("stop"), clientOrderId: "testSzz-9" };
    const foreign = { ...driver.last("stop"), clientOrderId: "web_1" };
    driver.wait(5_000);
    const listed = [driver.last("stop"), driver.last("target"), stray, foreign];
    expect(driver.answerOpenOrders(...listed)).toEqual([]);
    driver.wait(AGREE_MS);
    const orders = listed.map((request) => ({ request, orderId: "1", cumQtySteps: qtySteps(0) }));
    const query = { type: "open-orders" } as const;
    const { nowMs } = driver;
    const answer = { type: "open-orders", query, askedMs: nowMs, orders } as const;
    const commands = driver.engine.process({ type: "answer", answer, nowMs, nowNs: nowMs * 1e6 });
    expect(commands.filter(({ type }) => type === "cancel")).toEqual([
      { type: "cancel", symbolId: 0, clientOrderId: "testSzz-9", isAlgo: true },
    ]);
  });
});

describe("the wallet", () => {
  const funding = {
    incomeId: "1",
    type: "funding",
    symbolId: symbolId(0),
    amountE8: parseE8("-5"),
    timeMs: T0,
  } as const;

  it("that the books do not explain twice is doubt: nothing is entered until they do", () => {
    const driver = new CoreDriver();
    driver.wait(1_000);
    driver.answerWallet(START_E8 - parseE8("5"));
    expect(driver.takeAsked()).toEqual(["income"]);
    expect(driver.core.holdings.state).toBe("ACTIVE");
    driver.wait(AGREE_MS);
    driver.answerWallet(START_E8 - parseE8("5"));
    expect(driver.states).toEqual(["REDUCING account-doubtful"]);
    driver.answerIncome({ ...funding, tradeId: null });
    driver.wait(100);
    driver.answerWallet(START_E8 - parseE8("5"));
    expect(driver.states.at(-1)).toBe("ACTIVE ");
    expect(driver.core.holdings.portfolio.totals.fundingE8).toBe(funding.amountE8);
  });

  it("says nothing of what happened before the run began: that is in its first wallet", () => {
    const driver = new CoreDriver();
    driver.wait(1_000);
    driver.answerIncome({ ...funding, tradeId: null, timeMs: T0 - 1 });
    expect(driver.core.holdings.portfolio.walletE8).toBe(START_E8);
  });

  it("learns of a payment between that wallet and the first event", () => {
    const driver = new CoreDriver(1, {}, { startWalletMs: T0 - 5_000 });
    driver.wait(1_000);
    driver.answerWallet(START_E8 - parseE8("5"));
    driver.answerIncome({ ...funding, tradeId: null, timeMs: T0 - 5_001, incomeId: "0" });
    driver.answerIncome({ ...funding, tradeId: null, timeMs: T0 - 3_000 });
    expect(driver.core.holdings.portfolio.walletE8).toBe(START_E8 - parseE8("5"));
  });

  it("takes a payment that was missed once, and gives it to the trade of its symbol", () => {
    const driver = guarded();
    driver.answerIncome({ ...funding, tradeId: null }, { ...funding, tradeId: null });
    driver.put({ type: "income", income: funding });
    expect(held(driver)?.fundingE8).toBe(funding.amountE8);
  });

  it("takes what a person's trade brought in a symbol that nobody here knows for a payment, once (AC03)", () => {
    const driver = new CoreDriver();
    driver.wait(1_000);
    driver.answerWallet(START_E8 - parseE8("8"));
    driver.wait(AGREE_MS);
    driver.answerWallet(START_E8 - parseE8("8"));
    expect(driver.states).toEqual(["REDUCING account-doubtful"]);
    const row = { ...funding, symbolId: null, tradeId: "77" };
    const rows = [
      { ...row, incomeId: "r", type: "realised" },
      { ...row, incomeId: "c", type: "commission", amountE8: parseE8("-3") },
    ] as const;
    driver.answerIncome(...rows);
    driver.answerIncome(...rows);
    driver.wait(100);
    driver.takeAsked();
    driver.answerWallet(START_E8 - parseE8("8"));
    expect(driver.states.at(-1)).toBe("ACTIVE ");
    // Who knows the symbol later asks for no trade that is paid for.
    driver.answerIncome({ ...rows[0], symbolId: symbolId(0) }, { ...rows[1], symbolId: symbolId(0) });
    expect(driver.takeAsked()).toEqual([]);
  });

  it("leads to trades that only the account book knows: what was opened and closed unheard", () => {
    const driver = new CoreDriver();
    driver.wait(1_000);
    driver.answerIncome({ ...funding, incomeId: "2", type: "realised", tradeId: "77" });
    expect(driver.takeAsked()).toEqual(["trades 0"]);
  });

  it("is held against the whole account book once a UTC day has ended: what is new is booked, what is known is not", () => {
    const driver = guarded();
    const startMs = driver.nowMs;
    driver.put({ type: "income", income: { ...funding, timeMs: startMs } });
    driver.nowMs = (Math.floor(startMs / DAY_MS) + 1) * DAY_MS + DAY_LATE_MS - 1;
    driver.put({ type: "time" });
    driver.takeAsked();
    driver.nowMs++;
    driver.put({ type: "time" });
    expect(driver.takeAsked()).toEqual(["income"]);
    const missed = { ...funding, incomeId: "2", tradeId: null, timeMs: startMs + 1 };
    driver.answerIncome({ ...funding, tradeId: null, timeMs: startMs }, missed);
    driver.answerIncome({ ...missed, incomeId: "3", type: "realised", tradeId: "77" });
    expect(driver.takeAsked()).toEqual(["trades 0"]);
    expect(driver.core.holdings.portfolio.totals.fundingE8).toBe(2n * funding.amountE8);
  });

  it("of nothing is doubt", () => {
    const driver = new CoreDriver();
    driver.put({ type: "income", income: { ...funding, type: "transfer", amountE8: -START_E8 } });
    expect(driver.states).toEqual(["REDUCING account-doubtful"]);
  });

  it("may come to nothing on both sides, and keeps no entry off any more", () => {
    const driver = new CoreDriver();
    driver.put({ type: "account-stream", isLive: true });
    driver.foreign("web_1", 10);
    driver.ack("stop");
    driver.wait(5_000);
    driver.answerPositions(0);
    driver.foreign("web_2", -10);
    driver.end("stop");
    driver.wait(5_000);
    driver.answerPositions(0);
    driver.answerOpenOrders();
    expect(driver.core.holdings.reasons).toEqual([]);
  });

  it("is taken back at its own price when two later answers contradict it", () => {
    const driver = guarded();
    const before = driver.core.holdings.portfolio;
    const { walletE8, equityE8 } = before;
    driver.wait(5_000);
    for (const ticks of ["101", "103"]) {
      driver.minute(ticks);
      const steps = ticks === "101" ? 0 : STEPS;
      driver.answerPositions(steps);
      driver.answerTrades();
      driver.wait(AGREE_MS);
      driver.answerPositions(steps);
    }
    const { portfolio } = driver.core.holdings;
    expect(portfolio.position(symbolId(0))?.qtySteps).toBe(STEPS);
    driver.minute("100.02");
    // Neither trade has happened: what is open and what was booked make up what was.
    expect(portfolio.equityE8).toBe(walletE8);
    expect(equityE8).toBeLessThanOrEqual(walletE8);
  });
});

describe("a stop that an answer tells to be off", () => {
  it("is replaced at once when it was expired, before its trades are told", () => {
    const driver = guarded();
    driver.wait(1_000);
    expect(driver.answerOrder("stop", { status: "expired" })).toEqual([`stop -${STEPS} @ 9939`]);
  });

  it("is replaced when it was canceled, as soon as no list has a person's in its place (AC14)", () => {
    const driver = guarded();
    driver.wait(1_000);
    driver.takeAsked();
    expect(driver.answerOrder("stop", { status: "canceled" })).toEqual([]);
    expect(driver.takeAsked()).toEqual(["open-orders"]);
    expect(driver.answerOpenOrders(driver.last("target"))).toEqual([`stop -${STEPS} @ 9939`]);
  });

  it("is replaced after a second at the latest when nobody lists anything (AC14)", () => {
    const driver = guarded();
    driver.wait(1_000);
    driver.answerOrder("stop", { status: "canceled" });
    expect(driver.wait(900)).toEqual([]);
    expect(driver.wait(100)).toEqual([`stop -${STEPS} @ 9939`]);
  });

  it("is not replaced when it was rejected at its trigger: the position is left, and has no target any more", () => {
    const driver = guarded();
    driver.wait(1_000);
    expect(driver.answerOrder("stop", { status: "rejected" })).toEqual(["cancel target"]);
    expect(driver.end("target")).toEqual([`exit -${STEPS}`]);
  });

  it("is not replaced when it is done: its trades say what is left", () => {
    const driver = guarded();
    driver.wait(1_000);
    expect(driver.answerOrder("stop", { status: "finished" })).toEqual([]);
  });

  it("that had sold before counts, and what replaced it goes with the position", () => {
    const driver = guarded();
    const fill = lost(driver, "stop");
    driver.answerOrder("stop", { status: "expired" });
    driver.ack("stop");
    expect(driver.answerTrades(fill)).toEqual(["cancel stop", "cancel target", "closed stop"]);
  });
});
