import type { Command, Durability, EngineEvent, EngineOptions, Journal } from "@smcq/engine";
import { assert, backOffMs, type CancelTimer, type Clock, present } from "@smcq/kernel";
import {
  begunRow,
  isAwaited,
  isFull,
  type JournalRow,
  lostRow,
  rowOf,
  type RunBegun,
} from "./journal-row.ts";

/** Rows that may wait for the disk; hours of a run that only reduces. Rows that must be synced have a quarter more. */
export const JOURNAL_ROWS_MAX = 65_536;
/** Characters of rows that may wait; the same quarter more. */
export const JOURNAL_CHARACTERS_MAX = 67_108_864;
/** Rows of one transaction at most. */
export const JOURNAL_BATCH_ROWS_MAX = 512;
/** Rows that wait for so long, wall ms, are a disk that does not keep up. */
export const JOURNAL_SLOW_MS = 2_000;
/** Rows that need no sync wait so long for one that does, wall ms: a batch of their own would be in its way. */
export const JOURNAL_LINGER_MS = 5;
/** Waits before a batch that failed is tried again, wall ms: doubled each time, for ever. */
const RETRY_MS = { firstMs: 100, msMax: 5_000 } as const;

export interface JournalLimits {
  readonly rowsMax: number;
  readonly charactersMax: number;
  readonly slowMs: number;
}

export interface LedgerJournalOptions {
  /** What the run's engine was made with: the first row, so that another engine can be made to replay it. */
  readonly engine: EngineOptions;
  /** Who carries its orders out, in the first row too; absent: nobody says. */
  readonly orders?: string;
  /** The account that it trades on, in the first row too; absent: one that ends with the process. */
  readonly account?: string;
  /** The last seq of a run that goes on: it has begun, and has a first row. */
  readonly afterSeq?: number;
  /** Hears when rows begin to wait too long, and when they no longer do: an event of the inbox. Never inside `append`. */
  readonly onHealth: (isSound: boolean) => void;
  /** Hears of rows when they are in the file, in order: for a copy of it elsewhere. */
  readonly onStored?: (rows: readonly JournalRow[]) => void;
  /** For tests of the limits. */
  readonly limits?: Partial<JournalLimits>;
}

export interface JournalStats {
  /** Rows given, those of our own included. */
  readonly appended: number;
  readonly stored: number;
  readonly waiting: number;
  readonly waitingPeak: number;
  /** Events that found no room; the journal says where. */
  readonly eventsLost: number;
  readonly retries: number;
  readonly isSound: boolean;
  /** Longest time from handing a batch to the thread to its reply, us. */
  readonly roundTripUsMax: number;
}

/** Rows on their way to the thread. */
export interface JournalBatch {
  readonly runId: string;
  readonly rows: readonly JournalRow[];
  /** Synced when they are stored. */
  readonly isFull: boolean;
  /** An entry waits for one of them: they are stored alone, and their tables made behind the answer. */
  readonly isAwaited: boolean;
}

interface JournalDeps {
  readonly runId: string;
  readonly clock: Clock;
  /** Hands a batch to the thread, when there is one. */
  readonly post: (batch: JournalBatch) => void;
}

interface Turn {
  readonly seq: number;
  readonly event: EngineEvent;
  readonly commands: readonly Command[];
}

interface WaitingRow {
  readonly row: JournalRow;
  readonly isFull: boolean;
  readonly isAwaited: boolean;
}

/*
 * One batch is with the thread at a time, the others wait here, in order. A batch that fails is tried again for ever: a row
 * is given up only when it finds no room, and then a row of its own says so (a hole is told, never hidden).
 *
 *   append ─► turns ─ write ─► rows (<= rowsMax) ─► thread ─► one transaction ─► durableSeq ─► onDurable
 *                    │ full: counted, "events-lost"  │ refused or gone: back-off, again
 *                    ▼                               ▼
 *   not sound: half full, a batch failed or is slow, the ledger is dead ─► onHealth(false)
 */
