import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { configKeys, jsonSchema, loadConfig, parseDurationMs } from "../src/index.ts";

describe("the JSON schema", () => {
  it("is committed as the schema makes it", () => {
    const committed = readFileSync(new URL("../config.schema.json", import.meta.url), "utf8");
    expect(JSON.parse(committed)).toEqual(JSON.parse(JSON.stringify(jsonSchema())));
  });

  it("describes every setting and its range in words", () => {
    const vague = configKeys().filter(
      (key) => key.description === "" || key.allowed === "anything" || key.defaultValue === undefined,
    );
    expect(vague).toEqual([]);
  });

  it("has one environment name for each setting, `__` between levels", () => {
    const names = configKeys().map((key) => key.envName);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("SMCQ_FEED__SYMBOLS_PER_CONNECTION");
    expect(names).toContain("SMCQ_DATA_DIR");
    expect(names).toContain("SMCQ_WARMUP__M5_BARS");
  });

  it("lists exactly the keys of a configuration, in their order", () => {
    const { config } = loadConfig({ env: {}, flags: {} });
    const pathsOf = (group: object, prefix: string): readonly string[] =>
      Object.entries(group).flatMap(([name, value]: [string, unknown]) =>
        typeof value === "object" && value !== null && !Array.isArray(value)
          ? pathsOf(value, `${prefix}${name}.`)
          : [`${prefix}${name}`],
      );
    expect(pathsOf(config, "")).toEqual(configKeys().map((key) => key.path));
  });
});

describe("parseDurationMs", () => {
  it.each([
    ["500ms", 500],
    ["90s", 90_000],
    ["1.5m", 90_000],
    [" 2h ", 7_200_000],
    ["1d", 86_400_000],
  ])("reads %s", (text, wantedMs) => {
    expect(parseDurationMs(text)).toBe(wantedMs);
  });

  it.each(["", "90", "s", "-5s", "5 s", "1h30m", "1e3s", "5constructor"])("refuses %j", (text) => {
    expect(() => parseDurationMs(text)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });
});
