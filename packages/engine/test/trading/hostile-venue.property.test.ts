import { describe, expect, it } from "vitest";
import { HostileRun } from "../support/hostile-run.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const RUNS = 150;
/** How long the core may take to be right again after the last fault. */
const RECOVERY_S = 90;

/** A quarter of an hour of faults, then none: what is wrong when the core should be right again. */
function recover(run: HostileRun): readonly string[] {
  run.minutes(15, true);
  run.venue.isHostile = false;
  run.venue.isQuiet = true;
  run.seconds(RECOVERY_S);
  const unknown = run.core.orders.unknownCount;
  return [...run.faults, ...run.differences(), ...(unknown === 0 ? [] : [`${unknown} unknown`])];
}

/** Things go on as usual, then a person leaves what persons opened: what is left of anything. */
function leave(run: HostileRun): readonly string[] {
  run.venue.isQuiet = false;
  run.minutes(1, false);
  run.put({ type: "operator", word: "flatten" });
  run.minutes(4, false);
  const held = [...run.venue.held.values()].filter((steps) => steps !== 0);
  const left = {
    held: held.length,
    trades: run.core.holdings.trades.size,
    orders: run.venue.live.size,
    kept: run.core.orders.openCount,
  };
  const remains = Object.entries(left).filter(([, count]) => count > 0);
  return [...run.faults, ...run.differences(), ...remains.map(([name, count]) => `${count} ${name} left`)];
}

describe("the core with a venue that loses, doubles and delays its words, and with others in the account", () => {
  it(`guards or leaves every position, and agrees to the last unit soon after the faults (seed ${seed})`, () => {
    const reasons = new Set<string>();
    for (let round = 0; round < RUNS; round++) {
      const run = new HostileRun(seed + round);
      expect(recover(run), `seed ${seed + round}`).toEqual([]);
      expect(leave(run), `seed ${seed + round}`).toEqual([]);
      for (const { reason } of run.trades) reasons.add(reason);
    }
    expect([...reasons]).toEqual(
      expect.arrayContaining(["stop", "target", "unguarded", "external", "adl", "liquidation", "operator"]),
    );
  });

  it(`does the same for the same seed, and other things for another (seed ${seed})`, () => {
    const record = (own: number): string => {
      const run = new HostileRun(own);
      run.minutes(10, true);
      return run.record;
    };
    for (let round = 0; round < 10; round++) {
      expect(record(seed + round)).toBe(record(seed + round));
      expect(record(seed + round)).not.toBe(record(seed + round + 1));
    }
  });
});
