import { assert, present } from "@smcq/kernel";
import { BarSource, FeedCounter } from "../market.ts";
import { FeedTrial, type ConformanceCase } from "./feed-trial.ts";
import type { FeedFault, FeedHarness } from "./feed-harness.ts";

export interface FeedConformanceOptions {
  /** Builds a fresh feed over a fresh venue; the feed is not started and watches nothing. */
  readonly create: () => Promise<FeedHarness>;
  /** The faults that the venue of this harness can play; their cases are part of the suite. */
  readonly faults: readonly FeedFault["type"][];
  /** Wall ms a condition may take; default 20,000. */
  readonly deadlineMs?: number;
}

type Body = (trial: FeedTrial) => Promise<void>;

const BASE: Readonly<Record<string, Body>> = {
  "gives every bar once, in order, equal to the venue's": async (trial) => {
    trial.watch(0, 3);
    await trial.feed.start();
    await trial.close(4);
    for (const slot of [0, 1, 2]) assert(trial.sink.bars(slot).length >= 4, "Invariant: four bars came");
  },
  "keeps symbols in their own slots, whatever the order of adding": async (trial) => {
    for (const [slot, symbol] of [
      [7, 2],
      [3, 0],
      [5, 1],
    ] as const)
      trial.add(slot, symbol);
    await trial.feed.start();
    await trial.close(2);
  },
  "takes a symbol while it runs and leaves the others alone": async (trial) => {
    trial.watch(0, 2);
    await trial.feed.start();
    await trial.close(2);
    trial.add(2, 2);
    await trial.close(3);
    assert(
      trial.sink.resetCount(0) === 0 && trial.sink.resetCount(1) === 0,
      "Invariant: no other slot is reset",
    );
  },
  "gives nothing for a removed symbol and goes on with the others": async (trial) => {
    trial.watch(0, 3);
    await trial.feed.start();
    await trial.close(2);
    trial.remove(1);
    await trial.close(3);
  },
  "starts afresh when a slot is given to another symbol": async (trial) => {
    trial.watch(0, 2);
    await trial.feed.start();
    await trial.close(2);
    trial.remove(0);
    trial.add(0, 3);
    await trial.close(3);
  },
  "goes on behind the bars that the sink already has": async (trial) => {
    trial.watch(0, 2);
    await trial.feed.start();
    await trial.close(2);
    const before = trial.sink.bars(0).length;
    trial.remove(0);
    await trial.harness.closeMinutes(2);
    trial.resume(0, 0);
    await trial.close(1);
    assert(
      trial.sink.resetCount(0) === 0 && trial.sink.bars(0).length >= before + 3,
      "Invariant: a short hole behind kept bars is filled, not reset",
    );
  },
  "is not disturbed by a symbol that the venue does not have": async (trial) => {
    trial.watch(0, 2);
    trial.feed.add(9, "NOSUCHPAIRUSDT", -1);
    await trial.feed.start();
    await trial.close(2);
    assert(trial.sink.lastOpenMs(9) === -1, "Invariant: an unknown symbol has no bars");
  },
  "gives nothing after stop, which may be called twice": async (trial) => {
    trial.watch(0, 2);
    await trial.feed.start();
    await trial.close(2);
    await Promise.all([trial.feed.stop(), trial.feed.stop()]);
    trial.sink.closeSlot(0);
    trial.sink.closeSlot(1);
    await trial.harness.closeMinutes(2);
    await trial.feed.stop();
  },
  "counts the finals that it gave": async (trial) => {
    if (trial.harness.meter === null) return;
    const meter = trial.harness.meter;
    trial.watch(0, 3);
    await trial.feed.start();
    await trial.close(3);
    await trial.until("the meter counts each final", () => {
      const counted = meter.get(FeedCounter.Finals);
      return counted === trial.sink.finalCount ? null : `${counted} of ${trial.sink.finalCount}`;
    });
  },
};

/** REST repairs a hole; it does not replace the stream, which must flow again within a few minutes. */
async function streamsAgain(trial: FeedTrial): Promise<void> {
  for (let minute = 0; minute < 5; minute++) {
    await trial.close(1);
    const isStreaming = [0, 1, 2].every((slot) => trial.sink.bars(slot).at(-1)?.source === BarSource.Stream);
    if (isStreaming) return;
  }
  assert(false, "Invariant: finals come by stream again after the fault");
}

