import { assert, BAR_FIELDS, MINUTE_MS } from "@smcq/kernel";
import { FrameStore, type FrameStoreShape } from "../frame-store.ts";
import type { MarketTable } from "./market-table.ts";
import type { MinuteWindow } from "./minute-window.ts";
import { RichFeatures } from "./rich-features.ts";

/** What a symbol's history comes in: older minutes, newer ones, M15 and H1 bars before them. */
export const RICH_PARTS = ["minutes-before", "minutes", "m15", "h1"] as const;
export type RichPart = (typeof RICH_PARTS)[number];

const HEADER_BYTES = 64;
const ALL_PARTS = 2 ** RICH_PARTS.length - 1;
/** The columns look back on two days and a quarter of an hour; what is written before a commit is a ring of minutes. */
const MINUTES: FrameStoreShape = { frameMs: MINUTE_MS, kept: 2_900, cells: 3_456 };
/** A structure lives 256 bars. */
const M15: FrameStoreShape = { frameMs: 15 * MINUTE_MS, kept: 499, cells: 576 };
const H1: FrameStoreShape = { frameMs: 60 * MINUTE_MS, kept: 499, cells: 544 };

/** A longer bar, made of minutes. */
interface LongerBar {
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

/**
 * The rich columns of feature set v2 for many symbols, made when a candidate asks for them: of each symbol the last bars are
 * kept as plain bytes, and a row is what `RichFeatures` says after all of them. So a correction, a scan that died and a
 * restart need nothing but the bars. One per thread; `attach` moves it to a symbol.
 *
 *   byte 0                  64             166 kB          194 kB
 *   | parts that have come | minutes     | M15 bars     | H1 bars |
 *     (float64)             (FrameStore each)
 */
export class LiveRich {
  /** Bytes of one symbol, a multiple of 64. */
  static readonly BYTES: number =
    HEADER_BYTES + FrameStore.bytes(MINUTES) + FrameStore.bytes(M15) + FrameStore.bytes(H1);

  readonly #f64: Float64Array;
  readonly #minutes: FrameStore;
  readonly #m15: FrameStore;
  readonly #h1: FrameStore;
  readonly #rich: RichFeatures;
  readonly #bar: Float64Array = new Float64Array(BAR_FIELDS);
  readonly #longer: LongerBar = { open: 0, high: 0, low: 0, close: 0, volume: 0 };
  #at = 0;

  /** `market` holds the closes of all symbols; `symbol` is any of them. */
  constructor(buffer: ArrayBufferLike, market: MarketTable, symbol: string) {
    this.#f64 = new Float64Array(buffer);
    this.#minutes = new FrameStore(buffer, MINUTES);
    this.#m15 = new FrameStore(buffer, M15);
    this.#h1 = new FrameStore(buffer, H1);
    this.#rich = new RichFeatures(market, symbol);
  }

  /** Moves to a symbol; its state must have been reset once. The offset is a multiple of 64. */
  attach(byteOffset: number): void {
    this.#at = byteOffset / 8;
    const minutes = byteOffset + HEADER_BYTES;
    const m15 = minutes + FrameStore.bytes(MINUTES);
    this.#minutes.attach(minutes);
    this.#m15.attach(m15);
    this.#h1.attach(m15 + FrameStore.bytes(M15));
  }

  /** Forgets everything of the symbol. */
  resetAll(): void {
    this.#f64[this.#at] = 0;
    this.#minutes.clear();
    this.#m15.clear();
    this.#h1.clear();
  }

  /** All of the history that was asked for has come: rows mean what they say. */
  get isSeeded(): boolean {
    return this.#f64[this.#at] === ALL_PARTS;
  }

  /** Takes a closed minute, and the longer bars that it ends; the same minute once more replaces it. */
  put(openMs: number, open: number, high: number, low: number, close: number, volume: number): void {
    this.#minutes.put(openMs, open, high, low, close, volume);
    const endMs = openMs + MINUTE_MS;
    if (endMs % M15.frameMs !== 0) return;
    this.#end(this.#m15, endMs - M15.frameMs, endMs);
    if (endMs % H1.frameMs === 0) this.#end(this.#h1, endMs - H1.frameMs, endMs);
  }

