import type { ClusterMemory } from "@smcq/cluster";
import { partOf, type ScannerWord, type SharedBar } from "@smcq/engine";
import { BarSource } from "@smcq/exchange";
import { type Clock, MINUTE_MS } from "@smcq/kernel";
import { KlineRingWriter } from "@smcq/wire";

/** A part is silent when the last minute that was told of it ended so long ago, venue ms: one minute may be late. */
export const PART_SILENT_MS = 105_000;

type BarsWord = Extract<ScannerWord, { type: "bars" }>;

export interface ToldBarsDeps {
  readonly memory: ClusterMemory;
  readonly parts: number;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
}

/** Writes the bars that scanners tell into rings as shards do, so that whoever looks at the market finds it there. */
export class ToldBars {
  readonly #deps: ToldBarsDeps;
  readonly #writers: readonly KlineRingWriter[];
  /** By part, open time of the last minute that was told of it, venue ms; 0: none. */
  readonly #toldMs: number[];
  readonly counts = { bars: 0, unscanned: 0, missing: 0 };

  constructor(deps: ToldBarsDeps) {
    this.#deps = deps;
    this.#writers = deps.memory.shards.map(({ memory }) => new KlineRingWriter(memory.rings));
    this.#toldMs = deps.memory.shards.map(() => 0);
    for (const { symbol } of deps.memory.slots.all()) this.begin(symbol);
  }

  /** Takes the symbol's place for it, empty. */
  begin(symbol: string): void {
    const entry = this.#deps.memory.slots.of(symbol);
    if (entry === null) return;
    const writer = this.#writerOf(entry.shardId);
    writer.setOwner(entry.slot, entry.symbolId + 1);
    writer.reset(entry.slot, 0);
  }

  /** The symbol is gone: its place is free. */
  end(shardId: number, slot: number): void {
    const writer = this.#writerOf(shardId);
    writer.setOwner(slot, 0);
    writer.reset(slot, 0);
    this.#deps.memory.slots.settle(shardId);
  }

  hear({ part, minuteMs, bars }: BarsWord): void {
    // Of a minute that has not begun tells a scanner whose clock is wrong.
    if (part >= this.#deps.parts || minuteMs > this.#deps.venueClock.nowMs()) return;
    this.#toldMs[part] = Math.max(this.#toldMs[part] ?? 0, minuteMs);
    for (const bar of bars) this.#put(part, minuteMs, bar);
  }

  /** Whether a scanner tells of the part. */
  isLive(part: number): boolean {
    const toldMs = this.#toldMs[part] ?? 0;
    return toldMs > 0 && this.#deps.venueClock.nowMs() - toldMs - MINUTE_MS <= PART_SILENT_MS;
  }

  /** Something was told of the symbol. */
  isKnown(symbol: string): boolean {
    const entry = this.#deps.memory.slots.of(symbol);
    return entry !== null && this.#writerOf(entry.shardId).lastOpenMs(entry.slot) >= 0;
  }

  #put(part: number, minuteMs: number, bar: SharedBar): void {
    const { memory, parts, wallClock } = this.#deps;
    const { symbol, open, high, low, close, volume } = bar;
    const entry = memory.slots.of(symbol);
    if (entry === null || partOf(symbol, parts) !== part) return;
    const writer = this.#writerOf(entry.shardId);
    const lastMs = writer.lastOpenMs(entry.slot);
    // Two scanners may tell the same bar, and one of the past has its place no more.
    if (minuteMs <= lastMs) return;
    this.counts.bars++;
    this.counts.unscanned += Number(!bar.isScanned);
    if (lastMs >= 0 && minuteMs > lastMs + MINUTE_MS) {
      this.counts.missing += (minuteMs - lastMs) / MINUTE_MS - 1;
      writer.reset(entry.slot, 0);
    }
    const nowNs = wallClock.monoNs();
    writer.append(
      entry.slot,
      minuteMs,
      open,
      high,
      low,
      close,
      volume,
      BarSource.Stream,
      minuteMs + MINUTE_MS,
      nowNs,
      nowNs,
    );
  }

  #writerOf(shardId: number): KlineRingWriter {
    const writer = this.#writers[shardId];
    if (writer === undefined) throw new RangeError(`no part ${shardId}`);
    return writer;
  }
}
