import type { Coordinator } from "@smcq/cluster";
import { BAR_FIELDS, type CancelTimer, MINUTE_MS, SystemClock } from "@smcq/kernel";
import { RING_BARS } from "@smcq/wire";

/**
 * How often the tap looks, wall ms: far more often than a ring turns round at any speed that is tried, and before a
 * correction, which comes 5 venue seconds after the wrong final.
 */
const LOOK_MS = 40;

interface Seen {
  generation: number;
  tail: number;
  lastOpenMs: number;
}

/** What the tap found wrong; each line is a broken promise. */
export interface TapFault {
  readonly symbol: string;
  readonly text: string;
}

/**
 * Looks into every ring from outside, as any reader may, and notes each bar as it appears: how often it came and that
 * it followed the one before without a hole.
 */
export class RingTap {
  readonly #coordinator: Coordinator;
  readonly #wallClock = new SystemClock();
  readonly #seen = new Map<string, Seen>();
  readonly #counts = new Map<string, Map<number, number>>();
  readonly #copy = new Float64Array(RING_BARS * BAR_FIELDS);
  /** The numbers with which each bar appeared, by symbol and open time. */
  readonly #appeared = new Map<string, Map<number, string>>();
  readonly faults: TapFault[] = [];
  resets = 0;
  #cancel: CancelTimer = () => {};

  constructor(coordinator: Coordinator) {
    this.#coordinator = coordinator;
  }

  start(): void {
    this.look();
    this.#cancel = this.#wallClock.after(LOOK_MS, () => this.start());
  }

  stop(): void {
    this.#cancel();
    this.look();
  }

  /** How often each bar of a symbol was seen to appear, by open time. */
  countsOf(symbol: string): ReadonlyMap<number, number> {
    return this.#counts.get(symbol) ?? new Map();
  }

  /** Open times of bars that appeared with other numbers than `truth` (flat bars) has. */
  changedSince(symbol: string, truth: Float64Array): readonly number[] {
    const appeared = this.#appeared.get(symbol) ?? new Map<number, string>();
    const changed: number[] = [];
    for (let at = 0; at < truth.length; at += BAR_FIELDS) {
      const openTimeMs = truth[at] as number;
      const numbers = appeared.get(openTimeMs);
      if (numbers !== undefined && numbers !== truth.subarray(at + 1, at + BAR_FIELDS).join(" "))
        changed.push(openTimeMs);
    }
    return changed;
  }

  /** One look at every ring. */
  look(): void {
    for (const { symbol, shardId, slot } of this.#coordinator.memory.slots.all()) {
      const reader = this.#coordinator.memory.reader(shardId);
      if (!reader.begin(slot)) continue;
      const { generation, tail } = reader;
      const seen = this.#seenOf(symbol);
      if (seen.generation !== generation) {
        if (seen.generation !== -1) this.resets++;
        seen.generation = generation;
        seen.tail = reader.from;
        seen.lastOpenMs = -1;
        this.#counts.set(symbol, new Map());
      }
      if (seen.tail < reader.from) this.faults.push({ symbol, text: "the tap was lapped" });
      const from = Math.max(seen.tail, reader.from);
      if (from === tail || !reader.copy(from, tail, this.#copy)) continue;
      this.#note(symbol, seen, tail - from);
      seen.tail = tail;
    }
  }

  #note(symbol: string, seen: Seen, bars: number): void {
    const counts = this.#counts.get(symbol) ?? new Map<number, number>();
    const appeared = this.#appeared.get(symbol) ?? new Map<number, string>();
    this.#appeared.set(symbol, appeared);
    for (let index = 0; index < bars; index++) {
      const openTimeMs = this.#copy[index * BAR_FIELDS] as number;
      counts.set(openTimeMs, (counts.get(openTimeMs) ?? 0) + 1);
      appeared.set(
        openTimeMs,
        this.#copy.subarray(index * BAR_FIELDS + 1, (index + 1) * BAR_FIELDS).join(" "),
      );
      if (seen.lastOpenMs !== -1 && openTimeMs !== seen.lastOpenMs + MINUTE_MS) {
        this.faults.push({ symbol, text: `bar ${openTimeMs} follows ${seen.lastOpenMs}` });
      }
      seen.lastOpenMs = openTimeMs;
    }
    this.#counts.set(symbol, counts);
  }

  #seenOf(symbol: string): Seen {
    let seen = this.#seen.get(symbol);
    if (seen === undefined) {
      seen = { generation: -1, tail: 0, lastOpenMs: -1 };
      this.#seen.set(symbol, seen);
    }
    return seen;
  }
}
