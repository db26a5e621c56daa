import { silentLogger } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { WEATHERS } from "../wire/weathers.ts";
import { outliveOnTheWire } from "../wire/wire-world.ts";

const STORM_MS = 5_000;

describe("the engine's order side on real sockets, each fault by itself", () => {
  it.concurrent.each(WEATHERS)("on the wire: %s", async (_, faults) => {
    const { faults: found } = await outliveOnTheWire({
      seed: 1,
      faults,
      stormMs: STORM_MS,
      logger: silentLogger,
    });
    expect(found).toEqual([]);
  });
});
