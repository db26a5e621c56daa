import { describe, expect, it } from "vitest";
import { detect } from "@smcq/smc";
import {
  fixtureSet,
  openStream,
  SHARED_SETS,
  sharedData,
  sharedSet,
  streamEvents,
  SYMBOLS,
} from "./support.ts";
import type { GoldenSet } from "./support.ts";

/** Where the stream's events and the golden ones differ; bit for bit, for the levels are prices of the bars. */
function eventFaults(set: GoldenSet): string[] {
  const events = streamEvents(set.bars).map((event) => JSON.stringify(event));
  const golden = set.events.map((event) => JSON.stringify(event));
  return events.length === golden.length
    ? events.filter((event, at) => event !== golden[at])
    : [`${events.length} events instead of ${golden.length}`];
}

/** Golden rows whose ATR or RSI the stream does not meet to the last bit. */
function indicatorFaults(set: GoldenSet): number[][] {
  const stream = openStream();
  const pairs = set.bars.map((bar, i) => {
    stream.push(bar);
    return [i, stream.detector.atr, stream.detector.rsi * 100];
  });
  return set.indicators.filter(([i = -1, atr, rsi]) => pairs[i]?.[1] !== atr || pairs[i]?.[2] !== rsi);
}

describe.each(SYMBOLS)("the golden prefix of %s", (symbol) => {
  const set = fixtureSet(symbol);

  it("is met by the streaming detector, event by event", () => {
    expect(set.events.length).toBeGreaterThan(1_000);
    expect(eventFaults(set)).toEqual([]);
  });

  it("is met by ATR and RSI to the last bit", () => {
    expect(set.indicators.length).toBe(986);
    expect(indicatorFaults(set)).toEqual([]);
  });

  it("is met by the stateless oracle", () => {
    const { events } = detect(set.bars);
    expect(events).toEqual(set.events);
  });
});

const data = sharedData();

describe.skipIf(data === null).each(SHARED_SETS)("the whole golden set $set", (which) => {
  it("is met event by event, ATR and RSI to the last bit", () => {
    const set = sharedSet(data ?? "", which);
    expect(set.events.length).toBeGreaterThan(1_000);
    expect(eventFaults(set)).toEqual([]);
    expect(indicatorFaults(set)).toEqual([]);
  });
});
