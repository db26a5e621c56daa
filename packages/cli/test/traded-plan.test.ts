import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig, readPlanFile } from "@smcq/config";
import { M1_SCALP, withTickBound } from "@smcq/features";
import { describe, expect, it } from "vitest";
import { livePlan, tradedPlan } from "../src/plans/traded-plan.ts";
import { temporaryFolder } from "./support/account-bench.ts";

const settings = { kind: "plan", offsetAtr: 0.2, expiryBars: 4 } as const;

function fileOf(content: unknown): string {
  const file = join(temporaryFolder(), "plan.json");
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

describe("the plan that is traded", () => {
  it("is the engine's own where nothing is said, and its file says what the code does", () => {
    const { strategy } = loadConfig({ env: {}, flags: {} }).config;
    expect(tradedPlan(strategy)).toEqual(M1_SCALP);
  });

  it("may be another of plans/, or a file of one's own", () => {
    expect(tradedPlan({ plan: "m1-wide", entry: settings })).toEqual({
      ...M1_SCALP,
      name: "m1-wide",
      entry: { kind: "limit", offsetAtr: 0, expiryBars: 3 },
      target: "maker",
      costGateRatio: 0.13,
      slippageTicks: 0.5,
      tickRatioMax: 0.0003,
    });
    const mine = { ...M1_SCALP, name: "mine", targetRiskRatio: 2 };
    expect(tradedPlan({ plan: fileOf(mine), entry: settings })).toEqual(mine);
  });

  it("is entered as the settings say, where they say it", () => {
    const entered = tradedPlan({ plan: "m1-wide", entry: { ...settings, kind: "limit" } });
    expect(entered.entry).toEqual({ kind: "limit", offsetAtr: 0.2, expiryBars: 4 });
    expect(tradedPlan({ plan: "m1-wide", entry: { ...settings, kind: "market" } }).entry).toEqual({
      kind: "market",
    });
  });

  it("is entered live with the smaller bound of a tick", () => {
    const bound = (plan: string, tickRatioMax: number): number =>
      withTickBound(tradedPlan({ plan, entry: settings }), tickRatioMax).tickRatioMax;
    expect([bound("m1-scalp", 0.0003), bound("m1-wide", 0.0004), bound("m1-wide", 0.0001)]).toEqual([
      0.0003, 0.0003, 0.0001,
    ]);
  });

  it("of a longer timeframe needs so many minutes that its bars' volumes are sums of them", () => {
    const live = (timeframe: string, historyBars: number): string => {
      const plan = fileOf({ ...M1_SCALP, name: "slow", timeframe });
      const { config } = loadConfig({ env: {}, flags: {} });
      const warmup = { ...config.warmup, historyBars, barsReadyMin: 320 };
      return livePlan({ strategy: { ...config.strategy, plan }, warmup }).timeframe;
    };
    expect([live("M1", 320), live("M5", 320), live("M15", 329)]).toEqual(["M1", "M5", "M15"]);
    expect(() => live("M15", 328)).toThrow(/warmup.historyBars: plan slow .* M15, .* at least 329 .*328/);
  });

  it("that nobody knows is refused with those that there are", () => {
    for (const plan of ["m1-scalpp", "../m1-scalp", "M1-SCALP", ""])
      expect(() => tradedPlan({ plan, entry: settings })).toThrow("there are m1-scalp, m1-wide");
  });
});

describe("a plan's file", () => {
  it.each([
    ["an unknown field", { ...M1_SCALP, stoploss: 1 }, "stoploss"],
    ["a missing field", { ...M1_SCALP, holdBarsMax: undefined }, "holdBarsMax"],
    ["a number out of range", { ...M1_SCALP, costGateRatio: 0 }, "costGateRatio"],
    ["a word for a number", { ...M1_SCALP, stopPadAtr: "0.25" }, "stopPadAtr"],
    ["another timeframe", { ...M1_SCALP, timeframe: "H1" }, "timeframe"],
    ["half an entry", { ...M1_SCALP, entry: { kind: "limit" } }, "entry.offsetAtr"],
    ["markup in its name", { ...M1_SCALP, name: "<b>" }, "name"],
    ["a list", [], "one JSON object"],
    ["no JSON", "{", "not JSON"],
    ["a field twice", `{"name":"a","name":"b"}`, "twice"],
  ])("with %s is refused, and named", (_what, content, words) => {
    expect(() => readPlanFile(fileOf(content))).toThrow(words);
  });

  it("may begin with a byte order mark", () => {
    expect(readPlanFile(fileOf(`\uFEFF${JSON.stringify(M1_SCALP)}`))).toEqual(M1_SCALP);
  });

  it("that is not there is refused", () => {
    expect(() => readPlanFile(join(temporaryFolder(), "none.json"))).toThrow("cannot read");
  });

  it("of the engine ends in a line break", () => {
    for (const name of ["m1-scalp", "m1-wide"])
      expect(readFileSync(new URL(`../plans/${name}.json`, import.meta.url), "utf8")).toMatch(/\}\n$/u);
  });
});
