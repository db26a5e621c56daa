import { HeuristicScorer, recompute, singleScorer } from "@smcq/features";
import { MarketData } from "@smcq/exchange-sim";
import { BAR_FIELDS, ManualClock, symbolId } from "@smcq/kernel";
import { DetectorStates, KlineRingWriter, RING_BARS } from "@smcq/wire";
import { describe, expect, it } from "vitest";
import { BARS_SHOWN_MAX, ClusterMemory, MarketView, ScanCore, type SlotEntry } from "../src/index.ts";
import { flatBars, tearRing, writeBars } from "./support.ts";

const market = new MarketData({ seed: 5 });
const SYMBOLS = market.symbols.slice(0, 5).map(({ symbol }) => symbol);
const LONG = 700;

/** Two shards of a run, each with a scan, and somebody who looks. */
class Lab {
  readonly memory = new ClusterMemory({ symbols: SYMBOLS, shards: 2 });
  readonly view = new MarketView(this.memory);
  readonly #scans = this.memory.shards.map(
    ({ memory }) =>
      new ScanCore(memory, singleScorer(new HeuristicScorer()), new ManualClock(1), {
        isEveryBarScored: false,
      }),
  );

  constructor() {
    for (const { shardId, slot } of this.memory.slots.all()) this.writer(shardId).reset(slot, 7_000);
  }

  writer(shardId: number): KlineRingWriter {
    return new KlineRingWriter(this.memory.shard(shardId).memory.rings);
  }

  entry(at: number): SlotEntry {
    const entry = this.memory.slots.of(SYMBOLS[at] ?? "");
    if (entry === null) throw new Error("the symbol has a slot");
    return entry;
  }

  write(at: number, bars: Float64Array, from = 0, to: number = bars.length / BAR_FIELDS): void {
    const { shardId, slot } = this.entry(at);
    writeBars(this.writer(shardId), slot, bars, from, to);
  }

  scan(): void {
    for (const [shardId, scan] of this.#scans.entries()) scan.scan({ shardId, seeds: [] });
  }
}

function bar(bars: Float64Array, at: number): readonly number[] {
  return [...bars.subarray(at * BAR_FIELDS, (at + 1) * BAR_FIELDS)];
}

