import { expect, it } from "vitest";
import { outlive, stormOf } from "./storm.ts";

const SEEDS = Number(process.env.SMCQ_WORLD_SEEDS ?? 10_000);
const FIRST_SEED = 1_000;

it(`outlives ${SEEDS} storms: no order twice, no position bare, no cent lost`, () => {
  const faults: string[] = [];
  let trades = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const outlived = outlive(stormOf(seed));
    trades += outlived.trades;
    faults.push(...outlived.faults);
  }
  expect(faults).toEqual([]);
  expect(trades).toBeGreaterThan(SEEDS);
});
