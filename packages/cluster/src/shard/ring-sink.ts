import type { BarSource, KlineSink } from "@smcq/exchange";
import { type Clock, minuteOf } from "@smcq/kernel";
import { KlineRingWriter } from "@smcq/wire";

export interface RingSinkEvents {
  /** A slot got a new closed bar, a replaced one, or a new run. */
  readonly onWork: () => void;
  /** A bar of the ring was replaced. */
  readonly onCorrected: (slot: number, openTimeMs: number) => void;
  /** A slot's run was broken off: its bars start anew. */
  readonly onReset: (slot: number) => void;
}

/** Writes what the feed hears into the shard's rings. */
export class RingSink implements KlineSink {
  readonly #writer: KlineRingWriter;
  readonly #venueClock: Clock;
  readonly #events: RingSinkEvents;

  constructor(rings: SharedArrayBuffer, venueClock: Clock, events: RingSinkEvents) {
    this.#writer = new KlineRingWriter(rings);
    this.#venueClock = venueClock;
    this.#events = events;
  }

  get slots(): number {
    return this.#writer.slots;
  }

  /**
   * Gives the slot to a symbol: a new run, nothing of a former owner counts. Bars that open at `liveFromMs` or later raise signals;
   * absent: those of the present minute and later.
   */
  assign(slot: number, owner: number, liveFromMs?: number): void {
    this.#writer.setOwner(slot, owner);
    this.#startRun(slot, liveFromMs);
  }

  /**
   * Takes over a slot that another thread wrote until it died; returns the last bar's open time, -1 when the slot
   * has to be warmed up anew.
   */
  takeOver(slot: number, owner: number): number {
    const isWhole = this.#writer.recover(slot);
    if (!isWhole || this.#writer.owner(slot) !== owner || this.#writer.lastOpenMs(slot) < 0)
      this.assign(slot, owner);
    // The coordinator took the symbol for READY; a slot without bars, or of another symbol, it did not.
    if (!isWhole) this.#events.onReset(slot);
    return this.#writer.lastOpenMs(slot);
  }

  /**
   * Takes the slot from its symbol: nobody's, and no bar of the former owner is left to be scanned. The coordinator
   * gives the slot to another symbol only after it has seen this.
   */
  vacate(slot: number): void {
    this.#writer.setOwner(slot, 0);
    this.#startRun(slot);
    this.#events.onWork();
  }

  /** Vacates what a dead thread was told to give up, or had taken, and what is not to be watched any more. */
  clearUnassigned(assigned: ReadonlySet<number>): void {
    for (let slot = 0; slot < this.slots; slot++) {
      if (assigned.has(slot) || this.#writer.owner(slot) === 0) continue;
      this.#writer.recover(slot);
      this.vacate(slot);
    }
  }

  /** Bars that opened before the present minute are history: they warm up and raise nothing, but for those from `fromMs` on. */
  #startRun(slot: number, fromMs: number = Number.POSITIVE_INFINITY): void {
    this.#writer.reset(slot, Math.min(fromMs, minuteOf(this.#venueClock.nowMs())));
  }

  forming(
    slot: number,
    openTimeMs: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    eventTimeMs: number,
  ): void {
    this.#writer.forming(slot, openTimeMs, open, high, low, close, volume, eventTimeMs);
  }

  final(
    slot: number,
    openTimeMs: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    source: BarSource,
    eventTimeMs: number,
    receivedNs: number,
  ): void {
    const writtenNs = this.#venueClock.monoNs();
    this.#writer.append(
      slot,
      openTimeMs,
      open,
      high,
      low,
      close,
      volume,
      source,
      eventTimeMs,
      receivedNs,
      writtenNs,
    );
    this.#events.onWork();
  }

  correct(
    slot: number,
    openTimeMs: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
  ): void {
    if (!this.#writer.replace(slot, openTimeMs, open, high, low, close, volume)) return;
    this.#events.onCorrected(slot, openTimeMs);
    this.#events.onWork();
  }

  reset(slot: number): void {
    this.#startRun(slot);
    this.#events.onReset(slot);
    this.#events.onWork();
  }
}
