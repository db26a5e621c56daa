import { M1_SCALP } from "@smcq/strategy";
import { describe, expect, it } from "vitest";
import { Engine, type TradingOptions, withPlan } from "@smcq/engine";
import { present } from "@smcq/kernel";
import { optionsOf } from "../support/fixtures.ts";

describe("options of a journal from before plans had files", () => {
  const { trading } = optionsOf();
  const { plan: _plan, ...rest } = present(trading, "this engine trades");

  it.each([
    ["market", { entry: { kind: "market" } }, { kind: "market" }],
    [
      "limit",
      { entry: { kind: "limit", offsetAtr: 0.1, expiryBars: 5, feeRatio: 0.0002 } },
      { kind: "limit", offsetAtr: 0.1, expiryBars: 5 },
    ],
    ["none", {}, { kind: "market" }],
  ] as const)("with an entry of kind %s mean the first plan, entered so", (_kind, stored, entry) => {
    expect(withPlan({ ...rest, ...stored })).toEqual({ ...rest, plan: { ...M1_SCALP, entry } });
  });

  it("make a core as new ones do", () => {
    const old = { ...rest, entry: { kind: "market" } } as unknown as TradingOptions;
    const { trading: core } = new Engine({ ...optionsOf(), trading: old });
    expect(core?.holdings.options.plan).toEqual(M1_SCALP);
  });

  it("are left alone where they have one", () => {
    const options = { ...rest, plan: { ...M1_SCALP, name: "mine" } };
    expect(withPlan(options)).toBe(options);
  });
});
