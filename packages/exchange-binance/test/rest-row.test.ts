import { BAR_FIELDS, type BarRequest, ManualClock, MINUTE_MS, Rng, silentLogger } from "@smcq/kernel";
import { type BarReply, BarSource } from "@smcq/exchange";
import { describe, expect, it } from "vitest";
import { BackfillQueue, BarSequencer, KlineFrame } from "../src/index.ts";
import { CheckingSink, TestMeter, restAnswer, truth } from "./support/model-venue.ts";

const START = 1_790_771_340_000;
const END = START + MINUTE_MS;
const MINUTES = 6;

interface Venue {
  /** Ms after a minute's end until REST's row of it is final; before, it shows other numbers at each look. */
  readonly restMovesMs: number;
  /** Ms after a minute's end when `x:true` comes; undefined: never. */
  readonly finalMs?: number;
  /** What REST says while it moves does not change between two looks. */
  readonly isFrozen?: boolean;
  /** Ms that an answer of REST takes. */
  readonly replyMs?: number;
}

/** Six live minutes of one symbol at a venue whose rows move for a while; what reached the sink at their end. */
function live(venue: Venue): { readonly sink: CheckingSink; readonly requests: readonly BarRequest[] } {
  const clock = new ManualClock(START + 30_000);
  const sink = new CheckingSink();
  const requests: BarRequest[] = [];
  const frame = new KlineFrame();
  const sequencer = new BarSequencer({
    slots: 1,
    clock,
    rng: new Rng(1),
    sink,
    meter: new TestMeter(),
    defer: (fn) => fn(),
    requestBars: (request) => {
      requests.push(request);
      const reply = restAnswer(request, clock.nowMs());
      for (let at = 0; at < reply.bars.length; at += BAR_FIELDS) {
        const ageMs = clock.nowMs() - (reply.bars[at] as number) - MINUTE_MS;
        if (ageMs >= venue.restMovesMs) continue;
        const moved = venue.isFrozen === true ? 0.9 : 0.9 + ageMs / 1e7;
        reply.bars[at + 5] = (reply.bars[at + 5] as number) * moved;
      }
      clock.after(venue.replyMs ?? 50, () => sequencer.onReply(reply, 1));
    },
  });
  sequencer.start();
  sequencer.add(0, "BTCUSDT", -1);
  for (let minute = 0; minute < MINUTES; minute++) {
    const openMs = START + minute * MINUTE_MS;
    clock.after(openMs + 40_000 - clock.nowMs(), () => say(openMs, false));
    if (venue.finalMs !== undefined)
      clock.after(openMs + MINUTE_MS + venue.finalMs - clock.nowMs(), () => say(openMs, true));
  }
  const say = (openMs: number, isFinal: boolean): void => {
    frame.slot = 0;
    frame.isFinal = isFinal;
    frame.numbers.set([clock.nowMs(), openMs, ...truth(0, openMs)]);
    sequencer.onKline(frame, clock.nowMs(), 1);
  };
  clock.advanceTo(START + (MINUTES + 2) * MINUTE_MS);
  sequencer.stop();
  return { sink, requests };
}

function untrue(sink: CheckingSink): readonly number[] {
  return sink
    .of(0)
    .filter(({ openMs, prices }) => truth(0, openMs).some((value, at) => prices[at] !== value))
    .filter(({ openMs }) => openMs >= START && openMs < START + MINUTES * MINUTE_MS)
    .map(({ openMs }) => (openMs - START) / MINUTE_MS);
}

