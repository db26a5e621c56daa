import { describe, expect, it } from "vitest";
import { FEED_COUNTER_COUNT, FeedCounter } from "@smcq/exchange";
import { marketFeedConformance, RecordingMeter, RecordingSink, type FeedFault } from "@smcq/exchange/testing";
import { ScriptedFeed, type Planted } from "./support/scripted-feed.ts";
import { ScriptedVenue } from "./support/scripted-venue.ts";

const FAULTS: readonly FeedFault["type"][] = [
  "duplicate-final",
  "missing-final",
  "late-final",
  "different-final",
  "implausible-final",
  "garbage",
  "silent-symbol",
  "disconnect",
  "long-outage",
];

function suite(planted: Planted | null, deadlineMs: number): ReturnType<typeof marketFeedConformance> {
  return marketFeedConformance({
    faults: FAULTS,
    deadlineMs,
    create: async () => {
      const venue = new ScriptedVenue();
      const sink = new RecordingSink({ slots: 16, nowMs: () => venue.nowMs() });
      const meter = new RecordingMeter();
      const feed = new ScriptedFeed(venue, sink, meter, planted);
      return {
        feed,
        sink,
        meter,
        symbols: venue.symbols,
        truth: (symbol, openTimeMs) => venue.truth(symbol, openTimeMs),
        lastClosedMs: () => venue.lastClosedMs(),
        closeMinutes: async (count) => venue.close(count),
        inject: (fault) => venue.inject(fault),
        pass: () => feed.poll(),
        dispose: async () => {},
      };
    },
  });
}

async function failures(planted: Planted | null, deadlineMs: number): Promise<string[]> {
  const outcomes = await Promise.all(
    suite(planted, deadlineMs).map(async (one) => {
      try {
        await one.run();
        return null;
      } catch {
        return one.name;
      }
    }),
  );
  return outcomes.filter((name) => name !== null);
}

describe("marketFeedConformance", () => {
  for (const { name, run } of suite(null, 2000))
    it(`a feed that keeps the contract ${name}`, async () => {
      await expect(run()).resolves.toBeUndefined();
    });

  const broken: readonly (readonly [Planted, string])[] = [
    ["leaves-holes", "has no hole after a lost connection"],
    ["repeats-finals", "gives a bar once although its final comes twice"],
    ["swaps-slots", "gives every bar once, in order, equal to the venue's"],
    ["speaks-after-stop", "gives nothing after stop, which may be called twice"],
    ["speaks-after-remove", "gives nothing for a removed symbol and goes on with the others"],
    ["keeps-wrong-finals", "ends with the truth when the stream's final differs from it"],
    ["believes-any-number", "refuses a final with impossible numbers and takes the truth"],
    ["forgets-to-count", "counts the finals that it gave"],
    ["hides-the-source", "takes a final that the stream withholds from REST"],
    ["never-resets", "starts a new run after an outage longer than the ring"],
    ["resets-at-will", "has no hole after a lost connection"],
    ["gives-open-minutes", "gives every bar once, in order, equal to the venue's"],
    ["reforms-closed-bars", "gives every bar once, in order, equal to the venue's"],
    ["forgets-resume", "goes on behind the bars that the sink already has"],
    ["dies-of-garbage", "survives bytes that are no message"],
  ];
  it.each(broken)("catches a feed that %s", async (planted, name) => {
    expect(await failures(planted, 60)).toContain(name);
  });

  it("has a case for each fault only when the venue can play it", () => {
    const create = () => Promise.reject(new Error("not run"));
    const base = marketFeedConformance({ create, faults: [] }).length;
    expect(marketFeedConformance({ create, faults: FAULTS })).toHaveLength(base + FAULTS.length);
    expect(marketFeedConformance({ create, faults: ["garbage", "garbage"] })).toHaveLength(base + 1);
  });
});

describe("FeedCounter", () => {
  it("numbers its counters densely, so that an array of FEED_COUNTER_COUNT holds them", () => {
    const numbers = Object.values(FeedCounter).toSorted((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: FEED_COUNTER_COUNT }, (_, index) => index));
  });
});
