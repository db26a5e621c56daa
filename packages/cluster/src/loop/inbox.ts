import type { EngineEventType, EngineInput } from "@smcq/engine";
import { assert, SmcqError } from "@smcq/kernel";

/** Events that may wait for the core; the busiest minute of 600 symbols is some hundred. */
export const INBOX_EVENTS_MAX = 16_384;

/**
 * What happens to an event that finds the inbox full: `dropped` ones are counted and told of, `kept` ones take a place
 * of the reserve (a quarter more): losing them would leave the core with a wrong view of the world.
 */
const WHEN_FULL: Readonly<Record<EngineEventType, "dropped" | "kept">> = {
  candidates: "dropped",
  "invalid-score": "dropped",
  time: "dropped",
  model: "kept",
  "feed-health": "kept",
  operator: "kept",
  instrument: "kept",
  quotes: "dropped",
  minute: "kept",
  "order-outcome": "kept",
  "order-update": "kept",
  income: "kept",
  answer: "kept",
  leverage: "kept",
  "leverage-outcome": "kept",
  "account-stream": "kept",
  restarted: "kept",
  "ledger-health": "kept",
  "clock-health": "kept",
  "account-lease": "kept",
  "data-ended": "kept",
};

/** Events of one kind since the start. */
export interface InboxCount {
  readonly put: number;
  readonly dropped: number;
}

/**
 * The one way into the decision core: whoever has something to tell puts it here, whenever it happens; the loop takes
 * it out when its turn comes.
 *
 *   scans, timers, models, operator, feeds ──put──► [ events, oldest first ] ──take──► EngineLoop ─► Engine.process
 */
export class Inbox {
  readonly #cells: (EngineInput | undefined)[];
  readonly #eventsMax: number;
  readonly #counts: Record<EngineEventType, { put: number; dropped: number }>;
  #head = 0;
  #size = 0;
  #sizeMax = 0;
  #onWork: (() => void) | null = null;

  constructor(eventsMax: number = INBOX_EVENTS_MAX) {
    this.#eventsMax = eventsMax;
    this.#counts = Object.fromEntries(
      Object.keys(WHEN_FULL).map((type) => [type, { put: 0, dropped: 0 }]),
    ) as Record<EngineEventType, { put: number; dropped: number }>;
    this.#cells = Array.from({ length: eventsMax + Math.ceil(eventsMax / 4) });
  }

  /** Events that wait now. */
  get size(): number {
    return this.#size;
  }

  /** The most events that ever waited at once. */
  get sizeMax(): number {
    return this.#sizeMax;
  }

  /** What was put and dropped since the start, by kind. */
  get counts(): Readonly<Record<EngineEventType, InboxCount>> {
    return this.#counts;
  }

  /** `onWork` hears of every put; there is one consumer, for ever. */
  consume(onWork: () => void): void {
    assert(this.#onWork === null, "Invariant: an inbox has one consumer");
    this.#onWork = onWork;
  }

  /**
   * Puts an event behind the others; false when it was dropped because too many wait. Throws INBOX_OVERFLOW when even
   * the reserve for events that must not be lost is used up: the process is to start anew.
   */
  put(input: EngineInput): boolean {
    const count = this.#counts[input.type];
    const isFull = this.#size >= this.#eventsMax;
    if (isFull && WHEN_FULL[input.type] === "dropped") {
      count.dropped++;
      return false;
    }
    if (this.#size >= this.#cells.length)
      throw new SmcqError(
        "INBOX_OVERFLOW",
        "the core does not keep up, and events that must not be lost wait",
        {
          context: { waiting: this.#size, type: input.type },
        },
      );
    count.put++;
    this.#cells[(this.#head + this.#size) % this.#cells.length] = input;
    this.#size++;
    this.#sizeMax = Math.max(this.#sizeMax, this.#size);
    this.#onWork?.();
    return true;
  }

  /** Takes the oldest event. */
  take(): EngineInput | undefined {
    if (this.#size === 0) return undefined;
    const input = this.#cells[this.#head];
    this.#cells[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#cells.length;
    this.#size--;
    return input;
  }
}
