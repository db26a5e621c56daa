import { gatewayConformance } from "@smcq/exchange/testing";
import { describe, expect, it } from "vitest";
import { openTradingBench } from "../../support/trading-bench.ts";
import { tradingHarness } from "../../support/trading-harness.ts";

describe.each(["hmac", "rsa", "ed25519"] as const)("BinanceGateway with a key of type %s", (kind) => {
  for (const { name, run } of gatewayConformance({
    create: async () => tradingHarness(await openTradingBench(kind)),
  }))
    it.concurrent(`${name}`, async () => {
      await expect(run()).resolves.toBeUndefined();
    });
});
