import { gatewayConformance } from "@smcq/exchange/testing";
import { describe, expect, it } from "vitest";
import { BROKEN_GATEWAYS } from "../support/broken-gateways.ts";
import { type Ports, simHarness } from "../support/sim-harness.ts";

const SEEDS = [1, 2, 3];

/** The cases that a gateway fails, in words. */
async function failures(wrap: (gateway: Ports) => Ports): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { name, run } of gatewayConformance({ create: () => simHarness(1, wrap) }))
    await run().catch(() => failed.push(name));
  return failed;
}

describe("SimGateway", () => {
  for (const seed of SEEDS)
    for (const { name, run } of gatewayConformance({ create: () => simHarness(seed) }))
      it(`${name} (seed ${seed})`, async () => {
        await expect(run()).resolves.toBeUndefined();
      });
});

describe("gatewayConformance finds the gateway that", () => {
  it.each(Object.entries(BROKEN_GATEWAYS))("%s", async (_, wrap) => {
    expect(await failures(wrap)).not.toEqual([]);
  });

  it("has nothing against one that is only wrapped", async () => {
    expect(await failures((gateway) => gateway)).toEqual([]);
  });
});

describe("each case", () => {
  it("is failed by some broken gateway: none is there for nothing", async () => {
    const failed = new Set<string>();
    for (const wrap of Object.values(BROKEN_GATEWAYS))
      for (const name of await failures(wrap)) failed.add(name);
    const cases = gatewayConformance({ create: () => simHarness(1) }).map(({ name }) => name);
    expect(cases.filter((name) => !failed.has(name))).toEqual([]);
  });
});
