import { afterEach, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { cleanUp, fresh, start, traded } from "./restarts.ts";

afterEach(cleanUp);

describe("an engine that starts on an account that it has traded", () => {
  it("PR01 goes on with its run after a stop: the same positions, its own stops, no cent unexplained", async () => {
    const folder = fresh();
    await traded(folder);
    const again = await start(folder);
    const step = again.run.lines.find((line) => line["step"] === "run");
    expect(step).toMatchObject({ goesOn: true });
    expect(step?.["held"]).not.toEqual([]);
    await again.covered();
    await again.agrees();
    expect(await again.stop()).toBe(ExitCode.Ok);
    expect(again.proofs()).toEqual({ runs: 1, verify: 0, rebuild: 0, replay: 0 });
    expect(again.troubles()).toEqual([]);
  });
});
