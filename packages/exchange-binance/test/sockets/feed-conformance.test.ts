import { marketFeedConformance } from "@smcq/exchange/testing";
import type { FeedFault, FeedHarness } from "@smcq/exchange/testing";
import type { KnobId } from "@smcq/exchange-sim";
import { MINUTE_MS } from "@smcq/kernel";
import { describe, it } from "vitest";
import { openSimBench } from "../support/sim-harness.ts";

/** The simulator's knobs for the faults of the suite; they strike every symbol, for one minute. */
const PLAN: Readonly<Partial<Record<FeedFault["type"], string>>> = {
  "duplicate-final": "MD06=1",
  "missing-final": "MD04=1",
  "late-final": "MD07=1",
  "different-final": "MD08=1",
  "implausible-final": "MD13=1:1",
  garbage: "MD11=1",
  "silent-symbol": "MD01=1:60s",
  disconnect: "NW09=10s:20s",
};

async function create(): Promise<FeedHarness> {
  const bench = await openSimBench({ speed: 60 });
  const { sim, feed, sink, meter, symbols } = bench;
  const lastClosedMs = (): number => Math.floor(sim.clock.nowMs() / MINUTE_MS) * MINUTE_MS - MINUTE_MS;
  return {
    feed,
    sink,
    meter,
    symbols,
    truth: bench.truth,
    lastClosedMs,
    closeMinutes: bench.closeMinutes,
    inject: async (fault) => {
      // From now on, so that the next minute closes with it, to the middle of the one after; however busy the machine
      // is, not before it has struck.
      const plan = PLAN[fault.type] ?? "none";
      const strikes = (): number => sim.stats().faults[plan.slice(0, 4) as KnobId] ?? 0;
      const before = strikes();
      sim.setFaults(plan);
      await bench.closeMinutes(1);
      const end = (): void => {
        if (strikes() > before) sim.setFaults("none");
        else sim.clock.after(1_000, end);
      };
      sim.clock.after(30_000, end);
    },
    dispose: bench.dispose,
  };
}

// The cases wait for the venue most of the time: several at once cost little more than one.
describe.concurrent("BinanceFeed against the simulated venue", () => {
  const faults = Object.keys(PLAN) as FeedFault["type"][];
  for (const { name, run } of marketFeedConformance({ create, faults }))
    it(`${name}`, async ({ expect }) => {
      await expect(run()).resolves.toBeUndefined();
    });
});
