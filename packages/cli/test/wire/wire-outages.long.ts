import { silentLogger } from "@smcq/kernel";
import { expect, it } from "vitest";
import { WireWorld } from "./wire-world.ts";

const MINUTE_MS = 60_000;
/** When the outage begins, and how long it lasts, venue ms; 20 times as fast as life. */
const FROM_MS = 10_000;
const LASTS_MS = 10 * MINUTE_MS;
/** Fair weather, in which positions are opened, and what follows it, wall ms. */
const FAIR_MS = 6_000;
const STORM_MS = 36_000;

const OUTAGES: readonly (readonly [title: string, faults: string])[] = [
  ["NW10 everything is dead for ten minutes", "NW10=10s:10m"],
  ["NW08 REST is dead for ten minutes, the stream lives", "NW08=10s:10m"],
  ["NW09 the stream is dead for ten minutes, REST lives", "NW09=10s:10m"],
  ["AC07 the listen key expires in silence, again and again", "AC07=10s:1m:1"],
];

it.concurrent.each(OUTAGES)("outlives on the wire: %s, while stops fire", async (_, faults) => {
  const weather = { seed: 7, faults, stormMs: STORM_MS, isCrash: true, logger: silentLogger };
  const world = await WireWorld.open(weather);
  let startMs = 0;
  try {
    await world.storm({ ...weather, faults: "none", stormMs: FAIR_MS });
    startMs = world.sim.clock.nowMs();
    await world.storm(weather);
    await world.calm();
  } finally {
    await world.close();
  }
  expect(world.faults).toEqual([]);
  // What stops did meanwhile is known afterwards, with the time at which it happened.
  const inOutage = world.trades.filter(
    ({ exitMs, reason }) =>
      reason === "stop" && exitMs > startMs + FROM_MS && exitMs < startMs + FROM_MS + LASTS_MS,
  );
  expect(inOutage.length).toBeGreaterThan(0);
});
