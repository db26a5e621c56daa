import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type {
  BusConnection,
  JournalFollower,
  JournalMessage,
  JournalStream,
  Snapshots,
} from "@smcq/bus-nats";
import type { RunRecord } from "@smcq/engine";
import type { FollowView } from "../../control/duty-view.ts";
import { type CancelTimer, type Clock, errorMessage, type Logger, present } from "@smcq/kernel";
import { type JournalRow, LedgerStore, type RowPlace, RowPlaces } from "@smcq/ledger";

/** Between two looks for a copy of the whole ledger that is young enough, wall ms. */
const LOOK_MS = 1_000;
/** Ledgers of its own that a standby keeps beside the one that it follows: the newest. */
export const ASIDE_MAX = 5;

export interface FollowedLedgerOptions {
  readonly bus: BusConnection;
  readonly stream: JournalStream;
  readonly snapshots: Snapshots;
  readonly file: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The file is another one now. */
  readonly onReplaced: () => void;
}

/**
 * The ledger of a host that waits: what the holder of the account journals, row by row, with the holder's chain; so that it
 * can go on from there as a restart does. Where its file is another one, or lacks rows that the stream has not any more, it
 * takes a copy of the holder's whole ledger, and puts its own aside.
 */
export class FollowedLedger {
  readonly #options: FollowedLedgerOptions;
  #store: LedgerStore | null = null;
  #places: RowPlaces | null = null;
  #follower: JournalFollower | null = null;
  #state: FollowView["state"] = "follows";
  /** The copy that was taken last: where it did not help, only another one does. */
  #triedNuid = "";
  #rows = 0;
  #lastRowMs: number | null = null;
  /** Where the stream stood when this one began to follow, or took a copy; whether all of it is here. */
  #goalSeq = 0;
  #isThere = false;
  #cancelLook: CancelTimer = () => {};
  #isClosed = false;
  #epochMax = 0;

  constructor(options: FollowedLedgerOptions) {
    this.#options = options;
  }

  get view(): FollowView {
    return {
      state: this.#state,
      takenSeq: this.#follower?.takenSeq ?? 0,
      rows: this.#rows,
      lastRowMs: this.#lastRowMs,
    };
  }

  /** Nothing is missing here, as far as it is known; what the stream held when this one began to follow is here. */
  get isWhole(): boolean {
    return this.#state === "follows" && this.#isThere;
  }

  /** The highest epoch that the journal on the bus is known to be of: the next one has to be above it. */
  get epochMax(): number {
    return this.#epochMax;
  }

