import type { SimStats } from "@smcq/binance-sim";
import { FeedCounter } from "@smcq/exchange";
import { agreement } from "@smcq/exchange/testing";
import { openSimBench } from "./sim-harness.ts";

export interface SickMarketOptions {
  readonly seed: number;
  readonly symbols: number;
  readonly speed: number;
  /** Venue minutes with faults on; six more follow without. */
  readonly minutes: number;
  readonly updatesPerSecondWall: number;
  readonly faults: string;
}

export interface SickMarketResult {
  /** The first difference of each symbol from what the venue finally served, in words. */
  readonly different: readonly string[];
  /** Symbols that lack a bar that closed long ago. */
  readonly behind: readonly string[];
  readonly resets: number;
  readonly violations: readonly string[];
  readonly stats: SimStats;
  readonly finals: number;
  count(counter: keyof typeof FeedCounter): number;
}

/** Everything that a sick market stream does, at rates that make each happen many times. */
export const SICK_MARKET: string = [
  "MD01=0.05:120s",
  "MD02=0.1:300s",
  "MD04=0.03",
  "MD05=0.03",
  "MD06=0.05",
  "MD07=0.02",
  "MD08=0.03",
  "MD09=600s:60s",
  "MD11=0.02",
  "MD12=0.02",
  "MD13=0.01:0.5",
  "MD14=0.02:600s",
  "MD15=0.02",
  "MD16=0.3",
  "MD21=0.1",
  "NW01=0.1",
  "NW03=0.05:300s",
  "NW07=0.03",
  "NW11=800s:5s",
].join(",");

/** Runs the feed through a sick market, lets it recover, and compares every bar with the venue's truth. */
export async function runSickMarket(options: SickMarketOptions): Promise<SickMarketResult> {
  const { symbols: symbolCount, speed, seed, updatesPerSecondWall } = options;
  const bench = await openSimBench({ symbols: symbolCount, speed, seed, updatesPerSecondWall });
  const { feed, sink, meter, sim, symbols } = bench;
  try {
    for (const [slot, symbol] of symbols.entries()) feed.add(slot, symbol, -1);
    await feed.start();
    await bench.closeMinutes(2);
    sim.setFaults(options.faults);
    await bench.closeMinutes(options.minutes);
    sim.setFaults("none");
    await bench.closeMinutes(6);
    const endMs = sim.clock.nowMs();
    const stats = sim.stats();
    console.info({
      seed,
      faults: stats.faults,
      counters: Object.entries(FeedCounter)
        .map(([name, counter]) => `${name} ${meter.get(counter)}`)
        .join(", "),
      weight: `${stats.usedWeightMax} of ${stats.weightLimit}`,
      rest: bench.reference.rest.stats(),
      parity: feed.status().parity,
      venueLagMsMax: Math.round(stats.lagMsMax),
    });
    return {
      different: symbols.flatMap(
        (symbol, slot) => agreement({ sink, slot, symbol, truth: bench.truth }) ?? [],
      ),
      behind: symbols.filter((_, slot) => sink.lastOpenMs(slot) < endMs - 150_000),
      resets: symbols.reduce((sum, _, slot) => sum + sink.resetCount(slot), 0),
      violations: sink.violations,
      stats,
      finals: sink.finalCount,
      count: (counter) => meter.get(FeedCounter[counter]),
    };
  } finally {
    await bench.dispose();
  }
}
