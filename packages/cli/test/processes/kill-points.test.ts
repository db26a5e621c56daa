import { afterEach, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { temporaryFolder } from "./engine-run.ts";
import { KilledEngine } from "./kills.ts";

const folder = temporaryFolder();
let engine: KilledEngine | null = null;
afterEach(() => {
  if (engine?.run.child.exitCode === null) engine.run.child.kill("SIGKILL");
  folder.remove();
});

it("PR01 is the same engine after kill -9 at points of an entry: nothing twice, every position guarded, no cent lost", async () => {
  const own = new KilledEngine(folder.path, ["--shards", "2", "--symbols", "24", "--speed", "60"]);
  engine = own;
  await own.run.sees("READY");
  // The long campaign dies at each of them, many times.
  for (const point of ["after-send", "between-fill-and-stop"] as const) {
    const { point: died, clientOrderId } = await own.dieAt(point);
    expect(died).toBe(point);
    await own.covered();
    expect(await own.ordersOf(clientOrderId)).toBeLessThanOrEqual(1);
  }
  await own.agrees();
  own.run.child.kill("SIGTERM");
  expect(await own.run.ends()).toBe(ExitCode.Ok);
  expect(own.troubles()).toEqual([]);
  expect(own.proofs()).toEqual({ runs: 1, verify: 0, rebuild: 0, replay: 0 });
});