  /** Makes the longer bar of the minutes from `fromMs` to `endMs` where all of them are there. */
  #end(store: FrameStore, fromMs: number, endMs: number): void {
    for (let openMs = fromMs; openMs < endMs; openMs += MINUTE_MS) if (!this.#minutes.has(openMs)) return;
    const longer = this.#longer;
    for (let openMs = fromMs; openMs < endMs; openMs += MINUTE_MS) {
      this.#minutes.read(openMs, this.#bar);
      const [high, low] = [this.#bar[2] as number, this.#bar[3] as number];
      if (openMs === fromMs) {
        longer.open = this.#bar[1] as number;
        longer.high = high;
        longer.low = low;
        longer.volume = 0;
      }
      if (high > longer.high) longer.high = high;
      if (low < longer.low) longer.low = low;
      longer.close = this.#bar[4] as number;
      longer.volume += this.#bar[5] as number;
    }
    store.put(fromMs, longer.open, longer.high, longer.low, longer.close, longer.volume);
  }

  /** Takes a part of the venue's history, flat and ascending. */
  seed(part: RichPart, bars: Float64Array): void {
    const store = part === "m15" ? this.#m15 : part === "h1" ? this.#h1 : this.#minutes;
    for (let at = 0; at + BAR_FIELDS <= bars.length; at += BAR_FIELDS) {
      const [open, high, low] = [bars[at + 1] as number, bars[at + 2] as number, bars[at + 3] as number];
      store.put(bars[at] as number, open, high, low, bars[at + 4] as number, bars[at + 5] as number);
    }
    this.#f64[this.#at] = (this.#f64[this.#at] as number) | (2 ** RICH_PARTS.indexOf(part));
  }

  /**
   * Writes the columns of the minute that opened at `openMs`, in a side's view, at `offset`; `symbolIndex` is the symbol's
   * number in the market, which holds the closes of the minute before.
   */
  write(
    out: Float32Array,
    offset: number,
    side: 1 | -1,
    { openMs, symbolIndex }: { readonly openMs: number; readonly symbolIndex: number },
  ): void {
    const endMs = openMs + MINUTE_MS;
    const firstMs = this.#minutes.firstBefore(endMs);
    assert(firstMs <= openMs, "Invariant: a row is of a minute that is here");
    const window = this.#rich.restart(symbolIndex, firstMs / MINUTE_MS);
    // Fewer minutes than are kept begin behind a hole, or with the symbol: longer bars before that are of another time.
    if (endMs - firstMs === MINUTES.kept * MINUTE_MS) this.#seedTrends(window, firstMs);
    for (let minuteMs = firstMs; minuteMs < endMs; minuteMs += MINUTE_MS) {
      this.#minutes.read(minuteMs, this.#bar);
      const [open, high, low] = [this.#bar[1] as number, this.#bar[2] as number, this.#bar[3] as number];
      this.#rich.push(minuteMs, open, high, low, this.#bar[4] as number, this.#bar[5] as number);
    }
    this.#rich.write(out, offset, side);
  }

  /** The structures go on from the longer bars before the first one that the minutes make. */
  #seedTrends(window: MinuteWindow, firstMs: number): void {
    const bar = this.#bar;
    const m15EndMs = Math.ceil(firstMs / M15.frameMs) * M15.frameMs;
    for (let openMs = this.#m15.firstBefore(m15EndMs); openMs < m15EndMs; openMs += M15.frameMs) {
      this.#m15.read(openMs, bar);
      window.seedM15(bar[2] as number, bar[3] as number, bar[4] as number);
    }
    const h1EndMs = Math.ceil(firstMs / H1.frameMs) * H1.frameMs;
    for (let openMs = this.#h1.firstBefore(h1EndMs); openMs < h1EndMs; openMs += H1.frameMs) {
      this.#h1.read(openMs, bar);
      window.seedH1(bar[2] as number, bar[3] as number, bar[4] as number);
    }
  }
}