describe("a look at the market", () => {
  it("tells of a symbol without bars that there is nothing", () => {
    const { view, entry } = bound(new Lab());
    expect(view.glance(entry(0))).toEqual({ lastOpenMs: null, detector: null });
    expect(view.look(entry(0))).toEqual({
      lastOpenMs: null,
      detector: null,
      bars: new Float64Array(0),
      forming: null,
      liveFromMs: 7_000,
      objects: null,
    });
  });

  it.each([1, 34, 511, 512, 513, LONG])("shows %i bars as the ring holds them, at most 511", (count) => {
    const lab = new Lab();
    for (const [at, symbol] of SYMBOLS.entries()) lab.write(at, flatBars(market, symbol, 0, count));
    for (const [at, symbol] of SYMBOLS.entries()) {
      const all = flatBars(market, symbol, 0, count);
      const look = lab.view.look(lab.entry(at));
      const shown = Math.min(count, BARS_SHOWN_MAX);
      expect(look?.bars).toEqual(all.subarray((count - shown) * BAR_FIELDS));
      expect(look?.lastOpenMs).toBe(bar(all, count - 1)[0]);
      expect(lab.view.glance(lab.entry(at))?.lastOpenMs).toBe(look?.lastOpenMs);
      expect([look?.detector, look?.objects]).toEqual([null, null]);
    }
    expect(BARS_SHOWN_MAX).toBe(RING_BARS - 1);
  });

  it("tells what the detector says, of the bar it has seen last, however many came behind it", () => {
    const lab = new Lab();
    const all = SYMBOLS.map((symbol) => flatBars(market, symbol, 0, 500));
    for (const [at, bars] of all.entries()) lab.write(at, bars, 0, 400);
    lab.scan();
    for (const [at, bars] of all.entries()) lab.write(at, bars, 400, 500);
    for (const [at, bars] of all.entries()) {
      const seen = Array.from({ length: 400 }, (_, own) => {
        const [openTimeMs = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = bar(bars, own);
        return { openTimeMs, open, high, low, close, volume };
      });
      const { detection } = recompute(seen);
      const look = lab.view.look(lab.entry(at));
      expect(look?.lastOpenMs).toBe(bar(bars, 499)[0]);
      expect(look?.detector).toMatchObject({
        openTimeMs: bar(bars, 399)[0],
        bars: 400,
        m1Trend: detection.trend,
        m5Bars: 80,
      });
      expect([look?.objects?.gaps.length, look?.objects?.blocks.length, look?.objects?.pools]).toEqual([
        detection.gaps.length,
        detection.blocks.length,
        detection.pools.map(({ side, level, count, pivot }) => ({ side, level, count, age: 399 - pivot })),
      ]);
      expect(lab.view.glance(lab.entry(at))).toEqual({
        lastOpenMs: look?.lastOpenMs,
        detector: look?.detector,
      });
    }
  });

  it("shows the bar that goes on, and none that has closed or is being written", () => {
    const { lab, view, entry } = bound(new Lab());
    const bars = flatBars(market, SYMBOLS[0] ?? "", 0, 41);
    lab.write(0, bars, 0, 40);
    const { shardId, slot } = entry(0);
    const [open = 0, ...rest] = bar(bars, 40);
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = rest;
    lab.writer(shardId).forming(slot, open, a, b, c, d, e, open + 3);
    expect([...(view.look(entry(0))?.forming ?? [])]).toEqual(bar(bars, 40));
    lab.write(0, bars, 40, 41);
    expect(view.look(entry(0))?.forming).toBe(null);
  });

  it.each(["a new run", "another symbol in the slot"])(
    "tells nothing of what was before %s, before it is scanned",
    (what) => {
      const { lab, view, entry } = bound(new Lab());
      const bars = flatBars(market, SYMBOLS[0] ?? "", 0, 440);
      lab.write(0, bars, 0, 400);
      lab.scan();
      expect(view.look(entry(0))?.objects).not.toBe(null);
      const { shardId, slot } = entry(0);
      lab.writer(shardId).reset(slot, 0);
      const own =
        what === "a new run"
          ? entry(0)
          : { ...entry(0), symbol: "NEWUSDT", symbolId: symbolId(SYMBOLS.length) };
      expect(view.glance(own)).toEqual({ lastOpenMs: null, detector: null });
      lab.write(0, bars, 410, 440);
      const before = view.look(own);
      expect([before?.bars.length, before?.detector, before?.objects]).toEqual([30 * BAR_FIELDS, null, null]);
      lab.scan();
      expect(view.look(own)?.detector?.bars).toBe(30);
    },
  );

  it("tells nothing of a ring that is being written, and of its neighbours all", () => {
    const { lab, view, entry } = bound(new Lab());
    for (const [at, symbol] of SYMBOLS.entries()) lab.write(at, flatBars(market, symbol, 0, 50));
    const { shardId, slot } = entry(0);
    expect(slot).toBe(0);
    const last = flatBars(market, SYMBOLS[0] ?? "", 49, 50);
    tearRing(lab.memory.shard(shardId).memory, lab.writer(shardId), last);
    expect([view.glance(entry(0)), view.look(entry(0))]).toEqual([null, null]);
    expect(view.glance(entry(2))?.lastOpenMs).toBe(last[0]);
  });

  it("tells nothing of a symbol that is being scanned, and of a dead scan's, until the next one has ended", () => {
    const { lab, view, entry } = bound(new Lab());
    for (const [at, symbol] of SYMBOLS.entries()) lab.write(at, flatBars(market, symbol, 0, 400));
    lab.scan();
    const before = view.glance(entry(1));
    const { shardId, slot } = entry(1);
    new DetectorStates(lab.memory.shard(shardId).memory.states).begin(slot);
    expect([view.glance(entry(1)), view.look(entry(1))]).toEqual([null, null]);
    expect(view.glance(entry(3))?.detector?.bars).toBe(400);
    lab.scan();
    expect(view.glance(entry(1))).toEqual(before);
  });

  it("changes nothing that it looks at", () => {
    const { lab, view } = bound(new Lab());
    for (const [at, symbol] of SYMBOLS.entries()) lab.write(at, flatBars(market, symbol, 0, 400));
    lab.scan();
    const bytes = (): readonly Buffer[] =>
      lab.memory.shards.flatMap(({ memory }) => [
        Buffer.from(new Uint8Array(memory.rings)),
        Buffer.from(new Uint8Array(memory.states)),
      ]);
    const before = bytes();
    for (const one of lab.memory.slots.all()) expect([view.glance(one), view.look(one)]).not.toContain(null);
    expect(bytes().map((own, at) => own.equals(before[at] ?? Buffer.alloc(0)))).toEqual(
      before.map(() => true),
    );
  });
});

function bound(lab: Lab): {
  readonly lab: Lab;
  readonly view: MarketView;
  readonly entry: (at: number) => SlotEntry;
} {
  return { lab, view: lab.view, entry: (at) => lab.entry(at) };
}
