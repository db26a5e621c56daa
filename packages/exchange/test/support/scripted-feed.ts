import { MINUTE_MS, type Bar } from "@smcq/kernel";
import { BarSource, FeedCounter, type FeedMeter, type KlineSink, type MarketFeed } from "@smcq/exchange";
import { isImplausible, type ScriptedVenue, type VenueMessage } from "./scripted-venue.ts";

/** Rules of the contract that a planted fault breaks. */
export type Planted =
  | "leaves-holes"
  | "repeats-finals"
  | "swaps-slots"
  | "speaks-after-stop"
  | "speaks-after-remove"
  | "keeps-wrong-finals"
  | "believes-any-number"
  | "forgets-to-count"
  | "hides-the-source"
  | "never-resets"
  | "resets-at-will"
  | "gives-open-minutes"
  | "reforms-closed-bars"
  | "forgets-resume"
  | "dies-of-garbage";

interface Watch {
  readonly symbol: string;
  nextMs: number;
  last: Bar | null;
}

const RING_BARS = 512;

/** The smallest feed that keeps the contract, over a venue in memory; `planted` makes it break one rule. */
export class ScriptedFeed implements MarketFeed {
  readonly #venue: ScriptedVenue;
  readonly #sink: KlineSink;
  readonly #meter: FeedMeter;
  readonly #planted: Planted | null;
  readonly #watches = new Map<number, Watch>();
  breaches = 0;
  #unlisten: () => void = () => {};

  constructor(venue: ScriptedVenue, sink: KlineSink, meter: FeedMeter, planted: Planted | null) {
    this.#venue = venue;
    this.#sink = sink;
    this.#meter = meter;
    this.#planted = planted;
  }

  async start(): Promise<void> {
    this.#unlisten = this.#venue.listen((message) => {
      try {
        this.#hear(message);
      } catch {
        // As a socket's handler may: the sink remembers the breach.
        this.breaches++;
      }
    });
  }

  add(slot: number, symbol: string, resumeAfterMs: number): void {
    const isResumed = resumeAfterMs >= 0 && this.#planted !== "forgets-resume";
    const nextMs = isResumed ? resumeAfterMs + MINUTE_MS : this.#venue.lastClosedMs() + MINUTE_MS;
    this.#watches.set(slot, { symbol, nextMs, last: null });
  }

  remove(slot: number): void {
    if (this.#planted !== "speaks-after-remove") this.#watches.delete(slot);
  }

  supplyBars(): void {}

  async stop(): Promise<void> {
    if (this.#planted !== "speaks-after-stop") this.#unlisten();
  }

  /** The boundary timer: asks for what the stream withheld. */
  poll(): void {
    if (this.#planted === "leaves-holes") return;
    for (const [slot, watch] of this.#watches) this.#fill(slot, watch);
  }

  #hear(message: VenueMessage): void {
    const { bar } = message;
    if (bar === null) {
      if (this.#planted === "dies-of-garbage") this.#unlisten();
      this.#meter.count(FeedCounter.BadFrames, 1);
      return;
    }
    for (const [slot, watch] of this.#watches)
      if (watch.symbol === message.symbol) {
        const to = this.#planted === "swaps-slots" ? (slot === 0 ? 1 : slot === 1 ? 0 : slot) : slot;
        if (message.isFinal) this.#final(to, watch, bar);
        else this.#forming(to, watch, bar);
      }
  }

  #forming(slot: number, watch: Watch, bar: Bar): void {
    const isPast = bar.openTimeMs < watch.nextMs;
    if (isPast && this.#planted !== "reforms-closed-bars") return;
    const openTimeMs = this.#planted === "reforms-closed-bars" ? watch.nextMs - MINUTE_MS : bar.openTimeMs;
    this.#sink.forming(
      slot,
      openTimeMs,
      bar.open,
      bar.high,
      bar.low,
      bar.close,
      bar.volume,
      this.#venue.nowMs(),
    );
  }

  #final(slot: number, watch: Watch, bar: Bar): void {
    if (this.#planted !== "believes-any-number" && isImplausible(bar)) {
      this.#meter.count(FeedCounter.BadBars, 1);
      return;
    }
    if (bar.openTimeMs < watch.nextMs) {
      this.#again(slot, watch, bar);
      return;
    }
    if (bar.openTimeMs > watch.nextMs && this.#planted !== "leaves-holes") this.#fill(slot, watch);
    else this.#give(slot, watch, bar, BarSource.Stream);
  }

  #again(slot: number, watch: Watch, bar: Bar): void {
    this.#meter.count(FeedCounter.Duplicates, 1);
    if (this.#planted === "repeats-finals") this.#give(slot, watch, bar, BarSource.Stream);
    const last = watch.last;
    if (last === null || last.openTimeMs !== bar.openTimeMs || last.volume === bar.volume) return;
    if (this.#planted === "keeps-wrong-finals") return;
    watch.last = bar;
    this.#sink.correct(slot, bar.openTimeMs, bar.open, bar.high, bar.low, bar.close, bar.volume);
  }

  #fill(slot: number, watch: Watch): void {
    const bars = this.#venue.request(watch.symbol, watch.nextMs - MINUTE_MS);
    if (bars === null) return;
    const isLong = bars.length > RING_BARS && this.#planted !== "never-resets";
    if (isLong || (this.#planted === "resets-at-will" && bars.length > 0)) this.#sink.reset(slot);
    const source = this.#planted === "hides-the-source" ? BarSource.Stream : BarSource.Rest;
    for (const bar of isLong ? bars.slice(-499) : bars) this.#give(slot, watch, bar, source);
  }

  #give(slot: number, watch: Watch, bar: Bar, source: BarSource): void {
    const openTimeMs = this.#planted === "gives-open-minutes" ? bar.openTimeMs + MINUTE_MS : bar.openTimeMs;
    watch.nextMs = bar.openTimeMs + MINUTE_MS;
    watch.last = bar;
    const { open, high, low, close, volume } = bar;
    if (this.#planted !== "forgets-to-count") this.#meter.count(FeedCounter.Finals, 1);
    this.#sink.final(slot, openTimeMs, open, high, low, close, volume, source, this.#venue.nowMs(), 1);
  }
}
