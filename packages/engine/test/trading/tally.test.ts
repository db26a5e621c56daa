import { symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { DURATION_BOUNDS_MS, DurationHistogram } from "../../src/trading/tally/histogram.ts";
import { MEASURED_MAX, TradingTally } from "../../src/trading/tally/tally.ts";
import { AGREE_MS } from "../../src/trading/stages/order-tracker.ts";
import { CoreDriver } from "../support/core-driver.ts";

function tallyOf({ core }: CoreDriver): TradingTally {
  if (core.tally === null) throw new Error("a remote venue is measured");
  return core.tally;
}

describe("the tally", () => {
  it("measures how long a position stands without a confirmed stop, however that ends", () => {
    const driver = new CoreDriver(2);
    const tally = tallyOf(driver);
    driver.enterFilled();
    expect(tally.nakedCount).toBe(1);
    driver.nowMs += 40;
    driver.ack("stop");
    expect([tally.nakedCount, tally.nakedVenueMs.count]).toEqual([0, 1]);
    expect([tally.nakedVenueMs.sumMs, Math.round(tally.nakedWallMs.msMax)]).toEqual([40, 40]);
    // The stop is lost, and the position left before another one stands.
    driver.end("stop");
    expect(tally.nakedCount).toBe(1);
    driver.nowMs += 2_000;
    driver.put({ type: "time" });
    driver.end("target");
    driver.fill("exit");
    expect([tally.nakedCount, tally.nakedVenueMs.count, tally.nakedVenueMs.msMax]).toEqual([0, 2, 2_000]);
  });

  it("measures the way of each kind of order, and of a cancel until the order's end", () => {
    const driver = new CoreDriver();
    const tally = tallyOf(driver);
    driver.enter();
    driver.nowMs += 7;
    driver.ack("entry");
    driver.fill("entry");
    driver.nowMs += 11;
    driver.ack("stop");
    driver.nowMs += 13;
    driver.ack("target");
    driver.put({ type: "operator", word: "flatten" });
    driver.nowMs += 17;
    driver.end("target");
    driver.nowMs += 19;
    driver.ack("exit");
    const { entry, stop, target, exit, cancel } = tally.roundTripMs;
    expect([entry, stop, target, exit, cancel].map(({ sumMs }) => Math.round(sumMs))).toEqual([
      7, 11, 13, 19, 17,
    ]);
    expect([entry, stop, target, exit, cancel].map(({ count }) => count)).toEqual([1, 1, 1, 1, 1]);
  });

  it("says of each unknown outcome what it came to", () => {
    const driver = new CoreDriver(3);
    const tally = tallyOf(driver);
    const unknown = { type: "unknown", text: "" } as const;
    driver.enter();
    driver.outcome("entry", unknown);
    expect(tally.unknownOutcomes).toMatchObject({ entry: 1, stop: 0 });
    // Its first word is its end.
    driver.fill("entry");
    driver.outcome("stop", unknown);
    driver.see("stop");
    expect(tally.resolutions).toEqual({ working: 1, ended: 1, refused: 0, absent: 0 });
    const absent = new CoreDriver();
    absent.enter();
    absent.outcome("entry", unknown);
    absent.wait(4_000);
    absent.answerOrder("entry", null);
    absent.wait(AGREE_MS);
    absent.answerOrder("entry", null);
    expect(tallyOf(absent).resolutions).toEqual({ working: 0, ended: 0, refused: 0, absent: 1 });
  });

  it("counts what the books had to be put right by, and when they were held against the venue's", () => {
    const driver = new CoreDriver();
    const tally = tallyOf(driver);
    expect(tally.reconciledMs).toBeNull();
    driver.enter();
    driver.ack("entry");
    const { fill } = driver.update("entry");
    driver.answerTrades(fill);
    driver.answerTrades(fill);
    expect(tally.differences).toEqual({ position: 0, wallet: 0, trade: 1, payment: 0 });
    driver.answerPositions(326);
    expect([tally.reconciliations, tally.reconciledMs]).toEqual([1, driver.nowMs]);
  });

  it("is left out where the venue is in memory", () => {
    expect(new CoreDriver(1, {}, { isVenueRemote: false }).core.tally).toBeNull();
  });

  it("measures no more at once than its limit, the newest", () => {
    const { core } = new CoreDriver();
    const tally = new TradingTally(core.holdings);
    const cancels = Array.from({ length: MEASURED_MAX + 1 }, (_, at) => ({
      type: "cancel" as const,
      symbolId: symbolId(0),
      clientOrderId: `o${at}`,
      isAlgo: false,
    }));
    tally.sent(cancels, 0, { nowMs: 0, nowNs: 0 });
    expect(tally.waiting).toBe(MEASURED_MAX);
  });
});

it("a histogram counts each duration once, by the first bound that it does not exceed", () => {
  const histogram = new DurationHistogram();
  for (const ms of [0, 1, 1.5, 60_000, 60_001, -3]) histogram.add(ms);
  expect(histogram.counts[0]).toBe(3);
  expect(histogram.counts[1]).toBe(1);
  expect(histogram.counts[DURATION_BOUNDS_MS.length - 1]).toBe(1);
  expect([histogram.count, histogram.sumMs, histogram.msMax]).toEqual([6, 120_003.5, 60_001]);
});
