import type { MarketFeed } from "@smcq/exchange";
import { MarketData, ReplayFeed } from "@smcq/exchange-sim";
import { MINUTE_MS } from "@smcq/kernel";
import type { FeedDeps } from "../../src/index.ts";

export interface ReplayPlan {
  readonly seed: number;
  readonly minutes: number;
  /** Wall ms between two minutes. */
  readonly paceMs: number;
}

/**
 * Replays the simulated market minute by minute on the wall clock, from where a slot's ring ends: what a shard's feed
 * is to a thread that took over.
 */
export function pacedReplayFeed(deps: FeedDeps, plan: ReplayPlan): MarketFeed {
  const market = new MarketData({ seed: plan.seed });
  const resume: number[] = [];
  const { sink } = deps;
  const feed = new ReplayFeed({
    market,
    sink: {
      forming: (...args) => sink.forming(...args),
      correct: (...args) => sink.correct(...args),
      reset: (slot) => sink.reset(slot),
      final: (slot, openTimeMs, ...rest) => {
        if (openTimeMs > (resume[slot] ?? -1)) sink.final(slot, openTimeMs, ...rest);
      },
    },
  });
  let isStopped = false;
  const step = (): void => {
    if (isStopped || feed.nextMinute >= plan.minutes) return;
    feed.step();
    deps.wallClock.after(plan.paceMs, step);
  };
  return {
    start: async () => {
      await feed.start();
      const first = Math.min(...resume.filter((openTimeMs) => openTimeMs >= 0), Infinity);
      // Minutes that every slot already has are gone through without a pause.
      if (Number.isFinite(first)) feed.runTo((first - market.startMs) / MINUTE_MS);
      step();
    },
    add: (slot, symbol, resumeAfterMs) => {
      resume[slot] = resumeAfterMs;
      feed.add(slot, symbol);
    },
    remove: (slot) => feed.remove(slot),
    supplyBars: () => {},
    stop: async () => {
      isStopped = true;
      await feed.stop();
    },
  };
}
