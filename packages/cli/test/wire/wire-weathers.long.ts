import { describe, expect, it } from "vitest";
import { outlives, WEATHERS } from "./weathers.ts";

describe("the engine's order side on real sockets, every fault by itself", () => {
  it.concurrent.for(WEATHERS)("on the wire, at length: %s", async (weather) => {
    await expect(outlives(weather)).resolves.toBeUndefined();
  });
});