describe("a row of REST that may still move", () => {
  it.each<readonly [string, Venue]>([
    ["moves for 5 s, x:true comes at 8 s", { restMovesMs: 5_000, finalMs: 8_000 }],
    ["moves for 10 s, x:true comes at 8 s", { restMovesMs: 10_000, finalMs: 8_000 }],
    ["moves for 5 s, no x:true comes", { restMovesMs: 5_000 }],
    ["moves for 10 s, no x:true comes", { restMovesMs: 10_000 }],
    ["stands still for 14 s and is wrong, no x:true comes", { restMovesMs: 14_000, isFrozen: true }],
    ["moves for 40 s, no x:true comes", { restMovesMs: 40_000 }],
    [
      "stands still for 40 s and is wrong, x:true comes at 45 s",
      { restMovesMs: 40_000, finalMs: 45_000, isFrozen: true },
    ],
    ["moves for 20 s, x:true comes at 2 s", { restMovesMs: 20_000, finalMs: 2_000 }],
    [
      "moves for 4 s, its answer takes 12 s, x:true comes at 5 s",
      { restMovesMs: 4_000, finalMs: 5_000, replyMs: 12_000 },
    ],
    ["moves for 30 s, x:true comes after a minute", { restMovesMs: 30_000, finalMs: 61_500 }],
  ])("is true in the end: it %s", (_name, venue) => {
    const { sink } = live(venue);
    expect(sink.of(0).length).toBeGreaterThanOrEqual(499 + MINUTES);
    expect(untrue(sink)).toEqual([]);
    expect(sink.resets).toEqual([]);
  });

  it("costs one look more a bar, and none where x:true comes in time or says the same", () => {
    const looks = (venue: Venue): number =>
      live(venue).requests.filter(({ fromMs }) => fromMs >= START).length;
    expect(looks({ restMovesMs: 0, finalMs: 2_000 })).toBe(2);
    expect(looks({ restMovesMs: 0 })).toBeLessThanOrEqual(2 * (MINUTES + 1));
    expect(looks({ restMovesMs: 0, finalMs: 8_000 })).toBeLessThanOrEqual(MINUTES + 4);
  });

  it("gives way to an x:true that waited for the bar before it", () => {
    const clock = new ManualClock(START + 30_000);
    const sink = new CheckingSink();
    const requests: BarRequest[] = [];
    const sequencer = new BarSequencer({
      slots: 1,
      clock,
      rng: new Rng(1),
      sink,
      meter: new TestMeter(),
      requestBars: (request) => requests.push(request),
      defer: (fn) => fn(),
    });
    sequencer.add(0, "BTCUSDT", -1);
    sequencer.onReply(restAnswer(requests.splice(0)[0] as BarRequest, clock.nowMs()), 1);
    clock.advanceTo(END + MINUTE_MS + 2_000);
    const frame = new KlineFrame();
    frame.slot = 0;
    frame.isFinal = true;
    frame.numbers.set([clock.nowMs(), END, ...truth(0, END)]);
    sequencer.onKline(frame, clock.nowMs(), 1);
    clock.advance(2_000);
    const request = { ...(requests.splice(0)[0] as BarRequest), fromMs: START, toMs: END };
    const bars = restAnswer(request, clock.nowMs()).bars;
    bars[BAR_FIELDS + 5] = 1;
    sequencer.onReply({ request, bars }, 1);
    expect(sink.of(0).slice(-2)).toMatchObject([
      { openMs: START, source: BarSource.Rest },
      { openMs: END, source: BarSource.Stream, prices: truth(0, END) },
    ]);
  });

  it("does not keep the next bar back: a look that waits for its answer is passed by", () => {
    const clock = new ManualClock(START + 30_000);
    const sink = new CheckingSink();
    const requests: BarRequest[] = [];
    const sequencer = new BarSequencer({
      slots: 1,
      clock,
      rng: new Rng(1),
      sink,
      meter: new TestMeter(),
      requestBars: (request) => requests.push(request),
      defer: (fn) => fn(),
    });
    const answer = (): void =>
      sequencer.onReply(restAnswer(requests.splice(0, 1)[0] as BarRequest, clock.nowMs()), 1);
    sequencer.start();
    sequencer.add(0, "BTCUSDT", -1);
    answer();
    clock.advanceTo(END + 3_000);
    answer();
    clock.advanceTo(END + 15_000);
    expect(requests).toMatchObject([{ fromMs: START, toMs: START }]);
    clock.advanceTo(END + MINUTE_MS + 3_000);
    expect(requests).toMatchObject([{ toMs: START }, { fromMs: START, toMs: END }]);
    // Both answers come, the older one last.
    requests.reverse();
    answer();
    answer();
    expect(sink.of(0).at(-1)?.openMs).toBe(END);
    sequencer.stop();
  });

  it.each([
    [-59_000, 0],
    [-100, 0],
    [50, 0],
    [1_900, 0],
    [2_000, 1],
    [60_000, 1],
  ])(
    "asked for %i ms after its minute counts %i times, however late its answer is read",
    async (atMs, count) => {
      const clock = new ManualClock(END + atMs);
      const queue = new BackfillQueue({
        klines: () =>
          new Promise((resolve) => {
            clock.after(10_000, () => resolve(Float64Array.of(START, 100, 101, 99, 100, 5)));
          }),
        clock,
        rng: new Rng(1),
        log: silentLogger,
        venueNowMs: () => clock.nowMs(),
      });
      const request = {
        slot: 0,
        symbol: "A",
        interval: "1m",
        fromMs: START,
        toMs: START,
        priority: 1,
      } as const;
      const reply = new Promise<BarReply>((resolve) => queue.request(request, resolve));
      await Promise.resolve();
      clock.advance(10_000);
      expect((await reply).bars).toHaveLength(count * BAR_FIELDS);
      queue.stop();
    },
  );
});
