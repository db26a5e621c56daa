import { silentLogger } from "@smcq/kernel";
import { expect, it } from "vitest";
import { outliveOnTheWire } from "../wire/wire-world.ts";

it("trades on the wire, and ends with the venue's own cents", async () => {
  const { faults, trades } = await outliveOnTheWire({
    seed: 1,
    faults: "none",
    stormMs: 6_000,
    logger: silentLogger,
  });
  expect(faults).toEqual([]);
  expect(trades).toBeGreaterThan(5);
});
