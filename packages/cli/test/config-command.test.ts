import { configKeys, loadConfig } from "@smcq/config";
import { describe, expect, it } from "vitest";
import { printConfig } from "../src/commands/config-command.ts";

const loaded = loadConfig({
  env: { SMCQ_FEED__SYMBOLS_PER_CONNECTION: "40" },
  flags: { shards: "auto", dataDir: "./a\u001b[2Jb", "universe.symbols": "BTCUSDT,ETHUSDT" },
});

describe("the printed configuration", () => {
  it("lists every setting with value, origin and environment name", () => {
    const lines = printConfig(loaded, { isJson: false }).split("\n");
    const cells = lines.map((line) => line.split(/ {2,}/));
    expect(cells[0]).toEqual(["setting", "value", "from", "environment"]);
    expect(cells).toContainEqual(["shards", '"auto"', "flag", "SMCQ_SHARDS"]);
    expect(cells).toContainEqual([
      "feed.symbolsPerConnection",
      "40",
      "env",
      "SMCQ_FEED__SYMBOLS_PER_CONNECTION",
    ]);
    expect(cells).toContainEqual([
      "universe.symbols",
      '["BTCUSDT","ETHUSDT"]',
      "flag",
      "SMCQ_UNIVERSE__SYMBOLS",
    ]);
    expect(cells).toContainEqual(["runForMs", "null", "default", "SMCQ_RUN_FOR_MS"]);
    expect(cells.slice(1, 1 + configKeys().length).map((row) => row[0])).toEqual(
      configKeys().map((key) => key.path),
    );
    expect(lines.at(-2)).toBe(`hash ${loaded.hash}`);
  });

  it("lets no control character of a value through", () => {
    // oxlint-disable-next-line no-control-regex -- exactly these must not appear
    expect(printConfig(loaded, { isJson: false })).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  it("prints one JSON object on demand", () => {
    const parsed = JSON.parse(printConfig(loaded, { isJson: true })) as Record<string, unknown>;
    expect(parsed).toEqual({ hash: loaded.hash, config: loaded.config, sources: { ...loaded.sources } });
  });
});
