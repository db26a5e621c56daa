import { Rng, silentLogger } from "@smcq/kernel";
import { expect, it } from "vitest";
import { CLOCK_STEP_MS, WEATHERS } from "./weathers.ts";
import { campaignOnTheWire, SEEDS, type WireWeather } from "./wire-world.ts";

/** Most of a mix is waiting: so many go on at once. */
const AT_ONCE = 5;
const STORM_MS = 8_000;
/** Weathers in a mix. */
const WEATHERS_MIN = 3;
const WEATHERS_MAX = 8;

/** Weathers of plain knobs, each knob in one place. */
function mixOf(rng: Rng): string {
  const plain = WEATHERS.filter(([, faults, world]) => world === undefined && faults !== "none");
  const count = WEATHERS_MIN + rng.int(WEATHERS_MAX - WEATHERS_MIN + 1);
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
  const { faults, trades } = await campaignOnTheWire(AT_ONCE, weatherOf);
  expect(faults).toEqual([]);
  expect(trades).toBeGreaterThan(SEEDS);
});
