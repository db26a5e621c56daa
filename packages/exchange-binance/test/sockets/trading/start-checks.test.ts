import type { OrderRequest, Outcome } from "@smcq/exchange";
import { approve } from "@smcq/exchange/approval";
import { qtySteps, type SymbolId } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BinanceErrorCode } from "../../../src/index.ts";
import {
  checkAccountConfig,
  checkClock,
  checkStops,
  MarginWatch,
  readAccountConfig,
  readSymbolSettings,
  type TradedSymbol,
} from "../../../src/trading.ts";
import { GatewayRig } from "../../support/gateway-rig.ts";
import { ok, refuse } from "../../support/order-venue.ts";
import { recordingLogger } from "../../support/sim-harness.ts";
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

  it("CF05 is spoken to within the weight that it states itself, not within another venue's", async () => {
    const other = await openTradingBench("hmac", { weightLimit: 1_200 });
    try {
      const limitOf = ({ reference }: TradingBench): number => reference.rest.budget.state().weightLimit;
      expect([limitOf(bench), limitOf(other)]).toEqual([100_000, 1_200]);
    } finally {
      await other.dispose();
    }
  });

  it("hedge mode is refused (AC06)", async () => {
    const result = await change("/fapi/v1/positionSide/dual", { dualSidePosition: "true" });
    expect(result.isOk).toBe(true);
    const config = await readAccountConfig(bench.gateway.rest);
    expect(config.isHedgeMode).toBe(true);
    expect(() => checkAccountConfig(config)).toThrow(/hedge mode: close every position/);
  });
});

describe("a margin type that is not the wanted one (EX43)", () => {
  let bench: TradingBench;

  beforeEach(async () => {
    bench = await openTradingBench();
  });

  afterEach(() => bench.dispose());

  const lever = (symbolId: SymbolId): Promise<Outcome> =>
    new Promise((resolve) => bench.gateway.setLeverage(symbolId, 7, resolve));
  const isolate = (symbolId: SymbolId): Promise<Outcome> =>
    new Promise((resolve) => bench.gateway.setMarginType(symbolId, "isolated", resolve));
  const learn = async (): Promise<void> =>
    bench.marginTypes.learn(await readSymbolSettings(bench.gateway.rest));
  const asked = (path: string): number =>
    (bench.sim.trading?.requests() ?? []).filter((request) => request.path === path).length;

  it("is set before the leverage, once, and only where it is another one", async () => {
    const [one, other] = bench.symbols.map(({ symbolId }) => symbolId) as [SymbolId, SymbolId];
    await isolate(one);
    await learn();
    const unlike = (): readonly string[] =>
      bench.symbols.map(({ symbol }) => symbol).filter((symbol) => !bench.marginTypes.has(symbol));
    expect(unlike()).toEqual([bench.symbols[0]?.symbol]);
    for (const symbolId of [one, other, one]) expect(await lever(symbolId)).toMatchObject({ type: "acked" });
    expect([asked("/fapi/v1/marginType"), asked("/fapi/v1/leverage")]).toEqual([2, 3]);
    await learn();
    expect(unlike()).toEqual([]);
    const settings = await readSymbolSettings(bench.gateway.rest);
    expect(settings.find(({ symbol }) => symbol === bench.symbols[0]?.symbol)).toMatchObject({
      isIsolated: false,
      leverage: 7,
    });
  });

  it("leaves the leverage unset where it cannot be set, and is tried again", async () => {
    const [one] = bench.symbols.map(({ symbolId }) => symbolId) as [SymbolId, SymbolId];
    await isolate(one);
    await learn();
    const traded = bench.symbols[0] as TradedSymbol;
    const lastE8 = 100_000n * traded.rules.tickE8;
    bench.sim.trading?.move(traded.symbol, lastE8);
    const trade = async (side: "BUY" | "SELL"): Promise<void> => {
      const quantity = String(
        Math.ceil(20 / (Number(lastE8) / 1e8) / traded.rules.stepSize) * traded.rules.stepSize,
      );
      const parameters = { symbol: traded.symbol, side, type: "MARKET", quantity };
      const result = await bench.gateway.rest.send({
        method: "POST",
        path: "/fapi/v1/order",
        parameters,
        weight: 0,
      });
      expect(result).toMatchObject({ isOk: true });
    };
    // Nothing of a symbol that is held can be changed.
    await trade("BUY");
    expect(await lever(one)).toMatchObject({ type: "refused" });
    expect(asked("/fapi/v1/leverage")).toBe(0);
    await trade("SELL");
    expect(await lever(one)).toMatchObject({ type: "acked" });
  });

  it("that somebody has set meanwhile is none any more", async () => {
    const [one] = bench.symbols.map(({ symbolId }) => symbolId) as [SymbolId, SymbolId];
    await isolate(one);
    await learn();
    await new Promise((resolve) => bench.gateway.setMarginType(one, "cross", resolve));
    expect(await lever(one)).toMatchObject({ type: "acked" });
    expect(bench.marginTypes.has(bench.symbols[0]?.symbol ?? "")).toBe(true);
  });

  it("that a person changes while the run goes on is found, and set again before the next entry (AC05)", async () => {
    await learn();
    const watch = new MarginWatch({
      marginTypes: bench.marginTypes,
      rest: bench.gateway.rest,
      clock: bench.sim.clock,
      log: recordingLogger(bench.lines),
    });
    const { symbolId, symbol } = bench.symbols[0] as TradedSymbol;
    expect(await lever(symbolId)).toMatchObject({ type: "acked" });
    await isolate(symbolId);
    await watch.look();
    expect(bench.lines.filter(({ fields }) => fields["wanted"] === "cross")).toMatchObject([
      { level: "warn", fields: { count: 1, symbols: [symbol] } },
    ]);
    const entry: OrderRequest = {
      type: "market",
      role: "entry",
      clientOrderId: "o1",
      symbolId,
      symbol,
      side: 1,
      isReduceOnly: false,
      qtySteps: qtySteps(100),
    };
    const enter = (): Promise<Outcome> =>
      new Promise((resolve) => bench.gateway.submit(approve(entry), resolve));
    expect(await enter()).toMatchObject({ type: "refused", code: "SETTING_REFUSED" });
    expect(asked("/fapi/v1/order")).toBe(0);
    expect(await lever(symbolId)).toMatchObject({ type: "acked" });
    await enter();
    expect(asked("/fapi/v1/order")).toBe(1);
    const settings = await readSymbolSettings(bench.gateway.rest);
    expect(settings.some(({ isIsolated }) => isIsolated)).toBe(false);
  });

  it("is set where nobody has told of one: a symbol that was listed later has the venue's own", async () => {
    const [one, other] = bench.symbols.map(({ symbolId }) => symbolId) as [SymbolId, SymbolId];
    await isolate(one);
    const settings = await readSymbolSettings(bench.gateway.rest);
    bench.marginTypes.learn(settings.filter(({ symbol }) => symbol !== bench.symbols[0]?.symbol));
    for (const symbolId of [one, other]) expect(await lever(symbolId)).toMatchObject({ type: "acked" });
    const after = await readSymbolSettings(bench.gateway.rest);
    expect(after.find(({ symbol }) => symbol === bench.symbols[0]?.symbol)?.isIsolated).toBe(false);
  });
});

