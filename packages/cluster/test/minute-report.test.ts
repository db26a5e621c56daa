import { MarketData } from "@smcq/exchange-sim";
import { MINUTE_MS } from "@smcq/kernel";
import type { ControlBlock, KlineRingWriter } from "@smcq/wire";
import { expect, it } from "vitest";
import { ClusterMemory, MinuteReporter } from "../src/index.ts";
import { flatBars, writeBars } from "./support.ts";

const market = new MarketData({ seed: 3 });
const SYMBOL = market.symbols[0]?.symbol ?? "";
const bars = flatBars(market, SYMBOL, 0, 400);

function lab(): {
  readonly writer: KlineRingWriter;
  readonly control: ControlBlock;
  readonly report: (at: number) => MinuteReporter;
} {
  const memory = new ClusterMemory({ symbols: [SYMBOL], shards: 1 });
  const { owners: writer, control } = memory.shard(0);
  writer.reset(0, 0);
  return { writer, control, report: (at) => new MinuteReporter({ memory, barsReadyMin: 320 }, minute(at)) };
}

function minute(index: number): number {
  return market.startMs + index * MINUTE_MS;
}

it("counts bars by their minute: what closed after it belongs to the next report", () => {
  const { writer, report } = lab();
  // Taken late: bar 331 stands in the ring already when the report of minute 329 begins.
  writeBars(writer, 0, bars, 0, 332);
  const reporter = report(329);
  expect(reporter.take(minute(331))).toMatchObject({ minutes: 2, barsClosed: 2, barsExpected: 2 });
  writeBars(writer, 0, bars, 332, 335);
  expect(reporter.take(minute(332))).toMatchObject({ minutes: 1, barsClosed: 1, barsExpected: 1 });
  expect(reporter.take(minute(334))).toMatchObject({ minutes: 2, barsClosed: 2, barsExpected: 2 });
});

it("shows a bar that is missing, and counts it in the report it comes in", () => {
  const { writer, report } = lab();
  writeBars(writer, 0, bars, 0, 330);
  const reporter = report(329);
  expect(reporter.take(minute(330))).toMatchObject({ barsClosed: 0, barsExpected: 1 });
  writeBars(writer, 0, bars, 330, 332);
  expect(reporter.take(minute(331))).toMatchObject({ barsClosed: 2, barsExpected: 1 });
});

it("counts no bar of the time before its beginning, or before the symbol was ready", () => {
  const { writer, report } = lab();
  // The symbol is two bars behind when the report begins.
  writeBars(writer, 0, bars, 0, 328);
  const reporter = report(329);
  writeBars(writer, 0, bars, 328, 329);
  expect(reporter.take(minute(330))).toMatchObject({ barsClosed: 0, barsExpected: 1 });
  writeBars(writer, 0, bars, 329, 332);
  expect(reporter.take(minute(331))).toMatchObject({ barsClosed: 2, barsExpected: 1 });
  // Started afresh, and behind again when it is ready.
  writer.reset(0, 0);
  expect(reporter.take(minute(332))).toMatchObject({ barsClosed: 0, barsExpected: 0 });
  writeBars(writer, 0, bars, 0, 332);
  expect(reporter.take(minute(333))).toMatchObject({ barsClosed: 0, barsExpected: 0 });
  writeBars(writer, 0, bars, 332, 335);
  expect(reporter.take(minute(334))).toMatchObject({ barsClosed: 1, barsExpected: 1 });
});

it("leaves latencies from before its beginning out", () => {
  const { writer, control, report } = lab();
  writeBars(writer, 0, bars, 0, 330);
  control.addLatency(450_000);
  const reporter = report(329);
  control.addLatency(2_000);
  expect(reporter.take(minute(330))).toMatchObject({ latencyUsMax: 2_000 });
});
