import { BAR_FIELDS, MINUTE_MS, assert, barFault } from "@smcq/kernel";
import { BarSource, FeedCounter } from "@smcq/exchange";
import type { FeedMeter, KlineSink } from "@smcq/exchange";
import { Field } from "../kline/kline-frame.ts";
import type { KlineFrame } from "../kline/kline-frame.ts";
import { EARLY_BARS, KEPT_BARS, SlotBars } from "./slot-bars.ts";

export const SlotStage = { Idle: 0, Warming: 1, Live: 2 } as const;
export type SlotStage = (typeof SlotStage)[keyof typeof SlotStage];

/** Whose word a kept bar is; `Settled`: REST has said it again since, and no older `x:true` disputes it. */
const Confirmation = { Stream: 1, Rest: 2, Settled: 3 } as const;

/**
 * What a further `x:true` was for a bar already given: nothing new, the confirmation of a row of REST, or another word,
 * so that REST must say (again) which numbers hold.
 */
export type FinalWord = "old" | "agreed" | "disputed";

/** A row of REST, and when it was asked for on the venue's clock: until it is final it still moves. */
export interface RestRow {
  readonly bars: Float64Array;
  /** Where the row begins. */
  readonly at: number;
  readonly askedMs: number;
}

/** True when `prices[at..at+4]` (open, high, low, close, volume) are no bar. */
function isFaulty(prices: Float64Array, at: number): boolean {
  const open = prices[at] as number;
  const high = prices[at + 1] as number;
  const low = prices[at + 2] as number;
  return barFault(open, high, low, prices[at + 3] as number, prices[at + 4] as number) !== null;
}

/**
 * The bars of each slot on their way to the sink: finals that came early wait in `held`, the last ones given stay in
 * `kept`. It alone gives bars to the sink, each once, in order, 60,000 ms apart.
 */
export class BarBuffer {
  readonly #sink: KlineSink;
  readonly #meter: FeedMeter;
  readonly #jumpMax: number;
  readonly #restFinalMs: number;
  readonly #stage: Uint8Array;
  readonly #nextMs: Float64Array;
  /** First bar of the present run; 0 when a former thread began it. */
  readonly #runFromMs: Float64Array;
  readonly #lastClose: Float64Array;
  readonly #held: SlotBars;
  readonly #kept: SlotBars;
  /** Scratch for a bar on its way from `held`. */
  readonly #prices = new Float64Array(5);
  restEqual = 0;
  restDifferent = 0;

  constructor(options: {
    readonly slots: number;
    readonly sink: KlineSink;
    readonly meter: FeedMeter;
    readonly jumpFactorMax: number;
    /** A row that was asked for so long after its minute is final, ms. */
    readonly restFinalMs: number;
  }) {
    const { slots } = options;
    this.#sink = options.sink;
    this.#meter = options.meter;
    this.#jumpMax = options.jumpFactorMax;
    this.#restFinalMs = options.restFinalMs;
    this.#stage = new Uint8Array(slots);
    this.#nextMs = new Float64Array(slots);
    this.#runFromMs = new Float64Array(slots);
    this.#lastClose = new Float64Array(slots);
    this.#held = new SlotBars(slots, EARLY_BARS);
    this.#kept = new SlotBars(slots, KEPT_BARS);
  }

  stage(slot: number): SlotStage {
    return this.#stage[slot] as SlotStage;
  }

  isLive(slot: number): boolean {
    return this.#stage[slot] === SlotStage.Live;
  }

  /** Open time of the next bar owed to the sink; 0 while warming. */
  nextMs(slot: number): number {
    return this.#nextMs[slot] as number;
  }

  /** Forgets a slot's bars and waits for history; finals that come meanwhile are held. */
  warm(slot: number): void {
    this.#clear(slot);
    this.#stage[slot] = SlotStage.Warming;
  }

  /** Goes on behind a bar that the sink already has; nothing is known about its numbers. */
  resume(slot: number, lastOpenMs: number): void {
    assert(lastOpenMs % MINUTE_MS === 0, "Invariant: bars open at whole minutes");
    this.#clear(slot);
    this.#stage[slot] = SlotStage.Live;
    this.#nextMs[slot] = lastOpenMs + MINUTE_MS;
  }

  release(slot: number): void {
    this.#clear(slot);
    this.#stage[slot] = SlotStage.Idle;
  }

