import { type BarRequest, ManualClock, MINUTE_MS, Rng } from "@smcq/kernel";
import { BackfillPriority, BarSource, FeedCounter } from "@smcq/exchange";
import { beforeEach, describe, expect, it } from "vitest";
import { BarSequencer, KlineFrame } from "../src/index.ts";
import type { GivenBar } from "./support/model-venue.ts";
import { CheckingSink, TestMeter, restAnswer, truth } from "./support/model-venue.ts";

const START = 1_790_771_340_000;
/** From when on REST's row of the bar that opens at START is final. */
const FINAL = START + MINUTE_MS + 15_000;

class Bench {
  readonly clock = new ManualClock(START + 30_000);
  readonly sink = new CheckingSink();
  readonly meter = new TestMeter();
  readonly requests: BarRequest[] = [];
  readonly sequencer: BarSequencer;
  readonly #frame = new KlineFrame();

  constructor(options: { auditMinutes?: number; replyMsMax?: number } = {}) {
    this.sequencer = new BarSequencer({
      slots: 3,
      clock: this.clock,
      rng: new Rng(1),
      sink: this.sink,
      meter: this.meter,
      requestBars: (request) => this.requests.push(request),
      defer: (fn) => fn(),
      ...options,
    });
    this.sequencer.start();
  }

  kline(options: {
    slot?: number;
    t: number;
    isFinal: boolean;
    prices?: readonly number[];
    eventMs?: number;
  }): void {
    const { slot = 0, t, isFinal } = options;
    const prices = options.prices ?? truth(slot, t);
    this.#frame.slot = slot;
    this.#frame.isFinal = isFinal;
    this.#frame.numbers.set([
      options.eventMs ?? Math.max(this.clock.nowMs() - 5, t + (isFinal ? MINUTE_MS : 0)),
      t,
      ...prices,
    ]);
    this.sequencer.onKline(this.#frame, this.clock.nowMs(), 42);
  }

  /** Answers the oldest open request with the truth. */
  answer(isMissing?: (openMs: number) => boolean): void {
    const request = this.requests.shift();
    if (request === undefined) throw new Error("nothing was asked");
    this.sequencer.onReply(restAnswer(request, this.clock.nowMs(), isMissing), 43);
  }

  /** A live slot 0 whose next bar is the one that opens at START. */
  warm(): void {
    this.sequencer.add(0, "BTCUSDT", -1);
    this.answer();
    this.meter.counts.fill(0);
  }

  /** The bars of slot 0 that are not what REST finally says. */
  untrue(): GivenBar[] {
    return this.sink
      .of(0)
      .filter((bar) => truth(0, bar.openMs).some((value, at) => bar.prices[at] !== value));
  }
}

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});

