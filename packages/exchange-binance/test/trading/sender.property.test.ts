import { ManualClock, Rng, silentLogger } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { RateBudget } from "../../src/rest/rate-budget.ts";
import {
  CALLS_WAITING_MAX,
  ENTRY_AGE_MS_MAX,
  ORDERS_10S_AT_START,
  PROTECTIVE_AGE_MS_MAX,
} from "../../src/trading/limits.ts";
import { Brakes } from "../../src/trading/orders/brakes.ts";
import { OrderBudget } from "../../src/trading/orders/order-budget.ts";
import { type Errand, OrderSender } from "../../src/trading/orders/sender.ts";
import { verdictOf } from "../../src/trading/wire/verdict.ts";
import { seed } from "../support/seed.ts";

const START_MS = 1_790_771_340_000;
/** Small ones, so that they are reached. */
const MOST_10S = 10;
const MOST_MINUTE = 30;

class Bench {
  readonly clock = new ManualClock(START_MS);
  readonly rate = new RateBudget({ clock: this.clock });
  readonly brakes = new Brakes(this.rate, silentLogger);
  readonly counts = new OrderBudget();
  readonly sender = new OrderSender({ clock: this.clock }, this.brakes, this.counts);
  /** What has become of each errand, in order: when, and what. */
  readonly ended: { readonly id: number; readonly atMs: number; readonly code: string }[] = [];
  #ids = 0;

  send(lane: Errand["lane"], isOrder = true): number {
    const id = ++this.#ids;
    const end = (code: string): void => void this.ended.push({ id, atMs: this.clock.nowMs(), code });
    this.sender.send({ lane, isOrder, run: () => end("sent"), refuse: (code) => end(code) });
    return id;
  }

  take(status: number, text: string): void {
    const nowMs = this.clock.nowMs();
    this.brakes.take(verdictOf({ status, text, retryAfterMs: 0, nowMs }), nowMs);
    this.sender.wake();
  }

  codes(): readonly string[] {
    return this.ended.map(({ code }) => code);
  }
}

describe("OrderSender", () => {
  it("sends at once while nothing holds it", () => {
    const bench = new Bench();
    bench.send("entry");
    bench.send("protective");
    expect(bench.codes()).toEqual(["sent", "sent"]);
  });

  it("keeps a fifth of the order count for what protects", () => {
    const bench = new Bench();
    for (let count = 0; count < ORDERS_10S_AT_START; count++) bench.send("entry");
    const sent = bench.codes().filter((code) => code === "sent").length;
    expect(sent).toBe(0.8 * ORDERS_10S_AT_START);
    for (let count = 0; count < 0.2 * ORDERS_10S_AT_START; count++) bench.send("protective");
    expect(bench.codes().filter((code) => code === "sent")).toHaveLength(ORDERS_10S_AT_START);
    expect(new Set(bench.codes())).toEqual(new Set(["sent", "NOT_SENT"]));
  });

  it("believes the venue's own count: others trade on the account", () => {
    const bench = new Bench();
    bench.counts.report(10_000, 0.8 * ORDERS_10S_AT_START, bench.clock.nowMs());
    bench.send("entry");
    bench.send("protective");
    expect(bench.codes()).toEqual(["NOT_SENT", "sent"]);
    bench.clock.advance(10_000);
    bench.send("entry");
    expect(bench.codes().at(-1)).toBe("sent");
  });

  it("takes the venue's limits", () => {
    const bench = new Bench();
    bench.counts.setLimit(10_000, 10);
    for (let count = 0; count < 12; count++) bench.send("protective");
    expect(bench.codes()).toEqual(Array.from({ length: 10 }, () => "sent"));
    bench.clock.advance(10_001);
    expect(bench.codes()).toHaveLength(12);
  });

  it("bounds what waits", () => {
    const bench = new Bench();
    bench.take(400, '{"code":-1015,"msg":"300 orders per TEN_SECONDS"}');
    for (let count = 0; count < CALLS_WAITING_MAX + 1; count++) bench.send("protective");
    expect(bench.codes()).toEqual(["NOT_SENT"]);
    expect(bench.sender.waiting).toBe(CALLS_WAITING_MAX);
    bench.sender.close();
    expect(bench.codes()).toHaveLength(CALLS_WAITING_MAX + 1);
    bench.send("protective");
    expect(bench.codes().at(-1)).toBe("NOT_SENT");
  });

  it(`ends each errand once, none too old, none beyond a count, none in a pause (seed ${seed})`, () => {
    const rng = new Rng(seed);
    for (let round = 0; round < 60; round++) {
      const bench = new Bench();
      bench.counts.setLimit(10_000, MOST_10S);
      bench.counts.setLimit(60_000, MOST_MINUTE);
      const born = new Map<
        number,
        { readonly lane: Errand["lane"]; readonly isOrder: boolean; readonly atMs: number }
      >();
      const bans: [number, number][] = [];
      for (let step = 0; step < 400; step++) {
        const lane = rng.chance(0.6) ? "entry" : "protective";
        const isOrder = lane === "entry" || rng.chance(0.7);
        const atMs = bench.clock.nowMs();
        if (rng.chance(0.9)) born.set(bench.send(lane, isOrder), { lane, isOrder, atMs });
        else {
          const trouble = rng.int(20);
          if (trouble < 4) bench.take(503, '{"code":-1008,"msg":"x"}');
          else if (trouble < 8) bench.take(429, '{"code":-1015,"msg":"orders per TEN_SECONDS"}');
          else if (trouble < 10) {
            const untilMs = atMs + rng.int(20_000);
            bench.take(418, `{"code":-1003,"msg":"banned until ${untilMs}"}`);
            bans.push([atMs, untilMs]);
          }
        }
        if (rng.chance(0.3)) bench.clock.advance(rng.int(3_000));
      }
      bench.clock.advance(60_000);
      expect(bench.sender.waiting).toBe(0);
      expect(bench.ended.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual([...born.keys()]);
      const sent = bench.ended.filter(({ code }) => code === "sent");
      for (const { id, atMs } of sent) {
        const errand = born.get(id);
        const ageMsMax = errand?.lane === "entry" ? ENTRY_AGE_MS_MAX : PROTECTIVE_AGE_MS_MAX;
        expect(atMs - (errand?.atMs ?? 0)).toBeLessThanOrEqual(ageMsMax);
        for (const [fromMs, untilMs] of bans) expect(atMs > fromMs && atMs < untilMs).toBe(false);
      }
      const orders = sent.filter(({ id }) => born.get(id)?.isOrder === true);
      for (const [windowMs, most] of [
        [10_000, MOST_10S],
        [60_000, MOST_MINUTE],
      ] as const)
        for (const [index, { atMs }] of orders.entries())
          expect((orders[index + most]?.atMs ?? Infinity) - atMs).toBeGreaterThanOrEqual(windowMs);
    }
  });
});
