import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BinanceErrorCode } from "../../../src/index.ts";
import { checkAccountConfig, checkClock, readAccountConfig } from "../../../src/trading.ts";
import { GatewayRig } from "../../support/gateway-rig.ts";
import { ok, refuse } from "../../support/order-venue.ts";
import { openTradingBench, type TradingBench } from "../../support/trading-bench.ts";

describe("against the venue", () => {
  let bench: TradingBench;

  beforeEach(async () => {
    bench = await openTradingBench();
  });

  afterEach(() => bench.dispose());

  const change = (path: string, parameters: Readonly<Record<string, string>>) =>
    bench.gateway.rest.send({ method: "POST", path, parameters, weight: 1 });

  it("an account as it should be passes", async () => {
    const { gateway, reference } = bench;
    await checkClock(reference.rest.offset, () => reference.serverTime());
    checkAccountConfig(await readAccountConfig(gateway.rest));
    expect(Math.abs(reference.rest.offset.offsetMs())).toBeLessThan(1_000);
  });

  it("hedge mode is refused (AC06)", async () => {
    const result = await change("/fapi/v1/positionSide/dual", { dualSidePosition: "true" });
    expect(result.isOk).toBe(true);
    const config = await readAccountConfig(bench.gateway.rest);
    expect(config.isHedgeMode).toBe(true);
    expect(() => checkAccountConfig(config)).toThrow(/hedge mode: close every position/);
  });
});

describe("what the venue answers", () => {
  let rig: GatewayRig;
  const CONFIG = "GET /fapi/v1/accountConfig";
  const good = { canTrade: true, dualSidePosition: false, multiAssetsMargin: false };

  beforeEach(async () => {
    rig = await GatewayRig.open();
  });

  afterEach(() => rig.close());

  it.each([
    [{ canTrade: false }, /may not trade/],
    [{ dualSidePosition: true }, /one-way mode/],
    [{ multiAssetsMargin: true }, /single-asset mode/],
  ])("%j is refused", async (fields, reason) => {
    rig.venue.always(CONFIG, ok({ ...good, ...fields }));
    const config = await readAccountConfig(rig.gateway.rest);
    expect(() => checkAccountConfig(config)).toThrow(reason);
  });

  it.each([
    ["a key that is refused", refuse(-2015, "Invalid API-key", 401), BinanceErrorCode.KeyRefused],
    ["a signature that is refused", refuse(-1022), BinanceErrorCode.KeyRefused],
    ["no reply", "reset" as const, BinanceErrorCode.Unavailable],
    ["another document", ok({ canTrade: true }), BinanceErrorCode.BadReply],
  ])("%s has an error of its own", async (_, answer, code) => {
    rig.venue.always(CONFIG, answer);
    await expect(readAccountConfig(rig.gateway.rest)).rejects.toMatchObject({ code });
  });

  it("a clock that cannot be read, or is far away, is refused", async () => {
    const { offset } = rig.rest;
    const far = (): Promise<number> => {
      rig.clock.advance(1_500);
      return Promise.resolve(rig.clock.nowMs());
    };
    await expect(checkClock(offset, far)).rejects.toThrow(/1500 ms there and back/);
    const unread = (): Promise<number> => Promise.reject(new Error("no"));
    await expect(checkClock(offset, unread)).rejects.toMatchObject({ code: BinanceErrorCode.ClockUnfit });
  });
});
