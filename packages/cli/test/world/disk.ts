import type { EngineOptions } from "@smcq/engine";
import type { Clock, Rng } from "@smcq/kernel";
import { type JournalBatch, type JournalRow, LedgerJournal } from "../../../ledger/test/support/inside.ts";
import type { Strikes } from "./strikes.ts";

/** Shares of a journal's batches that a disk's faults strike (docs/reliability.md DK01-DK05). */
export interface DiskFaults {
  /** DK05: it takes up to some seconds. */
  readonly slow: number;
  /** DK01, DK02: it is refused, and comes again. */
  readonly refused: number;
  /** The thread is gone with whatever it had, and another one comes. */
  readonly gone: number;
}

export const SOUND_DISK: DiskFaults = { slow: 0, refused: 0, gone: 0 };

const SLOW_MS_MAX = 4_000;
const GONE_MS_MAX = 3_000;
/** What a sound disk takes for a batch, ms. */
export const STORE_MS_MAX = 4;

export interface DiskOptions {
  readonly strikes: Strikes;
  readonly clock: Clock;
  readonly faults: DiskFaults;
  readonly onHealth: (isSound: boolean) => void;
}

/** The thread of a ledger and the disk below it, in virtual time: the journal in front of it is the real one. */
export class Disk {
  readonly journal: LedgerJournal;
  readonly rows: JournalRow[] = [];
  readonly #options: DiskOptions;
  #faults: DiskFaults;
  /** Threads that were there before: what they still had to say is never heard. */
  #threads = 0;
  #batches = 0;
  #isDead = false;
  /** Not answered yet. */
  #waiting: JournalBatch | null = null;

  constructor(options: DiskOptions, engine: EngineOptions) {
    this.#options = options;
    this.#faults = options.faults;
    const waiting: JournalBatch[] = [];
    this.journal = new LedgerJournal(
      { engine, onHealth: options.onHealth },
      {
        runId: "world",
        clock: options.clock,
        // The first row is given while the journal is being made.
        post: (batch) => (this.journal === undefined ? void waiting.push(batch) : this.#take(batch)),
      },
      true,
    );
    for (const batch of waiting) this.#take(batch);
  }

  set(faults: DiskFaults): void {
    this.#faults = faults;
  }

  /** Nothing is heard of it any more; a batch that was on its way may have come to the disk. */
  kill(): void {
    this.#threads++;
    this.#isDead = true;
    const { strikes } = this.#options;
    if (this.#waiting !== null && strikes.rng(`kill disk #${this.#batches}`).chance(0.5))
      this.#store(this.#waiting);
  }

  #take(batch: JournalBatch): void {
    if (this.#isDead) return;
    const { strikes } = this.#options;
    this.#waiting = batch;
    const name = `disk #${++this.#batches}`;
    const rng = strikes.rng(name);
    const isSlow = rng.chance(this.#faults.slow);
    const isRefused = rng.chance(this.#faults.refused);
    const isGone = rng.chance(this.#faults.gone);
    const isStruck = (isSlow || isRefused || isGone) && strikes.strikes(name);
    if (isStruck && isGone) return this.#die(batch, rng);
    this.#soon(rng.int(isStruck && isSlow ? SLOW_MS_MAX : STORE_MS_MAX), () => {
      this.#waiting = null;
      if (isStruck && isRefused) return this.journal.onRefused();
      this.#store(batch);
      this.journal.onStored();
    });
  }

  /** Perhaps the batch was stored, and nobody has said so. */
  #die(batch: JournalBatch, rng: Rng): void {
    if (rng.chance(0.5)) this.#store(batch);
    this.#threads++;
    this.#waiting = null;
    this.#soon(1, () => {
      this.journal.onThread(false);
      this.#soon(1 + rng.int(GONE_MS_MAX), () => this.journal.onThread(true));
    });
  }

  /** Rows that are there are not stored again, as in the file. */
  #store(batch: JournalBatch): void {
    const lastSeq = this.rows.at(-1)?.seq ?? -1;
    this.rows.push(...batch.rows.filter(({ seq }) => seq > lastSeq));
  }

  #soon(delayMs: number, then: () => void): void {
    const thread = this.#threads;
    this.#options.clock.after(delayMs, () => {
      if (thread === this.#threads) then();
    });
  }
}