/** Plays one fault against symbol 0 of three; every slot must reach the truth again, without a reset. */
function recovers(fault: (symbol: string) => FeedFault, after?: Body): Body {
  return async (trial) => {
    trial.watch(0, 3);
    await trial.feed.start();
    await trial.close(2);
    trial.beginFault();
    await trial.harness.inject(fault(trial.symbol(0)));
    await trial.close(3);
    for (const slot of [0, 1, 2])
      assert(trial.sink.resetCount(slot) === 0, "Invariant: a repairable fault resets no slot");
    await streamsAgain(trial);
    await after?.(trial);
  };
}

/** The first bar after the fault was armed came by REST. */
const cameByRest: Body = async (trial) => {
  const bar = trial.sink.bars(0).find((one) => one.openTimeMs > trial.faultFromMs);
  assert(
    present(bar, "Invariant: the faulty minute came").source === BarSource.Rest,
    "Invariant: a bar the stream withheld is marked as confirmed by REST",
  );
};

const counted =
  (counter: FeedCounter, words: string): Body =>
  async (trial) => {
    const meter = trial.harness.meter;
    if (meter !== null) await trial.until(words, () => (meter.get(counter) > 0 ? null : "the counter is 0"));
  };

const FAULTS: Readonly<Record<FeedFault["type"], readonly [string, Body]>> = {
  "duplicate-final": [
    "gives a bar once although its final comes twice",
    recovers(
      (symbol) => ({ type: "duplicate-final", symbol }),
      counted(FeedCounter.Duplicates, "the duplicate is counted"),
    ),
  ],
  "missing-final": [
    "takes a final that the stream withholds from REST",
    recovers((symbol) => ({ type: "missing-final", symbol }), cameByRest),
  ],
  "late-final": [
    "puts finals that come out of order in order",
    recovers((symbol) => ({ type: "late-final", symbol })),
  ],
  "different-final": [
    "ends with the truth when the stream's final differs from it",
    recovers((symbol) => ({ type: "different-final", symbol })),
  ],
  "implausible-final": [
    "refuses a final with impossible numbers and takes the truth",
    recovers(
      (symbol) => ({ type: "implausible-final", symbol }),
      counted(FeedCounter.BadBars, "the bad bar is counted"),
    ),
  ],
  garbage: [
    "survives bytes that are no message",
    recovers(() => ({ type: "garbage" }), counted(FeedCounter.BadFrames, "the bad frame is counted")),
  ],
  "silent-symbol": [
    "fills the minute of a silent symbol and holds no other up",
    recovers((symbol) => ({ type: "silent-symbol", symbol })),
  ],
  disconnect: ["has no hole after a lost connection", recovers(() => ({ type: "disconnect" }))],
  "long-outage": [
    "starts a new run after an outage longer than the ring",
    async (trial) => {
      trial.watch(0, 3);
      await trial.feed.start();
      await trial.close(2);
      await trial.harness.inject({ type: "long-outage" });
      await trial.close(3);
      for (const slot of [0, 1, 2])
        assert(trial.sink.resetCount(slot) >= 1, "Invariant: the hole is told by a reset");
    },
  ],
};

async function runCase(options: FeedConformanceOptions, body: Body): Promise<void> {
  const harness = await options.create();
  const trial = new FeedTrial(harness, options.deadlineMs ?? 20_000);
  try {
    assert(harness.symbols.length >= 4, "Invariant: the harness has four symbols");
    await body(trial);
    harness.sink.assertClean();
  } finally {
    await harness.feed.stop();
    await harness.dispose();
  }
  harness.sink.assertClean();
}

/**
 * The cases that every `MarketFeed` adapter passes, free of any test framework:
 * `for (const { name, run } of marketFeedConformance(options)) it(name, run)`.
 */
export function marketFeedConformance(options: FeedConformanceOptions): readonly ConformanceCase[] {
  const cases: ConformanceCase[] = [];
  for (const [name, body] of Object.entries(BASE)) cases.push({ name, run: () => runCase(options, body) });
  for (const fault of new Set(options.faults)) {
    const [name, body] = FAULTS[fault];
    cases.push({ name, run: () => runCase(options, body) });
  }
  return cases;
}
