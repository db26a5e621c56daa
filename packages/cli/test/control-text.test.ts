import { describe, expect, it } from "vitest";
import { ordersText, positionsText, spanText, statusText, wordText } from "../src/control/control-text.ts";
import { latencyText, latencyView } from "../src/control/latency-view.ts";
import type { AccountView, MetricView, PositionView, StatusView } from "../src/control/protocol.ts";

const NOW_MS = Date.UTC(2026, 1, 2, 12);
const REASONS = ["drawdown", "operator", "liquidation", "protection", "key-refused"];

const ACCOUNT: AccountView = {
  state: "HALTED",
  stateSinceMs: NOW_MS - 3_600_000,
  reasons: REASONS.map((reason, at) => ({ reason, sinceMs: NOW_MS - at * 1_000 })),
  isHaltFile: true,
  orders: "binance-sim",
  wallet: "99999999.12345678",
  equity: "-12.00000000",
  dayPnl: "-1234567.89000000",
  positions: 12,
  pendingEntries: 3,
  openOrders: 27,
  unknownOrders: 2,
  heatRatio: null,
  heatRatioMax: 0.03,
  reconciledMs: NOW_MS - 30_000,
};

const STATUS: StatusView = {
  modeName: "sim",
  runId: "aea92e71-779c-43ce-8b50-604fa2ea9069",
  nowMs: NOW_MS,
  uptimeMs: 90_061_000,
  isStopping: true,
  feed: { pairs: 600, ready: 598, warming: 2, shardsRunning: 8, shardsOff: 0 },
  rest: {
    requests: 123_456,
    failures: 12,
    weightUsed: 2_399,
    weightLimit: 2_400,
    bannedUntilMs: NOW_MS,
    silentMs: 0,
  },
  account: ACCOUNT,
};

const POSITION: PositionView = {
  symbol: "1000000MOGUSDT",
  side: "short",
  qty: "123456789",
  entry: "12345.67891234",
  mark: "12345.67",
  stop: "12399.99",
  isStopConfirmed: false,
  target: "12000.01",
  r: -0.25,
  ageMs: 7_380_000,
  guard: "naked",
  exitReason: null,
};

/** A metric as the engine tells it. */
function metric(name: string, of: Partial<MetricView>): MetricView {
  return { name, help: "", labels: {}, type: "gauge", value: null, durations: null, ...of };
}

/** Durations below 1, 2 and 5 ms. */
function durations(counts: readonly number[], beyond = 0): NonNullable<MetricView["durations"]> {
  const count = counts.reduce((sum, own) => sum + own, beyond);
  return { boundsMs: [1, 2, 5], counts, count, sumMs: 3 * count, msMax: 7.5 };
}

function widest(text: string): number {
  return Math.max(...text.split("\n").map((line) => line.length));
}

describe("what a running engine answers, for eyes,", () => {
  it("fits 80 columns, whatever the figures are", () => {
    const order = {
      symbol: POSITION.symbol,
      role: "target",
      kind: "stop-market",
      side: "sell",
      qty: "123456789",
      filled: "100000000",
      price: "12345.6789",
      ageMs: 90_061_000,
      state: "working",
      isCancelled: true,
      clientOrderId: "x",
    } as const;
    for (const text of [
      statusText(STATUS),
      statusText({ ...STATUS, account: null }),
      positionsText({ positions: [POSITION] }),
      ordersText({ orders: [order] }),
      wordText({ ...ACCOUNT, leaving: Array.from({ length: 40 }, (_, at) => `S${at}USDT`) }),
    ])
      expect([widest(text) <= 80, text]).toEqual([true, text]);
  });

  it("says each reason with its moment, and what no figure can say", () => {
    const text = statusText(STATUS);
    expect(text).toContain("HALTED since 2026-02-02 11:00:00 (1h0m)");
    for (const reason of REASONS) expect(text).toContain(`${reason} since 2026-02-02`);
    expect(text).toContain("the file HALT stands");
    expect(text).toContain("1d1h, stopping");
    expect(text).toContain("no equity is left of at most 3.0 %");
    expect(text).toContain("27 at work, 2 of them of unknown outcome");
    expect(statusText({ ...STATUS, account: null })).toContain("nobody trades");
    expect(statusText(STATUS)).not.toContain("lease");
    const lease = { state: "held", epoch: 7, heldMs: 1_200 };
    const host = { role: "executor", isConnected: true, lease, rowsWaiting: 3, parts: null };
    expect(statusText({ ...STATUS, host }).replaceAll(/\s+/g, " ")).toContain(
      "executor, the account's lease is held (epoch 7), 3 rows of the journal wait for the bus, the bus is there",
    );
  });

  it("marks a stop that is not confirmed, and says so", () => {
    expect(positionsText({ positions: [POSITION] })).toMatch(/12399\.99\?[^]*not confirmed/u);
    expect(positionsText({ positions: [{ ...POSITION, isStopConfirmed: true }] })).not.toContain("?");
    expect([positionsText({ positions: [] }), ordersText({ orders: [] })]).toEqual([
      "nothing is held\n",
      "no order is at work\n",
    ]);
  });

  it.each([
    [0, "0s"],
    [59_400, "59s"],
    [60_000, "1m0s"],
    [3_599_000, "59m59s"],
    [3_660_000, "1h1m"],
    [90_061_000, "1d1h"],
    [-5, "0s"],
  ])("tells a span of %i ms as %s", (ms, text) => {
    expect(spanText(ms)).toBe(text);
  });
});

describe("what smcq latency says", () => {
  const metrics = [
    metric("minute_close_to_scored_p50_ms", { value: 1.25 }),
    metric("stage_ms", { labels: { stage: "scored" }, durations: durations([97, 2, 1]) }),
    metric("stage_ms", { labels: { stage: "never" }, durations: durations([0, 0, 0]) }),
    metric("order_round_trip_ms", { labels: { kind: "stop" }, durations: durations([1, 0, 0], 9) }),
    metric("close_to_scored_ms", { durations: durations([0, 1, 0]) }),
    metric("stage_ms_of_others", { durations: durations([1, 1, 1]) }),
  ];
  const view = latencyView(metrics);
  const timed = (wanted: string) => view.groups.find(({ metric: name }) => name === wanted)?.timed;

  it("is a quantile by the end of its bucket, and none above all bounds; what was never timed is left out", () => {
    expect(timed("stage_ms")).toEqual([
      { of: "scored", count: 100, p50Ms: 1, p99Ms: 2, msMax: 7.5, meanMs: 3 },
    ]);
    expect(timed("order_round_trip_ms")).toEqual([
      expect.objectContaining({ of: "stop", p50Ms: null, p99Ms: null }),
    ]);
    expect(timed("close_to_scored_ms")?.map(({ of }) => of)).toEqual(["all"]);
    expect([timed("gc_pause_ms"), view.minute.p50Ms, view.minute.p99Ms]).toEqual([[], 1.25, null]);
  });

  it("is a table for each, and a word about what was not timed, none of it wider than a terminal", () => {
    const text = latencyText(view);
    expect(text).toMatch(/^close to scored, last minute: p50 1\.25, p99 –, longest – ms\n/);
    expect(text).toMatch(/^scored +100 +≤ 1\.00 +≤ 2\.00 +7\.50 +3\.00$/m);
    expect(text).toMatch(/^stop +10 +above all +above all/m);
    expect(text).toContain("Collections of garbage");
    expect(widest(latencyText(latencyView([])))).toBeLessThanOrEqual(80);
    expect(widest(text)).toBeLessThanOrEqual(80);
  });
});
