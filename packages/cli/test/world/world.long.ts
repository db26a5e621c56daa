import { expect, it } from "vitest";
import { temporaryDataDir } from "../support/recorded-ledger.ts";
import { disproven } from "./proof.ts";
import { campaign } from "./shrink.ts";
import { outliveDetected, stormOf } from "./storm.ts";

const SEEDS = Number(process.env.SMCQ_WORLD_SEEDS ?? 10_000);
const FIRST_SEED = Number(process.env.SMCQ_WORLD_FIRST ?? 1_000);
/** One storm of so many is proven from its journal as well. */
const PROVEN_EACH = 5;
const DETECTED_SEEDS = 20;
const DETECTED_SYMBOLS = 60;
const DETECTED_S = 3_600;

it(`outlives ${SEEDS} storms: no order twice, no position bare, no cent lost`, () => {
  let trades = 0;
  const faults = campaign(FIRST_SEED, SEEDS, ({ seed, world, trades: made }) => {
    trades += made;
    // A journal replays from the beginning of its process.
    if (seed % PROVEN_EACH > 0 || world.kills > 0) return [];
    return disproven(world, temporaryDataDir()).map((text) => `seed ${seed}: ${text}`);
  });
  expect(faults).toEqual([]);
  expect(trades).toBeGreaterThan(SEEDS);
});

it(`outlives ${DETECTED_SEEDS} storms over real bars whose setups an inline cluster finds`, async () => {
  const faults: string[] = [];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + DETECTED_SEEDS; seed++) {
    const outlived = await outliveDetected(stormOf(seed), DETECTED_SYMBOLS, DETECTED_S);
    faults.push(...outlived.faults);
    const again = await outliveDetected(stormOf(seed), DETECTED_SYMBOLS, DETECTED_S);
    if (again.record !== outlived.world.record)
      faults.push(`seed ${seed}: another world under the same seed`);
    faults.push(...disproven(outlived.world, temporaryDataDir()).map((text) => `seed ${seed}: ${text}`));
  }
  expect(faults).toEqual([]);
});
