import { CandidateScanner } from "@smcq/features";
import { BAR_FIELDS } from "@smcq/kernel";
import type { LiveObjects } from "@smcq/smc";
import { type DetectorStates, KlineRingReader, LastFinal, RING_BARS } from "@smcq/wire";
import type { ClusterMemory } from "./cluster-memory.ts";
import type { SlotEntry } from "./slot-table.ts";

/** Fields of a forming bar in the ring: open time, open, high, low, close, volume, event time. */
const FORMING_FIELDS = 7;

/** What the detector of a symbol says after the bar that opened at `openTimeMs`, venue ms. */
export interface DetectorLook {
  readonly openTimeMs: number;
  /** Bars that its M1 state has taken since it was emptied. */
  readonly bars: number;
  readonly m1Trend: number;
  /** 0 below 60 M5 bars. */
  readonly m5Trend: number;
  readonly m5Bars: number;
}

/** A symbol at a glance. */
export interface SymbolGlance {
  /** Open time of the last closed bar of the present run, venue ms; null: it has none yet. */
  readonly lastOpenMs: number | null;
  /** Null: nothing of it was scanned yet. */
  readonly detector: DetectorLook | null;
}

/** A symbol with everything that its slot holds. */
export interface SymbolLook extends SymbolGlance {
  /** The present run's closed bars, flat, `BAR_FIELDS` numbers each, oldest first; at most 511. */
  readonly bars: Float64Array;
  /** The bar that goes on, `BAR_FIELDS` numbers; null: none is known. */
  readonly forming: Float64Array | null;
  /** Bars that open before raise nothing, venue ms. */
  readonly liveFromMs: number;
  /** What lives in the detector's state; null as `detector`. */
  readonly objects: LiveObjects | null;
}

interface ShardEyes {
  readonly reader: KlineRingReader;
  readonly states: DetectorStates;
  readonly scanner: CandidateScanner;
}

/**
 * Looks at what shards and scans write, for people: rings and detector states, each part of one moment. Nobody is woken and
 * nobody waits for it; what is being written is not told (null: look again a little later).
 *
 *   ring ──── begin … verdict ──────────┐
 *   state ─── stillness … stillness ────┴─► whole, or null
 */
export class MarketView {
  readonly #eyes: readonly ShardEyes[];
  readonly #bar = new Float64Array(BAR_FIELDS);

  constructor(memory: ClusterMemory) {
    // Readers of its own: another reader of the same thread may be in the middle of a read.
    this.#eyes = memory.shards.map(({ memory: own, states }) => ({
      reader: new KlineRingReader(own.rings),
      states,
      scanner: new CandidateScanner({ m1Buffer: own.states, carryBuffer: own.states }),
    }));
  }

  glance(entry: SlotEntry): SymbolGlance | null {
    const { reader } = this.#of(entry);
    if (!reader.begin(entry.slot)) return null;
    const { tail, from } = reader;
    if (tail > from && !reader.copy(tail - 1, tail, this.#bar)) return null;
    const lastOpenMs = tail > from ? (this.#bar[0] as number) : null;
    const detector = this.#detector(entry);
    return detector === "busy" ? null : { lastOpenMs, detector: detector?.look ?? null };
  }

  look(entry: SlotEntry): SymbolLook | null {
    const { reader } = this.#of(entry);
    if (!reader.begin(entry.slot)) return null;
    const { tail, from } = reader;
    const liveFromMs = reader.lastFinal(LastFinal.LiveFromMs);
    const bars = new Float64Array((tail - from) * BAR_FIELDS);
    if (!reader.copy(from, tail, bars)) return null;
    const detector = this.#detector(entry, true);
    if (detector === "busy") return null;
    const lastOpenMs = bars.length === 0 ? null : (bars[bars.length - BAR_FIELDS] as number);
    return {
      lastOpenMs,
      detector: detector?.look ?? null,
      bars,
      forming: this.#forming(entry, lastOpenMs),
      liveFromMs,
      objects: detector?.objects ?? null,
    };
  }

  /** The bar behind the last closed one; one that has closed meanwhile, or is being written, is none. */
  #forming(entry: SlotEntry, lastOpenMs: number | null): Float64Array | null {
    const found = new Float64Array(FORMING_FIELDS);
    if (!this.#of(entry).reader.forming(entry.slot, found)) return null;
    const openTimeMs = found[0] as number;
    return openTimeMs > (lastOpenMs ?? 0) ? found.subarray(0, BAR_FIELDS) : null;
  }

  /** What was scanned of the run that the reader has begun to read; null: nothing yet. */
  #detector(
    { shardId, slot }: SlotEntry,
    hasObjects = false,
  ): { readonly look: DetectorLook; readonly objects: LiveObjects | null } | null | "busy" {
    const { reader, states, scanner } = this.#of({ shardId });
    const before = states.stillness(slot);
    if (before === null) return "busy";
    // Of a run before, or of the symbol that had the slot before: nothing of this one was scanned yet.
    if (states.generation(slot) !== reader.generation)
      return states.stillness(slot) === before ? null : "busy";
    scanner.attach(states.m1Offset(slot), states.committedCarryOffset(slot));
    const {
      lastBarOpenMs: openTimeMs,
      barCount: bars,
      trend: m1Trend,
      m5Trend,
      m5BarCount: m5Bars,
    } = scanner;
    // However torn, a list is no longer than it may be: each count was somebody's.
    const objects = hasObjects && bars > 0 ? scanner.objects() : null;
    if (states.stillness(slot) !== before) return "busy";
    return bars === 0 ? null : { look: { openTimeMs, bars, m1Trend, m5Trend, m5Bars }, objects };
  }

  #of({ shardId }: Pick<SlotEntry, "shardId">): ShardEyes {
    const eyes = this.#eyes[shardId];
    if (eyes === undefined) throw new RangeError(`no shard ${shardId}`);
    return eyes;
  }
}

/** Closed bars of a symbol that can be looked at, at most: one less than the ring holds, which is being written next. */
export const BARS_SHOWN_MAX: number = RING_BARS - 1;
