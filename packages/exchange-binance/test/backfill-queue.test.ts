import { ManualClock, MINUTE_MS, Rng, SmcqError, silentLogger, type BarRequest } from "@smcq/kernel";
import type { BarReply, KlinesQuery } from "@smcq/exchange";
import { beforeEach, describe, expect, it } from "vitest";
import { BackfillQueue, BinanceErrorCode } from "../src/index.ts";
import { BACKFILL_QUEUE_MAX } from "../src/limits.ts";

const START = 1_790_771_340_000;

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

function request(symbol: string, fromMinute: number, toMinute: number, priority = 1): BarRequest {
  const at = (minute: number): number => START + minute * MINUTE_MS;
  return { slot: 0, symbol, interval: "1m", fromMs: at(fromMinute), toMs: at(toMinute), priority };
}

interface Call {
  readonly query: KlinesQuery;
  readonly answer: () => void;
  readonly fail: (code: string, context?: Record<string, number>) => void;
}

let clock: ManualClock;
let calls: Call[];
let replies: BarReply[];
let queue: BackfillQueue;

const note = (reply: BarReply): void => void replies.push(reply);
const minutes = (reply: BarReply | undefined): number[] =>
  Array.from(
    { length: (reply?.bars.length ?? 0) / 6 },
    (_, row) => ((reply?.bars[row * 6] ?? 0) - START) / MINUTE_MS,
  );

function open(concurrency: number): BackfillQueue {
  return new BackfillQueue({
    klines: (query) =>
      new Promise((resolve, reject) => {
        const rows: number[] = [];
        const endMs = query.endMs ?? 0;
        for (let t = query.startMs ?? 0; t <= endMs && rows.length < query.limit * 6; t += MINUTE_MS)
          rows.push(t, 1, 2, 1, 2, 5);
        calls.push({
          query,
          answer: () => resolve(Float64Array.from(rows)),
          fail: (code, context = {}) => reject(new SmcqError(code, "no", { context })),
        });
      }),
    clock,
    rng: new Rng(1),
    log: silentLogger,
    venueNowMs: () => clock.nowMs(),
    concurrency,
  });
}

beforeEach(() => {
  clock = new ManualClock(START + 100 * MINUTE_MS);
  calls = [];
  replies = [];
  queue = open(2);
});

