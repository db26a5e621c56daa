import { connect, type Socket } from "node:net";
import { errorCode } from "@smcq/kernel";
import { DURATION_BOUNDS_MS, DurationHistogram } from "@smcq/engine";
import { describe, expect, it } from "vitest";
import { Inbox } from "@smcq/cluster";
import { CoreDriver } from "../../engine/test/support/core-driver.ts";
import { tradingMetrics } from "../src/output/metrics/trading-metrics.ts";
import { inboxMetrics } from "../src/output/metrics/inbox-metrics.ts";
import { MetricsServer } from "../src/output/metrics/metrics-server.ts";
import { type Metric, metricName } from "../src/output/metrics/metric.ts";
import { LABEL_SETS_MAX, metricsText } from "../src/output/metrics/prometheus-text.ts";
import { readinessOf } from "../src/output/metrics/readiness.ts";
import { metricView } from "../src/run/control/make-views.ts";

describe("a metric over the control socket", () => {
  it("is JSON: what is no number is null, a histogram comes with its bounds", () => {
    const durations = new DurationHistogram();
    for (const ms of [1, 3, 99_999]) durations.add(ms);
    const views = [
      metricView({ name: "a", help: "b", type: "gauge", value: Number.NaN }),
      metricView({ name: "a", help: "b", type: "counter", value: 3, labels: { kind: "x" } }),
      metricView({ name: "a", help: "b", type: "histogram", durations }),
    ];
    expect(JSON.parse(JSON.stringify(views))).toEqual([
      { name: "a", help: "b", labels: {}, type: "gauge", value: null, durations: null },
      { name: "a", help: "b", labels: { kind: "x" }, type: "counter", value: 3, durations: null },
      {
        name: "a",
        help: "b",
        labels: {},
        type: "histogram",
        value: null,
        durations: {
          boundsMs: DURATION_BOUNDS_MS,
          counts: DURATION_BOUNDS_MS.map((bound) => Number(bound === 1 || bound === 5)),
          count: 3,
          sumMs: 100_003,
          msMax: 99_999,
        },
      },
    ]);
  });
});

