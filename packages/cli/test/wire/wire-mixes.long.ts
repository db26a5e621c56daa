import { Rng, silentLogger } from "@smcq/kernel";
import { expect, it } from "vitest";
import { WEATHERS } from "./weathers.ts";
import { outliveOnTheWire, type WireWeather } from "./wire-world.ts";

const SEEDS = Number(process.env.SMCQ_WIRE_SEEDS ?? 60);
const FIRST_SEED = Number(process.env.SMCQ_WIRE_FIRST ?? 1);
/** Most of a mix is waiting: so many go on at once. */
const AT_ONCE = 5;
const STORM_MS = 8_000;
/** Of the venue's time, as in the weathers. */
const CLOCK_STEP_MS = 90_000;
/** Weathers in a mix. */
const LEAST = 3;
const MOST = 8;

/** Weathers of plain knobs, each knob in one place. */
function mixOf(rng: Rng): string {
  const plain = WEATHERS.filter(([, faults, world]) => world === undefined && faults !== "none");
  const count = LEAST + rng.int(MOST - LEAST + 1);
  const knobs = new Map<string, string>();
  for (let weather = 0; weather < count; weather++) {
    const [, faults] = plain[rng.int(plain.length)] ?? ["", ""];
    for (const knob of faults.split(",")) knobs.set(knob.slice(0, knob.indexOf("=")), knob);
  }
  return [...knobs.values()].join(",");
}

function weatherOf(seed: number): WireWeather {
  const rng = new Rng(seed);
  return {
    seed,
    faults: mixOf(rng),
    stormMs: STORM_MS,
    logger: silentLogger,
    mayMiss: true,
    clockStepMs: rng.chance(0.3) ? CLOCK_STEP_MS * (rng.chance(0.5) ? 1 : -1) : 0,
    marginType: rng.chance(0.3) ? "isolated" : "cross",
  };
}

it(`outlives ${SEEDS} mixes of weathers on the wire, of any three to eight`, async () => {
  const found: string[] = [];
  let trades = 0;
  const seeds = Array.from({ length: SEEDS }, (_, index) => FIRST_SEED + index);
  const next = async (): Promise<void> => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      const outlived = await outliveOnTheWire(weatherOf(seed));
      found.push(...outlived.faults);
      trades += outlived.trades;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  expect(found).toEqual([]);
  expect(trades).toBeGreaterThan(SEEDS);
});
