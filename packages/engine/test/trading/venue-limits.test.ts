import { symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { SILENT_MS, STOP_SLOTS_MAX } from "../../src/trading/stages/check-times.ts";
import { CLOCK_JUMP_MS } from "../../src/trading/stages/exits.ts";
import { CoreDriver } from "../support/core-driver.ts";
import { MINUTE_MS } from "../support/fixtures.ts";

function guarded(): CoreDriver {
  const driver = new CoreDriver();
  driver.guard();
  return driver;
}

describe("conditional orders of the account (EX12)", () => {
  it("end entries when the venue has few places left, whosever they are", () => {
    const driver = guarded();
    const stop = driver.last("stop");
    const others = (count: number): (typeof stop)[] =>
      Array.from({ length: count }, (_, number) => ({ ...stop, clientOrderId: `web_${number}` }));
    driver.answerOpenOrders(driver.last("target"), stop, ...others(STOP_SLOTS_MAX - 2));
    expect(driver.states).toEqual([]);
    driver.answerOpenOrders(driver.last("target"), stop, ...others(STOP_SLOTS_MAX - 1));
    expect(driver.states).toEqual(["REDUCING stop-slots"]);
    driver.answerOpenOrders(driver.last("target"), stop);
    expect(driver.states.at(-1)).toBe("ACTIVE ");
  });
});

describe("a stream that tells nothing of an acked order (AC07)", () => {
  it("is taken for silent until it tells of one", () => {
    const driver = new CoreDriver();
    driver.enterFilled();
    driver.ack("stop");
    driver.ack("target");
    driver.see("target");
    driver.wait(SILENT_MS - 100);
    expect(driver.states).toEqual([]);
    driver.wait(100);
    expect(driver.states).toEqual(["REDUCING account-stream"]);
    driver.see("stop");
    expect(driver.states.at(-1)).toBe("ACTIVE ");
    driver.wait(4 * SILENT_MS);
    expect(driver.states).toHaveLength(2);
  });

  it("or until positions and what rests are known", () => {
    const driver = new CoreDriver();
    driver.enterFilled();
    driver.ack("stop");
    driver.ack("target");
    driver.see("target");
    driver.takeAsked();
    driver.wait(SILENT_MS);
    expect(driver.takeAsked()).toEqual(expect.arrayContaining(["positions", "open-orders", "wallet"]));
    driver.answerPositions(326);
    expect(driver.states).toEqual(["REDUCING account-stream"]);
    driver.answerOpenOrders(driver.last("stop"), driver.last("target"));
    expect(driver.states.at(-1)).toBe("ACTIVE ");
  });
});

describe("a clock that jumps (CL02)", () => {
  /** The next event comes a second later by the monotonic clock, and so much later by the other one. */
  function jump(driver: CoreDriver, ms: number): readonly string[] {
    const nowNs = driver.nowMs * 1e6 + 1e9;
    driver.nowMs += ms;
    const commands = driver.engine.process({ type: "time", nowMs: driver.nowMs, nowNs });
    return commands.flatMap((command) => (command.type === "cancel" ? [command.clientOrderId] : []));
  }

  it("leaves no position by itself from a quarter of an hour on", () => {
    const late = guarded();
    late.put({ type: "time" });
    late.nowMs += 110 * MINUTE_MS;
    late.put({ type: "time" });
    expect(jump(late, CLOCK_JUMP_MS + 1_000)).toEqual([]);
    const early = guarded();
    early.nowMs += 110 * MINUTE_MS;
    early.put({ type: "time" });
    expect(jump(early, CLOCK_JUMP_MS + 999)).toEqual([early.last("target").clientOrderId]);
  });

  it("back by a day holds no bar's exit back", () => {
    const driver = guarded();
    driver.put({ type: "time" });
    jump(driver, -86_400_000);
    const marks = [{ symbolId: symbolId(0), priceE8: 10_050_000_000n }];
    const left: string[] = [];
    for (let bar = 0; bar < 120; bar++) {
      driver.nowMs += MINUTE_MS;
      left.push(...driver.put({ type: "minute", closeMs: driver.nowMs, marks }));
    }
    expect(left).toEqual(["cancel target"]);
  });
});
