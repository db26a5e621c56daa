import { createHash } from "node:crypto";
import { SMC_PARAMETERS } from "@smcq/smc";
import { describe, expect, it } from "vitest";
import { FEATURE_COUNT } from "@smcq/kernel";
import {
  canonicalJson,
  Feature,
  FEATURES,
  featureSchemaJson,
  M1_SCALP,
  tradePlanDocument,
  type TradePlanParameters,
  withEntry,
} from "@smcq/features";

describe("the table of features", () => {
  it("lists the 12 in order, each with its neutral value in range", () => {
    expect(FEATURES.length).toBe(FEATURE_COUNT);
    expect(FEATURES.map(({ order }) => order)).toEqual(Object.values(Feature));
    for (const { min, max, neutral } of FEATURES) expect(neutral >= min && neutral <= max).toBe(true);
    expect(Object.isFrozen(FEATURES) && Object.isFrozen(SMC_PARAMETERS) && Object.isFrozen(M1_SCALP)).toBe(
      true,
    );
  });

  it("has a schema text that any change of meaning must change on purpose", () => {
    // A model carries this hash: a change here makes every older model unfit, so a version must rise with it.
    const hash = createHash("sha256").update(featureSchemaJson()).digest("hex");
    expect(hash).toMatchInlineSnapshot(`"e5c8ea87c8124b1a9d8b6922d1d5d72dd6a9b6fadb6cd8f99c180726d4199998"`);
  });
});

describe("the trade plan", () => {
  const settings = { kind: "limit", offsetAtr: 0.1, expiryBars: 5 } as const;
  const hashOf = (plan: TradePlanParameters): string =>
    createHash("sha256").update(featureSchemaJson(plan)).digest("hex");
  const resting = (more: object = {}): TradePlanParameters => withEntry(M1_SCALP, { ...settings, ...more });

  it("with entries at the market is the one that there was before another kind: same version, same text", () => {
    const market = resting({ kind: "market" });
    expect(withEntry(M1_SCALP, { ...settings, kind: "plan" })).toBe(M1_SCALP);
    expect(tradePlanDocument(market)).toEqual(tradePlanDocument(M1_SCALP));
    expect(tradePlanDocument(M1_SCALP).version).toBe(1);
    expect(featureSchemaJson(market)).toBe(featureSchemaJson());
    expect(featureSchemaJson()).not.toContain("entry");
  });

  it("with entries that rest is version 2, and every number of theirs is part of the schema", () => {
    expect(tradePlanDocument(resting())).toEqual({
      ...tradePlanDocument(M1_SCALP),
      version: 2,
      entry: { kind: "limit", offsetAtr: 0.1, expiryBars: 5, feeRatio: 0.0002 },
    });
    const hashes = [
      hashOf(M1_SCALP),
      hashOf(resting()),
      hashOf(resting({ offsetAtr: 0.2 })),
      hashOf(resting({ expiryBars: 6 })),
    ];
    expect(new Set(hashes).size).toBe(4);
    // A model trained for these entries carries it.
    expect(hashes[1]).toMatchInlineSnapshot(
      `"93041604c620cad69bd6bfe6cf2bbb6e5c72c5a51bf83d3315e50662857a333b"`,
    );
  });
});

describe("a plan of other numbers", () => {
  const others: readonly Partial<TradePlanParameters>[] = [
    { name: "mine" },
    { timeframe: "M5" },
    { target: "maker" },
    { stopPadAtr: 0.3 },
    { stopDistanceAtrMin: 2 },
    { stopDistanceRatioMax: 0.02 },
    { targetRiskRatio: 2 },
    { holdBarsMax: 60 },
    { stagnationBars: 31 },
    { stagnationRatio: 0.002 },
    { costGateRatio: 0.13 },
    { takerFeeRatio: 0.0004 },
    { makerFeeRatio: 0.0001 },
    { slippageRatio: 0.0003 },
    { slippageTicks: 0.5 },
    { tickRatioMax: 0.0004 },
  ];

  it("is version 3, and each number of it is a schema of its own", () => {
    const texts = others.map((more) => {
      const plan = { ...M1_SCALP, ...more };
      expect(tradePlanDocument(plan).version).toBe(3);
      return featureSchemaJson(plan);
    });
    expect(new Set([...texts, featureSchemaJson()]).size).toBe(others.length + 1);
  });
});

describe("canonical JSON", () => {
  it("does not depend on the order of keys", () => {
    const text = canonicalJson({ b: [1, { d: null, c: "x" }], a: 0.1 });
    expect(text).toBe('{"a":0.1,"b":[1,{"c":"x","d":null}]}');
    expect(canonicalJson({ a: 0.1, b: [1, { c: "x", d: null }] })).toBe(text);
  });
});