export class LedgerJournal implements Journal, Durability {
  readonly durability: Durability = this;
  readonly #deps: JournalDeps;
  readonly #options: LedgerJournalOptions;
  readonly #limits: JournalLimits;
  /** Turns that are no rows yet: made such when their commands have left. */
  #turns: Turn[] = [];
  readonly #rows: WaitingRow[] = [];
  /** How many of them are to be synced. */
  #fullRows = 0;
  /** What waits goes now, synced or not. */
  #isRipe = false;
  #characters = 0;
  #durableSeq = -1;
  #onDurable = (): void => {};
  /** Rows that are with the thread; 0: none are. */
  #sent = 0;
  #sentAtNs = 0;
  #isReady: boolean;
  #isDead = false;
  #isClosed = false;
  #isSound = true;
  #failures = 0;
  #cancelRetry: CancelTimer | null = null;
  #cancelSlow: CancelTimer | null = null;
  #cancelLinger: CancelTimer | null = null;
  /** First and last event of the hole that is being made; null: none is. */
  #hole: { readonly fromSeq: number; toSeq: number } | null = null;
  #onIdle: (() => void) | null = null;
  #counts = { appended: 0, stored: 0, waitingPeak: 0, eventsLost: 0, retries: 0, roundTripUsMax: 0 };

