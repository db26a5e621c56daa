import { silentLogger } from "@smcq/kernel";
import { expect, it } from "vitest";
import { STORM } from "./weathers.ts";
import { outliveOnTheWire } from "./wire-world.ts";

const SEEDS = Number(process.env.SMCQ_WIRE_SEEDS ?? 60);
const FIRST_SEED = Number(process.env.SMCQ_WIRE_FIRST ?? 1);
/** Most of a storm is waiting: so many go on at once. */
const AT_ONCE = 6;
const STORM_MS = 15_000;

it(`outlives ${SEEDS} storms on the wire, of everything at once`, async () => {
  const found: string[] = [];
  let trades = 0;
  const seeds = Array.from({ length: SEEDS }, (_, index) => FIRST_SEED + index);
  const next = async (): Promise<void> => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      const outlived = await outliveOnTheWire({
        seed,
        faults: STORM,
        stormMs: STORM_MS,
        logger: silentLogger,
      });
      found.push(...outlived.faults);
      trades += outlived.trades;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  expect(found).toEqual([]);
  expect(trades).toBeGreaterThan(10 * SEEDS);
});
