import { afterEach, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { temporaryFolder } from "./engine-run.ts";
import { KILL_POINTS, KilledEngine } from "./kills.ts";

const DEATHS = Number(process.env.SMCQ_DEATHS ?? 200);
/** Every so many deaths the ledger is held against the venue's book, line by line. */
const AGREES_EACH = 20;

const folder = temporaryFolder();
let engine: KilledEngine | null = null;
afterEach(() => {
  if (engine?.run.child.exitCode === null) engine.run.child.kill("SIGKILL");
  folder.remove();
});

it(`PR01 is the same engine after ${DEATHS} deaths: each point of an entry, and moments by lot`, async () => {
  const own = new KilledEngine(folder.path, ["--shards", "2", "--symbols", "60", "--speed", "60"]);
  engine = own;
  await own.run.sees("READY");
  const ways = [...KILL_POINTS, "any" as const];
  const coverMs: number[] = [];
  for (let death = 0; death < DEATHS; death++) {
    const point = ways[death % ways.length] ?? "any";
    const id = point === "any" ? await own.dieAnywhere() : (await own.dieAt(point)).clientOrderId;
    expect(id === null ? 0 : await own.ordersOf(id), `${point} ${id ?? ""}`).toBeLessThanOrEqual(1);
    coverMs.push(await own.covered());
    if (death % AGREES_EACH === AGREES_EACH - 1) await own.agrees();
  }
  await own.agrees();
  own.run.child.kill("SIGTERM");
  expect(await own.run.ends()).toBe(ExitCode.Ok);
  expect(own.troubles()).toEqual([]);
  expect(own.proofs()).toEqual({ runs: 1, verify: 0, rebuild: 0, replay: 0 });
  const byPoint = Object.groupBy(own.deaths, ({ point }) => point);
  console.info({
    deaths: Object.fromEntries(Object.entries(byPoint).map(([point, deaths]) => [point, deaths.length])),
    coverMsMax: Math.max(...coverMs),
  });
});
