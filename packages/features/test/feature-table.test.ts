import { createHash } from "node:crypto";
import { SMC_PARAMETERS } from "@smcq/smc";
import { describe, expect, it } from "vitest";
import { FEATURE_COUNT } from "@smcq/kernel";
import { canonicalJson, Feature, FEATURES, featureSchemaJson, TRADE_PLAN_PARAMETERS } from "@smcq/features";

describe("the table of features", () => {
  it("lists the 12 in order, each with its neutral value in range", () => {
    expect(FEATURES.length).toBe(FEATURE_COUNT);
    expect(FEATURES.map(({ order }) => order)).toEqual(Object.values(Feature));
    for (const { min, max, neutral } of FEATURES) expect(neutral >= min && neutral <= max).toBe(true);
    expect(
      Object.isFrozen(FEATURES) && Object.isFrozen(SMC_PARAMETERS) && Object.isFrozen(TRADE_PLAN_PARAMETERS),
    ).toBe(true);
  });

  it("has a schema text that any change of meaning must change on purpose", () => {
    // A model carries this hash: a change here makes every older model unfit, so a version must rise with it.
    const hash = createHash("sha256").update(featureSchemaJson()).digest("hex");
    expect(hash).toMatchInlineSnapshot(`"e5c8ea87c8124b1a9d8b6922d1d5d72dd6a9b6fadb6cd8f99c180726d4199998"`);
  });
});

describe("canonical JSON", () => {
  it("does not depend on the order of keys", () => {
    const text = canonicalJson({ b: [1, { d: null, c: "x" }], a: 0.1 });
    expect(text).toBe('{"a":0.1,"b":[1,{"c":"x","d":null}]}');
    expect(canonicalJson({ a: 0.1, b: [1, { c: "x", d: null }] })).toBe(text);
  });
});
