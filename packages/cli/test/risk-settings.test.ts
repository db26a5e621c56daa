import { type JsonSchemaNode, jsonSchema, loadConfig } from "@smcq/config";
import { requireBounded, RISK_BOUNDS } from "@smcq/risk";
import { PROTOCOL_BOUNDS, requireProtocolBounded } from "@smcq/engine";
import { describe, expect, it } from "vitest";

const BOUNDS = Object.entries(RISK_BOUNDS);
const settings: JsonSchemaNode = jsonSchema();

describe("the risk settings", () => {
  it("are the parameters of risk, with defaults inside their compiled bounds", () => {
    const { risk } = loadConfig({ env: {}, flags: {} }).config;
    expect(Object.keys(risk).toSorted()).toEqual(Object.keys(RISK_BOUNDS).toSorted());
    expect(requireBounded(risk)).toBe(risk);
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
