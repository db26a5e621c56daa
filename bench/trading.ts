import {
  DecisionLog,
  type Fidelity,
  readInstruments,
  readVenueRules,
  scanSeries,
  type ScannedSeries,
  TradePass,
} from "@smcq/cli";
import { loadConfig } from "@smcq/config";
import type { TradingRules } from "@smcq/exchange";
import { createUniverse, MarketData } from "@smcq/exchange-sim";
import { CandidateScanner, HeuristicScorer, M1_SCALP } from "@smcq/features";
import { BAR_FIELDS, MINUTE_MS, parseE8, SystemClock } from "@smcq/kernel";
import type { Calibration } from "./lib/calibration.ts";
import { measureCore } from "./lib/core-latency.ts";
import type { BenchOptions } from "./lib/options.ts";
import { measureWireOrders } from "./lib/wire-orders.ts";
import { measureLedger } from "./lib/ledger-cost.ts";
import { comparePaired, timed } from "./lib/paired.ts";
import { distributionOf, type PartRecorder } from "./lib/results.ts";
import { median } from "./lib/statistics.ts";

const SYMBOLS = 300;
const MONTH_BARS = 30 * 24 * 60;
const SCANNED_SERIES = 24;
const PASSES = 3;

const clock = new SystemClock();

/** A month of derived series: the bundle's days in a row, again from the first when they end. */
function monthOf(market: MarketData, index: number): Float64Array {
  const symbol = market.symbols[index];
  if (symbol === undefined) throw new RangeError(`the market has no symbol ${index}`);
  const days = market.flatBars(symbol, 0, market.minuteCount - 1);
  const bars = new Float64Array(MONTH_BARS * BAR_FIELDS);
  for (let at = 0; at < bars.length; at += days.length)
    bars.set(days.subarray(0, Math.min(days.length, bars.length - at)), at);
  const firstMs = bars[0] as number;
  for (let bar = 0; bar < MONTH_BARS; bar++) bars[bar * BAR_FIELDS] = firstMs + bar * MINUTE_MS;
  return bars;
}

/** The detector alone over bars, as the baseline of a scan. */
function detect(scanner: CandidateScanner, bars: Float64Array): void {
  scanner.resetAll();
  for (let at = 0; at < bars.length; at += BAR_FIELDS)
    scanner.push(
      bars[at] as number,
      bars[at + 1] as number,
      bars[at + 2] as number,
      bars[at + 3] as number,
      bars[at + 4] as number,
      bars[at + 5] as number,
    );
}

async function measureScan(
  months: readonly Float64Array[],
  { rounds }: BenchOptions,
  calibration: Calibration,
  recorder: PartRecorder,
): Promise<void> {
  const scanner = new CandidateScanner({
    m1Buffer: new ArrayBuffer(CandidateScanner.M1_BYTES),
    carryBuffer: new ArrayBuffer(CandidateScanner.CARRY_BYTES),
  });
  scanner.attach(0, 0);
  const scorer = new HeuristicScorer();
  const operations = months.length * MONTH_BARS;
  const comparison = await comparePaired({
    id: "backtest-scan",
    title: `Pass 1 of a backtest on one thread (${months.length} series of ${MONTH_BARS} bars)`,
    unit: "ns a bar",
    rounds,
    calibration,
    contenders: [
      timed("detector alone", {
        operations,
        msMin: 1,
        run: () => {
          for (const bars of months) detect(scanner, bars);
        },
      }),
      timed("scan: candidates, features, heuristic score, turnover", {
        operations,
        msMin: 1,
        run: () => {
          for (const bars of months) scanSeries("S", bars, { scorer, timeframe: "M1", market: null });
        },
      }),
    ],
  });
  recorder.compare(comparison);
  recorder.figure({
    id: "backtest-scan-rate",
    title: "Pass 1, bars a second on one thread",
    unit: "bars/s",
    value: 1e9 / (comparison.contenders[1]?.cost.median ?? Number.NaN),
  });
}

