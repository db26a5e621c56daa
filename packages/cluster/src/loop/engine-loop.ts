import type { Engine, EngineInput, Journal, OperatorSource } from "@smcq/engine";
import { afterTurn, assert, type Clock } from "@smcq/kernel";
import type { CommandRouter } from "./command-router.ts";
import { EntryGate, type EntryGateCounts } from "./entry-gate.ts";
import type { Inbox } from "./inbox.ts";

/** Events of one drain at most; then the event loop has its turn, and the rest waits for the next drain. */
export const DRAIN_EVENTS_MAX = 1_024;
/** Drains that a stop waits for at most: who still puts events then, does so for ever. */
const STOP_DRAINS_MAX = 64;

/** When a drain runs that was asked for: never before whoever put an event has returned. */
export interface Deferral {
  /** As soon as the present callback has ended: a signal does not wait for other I/O. */
  readonly soon: (drain: () => void) => void;
  /** When the event loop has had its turn: what a full drain leaves. */
  readonly later: (drain: () => void) => void;
}

export const EVENT_LOOP_DEFERRAL: Deferral = { soon: queueMicrotask, later: afterTurn };

export interface EngineLoopOptions {
  readonly engine: Engine;
  readonly inbox: Inbox;
  readonly journal: Journal;
  readonly router: CommandRouter;
  readonly venueClock: Clock;
  readonly wallClock: Clock;
  /** `EVENT_LOOP_DEFERRAL` in production. */
  readonly deferral: Deferral;
  /** The last event of a run that goes on; absent: it begins. */
  readonly afterSeq?: number;
}

/**
 * The only caller of the decision core. One event after another: taken from the inbox, stamped, processed, journaled
 * with its commands, then the commands carried out; entries when their row is durable. What they raise waits in the
 * inbox for its turn.
 *
 *   inbox ─► stamp ─► Engine.process ─► journal ─► (entry gate) ─► router ─► ledger, models, timers …
 *     ▲                                                              │
 *     └────────────── events ◄───────────────────────────────────────┘
 */
export class EngineLoop {
  readonly #options: EngineLoopOptions;
  /** Null: the journal keeps nothing that an entry could wait for. */
  readonly #gate: EntryGate | null;
  #seq: number;
  #isDraining = false;
  #isDue = false;

  constructor(options: EngineLoopOptions) {
    this.#options = options;
    this.#seq = options.afterSeq ?? 0;
    const { journal, router, inbox, wallClock } = options;
    const { durability } = journal;
    this.#gate = durability === undefined ? null : new EntryGate({ durability, router, inbox, wallClock });
    options.inbox.consume(() => this.#schedule(options.deferral.soon));
  }

  /** Events processed since the beginning of the run. */
  get seq(): number {
    return this.#seq;
  }

  /** Entries that waited for their rows; null where none has to. */
  get entryCounts(): EntryGateCounts | null {
    return this.#gate?.counts ?? null;
  }

  /** Processes what waits, at most `DRAIN_EVENTS_MAX` events. Never from inside a command. */
  drain(): void {
    assert(!this.#isDraining, "Invariant: nothing enters the core during a drain");
    this.#isDraining = true;
    const { inbox } = this.#options;
    try {
      for (let count = 0; count < DRAIN_EVENTS_MAX; count++) {
        const input = inbox.take();
        if (input === undefined) break;
        this.#process(input);
      }
    } finally {
      this.#isDraining = false;
      this.#options.journal.write?.();
    }
    if (inbox.size > 0) this.#schedule(this.#options.deferral.later);
  }

  /**
   * Processes everything that waits, then the word to stop: what is collected is decided, nothing after it. An entry whose
   * row is not durable by then is not sent. Events that come later are processed still: what is held goes on being guarded.
   * `by`: whose word it is; absent: the run came to its own end.
   */
  stop(by?: OperatorSource): void {
    const who = by === undefined ? {} : { by };
    this.#options.inbox.put({ type: "operator", word: "stop", ...who });
    this.#drainAll();
    this.#gate?.dropAll();
    this.#drainAll();
  }

  #drainAll(): void {
    const { inbox } = this.#options;
    for (let drains = 0; inbox.size > 0; drains++) {
      assert(drains < STOP_DRAINS_MAX, "Invariant: a loop that is told to stop comes to an end");
      this.drain();
    }
  }

  #process(input: EngineInput): void {
    const { engine, journal, router, venueClock, wallClock } = this.#options;
    const event = { ...input, nowMs: venueClock.nowMs(), nowNs: wallClock.monoNs() };
    const commands = engine.process(event);
    this.#seq++;
    journal.append(this.#seq, event, commands);
    if (this.#gate !== null) this.#gate.take(this.#seq, commands);
    else for (const command of commands) router.route(command);
  }

  #schedule(defer: (drain: () => void) => void): void {
    if (this.#isDue || this.#isDraining) return;
    this.#isDue = true;
    defer(() => {
      this.#isDue = false;
      this.drain();
    });
  }
}
