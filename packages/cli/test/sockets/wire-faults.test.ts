import { describe, expect, it } from "vitest";
import { outlives, WEATHERS } from "../wire/weathers.ts";

/** What is on the wire alone, and of orders and account what costs most; all of them are in `wire-weathers.long.ts`. */
const IS_HERE = /^(?:nothing|NW|PR|CL|EX01|EX02|EX03|EX08|EX19|EX22|EX27|EX30|EX32|AC03|AC07|AC10|AC14)/;

describe("the engine's order side on real sockets, each fault by itself", () => {
  it.concurrent.for(WEATHERS.filter(([title]) => IS_HERE.test(title)))("on the wire: %s", async (weather) => {
    await expect(outlives(weather)).resolves.toBeUndefined();
  });
});
