import type { BarReply } from "@smcq/exchange";
import { MarketData } from "@smcq/exchange-sim";
import { HeuristicScorer, singleScorer } from "@smcq/features";
import { type BarRequest, ManualClock } from "@smcq/kernel";
import { KlineRingReader } from "@smcq/wire";
import { describe, expect, it } from "vitest";
import { WarmUp } from "../src/symbols/warm-up.ts";
import { ClusterMemory, ScanCore } from "../src/index.ts";
import { SeedQueue } from "../src/symbols/seed-queue.ts";
import { flatBars, tearRing, writeBars } from "./support.ts";

const market = new MarketData({ seed: 3 });
const SYMBOL = market.symbols[0]?.symbol ?? "";
const bars = flatBars(market, SYMBOL, 0, 400);

class Lab {
  readonly clock = new ManualClock(market.startMs + 400 * 60_000);
  readonly cluster = new ClusterMemory({ symbols: [SYMBOL], shards: 1 });
  readonly memory = this.cluster.shard(0).memory;
  readonly writer = this.cluster.shard(0).owners;
  readonly seeds = new SeedQueue(this.cluster.slots);
  readonly asked: { readonly request: BarRequest; readonly onReply: (reply: BarReply) => void }[] = [];
  readonly warmUp: WarmUp;

  constructor() {
    this.warmUp = new WarmUp({
      barsReadyMin: 320,
      seed: { interval: "5m", bars: 100, isRebuiltByScan: false, isRich: false },
      history: { request: (request, onReply) => this.asked.push({ request, onReply }), forget() {} },
      venueClock: this.clock,
      memory: this.cluster,
      seeds: this.seeds,
    });
    const entry = this.cluster.slots.of(SYMBOL);
    if (entry === null) throw new Error("it has a slot");
    this.writer.reset(0, 0);
    this.warmUp.add(entry);
  }

  scan(): void {
    const core = new ScanCore(this.memory, singleScorer(new HeuristicScorer()), this.clock, {
      isEveryBarScored: false,
    });
    core.scan({ shardId: 0, seeds: [] });
  }

  stage(): object {
    this.warmUp.review();
    const { ready, short, warming } = this.warmUp.count();
    return { ready, short, warming };
  }
}

const READY = { ready: 1, short: 0, warming: 0 };
const SHORT = { ready: 0, short: 1, warming: 0 };
const WARMING = { ready: 0, short: 0, warming: 1 };

describe("WarmUp", () => {
  it("calls a symbol READY when the detector has seen its bars, and short when the venue has too few", () => {
    const lab = new Lab();
    writeBars(lab.writer, 0, bars, 0, 100);
    expect(lab.stage()).toEqual(WARMING);
    lab.warmUp.historyAnswered(SYMBOL);
    expect(lab.stage()).toEqual(SHORT);
    writeBars(lab.writer, 0, bars, 100, 330);
    expect(lab.stage()).toEqual(SHORT);
    lab.scan();
    expect(lab.stage()).toEqual(READY);
  });

  it("keeps a symbol READY while the writer replaces one of its bars", () => {
    const lab = new Lab();
    writeBars(lab.writer, 0, bars, 0, 330);
    lab.warmUp.historyAnswered(SYMBOL);
    lab.scan();
    expect(lab.stage()).toEqual(READY);
    // The writer is in the middle of a replacement: the revision is odd and no read begins.
    tearRing(lab.memory, lab.writer, bars.subarray(329 * 6, 330 * 6));
    expect(new KlineRingReader(lab.memory.rings).begin(0)).toBe(false);
    expect(lab.stage()).toEqual(READY);
  });

  it("puts a symbol whose run was broken off back to warming until its new history was answered", () => {
    const lab = new Lab();
    writeBars(lab.writer, 0, bars, 0, 330);
    lab.warmUp.historyAnswered(SYMBOL);
    lab.scan();
    expect(lab.stage()).toEqual(READY);
    lab.writer.reset(0, 0);
    lab.warmUp.reset(SYMBOL);
    writeBars(lab.writer, 0, bars, 330, 340);
    expect(lab.stage()).toEqual(WARMING);
    expect(lab.warmUp.warmingSymbols(10)).toEqual([SYMBOL]);
    lab.warmUp.historyAnswered(SYMBOL);
    expect(lab.stage()).toEqual(SHORT);
  });

  it("asks for M5 history again, later, when the venue gave none", () => {
    const lab = new Lab();
    writeBars(lab.writer, 0, bars, 0, 330);
    lab.scan();
    lab.stage();
    // The last M5 bar has only just ended: REST's row of it may still move.
    expect([lab.clock.nowMs() % 300_000, lab.asked.length]).toEqual([0, 0]);
    lab.clock.advance(15_000);
    lab.stage();
    expect(lab.asked).toHaveLength(1);
    const [first] = lab.asked;
    if (first === undefined) throw new Error("asked once");
    first.onReply({ request: first.request, bars: new Float64Array(0) });
    lab.stage();
    expect(lab.asked).toHaveLength(1);
    expect(lab.warmUp.count().m5Ready).toBe(0);
    lab.clock.advance(600_000);
    lab.stage();
    expect(lab.asked).toHaveLength(2);
    const [, second] = lab.asked;
    if (second === undefined) throw new Error("asked twice");
    second.onReply({ request: second.request, bars: new Float64Array(6) });
    const seeds = lab.seeds.take(0);
    expect(seeds).toHaveLength(1);
    expect(lab.warmUp.count().m5Ready).toBe(0);
    lab.seeds.applied(0, seeds);
    expect(lab.warmUp.count().m5Ready).toBe(1);
  });
});
