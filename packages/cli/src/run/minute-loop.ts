import type { MinuteReporter } from "@smcq/cluster";
import { type CancelTimer, type Clock, lastClosedMinuteMs, type Logger, nextMinuteMs } from "@smcq/kernel";
import { modelMetrics } from "../output/model-report.ts";
import { type LeftOut, minuteFields, minuteText } from "../output/minute-line.ts";
import { type Metric, metricName } from "../output/metrics/metric.ts";
import { inboxMetrics } from "../output/metrics/inbox-metrics.ts";
import { type TradingReport, tradingReport } from "../output/trading-report.ts";
import type { RunEngine } from "./create-engine.ts";

/** The line of a minute is written this long after its boundary: finals come about 2 s late, repairs a little later. */
const GRACE_MS = 12_000;
/** With a fast clock several minutes share a line: one in this wall time at most. */
const LINE_MS_MIN = 1_900;

export interface MinuteLoopOptions {
  readonly engine: RunEngine;
  /** Signals since the start that the ledger could not store. */
  readonly signalsLost: () => number;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

/** Writes the minute line, once a minute from `start` on; can be asked for its metrics before. */
export class MinuteLoop {
  readonly #options: MinuteLoopOptions;
  #cancel: CancelTimer = () => {};
  #lastLineNs = 0;
  #reportedMs = 0;
  #tickedMs = 0;
  /** What the core and its inbox had left out when the last line was written. */
  #leftOut = { suppressed: 0, feedStale: 0, inboxDropped: 0 };
  #fields: Readonly<Record<string, unknown>> = {};

  constructor(options: MinuteLoopOptions) {
    this.#options = options;
  }

  /** From the minute that runs now on; before it there is nothing that a line could tell. */
  start(): void {
    const { engine, wallClock } = this.#options;
    this.#reportedMs = this.#lastClosedMs();
    const reporter = engine.coordinator.createReporter(this.#reportedMs);
    this.#tickedMs = this.#reportedMs;
    this.#lastLineNs = wallClock.monoNs();
    this.#arm(reporter);
  }

  stop(): void {
    this.#cancel();
  }

  /** What the core and its inbox have left out since the last call. */
  #takeLeftOut(): LeftOut {
    const { core, inbox } = this.#options.engine;
    const { suppressed, feedStale } = core.counters;
    const inboxDropped = Object.values(inbox.counts).reduce((sum, { dropped }) => sum + dropped, 0);
    const before = this.#leftOut;
    this.#leftOut = { suppressed, feedStale, inboxDropped };
    return {
      suppressed: suppressed - before.suppressed,
      feedStale: feedStale - before.feedStale,
      inboxDropped: inboxDropped - before.inboxDropped,
    };
  }

  /** The numbers of the last minute line, and the totals since the start, for a scrape. */
  metrics(): readonly Metric[] {
    const { engine, signalsLost } = this.#options;
    const minute = Object.entries(this.#fields).flatMap(([field, value]): Metric[] =>
      typeof value === "number"
        ? [{ name: `minute_${metricName(field)}`, help: `${field} of the minute line`, type: "gauge", value }]
        : [],
    );
    const counted = (name: string, help: string, value: number): Metric => ({
      name,
      help,
      type: "counter",
      value,
    });
    return [
      counted("signals_total", "scored candidates since the start", engine.signals.total),
      counted("signals_lost_total", "signals that the ledger could not store", signalsLost()),
      ...inboxMetrics(engine.inbox),
      ...modelMetrics(engine.models.report()),
      ...minute,
    ];
  }

  #lastClosedMs(): number {
    return lastClosedMinuteMs(this.#options.venueClock.nowMs(), GRACE_MS);
  }

  #arm(reporter: MinuteReporter): void {
    const nowMs = this.#options.venueClock.nowMs();
    const delayMs = nextMinuteMs(nowMs, GRACE_MS) - nowMs;
    this.#cancel = this.#options.venueClock.after(delayMs, () => this.#tick(reporter), { unref: true });
  }

  #tick(reporter: MinuteReporter): void {
    const { engine, wallClock, logger } = this.#options;
    const minuteMs = this.#lastClosedMs();
    if (minuteMs > this.#tickedMs) engine.models.tick();
    this.#tickedMs = minuteMs;
    const nowNs = wallClock.monoNs();
    if (minuteMs > this.#reportedMs && (nowNs - this.#lastLineNs) / 1e6 >= LINE_MS_MIN) {
      const health = engine.coordinator.health();
      const fields = minuteFields(reporter.take(minuteMs), engine.signals.take(), {
        ...health,
        signalsLost: this.#options.signalsLost(),
        ...this.#takeLeftOut(),
        model: engine.models.report(),
        trading: tradingOf(engine),
      });
      this.#fields = fields;
      this.#reportedMs = minuteMs;
      this.#lastLineNs = nowNs;
      logger.info({ ...fields, display: minuteText(fields) }, "minute");
    }
    this.#arm(reporter);
  }
}

function tradingOf({ core, desk }: RunEngine): TradingReport | null {
  return core.trading === null || desk === null
    ? null
    : tradingReport(desk.orders, core.trading.getRiskMetrics(), desk.tally);
}
