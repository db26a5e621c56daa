import {
  type Command,
  type Durability,
  DurationHistogram,
  type EngineEvent,
  type EngineEventType,
  type Journal,
} from "@smcq/engine";
import type { Clock } from "@smcq/kernel";
import type { LedgerJournal } from "@smcq/ledger";

/** Told by the venue or a person, and synced to the disk at once. */
const SYNCED: ReadonlySet<EngineEventType> = new Set([
  "operator",
  "order-outcome",
  "order-update",
  "income",
  "answer",
]);

/** A ledger's journal, and how long its rows take to the disk: one is timed after another, never two at once. */
export class TimedJournal implements Journal {
  /** From the event to its row being synced, wall ms. */
  readonly syncedMs: DurationHistogram = new DurationHistogram();
  readonly durability: Durability;
  readonly #journal: LedgerJournal;
  readonly #wallClock: Clock;
  #timed: { readonly seq: number; readonly atNs: number } | null = null;

  constructor(journal: LedgerJournal, wallClock: Clock) {
    this.#journal = journal;
    this.#wallClock = wallClock;
    this.durability = {
      get durableSeq() {
        return journal.durability.durableSeq;
      },
      onDurable: (listener) =>
        journal.durability.onDurable(() => {
          this.#measure();
          listener();
        }),
    };
  }

  get stats(): LedgerJournal["stats"] {
    return this.#journal.stats;
  }

  append(seq: number, event: EngineEvent, commands: readonly Command[]): void {
    if (this.#timed === null && SYNCED.has(event.type)) this.#timed = { seq, atNs: this.#wallClock.monoNs() };
    this.#journal.append(seq, event, commands);
  }

  write(): void {
    this.#journal.write();
  }

  #measure(): void {
    if (this.#timed === null || this.durability.durableSeq < this.#timed.seq) return;
    this.syncedMs.add((this.#wallClock.monoNs() - this.#timed.atNs) / 1e6);
    this.#timed = null;
  }
}
