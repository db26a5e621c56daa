import { describe, expect, it } from "vitest";
import { PROTOCOL_BOUNDS, type ProtocolLimits, requireProtocolBounded } from "../../src/index.ts";
import { CoreDriver } from "../support/core-driver.ts";
import { MINUTE_MS, PROTOCOL } from "../support/fixtures.ts";

const BOUNDS = Object.entries(PROTOCOL_BOUNDS) as [keyof ProtocolLimits, readonly [number, number]][];

describe("the protocol's limits", () => {
  it("have a compiled bound each that cannot be lifted, and the defaults lie inside", () => {
    expect(Object.keys(PROTOCOL_BOUNDS).toSorted()).toEqual(Object.keys(PROTOCOL).toSorted());
    expect(Object.isFrozen(PROTOCOL_BOUNDS)).toBe(true);
    for (const [, bounds] of BOUNDS) expect(Object.isFrozen(bounds)).toBe(true);
    expect(requireProtocolBounded(PROTOCOL)).toBe(PROTOCOL);
  });

  it.each(BOUNDS)("take %s at either bound, and no engine is made beyond it", (name, [min, max]) => {
    for (const value of [min, max])
      expect(() => new CoreDriver(1, {}, { protocol: { [name]: value } })).not.toThrow();
    for (const value of [min - 1, max + 1, Number.NaN])
      expect(() => new CoreDriver(1, {}, { protocol: { [name]: value } })).toThrow(
        expect.objectContaining({
          code: "CONFIG_PROTOCOL_BOUND",
          message: `protocol.${name} is ${value}: compiled bounds are ${min} to ${max}`,
        }),
      );
  });

  it("let an exit's window end before the next minute's try", () => {
    expect(PROTOCOL_BOUNDS.exitWindowMs[1]).toBeLessThan(MINUTE_MS);
  });
});

describe("a position", () => {
  it("is left when protectMs have passed without a confirmed stop, as long as they were set", () => {
    const driver = new CoreDriver(1, {}, { protocol: { protectMs: 4_000 } });
    driver.enterFilled();
    driver.outcome("stop", { type: "unknown", text: "timeout" });
    driver.nowMs += 3_999;
    expect(driver.put({ type: "time" })).toEqual([]);
    driver.nowMs += 1;
    expect(driver.put({ type: "time" })).toEqual(["exit -326"]);
  });

  it("is left at the stopsLostMax-th stop that ends by itself inside stopsLostWindowMs", () => {
    const driver = new CoreDriver(1, {}, { protocol: { stopsLostMax: 2, stopsLostWindowMs: 60_000 } });
    driver.guard();
    expect(driver.end("stop", "expired")).toEqual(["stop -326 @ 9939"]);
    driver.ack("stop");
    driver.nowMs += 60_000;
    expect(driver.end("stop", "expired")).toEqual(["stop -326 @ 9939"]);
    driver.ack("stop");
    driver.nowMs += 59_999;
    expect(driver.end("stop", "expired")).toEqual(["cancel target"]);
  });

  it("waits targetEndMs for its target's end, and sends exitsMax exits inside exitWindowMs", () => {
    const driver = new CoreDriver(
      1,
      {},
      { isVenueRemote: false, protocol: { targetEndMs: 100, exitsMax: 2, exitWindowMs: 2_000 } },
    );
    driver.guard();
    driver.put({ type: "data-ended", symbolId: driver.last("entry").symbolId });
    driver.nowMs += 99;
    expect(driver.put({ type: "time" })).toEqual([]);
    driver.nowMs += 1;
    expect(driver.put({ type: "time" })).toEqual(["exit -326"]);
    driver.nowMs += 2_000;
    expect(driver.refuse("exit", "TOO_MANY_ORDERS")).toEqual(["exit -326"]);
    expect(driver.refuse("exit", "TOO_MANY_ORDERS")).toEqual(["exit -326"]);
    expect(driver.refuse("exit", "TOO_MANY_ORDERS")).toEqual(["target -326 @ 10096"]);
  });
});