describe("BarSequencer", () => {
  it("asks for the last 499 closed bars of a new symbol, after repairs", () => {
    bench.sequencer.add(0, "BTCUSDT", -1);
    expect(bench.requests).toEqual([
      {
        slot: 0,
        symbol: "BTCUSDT",
        interval: "1m",
        fromMs: START - 499 * MINUTE_MS,
        toMs: START - MINUTE_MS,
        priority: BackfillPriority.History,
      },
    ]);
    bench.answer();
    expect(bench.sink.of(0)).toHaveLength(499);
    expect(bench.sequencer.state(0)).toEqual({ isWatched: true, isLive: true, nextOpenMs: START });
    expect(bench.meter.get(FeedCounter.RestFinals)).toBe(499);
    expect(bench.untrue()).toEqual([]);
  });

  it("holds finals that come before the history and merges them without a hole", () => {
    bench.sequencer.add(0, "BTCUSDT", -1);
    bench.clock.advanceTo(START + MINUTE_MS + 2_000);
    bench.kline({ t: START, isFinal: true });
    expect(bench.sink.of(0)).toHaveLength(0);
    bench.answer();
    expect(bench.sink.of(0)).toHaveLength(500);
    expect(bench.sink.of(0).at(-1)?.source).toBe(BarSource.Stream);
    expect(bench.untrue()).toEqual([]);
  });

  it("gives x:true at once, exactly once, and asks nothing", () => {
    bench.warm();
    bench.kline({ t: START, isFinal: false });
    bench.clock.advanceTo(START + MINUTE_MS + 2_000);
    bench.kline({ t: START, isFinal: true });
    bench.kline({ t: START, isFinal: true });
    bench.clock.advanceTo(START + MINUTE_MS + 59_000);
    expect(bench.sink.of(0).at(-1)).toEqual({
      openMs: START,
      prices: truth(0, START),
      source: BarSource.Stream,
    });
    expect(bench.sink.formingCount).toBe(1);
    expect([bench.meter.get(FeedCounter.Finals), bench.meter.get(FeedCounter.Duplicates)]).toEqual([1, 1]);
    expect(bench.requests).toHaveLength(0);
  });

  it("asks REST at +3 s for the symbols that have not closed, for those only, and again at +6 s", () => {
    bench.warm();
    bench.sequencer.add(1, "ETHUSDT", -1);
    bench.answer();
    bench.clock.advanceTo(START + MINUTE_MS + 2_000);
    bench.kline({ slot: 1, t: START, isFinal: true });
    bench.clock.advanceTo(START + MINUTE_MS + 2_999);
    expect(bench.requests).toHaveLength(0);
    bench.clock.advanceTo(START + MINUTE_MS + 3_000);
    expect(bench.requests).toMatchObject([
      { slot: 0, fromMs: START, toMs: START, priority: BackfillPriority.Repair },
    ]);
    bench.answer(() => true);
    bench.clock.advanceTo(START + MINUTE_MS + 5_999);
    expect(bench.requests).toHaveLength(0);
    bench.clock.advanceTo(START + MINUTE_MS + 6_000);
    bench.answer();
    expect(bench.sink.of(0).at(-1)).toMatchObject({ openMs: START, source: BarSource.Rest });
    expect(bench.meter.get(FeedCounter.Gaps)).toBe(0);
    bench.clock.advanceTo(START + MINUTE_MS + 24_000);
    bench.kline({ t: START, isFinal: true });
    expect(bench.meter.get(FeedCounter.Duplicates)).toBe(1);
  });

  it("retries later and later, but goes on", () => {
    bench.warm();
    const askedAtS: number[] = [];
    while (askedAtS.length < 7) {
      bench.clock.advance(500);
      if (bench.requests.length === 0) continue;
      askedAtS.push((bench.clock.nowMs() - START - MINUTE_MS) / 1_000);
      bench.answer(() => true);
    }
    const waits = askedAtS.slice(1).map((at, index) => at - (askedAtS[index] ?? 0));
    expect(askedAtS.slice(0, 2)).toEqual([3, 6]);
    expect(waits.every((wait, index) => index === 0 || wait > (waits[index - 1] ?? 0))).toBe(true);
  });

  it("does not take a newer bar as the end of the older one: REST closes it", () => {
    bench.warm();
    bench.clock.advanceTo(START + MINUTE_MS + 500);
    bench.kline({ t: START + MINUTE_MS, isFinal: false });
    expect(bench.sink.of(0).at(-1)?.openMs).toBe(START - MINUTE_MS);
    bench.clock.advanceTo(START + MINUTE_MS + 3_000);
    expect(bench.requests).toHaveLength(1);
    bench.answer();
    expect(bench.sink.of(0).at(-1)?.openMs).toBe(START);
  });

  it("puts finals that come out of order back in order", () => {
    bench.warm();
    bench.clock.advanceTo(START + MINUTE_MS + 2_500);
    bench.clock.advanceTo(START + 2 * MINUTE_MS + 2_000);
    bench.requests.length = 0;
    bench.kline({ t: START + MINUTE_MS, isFinal: true });
    bench.kline({ t: START, isFinal: true });
    expect(
      bench.sink
        .of(0)
        .slice(-2)
        .map(({ openMs }) => openMs),
    ).toEqual([START, START + MINUTE_MS]);
    expect(bench.meter.get(FeedCounter.Gaps)).toBe(1);
    expect(bench.meter.get(FeedCounter.LateFinals)).toBe(1);
  });

  it("refuses implausible finals and takes REST's word instead", () => {
    bench.warm();
    const [open = 0, high = 0, low = 0, close = 0, volume = 0] = truth(0, START);
    const bad = [
      [Number.NaN, high, low, close, volume],
      [open, Number.POSITIVE_INFINITY, low, close, volume],
      [open, low, high, close, volume],
      [0, high, 0, close, volume],
      [open, high, low, close, -1],
      [1e-30, 1e-30, 1e-30, 1e-30, 0],
      [open * 100, high * 100, low * 100, close * 100, volume],
      [open / 100, high / 100, low / 100, close / 100, volume],
    ];
    bench.clock.advanceTo(START + MINUTE_MS + 2_000);
    for (const prices of bad) bench.kline({ t: START, isFinal: true, prices });
    expect(bench.meter.get(FeedCounter.BadBars)).toBe(bad.length);
    expect(bench.sink.of(0).at(-1)?.openMs).toBe(START - MINUTE_MS);
    bench.clock.advanceTo(START + MINUTE_MS + 3_000);
    expect(bench.requests).toHaveLength(1);
    bench.answer();
    expect(bench.sink.of(0).at(-1)?.openMs).toBe(START);
    expect(bench.untrue()).toEqual([]);
  });

  it("believes a jump when REST confirms it", () => {
    bench.warm();
    bench.clock.advanceTo(START + MINUTE_MS + 2_000);
    const jumped = truth(0, START).map((value) => value * 100);
    bench.kline({ t: START, isFinal: true, prices: jumped });
    bench.clock.advanceTo(START + MINUTE_MS + 3_000);
    const request = bench.requests.shift()!;
    bench.sequencer.onReply({ request, bars: Float64Array.from([START, ...jumped]) }, 1);
    expect(bench.sink.of(0).at(-1)?.prices).toEqual(jumped);
  });

  it("counts impossible event times and never moves on them", () => {
    bench.warm();
    bench.clock.advanceTo(START + MINUTE_MS + 2_000);
    bench.kline({ t: START, isFinal: true, eventMs: bench.clock.nowMs() + 3_600_000 });
    bench.kline({ t: START, isFinal: true, eventMs: START - 3_600_000 });
    bench.kline({ t: START + 60 * MINUTE_MS, isFinal: false });
    bench.kline({ t: START + 60 * MINUTE_MS, isFinal: true });
    bench.kline({ t: START + 1, isFinal: false });
    bench.kline({ t: START + MINUTE_MS, isFinal: true, eventMs: START + MINUTE_MS + 2_000 });
    expect(bench.meter.get(FeedCounter.ClockFaults)).toBe(6);
    expect([bench.sink.of(0).length, bench.sink.formingCount, bench.requests.length]).toEqual([499, 0, 0]);
  });

  it("corrects a bar whose later final differs, and lets REST settle it", () => {
    bench.warm();
    bench.clock.advanceTo(START + MINUTE_MS + 2_000);
    const wrong = truth(0, START).map((value) => value * 1.001);
    bench.kline({ t: START, isFinal: true, prices: wrong });
    bench.clock.advanceTo(START + MINUTE_MS + 9_000);
    bench.kline({ t: START, isFinal: true });
    expect(bench.meter.get(FeedCounter.Corrections)).toBe(1);
    expect(bench.untrue()).toEqual([]);
    bench.clock.advanceTo(FINAL);
    expect(bench.requests).toMatchObject([{ fromMs: START, toMs: START, priority: BackfillPriority.Verify }]);
    bench.answer();
    // The replay of the wrong one (NW07) changes nothing any more.
    bench.kline({ t: START, isFinal: true, prices: wrong, eventMs: START + MINUTE_MS + 1_995 });
    bench.clock.advance(0);
    expect(bench.untrue()).toEqual([]);
    expect([bench.sink.corrections, bench.requests.length]).toEqual([1, 0]);
    expect(bench.sequencer.parity()).toEqual({ restEqual: 1, restDifferent: 0 });
  });

  it("compares the last bars with REST when audits are on", () => {
    bench = new Bench({ auditMinutes: 5 });
    bench.warm();
    for (let minute = 0; minute < 12; minute++) {
      const t = START + minute * MINUTE_MS;
      bench.clock.advanceTo(t + MINUTE_MS + 2_000);
      bench.kline({
        t,
        isFinal: true,
        prices: truth(0, t).map((value) => value * (minute === 7 ? 1.001 : 1)),
      });
      bench.clock.advanceTo(t + MINUTE_MS + 30_000);
      while (bench.requests.length > 0) bench.answer();
    }
    expect(bench.untrue()).toEqual([]);
    expect(bench.sequencer.parity().restDifferent).toBe(1);
  });

  it("fills a gap oldest first in chunks, and counts it once", () => {
    bench = new Bench({ replyMsMax: 1e9 });
    bench.warm();
    bench.clock.advanceTo(START + 510 * MINUTE_MS + 4_000);
    expect(bench.requests).toMatchObject([{ fromMs: START, toMs: START }]);
    bench.answer();
    bench.clock.advance(0);
    // The row of the first bar was asked for when it could still move: it comes along.
    expect(bench.requests).toMatchObject([
      { fromMs: START, toMs: START + 498 * MINUTE_MS, priority: BackfillPriority.Gap },
    ]);
    while (bench.requests.length > 0) {
      bench.answer();
      bench.clock.advance(0);
    }
    expect(bench.sink.of(0)).toHaveLength(499 + 510);
    expect([bench.meter.get(FeedCounter.Gaps), bench.meter.get(FeedCounter.Resets)]).toEqual([1, 0]);
    expect(bench.untrue()).toEqual([]);
  });

  it("starts a symbol anew when the gap is longer than the ring", () => {
    bench = new Bench({ replyMsMax: 1e9 });
    bench.warm();
    bench.clock.advanceTo(START + 514 * MINUTE_MS + 4_000);
    expect(bench.sink.resets).toEqual([]);
    bench.answer(() => true);
    bench.clock.advance(3_000);
    expect(bench.sink.resets).toEqual([0]);
    expect(bench.requests).toMatchObject([
      { priority: BackfillPriority.History, toMs: START + 513 * MINUTE_MS },
    ]);
    bench.answer();
    expect(bench.sink.of(0)).toHaveLength(499);
    expect(bench.meter.get(FeedCounter.Resets)).toBe(1);
    expect(bench.untrue()).toEqual([]);
  });

  it("starts a symbol anew when the venue has later bars but not the missing one", () => {
    bench.warm();
    for (let minute = 1; minute < 4; minute++) {
      bench.clock.advanceTo(START + minute * MINUTE_MS + 2_000);
      bench.kline({
        t: START + minute * MINUTE_MS - MINUTE_MS + (minute === 1 ? MINUTE_MS : 0),
        isFinal: false,
      });
    }
    for (let step = 0; step < 400 && bench.sink.resets.length === 0; step++) {
      bench.clock.advance(1_000);
      while (bench.requests.length > 0 && bench.sink.resets.length === 0)
        bench.answer((openMs) => openMs === START);
    }
    expect(bench.sink.resets).toEqual([0]);
    bench.answer((openMs) => openMs === START);
    expect(bench.sink.of(0)[0]?.openMs).toBe(START + MINUTE_MS);
    expect(bench.untrue()).toEqual([]);
  });

  it("waits with a new listing until it has a closed bar", () => {
    bench.sequencer.add(2, "NEWUSDT", -1);
    const isBefore = (openMs: number): boolean => openMs < START;
    bench.answer(isBefore);
    expect(bench.sequencer.state(2).isLive).toBe(false);
    bench.clock.advanceTo(START + MINUTE_MS + 2_000);
    bench.kline({ slot: 2, t: START, isFinal: true });
    for (let step = 0; step < 120 && !bench.sequencer.state(2).isLive; step++) {
      bench.clock.advance(1_000);
      while (bench.requests.length > 0) bench.answer(isBefore);
    }
    expect(bench.sink.of(2).map(({ openMs }) => openMs)[0]).toBe(START);
  });

  it("goes on behind the bars that the sink has, and asks for what closed since", () => {
    bench.sink.isResumed = true;
    bench.sequencer.add(0, "BTCUSDT", START - 4 * MINUTE_MS);
    // The last bars of the thread that is gone are compared, too: its stream's last word may have been lost.
    expect(bench.requests).toMatchObject([{ fromMs: START - 6 * MINUTE_MS, toMs: START - MINUTE_MS }]);
    bench.answer();
    expect(bench.sink.of(0).map(({ openMs }) => (openMs - START) / MINUTE_MS)).toEqual([-3, -2, -1]);
    expect(bench.sink.resets).toEqual([]);
  });

  it("starts anew when the bars that the sink has are too old to go on from", () => {
    bench.sequencer.add(0, "BTCUSDT", START - 514 * MINUTE_MS);
    expect(bench.sink.resets).toEqual([0]);
    bench.answer();
    expect(bench.sink.of(0)).toHaveLength(499);
  });

  it("ignores replies and frames for a slot that changed hands", () => {
    bench.warm();
    bench.clock.advanceTo(START + MINUTE_MS + 3_000);
    const old = bench.requests.shift()!;
    bench.sequencer.remove(0);
    bench.kline({ t: START, isFinal: true });
    expect(bench.sink.of(0)).toHaveLength(499);
    bench.sink.bars.clear();
    bench.sequencer.add(0, "ETHUSDT", -1);
    bench.sequencer.onReply(restAnswer(old, bench.clock.nowMs()), 1);
    expect(bench.sink.of(0)).toHaveLength(0);
    bench.answer();
    expect(bench.sequencer.state(0).isLive).toBe(true);
  });

  it("asks again when a reply is lost", () => {
    bench.warm();
    bench.clock.advanceTo(START + MINUTE_MS + 3_000);
    bench.requests.length = 0;
    bench.clock.advance(299_000);
    expect(bench.requests).toHaveLength(0);
    bench.clock.advance(2_000);
    expect(bench.requests).toHaveLength(1);
  });

  it("asks at once for what closed while the connection was away", () => {
    bench.warm();
    bench.clock.advanceTo(START + MINUTE_MS + 2_000);
    bench.kline({ t: START, isFinal: true });
    bench.sequencer.recheck(0);
    bench.clock.advanceTo(FINAL);
    // Nothing is missing, but the last bar is the stream's word alone.
    expect(bench.requests).toMatchObject([{ fromMs: START, toMs: START, priority: BackfillPriority.Verify }]);
    bench.answer();
    bench.sequencer.recheck(0);
    bench.clock.advance(0);
    expect(bench.requests).toHaveLength(0);
  });

  it("finds by REST that the last bar before a cut was wrong and its correction was lost", () => {
    bench.warm();
    bench.clock.advanceTo(START + MINUTE_MS + 2_000);
    const [open = 0, high = 0, low = 0, close = 0, volume = 0] = truth(0, START);
    bench.kline({ t: START, isFinal: true, prices: [open, high, low, close, volume + 1] });
    expect(bench.untrue()).toHaveLength(1);
    bench.sequencer.recheck(0);
    bench.clock.advanceTo(FINAL);
    bench.answer();
    expect(bench.untrue()).toEqual([]);
    expect(bench.sink.corrections).toBe(1);
  });

  it("asks and corrects nothing from before the run, when a hole at the venue made a new one", () => {
    bench.sequencer.add(0, "BTCUSDT", -1);
    bench.answer((openMs) => openMs === START - 2 * MINUTE_MS);
    expect(bench.sink.of(0).map(({ openMs }) => openMs)).toEqual([START - MINUTE_MS]);
    bench.clock.advanceTo(START + MINUTE_MS + 2_000);
    bench.kline({ t: START, isFinal: true });
    bench.sequencer.recheck(0);
    bench.clock.advanceTo(FINAL);
    expect(bench.requests).toMatchObject([{ fromMs: START, toMs: START }]);
    const request = { ...bench.requests.shift()!, fromMs: START - 4 * MINUTE_MS };
    bench.sequencer.onReply(restAnswer(request, bench.clock.nowMs()), 1);
    expect([bench.sink.of(0).length, bench.sink.corrections]).toEqual([2, 0]);
  });

  it("leaves no timer behind", () => {
    bench.warm();
    bench.sequencer.stop();
    bench.clock.advance(10 * MINUTE_MS);
    expect([bench.requests.length, bench.clock.pendingCount]).toEqual([0, 0]);
  });
});