  /** True when these prices are no bar, or lie too far from the slot's last close to be believed unchecked. */
  isImplausible(slot: number, prices: Float64Array, at: number): boolean {
    if (isFaulty(prices, at)) return true;
    const last = this.#lastClose[slot] as number;
    const high = prices[at + 1] as number;
    const low = prices[at + 2] as number;
    return last > 0 && (high > last * this.#jumpMax || low < last / this.#jumpMax);
  }

  /** True when row `at` of a REST reply is a whole bar; else it is counted and left out. */
  isBar(bars: Float64Array, at: number): boolean {
    const isGood = !isFaulty(bars, at + 1) && (bars[at] as number) % MINUTE_MS === 0;
    if (!isGood) this.#meter.count(FeedCounter.BadBars, 1);
    return isGood;
  }

  /** Holds a plausible `x:true` bar until the ones before it have come. */
  hold(frame: KlineFrame, receivedNs: number): void {
    const { slot, openTimeMs: openMs } = frame;
    // A bar too far ahead would take the cell of one that is needed sooner; REST will bring it.
    if (this.isLive(slot) && openMs >= this.nextMs(slot) + EARLY_BARS * MINUTE_MS) return;
    const cell = this.#held.cell(slot, openMs);
    if (this.#held.openMs(cell) === openMs) {
      const isEqual = this.#held.equals(cell, frame.numbers, Field.Open);
      this.#meter.count(isEqual ? FeedCounter.Duplicates : FeedCounter.Corrections, 1);
    }
    this.#held.put(cell, openMs, frame.numbers, Field.Open);
    this.#held.setOrigin(cell, frame.eventTimeMs, receivedNs);
  }

  /** Open time of the first held bar that is not the next one, or 0. */
  firstHeldMs(slot: number): number {
    const nextMs = this.nextMs(slot);
    for (let step = 1; step < EARLY_BARS; step++)
      if (this.#held.holds(slot, nextMs + step * MINUTE_MS)) return nextMs + step * MINUTE_MS;
    return 0;
  }

  /** Gives the held bars that are next in turn. */
  giveHeld(slot: number): void {
    while (this.#held.holds(slot, this.nextMs(slot))) if (!this.#giveNextHeld(slot)) return;
  }

  /** Gives the held bar that is next; false when it cannot be believed. */
  #giveNextHeld(slot: number): boolean {
    const cell = this.#held.cell(slot, this.nextMs(slot));
    this.#held.drop(cell);
    for (let field = 0; field < 5; field++) this.#prices[field] = this.#held.price(cell, field);
    if (this.isImplausible(slot, this.#prices, 0)) {
      // Held while the last close was not known yet: now it is a matter for REST.
      this.#meter.count(FeedCounter.BadBars, 1);
      return false;
    }
    const eventMs = this.#held.eventMs(cell);
    const cellKept = this.#kept.cell(slot, this.nextMs(slot));
    this.#give(slot, this.#prices, 0, Confirmation.Stream, eventMs, this.#held.receivedNs(cell));
    this.#kept.setOrigin(cellKept, eventMs, 0);
    this.#kept.setAsked(cellKept, 0);
    return true;
  }

  /** True when a row that was asked for at `askedMs` is final: the venue does not change it any more. */
  isFinalRow(openMs: number, askedMs: number): boolean {
    return askedMs >= openMs + MINUTE_MS + this.#restFinalMs;
  }

  /**
   * Gives a row of REST, which must be the next bar; its event time is the bar's end. Where an `x:true` waits that says
   * otherwise, a row that still moves gives way to it.
   */
  giveRest(slot: number, { bars, at, askedMs }: RestRow, receivedNs: number): void {
    const openMs = bars[at] as number;
    const held = this.#held.cell(slot, openMs);
    let finalMs = 0;
    if (this.#held.openMs(held) === openMs) {
      const isEqual = this.#held.equals(held, bars, at + 1);
      this.#countParity(isEqual);
      finalMs = this.#held.eventMs(held);
      const isBeaten = !isEqual && !this.#holds(openMs, { askedMs, finalMs });
      if (isBeaten && this.#giveNextHeld(slot)) return;
      this.#held.drop(held);
    }
    const kept = this.#kept.cell(slot, openMs);
    this.#give(slot, bars, at + 1, Confirmation.Rest, openMs + MINUTE_MS, receivedNs);
    this.#kept.setOrigin(kept, finalMs, 0);
    this.#kept.setAsked(kept, askedMs);
  }

  /** True when a row's numbers hold against an `x:true` that says otherwise: it is final, and the later word. */
  #holds(
    openMs: number,
    { askedMs, finalMs }: { readonly askedMs: number; readonly finalMs: number },
  ): boolean {
    return this.isFinalRow(openMs, askedMs) && askedMs > finalMs;
  }

  /** Starts a slot with the last unbroken run of a history reply; false when there is none. */
  begin(slot: number, { bars, askedMs }: Omit<RestRow, "at">, receivedNs: number): boolean {
    let first = bars.length;
    for (let at = bars.length - BAR_FIELDS; at >= 0; at -= BAR_FIELDS) {
      const isBroken = first < bars.length && (bars[at] as number) + MINUTE_MS !== bars[first];
      if (isBroken || !this.isBar(bars, at)) break;
      first = at;
    }
    if (first >= bars.length) return false;
    this.#stage[slot] = SlotStage.Live;
    this.#nextMs[slot] = bars[first] as number;
    this.#runFromMs[slot] = bars[first] as number;
    for (let at = first; at < bars.length; at += BAR_FIELDS)
      this.giveRest(slot, { bars, at, askedMs }, receivedNs);
    this.giveHeld(slot);
    return true;
  }

  /**
   * Takes a final of the stream for a bar already given: it wins over a row of REST that may still have moved, and over
   * an older final.
   */
  again(slot: number, frame: KlineFrame): FinalWord {
    const { openTimeMs: openMs, eventTimeMs: eventMs, numbers } = frame;
    const cell = this.#kept.cell(slot, openMs);
    const isKnown = this.#kept.openMs(cell) === openMs;
    if (!isKnown || this.#kept.equals(cell, numbers, Field.Open)) {
      this.#meter.count(FeedCounter.Duplicates, 1);
      return isKnown && this.#agree(cell, eventMs) ? "agreed" : "old";
    }
    this.#meter.count(FeedCounter.Corrections, 1);
    const finalMs = this.#kept.eventMs(cell);
    const askedMs = this.#kept.askedMs(cell);
    const isSettled = this.#kept.source(cell) === Confirmation.Settled;
    // Said before the word that stands, or a replay of it (NW07).
    if (eventMs < finalMs || (isSettled && eventMs === finalMs)) return "old";
    if (askedMs !== 0 && this.#holds(openMs, { askedMs, finalMs: eventMs })) {
      this.#kept.setOrigin(cell, eventMs, 0);
      return !isSettled || finalMs === 0 ? "disputed" : "old";
    }
    this.#correct(slot, openMs, numbers, Field.Open);
    this.#kept.setSource(cell, Confirmation.Stream);
    this.#kept.setOrigin(cell, eventMs, 0);
    this.#kept.setAsked(cell, 0);
    return "disputed";
  }

  /** An `x:true` says again what stands; true when a row of REST said it, which needs no second look then. */
  #agree(cell: number, eventMs: number): boolean {
    this.#kept.setOrigin(cell, Math.max(eventMs, this.#kept.eventMs(cell)), 0);
    if (this.#kept.source(cell) === Confirmation.Stream) return false;
    this.#kept.setSource(cell, Confirmation.Settled);
    return true;
  }

  /**
   * Open time of the first of the last `bars` bars given that REST has not confirmed with a final row yet, 0 when it has
   * all of them: where the stream was interrupted, its last word on them may have been lost.
   */
  firstUnverifiedMs(slot: number, bars: number): number {
    const nextMs = this.nextMs(slot);
    const fromMs = Math.max(nextMs - bars * MINUTE_MS, this.#runFromMs[slot] as number);
    for (let openMs = fromMs; openMs < nextMs; openMs += MINUTE_MS)
      if (!this.#isConfirmed(slot, openMs)) return openMs;
    return 0;
  }

  /** True when a row that may still move is all that is known of a bar. */
  isOfYoungRow(slot: number, openMs: number): boolean {
    const cell = this.#kept.cell(slot, openMs);
    const isOfRest = this.#kept.openMs(cell) === openMs && this.#kept.source(cell) === Confirmation.Rest;
    return isOfRest && !this.isFinalRow(openMs, this.#kept.askedMs(cell));
  }

  #isConfirmed(slot: number, openMs: number): boolean {
    const cell = this.#kept.cell(slot, openMs);
    if (this.#kept.openMs(cell) !== openMs) return false;
    const source = this.#kept.source(cell);
    if (source === Confirmation.Settled) return true;
    return source === Confirmation.Rest && this.isFinalRow(openMs, this.#kept.askedMs(cell));
  }

  /**
   * Compares a bar already given with a row of REST: it holds when it is final and the later word, a young one against
   * a row alone. True when the bar stays in doubt: the row has changed what a row had said, or an `x:true` said
   * otherwise after REST was asked.
   */
  compare(slot: number, { bars, at, askedMs }: RestRow): boolean {
    const openMs = bars[at] as number;
    const cell = this.#kept.cell(slot, openMs);
    const isFinal = this.isFinalRow(openMs, askedMs);
    if (this.#kept.openMs(cell) !== openMs) {
      const isOfRun = openMs >= (this.#runFromMs[slot] as number);
      if (!isOfRun || !isFinal || openMs < this.nextMs(slot) - KEPT_BARS * MINUTE_MS) return false;
      // Given by a thread that is gone: the sink compares, REST's numbers hold.
      this.#correct(slot, openMs, bars, at + 1);
      this.#kept.setOrigin(cell, 0, 0);
      this.#settle(cell, askedMs);
      return false;
    }
    const isEqual = this.#kept.equals(cell, bars, at + 1);
    const isOfStream = this.#kept.source(cell) === Confirmation.Stream;
    if (!isEqual && isOfStream && !this.#holds(openMs, { askedMs, finalMs: this.#kept.eventMs(cell) }))
      return true;
    this.#countParity(isEqual);
    if (!isEqual) {
      this.#meter.count(FeedCounter.Corrections, 1);
      this.#correct(slot, openMs, bars, at + 1);
    }
    if (isFinal) this.#settle(cell, askedMs);
    else if (!isOfStream) this.#kept.setAsked(cell, askedMs);
    return !isEqual && !isOfStream;
  }

  #settle(cell: number, askedMs: number): void {
    this.#kept.setSource(cell, Confirmation.Settled);
    this.#kept.setAsked(cell, askedMs);
  }

  #countParity(isEqual: boolean): void {
    if (isEqual) this.restEqual++;
    else this.restDifferent++;
  }

  #correct(slot: number, openMs: number, prices: Float64Array, at: number): void {
    this.#kept.put(this.#kept.cell(slot, openMs), openMs, prices, at);
    const close = prices[at + 3] as number;
    if (openMs + MINUTE_MS === this.nextMs(slot)) this.#lastClose[slot] = close;
    this.#sink.correct(
      slot,
      openMs,
      prices[at] as number,
      prices[at + 1] as number,
      prices[at + 2] as number,
      close,
      prices[at + 4] as number,
    );
  }

  #give(
    slot: number,
    prices: Float64Array,
    at: number,
    confirmation: number,
    eventMs: number,
    receivedNs: number,
  ): void {
    const openMs = this.nextMs(slot);
    assert(openMs > 0 && openMs % MINUTE_MS === 0, "Invariant: a live slot knows its next bar");
    const cell = this.#kept.cell(slot, openMs);
    const close = prices[at + 3] as number;
    this.#kept.put(cell, openMs, prices, at);
    this.#kept.setSource(cell, confirmation);
    this.#lastClose[slot] = close;
    this.#nextMs[slot] = openMs + MINUTE_MS;
    this.#meter.count(FeedCounter.Finals, 1);
    if (confirmation !== Confirmation.Stream) this.#meter.count(FeedCounter.RestFinals, 1);
    this.#sink.final(
      slot,
      openMs,
      prices[at] as number,
      prices[at + 1] as number,
      prices[at + 2] as number,
      close,
      prices[at + 4] as number,
      confirmation === Confirmation.Stream ? BarSource.Stream : BarSource.Rest,
      eventMs,
      receivedNs,
    );
  }

  #clear(slot: number): void {
    this.#nextMs[slot] = 0;
    this.#runFromMs[slot] = 0;
    this.#lastClose[slot] = 0;
    this.#held.clear(slot);
    this.#kept.clear(slot);
  }
}
