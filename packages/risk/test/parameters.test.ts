import { describe, expect, it } from "vitest";
import { requireBounded, RISK_BOUNDS, type RiskParameters } from "../src/index.ts";
import { DEFAULTS } from "./support.ts";

const NAMES = Object.keys(DEFAULTS) as (keyof RiskParameters)[];

describe("the compiled bounds", () => {
  it("hold for every parameter, and cannot be lifted", () => {
    expect(Object.keys(RISK_BOUNDS).toSorted()).toEqual(NAMES.toSorted());
    expect(Object.isFrozen(RISK_BOUNDS)).toBe(true);
    for (const bounds of Object.values(RISK_BOUNDS)) expect(Object.isFrozen(bounds)).toBe(true);
  });

  it("pass the defaults on as they are", () => {
    expect(requireBounded(DEFAULTS)).toBe(DEFAULTS);
  });

  it.each(NAMES)("take %s at either bound, and refuse it beyond, as NaN and as infinity", (name) => {
    const [min, max] = RISK_BOUNDS[name];
    const given = (value: number): RiskParameters => requireBounded({ ...DEFAULTS, [name]: value });
    for (const value of [min, max]) expect(given(value)[name]).toBe(value);
    for (const value of [min - 1e-9, max * (1 + 1e-12), Number.NaN, Infinity, -Infinity])
      expect(() => given(value)).toThrow(
        expect.objectContaining({
          code: "CONFIG_RISK_BOUND",
          message: `risk.${name} is ${value}: compiled bounds are ${min} to ${max}`,
          context: { setting: `risk.${name}`, value, min, max },
        }),
      );
  });

  it("refuse a parameter that is missing", () => {
    const { heatRatioMax: _, ...rest } = DEFAULTS;
    expect(() => requireBounded(rest as RiskParameters)).toThrow("risk.heatRatioMax is undefined");
  });
});