function measurePass(series: readonly ScannedSeries[], recorder: PartRecorder): void {
  const symbols = series.map(({ symbol }) => symbol);
  const document = {
    name: "the simulated venue",
    text: JSON.stringify(createUniverse({ symbols: SYMBOLS })),
  };
  const rules: readonly TradingRules[] = readInstruments(document, symbols);
  const { risk, protocol, fees } = loadConfig({ env: {}, flags: {} }).config;
  const fidelities: readonly Fidelity[] = [
    { type: "bar" },
    { type: "path", seed: 1, rules: readVenueRules(document, rules) },
  ];
  for (const fidelity of fidelities) {
    const ms: number[] = [];
    let trades = 0;
    let decisions = 0;
    for (let pass = 0; pass < (fidelity.type === "bar" ? PASSES : 1); pass++) {
      const startNs = clock.monoNs();
      const result = new TradePass(
        {
          series,
          rules,
          fees,
          walletE8: parseE8("1000000"),
          risk,
          protocol,
          plan: M1_SCALP,
          scoreMin: 0.6,
          scorerId: "heuristic",
          wins: null,
          funding: [],
          fromMs: null,
          fidelity,
          onDay: () => {},
        },
        new DecisionLog(),
      ).run();
      ms.push((clock.monoNs() - startNs) / 1e6);
      trades = result.trades.length;
      decisions = result.decisions.length;
    }
    recorder.figure({
      id: `backtest-pass-${fidelity.type}`,
      title: `Pass 2 in fidelity ${fidelity.type}, a month of ${series.length} symbols (${decisions} decisions, ${trades} trades)`,
      unit: "ms",
      value: median(ms),
    });
  }
}

/** The trading core (docs/performance.md G11, G12): both passes of a backtest, and the core's own time for a signal. */
export async function runTrading(
  options: BenchOptions,
  calibration: Calibration,
  recorder: PartRecorder,
): Promise<void> {
  const market = new MarketData({ symbols: SYMBOLS });
  const symbols = market.symbols
    .slice(0, SYMBOLS)
    .map(({ symbol }) => symbol)
    .toSorted();
  const indexOf = new Map(market.symbols.map(({ symbol, index }) => [symbol, index]));
  const scanned = options.isQuick ? SCANNED_SERIES / 4 : SCANNED_SERIES;
  const months = Array.from({ length: scanned }, (_, index) => monthOf(market, index));
  await measureScan(months, options, calibration, recorder);
  const scorer = new HeuristicScorer();
  measurePass(
    symbols.map((symbol) =>
      scanSeries(symbol, monthOf(market, indexOf.get(symbol) ?? -1), {
        scorer,
        timeframe: "M1",
        market: null,
      }),
    ),
    recorder,
  );
  const { us, open } = measureCore(options.isQuick ? 2_000 : 20_000);
  recorder.distribution(
    distributionOf(us, {
      id: "core-signal",
      group: "core",
      title: `One scored signal to its decision in the core, ${open} positions open`,
      unit: "us",
    }),
  );
  await recordLedger(options, recorder);
  await recordOrders(options, recorder);
}

async function recordOrders({ isQuick }: BenchOptions, recorder: PartRecorder): Promise<void> {
  const { signalToFrameUs, fillToStopUs, syncUs } = await measureWireOrders(isQuick ? 15 : 60);
  recorder.distribution(
    distributionOf(signalToFrameUs, {
      id: "wire-signal",
      group: "orders",
      title: "A scored signal to its order's frame at the socket, its row synced to the disk",
      unit: "us",
    }),
  );
  recorder.distribution(
    distributionOf(syncUs, {
      id: "wire-sync",
      group: "orders",
      title: "The disk's own part of it: 4 KiB written in place and synced, before each signal",
      unit: "us",
    }),
  );
  recorder.distribution(
    distributionOf(fillToStopUs, {
      id: "wire-stop",
      group: "orders",
      title: "The word of an entry's fill to the ack of its stop, on loopback",
      unit: "us",
    }),
  );
}

async function recordLedger({ isQuick }: BenchOptions, recorder: PartRecorder): Promise<void> {
  const { beforeUs, behindUs, bytes, durableUs } = await measureLedger(isQuick ? 4_000 : 40_000, 200);
  const figures = [
    ["before", "Journal in the core's thread before a decision's commands leave", "us a decision", beforeUs],
    ["behind", "Journal in the core's thread behind them", "us a decision", behindUs],
    ["bytes", "Ledger's file", "bytes a decision", bytes],
  ] as const;
  for (const [id, title, unit, value] of figures) recorder.figure({ id: `ledger-${id}`, title, unit, value });
  const title = "An intent until its row is synced to the disk";
  recorder.distribution(
    distributionOf(durableUs, { id: "ledger-durable", group: "core", title, unit: "us" }),
  );
}
