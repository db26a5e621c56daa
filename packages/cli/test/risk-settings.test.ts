import { type JsonSchemaNode, jsonSchema, loadConfig } from "@smcq/config";
import { RISK_BOUNDS } from "@smcq/risk";
import { PROTOCOL_BOUNDS, requireProtocolBounded } from "@smcq/engine";
import { describe, expect, it } from "vitest";
import { riskLimits } from "../src/run/trading/risk-limits.ts";

const BOUNDS = Object.entries(RISK_BOUNDS);
const settings: JsonSchemaNode = jsonSchema();

describe("the risk settings", () => {
  it("are the parameters of risk, with defaults inside their compiled bounds", () => {
    const limits = riskLimits(loadConfig({ env: {}, flags: {} }).config.risk);
    expect(Object.keys(limits).toSorted()).toEqual(Object.keys(RISK_BOUNDS).toSorted());
  });

  it.each(BOUNDS)("take %s from the compiled bounds, and nothing beyond", (name, [min, max]) => {
    expect(settings.properties?.["risk"]?.properties?.[name]).toMatchObject({ minimum: min, maximum: max });
  });
});

describe("the protocol settings", () => {
  it("are the limits of the engine, with defaults inside their compiled bounds", () => {
    const { protocol } = loadConfig({ env: {}, flags: {} }).config;
    expect(Object.keys(protocol).toSorted()).toEqual(Object.keys(PROTOCOL_BOUNDS).toSorted());
    expect(requireProtocolBounded(protocol)).toBe(protocol);
  });

  it.each(Object.entries(PROTOCOL_BOUNDS))("take %s from the compiled bounds", (name, [min, max]) => {
    const own = settings.properties?.["protocol"]?.properties?.[name];
    expect(own).toMatchObject({ minimum: min, maximum: max });
  });
});
