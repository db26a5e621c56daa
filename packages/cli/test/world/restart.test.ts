import { NO_MISCHIEF } from "@smcq/exchange-sim";
import { describe, expect, it } from "vitest";
import { NOBODY, World } from "./world.ts";

const WARM_S = 300;

/** A world that has traded for a while, and has a position; entries have ended. */
function held(seed: number): World {
  const world = new World({ seed, mischief: NO_MISCHIEF, others: NOBODY });
  world.seconds(WARM_S);
  for (let more = 0; world.core.holdings.trades.size === 0 && more < 60; more++) world.seconds(5);
  world.calm();
  return world;
}

describe("a process that is killed and starts again", () => {
  it.each([1, 2, 3, 4])(
    "PR14 knows its day, its peak, its stops and its entries as before (seed %i)",
    (seed) => {
      const world = held(seed);
      // Every row has come to the disk.
      world.settle();
      const before = world.core.getRiskMetrics();
      const { streakStops, pausedUntilMs, locks, dayLossRatio, drawdownRatio } = before;
      world.kill(250);
      world.settle();
      const after = world.core.getRiskMetrics();
      expect(world.kills).toBe(1);
      expect(after).toMatchObject({ streakStops, pausedUntilMs, locks, dayLossRatio, drawdownRatio });
      expect([after.openPositions, after.walletE8]).toEqual([before.openPositions, before.walletE8]);
    },
  );

  it("PR14 stays halted until a person resumes", () => {
    const world = held(5);
    world.say("halt");
    world.settle();
    world.kill(60_000);
    world.seconds(90);
    expect(world.core.holdings.state).toBe("HALTED");
    world.say("resume");
    world.seconds(10);
    expect(world.core.holdings.state).toBe("ACTIVE");
  });

  it.each([6, 7, 8])("PR15 counts the minutes in which nobody was there (seed %i)", (seed) => {
    const world = held(seed);
    const twin = held(seed);
    world.kill(185_000);
    for (const one of [world, twin]) one.seconds(250);
    const bars = (one: World): readonly (readonly [number, number])[] =>
      one.core.holdings.openTrades().map(({ tradeId, bars: count }) => [tradeId, count] as const);
    const both = new Set(bars(twin).map(([tradeId]) => tradeId));
    expect(bars(world).filter(([tradeId]) => both.has(tradeId))).toEqual(
      bars(twin).filter(([tradeId]) => bars(world).some(([other]) => other === tradeId)),
    );
    expect(world.differences()).toEqual([]);
  });
});