  /** Begins to follow. Errors: BUS_*, LEDGER_*. */
  async start(): Promise<void> {
    const { decodeMessage, JournalFollower: Follower } = await import("@smcq/bus-nats");
    const { stream, snapshots, clock, logger } = this.#options;
    this.#open();
    const { firstSeq, lastSeq } = await stream.place();
    this.#goalSeq = lastSeq;
    const bytes = lastSeq === 0 ? null : await stream.message(lastSeq);
    this.#noteEpoch((bytes === null ? null : decodeMessage(bytes))?.epoch ?? 0);
    this.#noteEpoch((await snapshots.last())?.epoch ?? 0);
    const fromSeq = await this.#firstUnknown(Math.max(1, firstSeq), lastSeq);
    this.#follower = new Follower({
      stream,
      clock,
      logger,
      take: (message, seq) => this.#take(message, seq),
      onGap: (seq) => this.#needCopy(seq, "rows are not on the bus any more"),
    });
    this.#isThere = fromSeq > lastSeq;
    this.#follower.startAt(fromSeq);
  }

  /** Resolves when all that the stream holds now is in the file; false: not within `msMax`. */
  async catchUp(msMax: number): Promise<boolean> {
    const { stream, clock } = this.#options;
    const place = await stream.place().catch(() => null);
    if (place === null || this.#follower === null) return false;
    if (place.lastSeq < place.firstSeq) return true;
    const late = Promise.withResolvers<boolean>();
    const cancel = clock.after(msMax, () => late.resolve(false));
    const isThere = await Promise.race([
      this.#follower.reached(place.lastSeq).then(() => true),
      late.promise,
    ]);
    cancel();
    return isThere;
  }

  /** The file is nobody's any more. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#cancelLook();
    this.#follower?.stop();
    this.#closeFile();
  }

  #open(): void {
    const { file } = this.#options;
    mkdirSync(dirname(file), { recursive: true });
    this.#store = new LedgerStore({ file });
    this.#places = new RowPlaces(file);
  }

  #closeFile(): void {
    this.#places?.close();
    this.#store?.close();
    this.#places = null;
    this.#store = null;
  }

  /** The first message that this file does not have: what it has is the beginning of what the stream tells. */
  async #firstUnknown(firstSeq: number, lastSeq: number): Promise<number> {
    const { decodeMessage } = await import("@smcq/bus-nats");
    let [low, high] = [firstSeq, lastSeq + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const bytes = await this.#options.stream.message(middle);
      const message = bytes === null ? null : decodeMessage(bytes);
      if (message !== null && this.#has(message)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #has(message: JournalMessage): boolean {
    const places = present(this.#places ?? undefined, "Invariant: who begins to follow has a file");
    if (message.type === "rows") {
      const last = present(message.rows.at(-1), "Invariant: a message has rows");
      return isSame(places.at(message.runId, last.seq), { runId: message.runId, ...last });
    }
    const own = places.lastSeq((message.record as RunRecord).runId);
    if (own === null) return false;
    return !message.isResumed || (message.before !== null && own > message.before.seq);
  }

  #noteEpoch(epoch: number): void {
    this.#epochMax = Math.max(this.#epochMax, epoch);
  }

  #take(message: JournalMessage, seq: number): boolean {
    this.#noteEpoch(message.epoch);
    try {
      const problem = message.type === "run" ? this.#takeRun(message) : this.#takeRows(message);
      if (problem === null) {
        this.#isThere ||= seq >= this.#goalSeq;
        return true;
      }
      this.#needCopy(seq, problem);
    } catch (error) {
      this.#needCopy(seq, errorMessage(error));
    }
    return false;
  }

  /** Returns why the run does not fit behind what the file has; null: it does. */
  #takeRun({ record, before, isResumed }: Extract<JournalMessage, { readonly type: "run" }>): string | null {
    const [places, store] = [this.#places, this.#store];
    if (places === null || store === null) return "the ledger is closed";
    const run = record as RunRecord;
    const last = places.last();
    if (isSame(last, before)) {
      if (isResumed) store.resumeRun(run);
      else store.beginRun(run);
      return null;
    }
    const own = places.lastSeq(run.runId);
    const isBehind = before !== null && !isSame(places.at(before.runId, before.seq), before);
    const isTaken = own !== null && (!isResumed || before === null || own > before.seq);
    return isBehind || !isTaken ? "this ledger has other rows than the holder's" : null;
  }

  #takeRows({ runId, rows }: Extract<JournalMessage, { readonly type: "rows" }>): string | null {
    const [places, store] = [this.#places, this.#store];
    if (places === null || store === null) return "the ledger is closed";
    const lastSeq = places.lastSeq(runId);
    if (lastSeq === null) return "this ledger does not know the run";
    const known = rows.findLast(({ seq }) => seq <= lastSeq);
    if (known !== undefined && !isSame(places.at(runId, known.seq), { runId, ...known }))
      return "this ledger has other rows than the holder's";
    const fresh = rows.filter(({ seq }) => seq > lastSeq) as readonly JournalRow[];
    const [first] = fresh;
    if (first === undefined) return null;
    if (first.seq !== lastSeq + 1 && first.kind !== "events-lost") return "rows are missing";
    store.appendJournal({ runId, rows: fresh, isFull: false, isAwaited: false });
    this.#rows += fresh.length;
    this.#lastRowMs = fresh.at(-1)?.nowMs ?? null;
    return null;
  }

  #needCopy(seq: number, reason: string): void {
    this.#options.logger.warn({ seq, reason }, "this standby needs a copy of the holder's whole ledger");
    this.#state = "waits";
    this.#lookLater(0);
  }

  #lookLater(delayMs: number): void {
    this.#cancelLook();
    if (this.#isClosed) return;
    this.#cancelLook = this.#options.clock.after(delayMs, () => void this.#look(), { unref: true });
  }

  async #look(): Promise<void> {
    const { snapshots, stream, file, logger } = this.#options;
    const draft = join(dirname(file), "ledger.followed");
    try {
      const last = await snapshots.last();
      if (this.#isClosed) return;
      if (last !== null && last.nuid !== this.#triedNuid) {
        rmSync(draft, { force: true });
        const got = await snapshots.get(draft);
        const { firstSeq, lastSeq } = await stream.place();
        if (got !== null && !this.#isClosed) {
          this.#triedNuid = got.nuid;
          this.#replace(draft);
          logger.info({ bytes: got.bytes }, "this standby has a copy of the holder's whole ledger");
          this.#state = "follows";
          // One of a stream that is gone is looked for in the present one from its start.
          const fromSeq = got.streamSeq > lastSeq ? Math.max(1, firstSeq) : got.streamSeq + 1;
          this.#goalSeq = lastSeq;
          this.#isThere = fromSeq > lastSeq;
          this.#follower?.startAt(fromSeq);
          return;
        }
      }
    } catch (error) {
      logger.warn({ reason: errorMessage(error) }, "the copy of the holder's ledger cannot be had yet");
    } finally {
      rmSync(draft, { force: true });
    }
    this.#lookLater(LOOK_MS);
  }

  #replace(draft: string): void {
    const { file, clock } = this.#options;
    this.#closeFile();
    const aside = `${file}.before-${clock.nowMs()}`;
    for (const ending of ["", "-wal", "-shm"])
      if (existsSync(file + ending)) renameSync(file + ending, aside + ending);
    renameSync(draft, file);
    this.#forgetOld();
    this.#options.onReplaced();
    this.#open();
  }

  /** What was put aside long ago goes, told by name: a disk has an end. */
  #forgetOld(): void {
    const { file, logger } = this.#options;
    const start = `${basename(file)}.before-`;
    const aside = readdirSync(dirname(file)).filter((name) => name.startsWith(start) && /\d$/.test(name));
    // Their times have as many digits for centuries.
    for (const name of aside.toSorted().slice(0, -ASIDE_MAX)) {
      for (const ending of ["", "-wal", "-shm"]) rmSync(join(dirname(file), name + ending), { force: true });
      logger.info({ name, kept: ASIDE_MAX }, "an old ledger of this standby was removed");
    }
  }
}

function isSame(a: RowPlace | null, b: RowPlace | null): boolean {
  if (a === null || b === null) return a === b;
  return a.runId === b.runId && a.seq === b.seq && a.nowNs === b.nowNs && a.commandsHash === b.commandsHash;
}
