import { join } from "node:path";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { ClusterMemory, RecentRingBars } from "@smcq/cluster";
import type { Signal } from "@smcq/engine";
import { BarSource } from "@smcq/exchange";
import { CandidateScanner, M1_SCALP, type TradePlanParameters, withEntry } from "@smcq/features";
import { BAR_FIELDS, MINUTE_MS, Rng, symbolId } from "@smcq/kernel";
import { OutcomeTracker } from "@smcq/model-life";
import type { KlineRingWriter } from "@smcq/wire";
import { describe, expect, it } from "vitest";
import { DatasetRows } from "../src/offline/dataset/dataset-rows.ts";
import { LabelSeries } from "../src/offline/dataset/label-series.ts";

/** Of ALGOUSDT. */
const TICK_SIZE = 0.0001;
const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);

function fixtureBars(): Float64Array {
  const file = join(import.meta.dirname, "../../smc/test/fixtures/ALGOUSDT-klines.csv.gz");
  const lines = gunzipSync(readFileSync(file)).toString().trim().split(/\r?\n/).slice(1);
  return Float64Array.from(lines.flatMap((line) => line.split(",").slice(0, BAR_FIELDS).map(Number)));
}

function signalOf(scanner: CandidateScanner, code: -3 | -2 | -1 | 1 | 2 | 3, openTimeMs: number): Signal {
  return {
    symbol: "ALGOUSDT",
    symbolId: symbolId(0),
    side: code > 0 ? 1 : -1,
    setup: Math.abs(code) as 1 | 2 | 3,
    openTimeMs,
    score: 0.5,
    features: new Float32Array(12),
    scorerId: "m",
    challenger: null,
    invalidationPrice: scanner.invalidationPrice(code),
    atr: scanner.atr,
    medianTurnover: 1e6,
    exchangeMs: 0,
    isRestConfirmed: false,
    times: { receivedNs: 0, writtenNs: 0, takenNs: 0, featuresNs: 0, scoredNs: 0, emittedNs: 0 },
  };
}

/** A ring that is fed bar by bar, a scanner that raises signals, and a tracker that looks now and then. */
class Lab {
  readonly #bars = fixtureBars();
  readonly #writer: KlineRingWriter;
  readonly #scanner: CandidateScanner;
  readonly #plan: TradePlanParameters;
  readonly tracker: OutcomeTracker;
  readonly outcomes: string[] = [];
  readonly count: number = this.#bars.length / BAR_FIELDS;

  constructor(plan: TradePlanParameters = M1_SCALP, tickSize: number | null = TICK_SIZE) {
    this.#plan = plan;
    const memory = new ClusterMemory({ symbols: ["ALGOUSDT"], shards: 1 });
    this.#writer = memory.shard(0).owners;
    this.#writer.reset(0, 0);
    const buffer = new ArrayBuffer(CandidateScanner.M1_BYTES + CandidateScanner.CARRY_BYTES);
    this.#scanner = new CandidateScanner({ m1Buffer: buffer, carryBuffer: buffer });
    this.#scanner.attach(0, CandidateScanner.M1_BYTES);
    this.#scanner.resetAll();
    this.tracker = new OutcomeTracker(new RecentRingBars(memory), { plan, tickSizeOf: () => tickSize });
  }

  step(): void {
    for (const { signal, resultR } of this.tracker.step())
      this.outcomes.push(`${(signal.openTimeMs + MINUTE_MS) / MINUTE_MS} ${signal.side} ${resultR}`);
  }

  close(index: number): void {
    const [time = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = this.#bars.subarray(
      index * BAR_FIELDS,
      (index + 1) * BAR_FIELDS,
    );
    this.#writer.append(0, time, open, high, low, close, volume, 1, 1, 1, BarSource.Stream);
    const code = this.#scanner.push(time, open, high, low, close, volume);
    if (code !== 0) this.tracker.add([signalOf(this.#scanner, code, time)]);
  }

  breakOff(): void {
    this.#writer.reset(0, 0);
  }

  labels(): string[] {
    const rows = new DatasetRows();
    const series = new LabelSeries({ symbolIndex: 0, plan: this.#plan, tickSize: TICK_SIZE }, rows);
    series.take({ bars: this.#bars, count: this.count });
    return Array.from({ length: rows.count }, (_, index) => rows.at(index)).map(
      ({ t0Ms, side, r }) => `${t0Ms / MINUTE_MS} ${side} ${r}`,
    );
  }
}

describe("OutcomeTracker", () => {
  it.each([
    ["entries at the market", M1_SCALP],
    ["entries that rest", withEntry(M1_SCALP, { kind: "limit", offsetAtr: 0.2, expiryBars: 4 })],
    ["a wide plan", { ...M1_SCALP, costGateRatio: 0.13 }],
    ["targets that rest", { ...M1_SCALP, target: "maker" } as const],
  ])(`finds live what the labels say of %s, however seldom it looks (seed ${seed})`, (_, plan) => {
    const rng = new Rng(seed);
    const lab = new Lab(plan);
    for (let index = 0; index < lab.count; index++) {
      lab.close(index);
      if (rng.chance(0.02)) lab.step();
    }
    lab.step();
    const labels = lab.labels();
    expect(labels.length).toBeGreaterThan(20);
    expect(lab.outcomes.toSorted()).toEqual(labels.toSorted());
  });

  it("knows no outcome of an entry that rests where it does not know the tick", () => {
    const lab = new Lab(withEntry(M1_SCALP, { kind: "limit", offsetAtr: 0, expiryBars: 60 }), null);
    for (let index = 0; index < lab.count; index++) {
      lab.close(index);
      if (index % 100 === 0) lab.step();
    }
    lab.step();
    expect(lab.outcomes).toEqual([]);
    expect(lab.tracker.size).toBe(0);
  });

  it("knows no outcome of a plan whose bars broke off", () => {
    const lab = new Lab();
    let index = 0;
    while (lab.tracker.size === 0) lab.close(index++);
    lab.close(index++);
    lab.step();
    const known = lab.outcomes.length;
    const open = lab.tracker.size;
    lab.breakOff();
    // The bar of the next run does not stand in the run that the plan was begun in.
    lab.close(index++);
    lab.step();
    expect(open).toBeGreaterThan(0);
    expect([lab.outcomes.length, lab.tracker.size]).toEqual([known, 0]);
  });
});