describe("metrics", () => {
  it("are written family by family, with escaped labels and every kind of number", async () => {
    const psi = (feature: string, value: number) =>
      ({ name: "model_psi", help: "PSI of a feature", type: "gauge", value, labels: { feature } }) as const;
    const text = await metricsText([
      psi("rsi_14", 0.25),
      { name: "signals_total", help: "signals", type: "counter", value: 3 },
      psi('a"b\\c\nd', Number.NaN),
      psi("x", -Infinity),
    ]);
    expect(text).toBe(
      [
        "# HELP smcq_model_psi PSI of a feature",
        "# TYPE smcq_model_psi gauge",
        'smcq_model_psi{feature="rsi_14"} 0.25',
        'smcq_model_psi{feature="a\\"b\\\\c\\nd"} Nan',
        'smcq_model_psi{feature="x"} -Inf',
        "",
        "# HELP smcq_signals_total signals",
        "# TYPE smcq_signals_total counter",
        "smcq_signals_total 3",
        "",
        "# HELP smcq_metrics_left_out label sets beyond the limit of one name, which are not told",
        "# TYPE smcq_metrics_left_out gauge",
        "smcq_metrics_left_out 0",
        "",
      ].join("\n"),
    );
    expect(metricName("closeToScoredP50Ms")).toBe("close_to_scored_p50_ms");
  });

  it("tell durations by cumulative buckets, their sum and their count", async () => {
    const durations = new DurationHistogram();
    for (const ms of [0.5, 3, 4, 70_000]) durations.add(ms);
    const metric = {
      name: "x_ms",
      help: "x",
      type: "histogram",
      durations,
      labels: { kind: "stop" },
    } as const;
    const [text = ""] = (await metricsText([metric])).split("\n\n");
    const lines = text.split("\n");
    expect(lines.slice(0, 5)).toEqual([
      "# HELP smcq_x_ms x",
      "# TYPE smcq_x_ms histogram",
      'smcq_x_ms_bucket{kind="stop",le="1"} 1',
      'smcq_x_ms_bucket{kind="stop",le="2"} 1',
      'smcq_x_ms_bucket{kind="stop",le="5"} 3',
    ]);
    expect(lines.slice(-3)).toEqual([
      'smcq_x_ms_bucket{kind="stop",le="+Inf"} 4',
      'smcq_x_ms_sum{kind="stop"} 70007.5',
      'smcq_x_ms_count{kind="stop"} 4',
    ]);
  });

  it("are no more than a limit of label sets of one name, and say how many are left out", async () => {
    const one = (at: number): Metric => ({
      name: "x",
      help: "x",
      type: "gauge",
      value: at,
      labels: { symbol: String(at) },
    });
    const text = await metricsText(Array.from({ length: LABEL_SETS_MAX + 7 }, (_, at) => one(at)));
    expect(text.match(/^smcq_x\{/gmu)).toHaveLength(LABEL_SETS_MAX);
    expect(text).toContain("smcq_metrics_left_out 7\n");
  });

  it("tell of state, reasons, cover and orders, each label of a known set", async () => {
    const driver = new CoreDriver();
    driver.enterFilled();
    driver.nowMs += 40;
    driver.ack("stop");
    driver.put({ type: "operator", word: "halt" });
    const text = await metricsText(tradingMetrics(driver.core));
    for (const line of [
      'trading_state{state="HALTED"} 1',
      'trading_state{state="ACTIVE"} 0',
      'trading_reason{reason="operator"} 1',
      'trading_reason{reason="ledger"} 0',
      'position_naked_ms_bucket{clock="venue",le="25"} 0',
      'position_naked_ms_bucket{clock="venue",le="50"} 1',
      'position_naked_ms_count{clock="wall"} 1',
      'order_round_trip_ms_count{kind="stop"} 1',
      'orders_unknown_total{kind="entry"} 0',
      'orders_resolved_total{as="absent"} 0',
      'reconciliation_differences_total{kind="wallet"} 0',
      "positions_naked 0",
    ])
      expect(text).toContain(`smcq_${line}\n`);
    const families = new Set([...text.matchAll(/^# TYPE (\S+)/gmu)].map(([, name]) => name));
    expect(text.match(/^# TYPE/gmu)).toHaveLength(families.size);
  });

  it("tell of the inbox by kind of event", async () => {
    const inbox = new Inbox(1);
    inbox.put({ type: "time" });
    inbox.put({ type: "time" });
    const text = await metricsText(inboxMetrics(inbox));
    expect(text).toContain('smcq_inbox_events_total{kind="time"} 1\n');
    expect(text).toContain('smcq_inbox_dropped_total{kind="time"} 1\n');
    expect(text).toContain('smcq_inbox_dropped_total{kind="operator"} 0\n');
    expect(text).toContain("smcq_inbox_waiting 1\n");
  });

  it("are served on loopback as they are at the moment of the question", async () => {
    let value = 1;
    let isStopping = false;
    const health = { symbols: 3, ready: 0, shardsOff: 0, shardsRunning: 2 };
    const server = new MetricsServer(
      () => [{ name: "x", help: "x", type: "gauge", value: value++ }],
      () => readinessOf(health, isStopping),
    );
    const port = await server.listen(0);
    const ask = async (path: string): Promise<[number, string]> => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`);
      return [answer.status, await answer.text()];
    };
    expect(await ask("/metrics")).toEqual([200, expect.stringContaining("smcq_x 1\n")]);
    expect(await ask("/metrics")).toEqual([200, expect.stringContaining("smcq_x 2\n")]);
    expect(await ask("/healthz")).toEqual([200, "ok\n"]);
    expect(await ask("/readyz")).toEqual([503, "no pair of 3 is ready\n"]);
    Object.assign(health, { ready: 3, shardsOff: 1, shardsRunning: 1 });
    expect(await ask("/readyz")).toEqual([503, "1 shards are off, 1 run\n"]);
    Object.assign(health, { shardsOff: 0 });
    expect(await ask("/readyz")).toEqual([200, "ready: 3 of 3 pairs\n"]);
    isStopping = true;
    expect(await ask("/readyz")).toEqual([503, "the run is ending\n"]);
    for (const path of ["/", "/metrics/", "/readyz?", "//healthz"]) expect((await ask(path))[0]).toBe(404);
    const posted = await fetch(`http://127.0.0.1:${port}/metrics`, { method: "POST" });
    expect(posted.status).toBe(404);
    const second = new MetricsServer(
      () => [],
      () => ({ isReady: true, text: "" }),
    );
    const error: unknown = await second.listen(port).catch((refused: unknown) => refused);
    expect(errorCode(error)).toBe("METRICS_PORT");
    await server.close();
  });

  it.each([
    ["say nothing", ""],
    ["stop in the middle of a line", "GET /metr"],
    ["stop in the middle of the headers", "GET /metrics HTTP/1.1\r\nHost: x\r\nX-A:"],
  ])("are served while forty others %s", async (_, words) => {
    const server = new MetricsServer(
      () => [{ name: "x", help: "x", type: "gauge", value: 1 }],
      () => ({ isReady: true, text: "" }),
    );
    const port = await server.listen(0);
    const sockets: Socket[] = [];
    try {
      for (let count = 0; count < 40; count++) {
        const socket = connect(port, "127.0.0.1");
        socket.on("error", () => {});
        sockets.push(socket);
        await new Promise<void>((resolve) => socket.once("connect", () => resolve()));
        if (words !== "") socket.write(words);
      }
      for (let scrape = 0; scrape < 3; scrape++) {
        const reply = await fetch(`http://127.0.0.1:${port}/metrics`);
        expect([reply.status, (await reply.text()).includes("smcq_x 1")]).toEqual([200, true]);
      }
    } finally {
      for (const socket of sockets) socket.destroy();
      await server.close();
    }
  });
});
