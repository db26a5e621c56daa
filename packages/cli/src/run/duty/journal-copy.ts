import { rmSync } from "node:fs";
import { join } from "node:path";
import type { BusConnection, JournalStream, Snapshots } from "@smcq/bus-nats";
import type { Durability, Journal, RunRecord } from "@smcq/engine";
import { type Clock, errorMessage, type Logger, repeat } from "@smcq/kernel";
import { type JournalRow, lastRowOf } from "@smcq/ledger";
import type { CopyView } from "../../control/duty-view.ts";
import { copyInProcess } from "./copy-in-process.ts";

/** Rows behind the last copy of the whole ledger before it is copied again. */
export const SNAPSHOT_ROWS = 200_000;
/** A copy of the whole ledger is made again after this time, wall ms: the bus keeps the rows behind it for seven days. */
export const SNAPSHOT_MS = 86_400_000;
/** Who gives the account up waits so long for its last rows to be with the bus, wall ms. */
const SETTLE_MS_MAX = 1_000;
/** How often that is looked at, and how soon a copy that failed is tried again, wall ms. */
const LOOK_MS = 5_000;

export interface JournalCopyOptions {
  readonly bus: BusConnection;
  readonly stream: JournalStream;
  readonly snapshots: Snapshots;
  readonly dataDir: string;
  readonly file: string;
  readonly epoch: number;
  /** An entry's row has to be with the bus before it leaves. */
  readonly isAwaited: boolean;
  readonly wallClock: Clock;
  readonly logger: Logger;
  readonly onSuperseded: () => void;
}

/** What the holder of the account writes to the bus: each row that its ledger has, and now and then all of it. */
export class JournalCopy {
  readonly #options: JournalCopyOptions;
  readonly #abort = new AbortController();
  #writer: import("@smcq/bus-nats").JournalWriter | null = null;
  #runId = "";
  #ackedSeq = -1;
  #onAcked = (): void => {};
  /** Number in the stream up to which the last copy of the whole ledger goes; null: there is none of ours. */
  #snapshotSeq: number | null = null;
  #rowsAtSnapshot = 0;
  #snapshotNs = 0;
  #isCopying = false;
  #cancelLook: () => void = () => {};

  constructor(options: JournalCopyOptions) {
    this.#options = options;
  }

  get view(): CopyView {
    const stats = this.#writer?.stats;
    return {
      state: this.#writer?.state ?? "behind",
      waitingRows: stats?.waiting ?? 0,
      lostRows: stats?.lost ?? 0,
      roundTripMs: stats?.roundTripMs ?? 0,
      rowsSinceSnapshot: this.#snapshotSeq === null ? null : (stats?.rows ?? 0) - this.#rowsAtSnapshot,
    };
  }

  /** The run begins, or goes on, in the ledger here. */
  async begin(record: RunRecord, isResumed: boolean): Promise<void> {
    const { stream, epoch, wallClock: clock, logger, onSuperseded } = this.#options;
    const { JournalWriter } = await import("@smcq/bus-nats");
    const { lastSeq } = await stream.place();
    this.#runId = record.runId;
    this.#writer = new JournalWriter(
      { stream, epoch, clock, logger, onSuperseded, onAcked: (seq) => this.#acked(seq) },
      lastSeq,
    );
    const before = lastRowOf(this.#options.file);
    this.#writer.run({ type: "run", epoch, isResumed, record, before });
    this.#cancelLook = repeat(clock, LOOK_MS, () => this.#look());
    void this.#snapshot();
  }

  /** Rows are in the file. */
  stored(rows: readonly JournalRow[]): void {
    this.#writer?.rows(this.#runId, rows);
  }

  /** `journal`, and where it is wanted a durability that counts what is with the bus, too. */
  guard(journal: Journal): Journal {
    const { durability } = journal;
    if (!this.#options.isAwaited || durability === undefined) return journal;
    const both: Durability = {
      durableSeq: -1,
      onDurable: (listener) => {
        durability.onDurable(listener);
        this.#onAcked = listener;
      },
    };
    const acked = (): number => this.#ackedSeq;
    Object.defineProperty(both, "durableSeq", { get: () => Math.min(durability.durableSeq, acked()) });
    return {
      append: (seq, event, commands) => journal.append(seq, event, commands),
      write: () => journal.write?.(),
      durability: both,
    };
  }

  /** Resolves when all rows that were stored are with the bus, or it has not taken them in time. */
  async settled(): Promise<void> {
    await this.#writer?.settled(SETTLE_MS_MAX);
  }

  close(): void {
    this.#abort.abort();
    this.#cancelLook();
    this.#writer?.close();
  }

  #acked(seq: number): void {
    this.#ackedSeq = seq;
    this.#onAcked();
  }

  #look(): void {
    const { state, rowsSinceSnapshot } = this.view;
    const isOld = (this.#options.wallClock.monoNs() - this.#snapshotNs) / 1e6 >= SNAPSHOT_MS;
    const isDue =
      rowsSinceSnapshot === null || rowsSinceSnapshot >= SNAPSHOT_ROWS || state === "holed" || isOld;
    if (isDue && this.#options.bus.isConnected) void this.#snapshot();
  }

  async #snapshot(): Promise<void> {
    const writer = this.#writer;
    if (writer === null || this.#isCopying || writer.state === "superseded") return;
    this.#isCopying = true;
    const { snapshots, stream, dataDir, file, epoch, wallClock, logger } = this.#options;
    const draft = join(dataDir, "ledger.copy");
    try {
      // What comes from now on is written to the stream again, and what is stored by now is in the copy.
      writer.beginMend();
      const begunNs = wallClock.monoNs();
      const streamSeq = writer.lastSeq;
      const rows = writer.stats.rows;
      rmSync(draft, { force: true });
      await copyInProcess(file, draft, this.#abort.signal);
      await snapshots.put(draft, { streamSeq, epoch });
      writer.endMend(true);
      const before = this.#snapshotSeq;
      this.#snapshotSeq = streamSeq;
      this.#rowsAtSnapshot = rows;
      this.#snapshotNs = begunNs;
      // One generation is left to who follows it now. A stream that was made anew begins with lower numbers.
      if (before !== null && before <= streamSeq) await stream.purgeBefore(before + 1);
      logger.info({ streamSeq }, "the ledger was copied to the bus");
    } catch (error) {
      if (!this.#abort.signal.aborted)
        logger.warn({ reason: errorMessage(error) }, "the ledger could not be copied to the bus");
    } finally {
      writer.endMend(false);
      rmSync(draft, { force: true });
      this.#isCopying = false;
    }
  }
}