describe("BackfillQueue", () => {
  it("takes the most urgent first, then the oldest bars, a few at a time", async () => {
    queue = open(1);
    queue.request(request("WARM", 0, 50, 5), note);
    await settle();
    queue.request(request("LATE", 9, 9), note);
    queue.request(request("EARLY", 3, 3), note);
    queue.request(request("DOUBT", 1, 1, 3), note);
    for (let index = 0; index < 4; index++) {
      expect(calls).toHaveLength(index + 1);
      calls[index]?.answer();
      await settle();
    }
    expect(calls.map(({ query }) => query.symbol)).toEqual(["WARM", "EARLY", "LATE", "DOUBT"]);
    expect(calls[1]?.query).toMatchObject({
      limit: 2,
      startMs: START + 3 * MINUTE_MS,
      endMs: START + 3 * MINUTE_MS,
    });
  });

  it("joins wishes of one symbol that touch, and answers each with its own bars", async () => {
    queue.request(request("A", 1, 3, 5), note);
    queue.request(request("A", 4, 6, 1), note);
    queue.request(request("A", 2, 5, 3), note);
    queue.request(request("A", 20, 21, 3), note);
    await settle();
    calls[0]?.answer();
    await settle();
    calls[1]?.answer();
    await settle();
    expect(calls.map(({ query }) => [query.limit, query.priority])).toEqual([
      [6, 1],
      [2, 3],
    ]);
    expect(replies.map(minutes)).toEqual([
      [1, 2, 3],
      [4, 5, 6],
      [2, 3, 4, 5],
      [20, 21],
    ]);
    expect(queue.stats()).toMatchObject({ asked: 4, merged: 2, calls: 2, queued: 0, running: 0 });
  });

  it("never has two calls of one symbol under way", async () => {
    queue.request(request("A", 1, 1), note);
    await settle();
    queue.request(request("A", 1, 2), note);
    queue.request(request("B", 1, 1), note);
    await settle();
    expect(calls.map(({ query }) => query.symbol)).toEqual(["A", "B"]);
    calls[0]?.answer();
    await settle();
    expect(calls).toHaveLength(3);
  });

  it("leaves out the bar that is still open", async () => {
    queue.request(request("A", 98, 101), note);
    await settle();
    calls[0]?.answer();
    await settle();
    expect(minutes(replies[0])).toEqual([98]);
    clock.advance(2_000);
    queue.request(request("A", 98, 101), note);
    await settle();
    calls[1]?.answer();
    await settle();
    expect(minutes(replies[1])).toEqual([98, 99]);
  });

  it("tries again after failures, and answers without bars in the end", async () => {
    queue.request(request("A", 1, 1), note);
    for (let tryCount = 1; tryCount <= 6; tryCount++) {
      await settle();
      expect(calls).toHaveLength(tryCount);
      calls.at(-1)?.fail(BinanceErrorCode.Network);
      await settle();
      clock.advance(60_000);
    }
    await settle();
    expect(replies.map(minutes)).toEqual([[]]);
    expect(queue.stats()).toMatchObject({ retries: 5, failed: 1 });
  });

  it("does not repeat what the venue refused", async () => {
    queue.request(request("GONE", 1, 1), note);
    await settle();
    calls[0]?.fail(BinanceErrorCode.Refused);
    await settle();
    expect([replies.length, calls.length]).toEqual([1, 1]);
  });

  it("waits out a ban without using up tries", async () => {
    queue.request(request("A", 1, 1), note);
    queue.request(request("B", 1, 1), note);
    queue.request(request("C", 1, 1), note);
    await settle();
    const untilMs = clock.nowMs() + 240_000;
    for (const call of calls.slice(0, 2)) call.fail(BinanceErrorCode.Banned, { untilMs });
    await settle();
    clock.advanceTo(untilMs - 1);
    await settle();
    expect(calls).toHaveLength(2);
    clock.advanceTo(untilMs + 1_000);
    await settle();
    for (const call of calls.slice(2)) call.answer();
    await settle();
    calls.at(-1)?.answer();
    await settle();
    expect(replies.map(({ request: { symbol } }) => symbol).toSorted()).toEqual(["A", "B", "C"]);
    expect(queue.stats().failed).toBe(0);
  });

  it("asks again during a long ban whether it still holds", async () => {
    queue.request(request("A", 1, 1), note);
    await settle();
    const untilMs = clock.nowMs() + 3 * 86_400_000;
    calls[0]?.fail(BinanceErrorCode.Banned, { untilMs });
    await settle();
    clock.advance(299_000);
    await settle();
    expect(calls).toHaveLength(1);
    clock.advance(2_000);
    await settle();
    calls[1]?.answer();
    await settle();
    expect([calls.length, replies.length, queue.stats().failed]).toEqual([2, 1, 0]);
  });

  it("drops a symbol's wishes when it is removed, the running one too", async () => {
    queue.request(request("A", 1, 1), note);
    queue.request(request("B", 1, 1), note);
    await settle();
    queue.request(request("A", 5, 9), note);
    expect(queue.removeSymbol("A")).toBe(2);
    for (const call of calls) call.answer();
    await settle();
    expect(replies.map(({ request: { symbol } }) => symbol)).toEqual(["B"]);
    expect(queue.stats()).toMatchObject({ dropped: 2, queued: 0 });
  });

  it("holds a bounded queue: what does not fit is answered without bars", async () => {
    for (let index = 0; index <= BACKFILL_QUEUE_MAX; index++) queue.request(request(`S${index}`, 1, 1), note);
    await settle();
    expect(replies.map(({ request: { symbol } }) => symbol)).toEqual([`S${BACKFILL_QUEUE_MAX}`]);
    expect(queue.stats()).toMatchObject({ queued: BACKFILL_QUEUE_MAX - 2, running: 2, failed: 1 });
  });

  it("calls nobody after it was stopped", async () => {
    queue.request(request("A", 1, 1), note);
    await settle();
    queue.stop();
    calls[0]?.answer();
    await settle();
    queue.request(request("B", 1, 1), note);
    await settle();
    expect([replies.length, calls.length, clock.pendingCount]).toEqual([0, 1, 0]);
  });
});
