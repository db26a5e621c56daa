import { marketFeedConformance } from "@smcq/exchange/testing";
import type { FeedFault, FeedHarness } from "@smcq/exchange/testing";
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
      // The plan holds from the middle of a minute to the middle of the next: over exactly one close.
      await bench.closeMinutes(1);
      sim.setFaults(PLAN[fault.type] ?? "none");
      await bench.closeMinutes(1);
      sim.clock.after(30_000, () => sim.setFaults("none"));
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