  constructor(options: LedgerJournalOptions, deps: JournalDeps, isThreadReady: boolean) {
    this.#options = options;
    this.#deps = deps;
    this.#isReady = isThreadReady;
    const { rowsMax, charactersMax, slowMs } = options.limits ?? {};
    this.#limits = {
      rowsMax: rowsMax ?? JOURNAL_ROWS_MAX,
      charactersMax: charactersMax ?? JOURNAL_CHARACTERS_MAX,
      slowMs: slowMs ?? JOURNAL_SLOW_MS,
    };
    const times = { nowMs: deps.clock.nowMs(), nowNs: deps.clock.monoNs() };
    const { engine, orders, account, afterSeq } = options;
    if (afterSeq !== undefined) {
      this.#durableSeq = afterSeq;
      return;
    }
    const begun: RunBegun = {
      ...engine,
      ...(orders === undefined ? {} : { orders }),
      ...(account === undefined ? {} : { account }),
    };
    this.#push({ row: begunRow(begun, times), isFull: true, isAwaited: false });
    this.#pump();
  }

  get durableSeq(): number {
    return this.#durableSeq;
  }

  onDurable(listener: () => void): void {
    this.#onDurable = listener;
  }

  append(seq: number, event: EngineEvent, commands: readonly Command[]): void {
    if (this.#isClosed) this.#counts.eventsLost++;
    else this.#turns.push({ seq, event, commands });
  }

  write(): void {
    const turns = this.#turns;
    if (turns.length === 0) return;
    this.#turns = [];
    for (const turn of turns) this.#keep(turn);
    this.#pump();
    // Told when whoever drains has returned.
    if (this.#isSound && this.#isHalfFull) queueMicrotask(() => this.#judge());
  }

  #keep({ seq, event, commands }: Turn): void {
    const full = isFull(event, commands);
    if (!this.#hasRoom(full)) {
      this.#lose(seq);
      return;
    }
    const hole = this.#hole;
    this.#hole = null;
    if (hole !== null)
      this.#push({ row: lostRow(hole.fromSeq, hole.toSeq, event), isFull: true, isAwaited: false });
    this.#push({ row: rowOf(seq, event, commands), isFull: full, isAwaited: isAwaited(commands) });
  }

  get stats(): JournalStats {
    return { ...this.#counts, waiting: this.#rows.length + this.#turns.length, isSound: this.#isSound };
  }

  /** Nothing waits any more. */
  get isIdle(): boolean {
    return this.#rows.length + this.#turns.length === 0;
  }

  /** `listener` hears once when nothing waits any more. */
  onIdle(listener: () => void): void {
    this.#onIdle = listener;
    this.write();
    this.#ripen();
  }

  /** The thread is there (again), or has gone with whatever it had. */
  onThread(isReady: boolean): void {
    this.#isReady = isReady;
    if (isReady) this.#pump();
    else if (this.#sent > 0) this.onRefused();
  }

  /** The run has ended: what still comes is counted, and not kept. */
  close(): void {
    assert(this.isIdle, "Invariant: a journal is closed when all its rows are stored");
    this.#isClosed = true;
  }

  /** No thread will ever come again. */
  onDead(): void {
    this.#isDead = true;
    this.#judge();
  }

  onStored(): void {
    const stored = this.#rows.splice(0, this.#answered());
    for (const { row, isFull: full } of stored) {
      this.#characters -= charactersOf(row);
      if (full) this.#fullRows--;
    }
    this.#counts.stored += stored.length;
    this.#options.onStored?.(stored.map(({ row }) => row));
    const elapsedUs = (this.#deps.clock.monoNs() - this.#sentAtNs) / 1_000;
    this.#counts.roundTripUsMax = Math.max(this.#counts.roundTripUsMax, elapsedUs);
    this.#failures = 0;
    const isSlow = elapsedUs > this.#limits.slowMs * 1_000;
    const last = present(stored.at(-1), "Invariant: a batch has rows");
    if (stored.some((one) => one.isFull)) this.#durableSeq = last.row.seq;
    this.#cancelSlow?.();
    this.#cancelSlow = null;
    this.#watch();
    this.#pump();
    this.#judge(isSlow);
    if (stored.some((one) => one.isFull)) this.#onDurable();
    if (!this.isIdle) return;
    this.#onIdle?.();
    this.#onIdle = null;
  }

  onRefused(): void {
    this.#answered();
    this.#failures++;
    this.#counts.retries++;
    this.#cancelRetry?.();
    this.#cancelRetry = this.#deps.clock.after(
      backOffMs(this.#failures, RETRY_MS),
      () => {
        this.#cancelRetry = null;
        this.#pump();
      },
      { unref: true },
    );
    this.#judge();
  }

  /** No batch is with the thread any more; returns how many rows the last one had. */
  #answered(): number {
    const sent = this.#sent;
    assert(sent > 0, "Invariant: an answer is to a batch");
    this.#sent = 0;
    return sent;
  }

  #pump(): void {
    if (this.#rows.length === 0 || this.#sent > 0 || !this.#isReady || this.#cancelRetry !== null) return;
    if (!this.#isRipe && this.#fullRows === 0 && this.#rows.length < JOURNAL_BATCH_ROWS_MAX) {
      this.#linger();
      return;
    }
    this.#isRipe = this.#onIdle !== null;
    this.#cancelLinger?.();
    this.#cancelLinger = null;
    const batch = this.#rows.slice(0, JOURNAL_BATCH_ROWS_MAX);
    this.#sent = batch.length;
    this.#sentAtNs = this.#deps.clock.monoNs();
    this.#deps.post({
      runId: this.#deps.runId,
      rows: batch.map(({ row }) => row),
      isFull: batch.some((one) => one.isFull),
      isAwaited: batch.some((one) => one.isAwaited),
    });
  }

  /** Ripens what waits. */
  #linger(): void {
    this.#cancelLinger ??= this.#deps.clock.after(JOURNAL_LINGER_MS, () => this.#ripen(), { unref: true });
  }

  #ripen(): void {
    this.#cancelLinger = null;
    this.#isRipe = true;
    this.#pump();
  }

  #push(waiting: WaitingRow): void {
    this.#rows.push(waiting);
    if (waiting.isFull) this.#fullRows++;
    this.#characters += charactersOf(waiting.row);
    this.#counts.appended++;
    this.#counts.waitingPeak = Math.max(this.#counts.waitingPeak, this.#rows.length);
    this.#watch();
  }

  /** From now on, or since something was last stored: whatever waits is to be stored in time. */
  #watch(): void {
    if (this.#rows.length === 0 || this.#cancelSlow !== null) return;
    this.#cancelSlow = this.#deps.clock.after(this.#limits.slowMs, () => this.#judge(true), { unref: true });
  }

  #hasRoom(isFullRow: boolean): boolean {
    const { rowsMax, charactersMax } = this.#limits;
    const share = isFullRow ? 1.25 : 1;
    return this.#rows.length < rowsMax * share && this.#characters < charactersMax * share;
  }

  /** Says with the next row that there is room for where the hole is. */
  #lose(seq: number): void {
    this.#counts.eventsLost++;
    if (this.#hole === null) this.#hole = { fromSeq: seq, toSeq: seq };
    else this.#hole.toSeq = seq;
  }

  get #isHalfFull(): boolean {
    return this.#isFuller(1 / 2);
  }

  #isFuller(share: number): boolean {
    const { rowsMax, charactersMax } = this.#limits;
    return this.#rows.length > rowsMax * share || this.#characters > charactersMax * share;
  }

  /** Sound again when a batch was stored in time and the queue is a quarter full at most; a run with a hole never is. */
  #judge(isSlow = false): void {
    const isBad = isSlow || this.#isDead || this.#failures > 0 || this.#counts.eventsLost > 0;
    const isSound = !isBad && !this.#isFuller(this.#isSound ? 1 / 2 : 1 / 4);
    if (isSound === this.#isSound) return;
    this.#isSound = isSound;
    this.#options.onHealth(isSound);
  }
}

function charactersOf({ event, commands }: JournalRow): number {
  return event.length + commands.length;
}
