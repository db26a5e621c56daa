import type { MarketFeed } from "@smcq/exchange";
import { MarketData, ReplayFeed } from "@smcq/exchange-sim";
import { MINUTE_MS } from "@smcq/kernel";
import { DetectorStates, KlineRingReader, RING_BARS, type ShardMemory } from "@smcq/wire";
import type { FeedDeps } from "../../src/index.ts";

/** Bars that may wait for a scan: a ring holds more, so that none is overwritten before its scan. */
const UNSCANNED_MAX = RING_BARS - 64;

export interface ReplayPlan {
  readonly seed: number;
  readonly minutes: number;
  /** Wall ms between two minutes, when the scans keep up. */
  readonly paceMs: number;
  /** `[0]`: the minute before which the replay waits; see `openGate`. */
  readonly gate: SharedArrayBuffer;
}

/** Minutes that a replay goes on without being looked at: whoever waits for a moment of it does not miss it. */
const UNSEEN_MINUTES_MAX = 50;
/** So far a ring has every bar of the replay: what is built anew from it is what an undisturbed scan has built. */
const WHOLE_MINUTES = RING_BARS - 12;

/**
 * Lets a replay that was seen to have done a share of its minutes go on for a while; not beyond those that a ring has
 * from the first one on while deaths are still to come.
 */
export function openGate(plan: ReplayPlan, done: number, isDisturbed: boolean): void {
  const minute = Math.floor(done * plan.minutes) + UNSEEN_MINUTES_MAX;
  Atomics.store(new Int32Array(plan.gate), 0, isDisturbed ? Math.min(minute, WHOLE_MINUTES) : minute);
}

/**
 * Replays the simulated market minute by minute on the wall clock, from where a slot's ring ends: what a shard's feed
 * is to a thread that took over. The market waits for nobody, this feed does for the scans: on a busy machine a scan
 * thread may take longer to come back than a ring of bars lasts.
 */
export function pacedReplayFeed(deps: FeedDeps, plan: ReplayPlan, memory: ShardMemory): MarketFeed {
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
  const reader = new KlineRingReader(memory.rings);
  const states = new DetectorStates(memory.states);
  const gate = new Int32Array(plan.gate);
  const isFarAhead = (): boolean =>
    resume.some((_, slot) => reader.tailOf(slot) - states.scanned(slot) >= UNSCANNED_MAX);
  const isUnscanned = (): boolean =>
    resume.some((_, slot) => !states.isClean(slot) || states.scanned(slot) < reader.tailOf(slot));
  const mayStep = (minute: number): boolean =>
    minute < Atomics.load(gate, 0) && !isFarAhead() && !(minute === WHOLE_MINUTES && isUnscanned());
  const step = (): void => {
    if (isStopped || feed.nextMinute >= plan.minutes) return;
    if (mayStep(feed.nextMinute)) feed.step();
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