describe("a stop far from the market (EX11)", () => {
  let bench: TradingBench;

  beforeEach(async () => {
    bench = await openTradingBench();
  });

  afterEach(() => bench.dispose());

  async function check(): Promise<string | null> {
    const [symbol] = bench.symbols;
    if (symbol === undefined) throw new Error("there is a symbol");
    const lastE8 = 10_000n * symbol.rules.tickE8;
    bench.sim.trading?.move(symbol.symbol, lastE8);
    return await checkStops(bench.gateway.rest, symbol, lastE8);
  }
  const sent = (method: string): number =>
    (bench.sim.trading?.requests() ?? []).filter(
      (request) => request.method === method && request.path === "/fapi/v1/algoOrder",
    ).length;

  it("is placed and taken back", async () => {
    expect(await check()).toBeNull();
    expect([sent("POST"), sent("DELETE")]).toEqual([1, 1]);
    expect(bench.sim.trading?.openAlgos()).toEqual([]);
  });

  it.each([
    ["EX11=1:1", /takes no stop as we send it/],
    ["EX41=1:1", /takes no stop as we send it/],
    ["EX30=1:1:1", /outcome is not known/],
    ["EX30=1:1:4", /outcome is not known/],
  ])("refuses to start under %s, and leaves no stop behind", async (faults, reason) => {
    bench.sim.setFaults(faults);
    await expect(check()).rejects.toThrow(reason);
    expect(bench.sim.trading?.openAlgos()).toEqual([]);
  });

  it("passes where the venue refuses it for something else", async () => {
    bench.sim.setFaults("EX12=1:1");
    expect(await check()).toContain("-4045");
  });

  it("tells of a stop that cannot be taken back", async () => {
    bench.sim.setFaults("EX29=1:1:600s");
    await expect(check()).rejects.toThrow(/rests still \(stop-check-/);
    expect(sent("DELETE")).toBe(3);
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
