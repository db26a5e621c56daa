import { jetstream, JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import { backOffMs, type CancelTimer, type Clock, errorMessage, type Logger } from "@smcq/kernel";
import { type CopiedRow, decodeMessage, encodeMessage, type JournalMessage } from "./journal-message.ts";
import type { JournalStream } from "./journal-stream.ts";

/** Rows and characters that may wait for the bus; what finds no room makes the copy one with a hole. */
export const COPY_ROWS_MAX = 65_536;
export const COPY_CHARACTERS_MAX = 67_108_864;
/** Characters of one message: below what a server takes at most, 1 MiB. */
const MESSAGE_CHARACTERS_MAX = 262_144;
const MESSAGE_BYTES_MAX = 1_000_000;
const RETRY_MS = { firstMs: 50, msMax: 2_000 } as const;

/**
 * How the copy stands: `whole`; `behind` while the bus does not answer; `holed` when rows found no room, until the whole ledger
 * was copied again; `superseded` when a newer epoch writes: nothing more is written by this one.
 */
export type CopyState = "whole" | "behind" | "holed" | "superseded";

export interface JournalWriterOptions {
  readonly stream: JournalStream;
  readonly epoch: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Every row up to this one of the run is with the bus. */
  readonly onAcked: (seq: number) => void;
  /** A newer epoch writes. */
  readonly onSuperseded: () => void;
}

/**
 * Writes what the holder of the account journals to the stream, one message at a time, each only behind the one before: a holder
 * of an older epoch finds another number there, and writes nothing.
 */
export class JournalWriter {
  readonly #options: JournalWriterOptions;
  readonly #queue: JournalMessage[] = [];
  #rows = 0;
  #characters = 0;
  #lastSeq: number;
  #state: CopyState = "whole";
  #failures = 0;
  #isSending = false;
  #isClosed = false;
  #isUnsure = false;
  /** A copy of the whole ledger is under way: rows are written again, and count once it is there. */
  #isMending = false;
  #mendingAckedSeq: number | null = null;
  #cancelRetry: CancelTimer = () => {};
  #settle: () => void = () => {};
  #counts = { messages: 0, rows: 0, lost: 0, roundTripMs: 0 };

  /** `lastSeq`: of the stream, when this epoch began. */
  constructor(options: JournalWriterOptions, lastSeq: number) {
    this.#options = options;
    this.#lastSeq = lastSeq;
  }

  get state(): CopyState {
    return this.#state;
  }

  /** Number of the last message that is known to be in the stream. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Rows that wait, written, and lost; how long the last message took. */
  get stats(): {
    readonly waiting: number;
    readonly messages: number;
    readonly rows: number;
    readonly lost: number;
    readonly roundTripMs: number;
  } {
    return { waiting: this.#rows, ...this.#counts };
  }

  run(message: Extract<JournalMessage, { readonly type: "run" }>): void {
    this.#put(message);
  }

  rows(runId: string, rows: readonly CopiedRow[]): void {
    const isHoled = this.#state === "holed" && !this.#isMending;
    if (this.#isClosed || this.#state === "superseded" || isHoled) {
      this.#counts.lost += rows.length;
      return;
    }
    if (this.#rows + rows.length > COPY_ROWS_MAX || this.#characters > COPY_CHARACTERS_MAX) {
      this.#breakOff(rows.length);
      return;
    }
    let part: CopiedRow[] = [];
    let characters = 0;
    for (const row of rows) {
      const size = row.event.length + row.commands.length;
      if (part.length > 0 && characters + size > MESSAGE_CHARACTERS_MAX) {
        this.#put({ type: "rows", epoch: this.#options.epoch, runId, rows: part });
        part = [];
        characters = 0;
      }
      part.push(row);
      characters += size;
    }
    if (part.length > 0) this.#put({ type: "rows", epoch: this.#options.epoch, runId, rows: part });
  }

  /** The whole ledger is copied from now on: what comes is written again, behind what the copy will have. */
  beginMend(): void {
    if (this.#state !== "holed") return;
    this.#isMending = true;
    this.#mendingAckedSeq = null;
  }

  /** The copy that was begun is with the bus, and all that waits is in it or comes behind it; or there is none, and the hole stays. */
  endMend(isCopied: boolean): void {
    if (!this.#isMending) return;
    if (!isCopied) {
      this.#breakOff(0);
      return;
    }
    this.#isMending = false;
    this.#state = "whole";
    if (this.#mendingAckedSeq !== null) this.#options.onAcked(this.#mendingAckedSeq);
  }

  /** Resolves when nothing waits any more, or after `msMax` wall ms. */
  async settled(msMax: number): Promise<void> {
    if (this.#queue.length === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#settle = resolve;
    const cancel = this.#options.clock.after(msMax, resolve);
    await promise;
    cancel();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelRetry();
  }

  #put(message: JournalMessage): void {
    if (this.#isClosed || this.#state === "superseded") return;
    this.#queue.push(message);
    if (message.type === "rows") {
      this.#rows += message.rows.length;
      this.#characters += charactersOf(message.rows);
    }
    this.#pump();
  }

  #pump(): void {
    const [head] = this.#queue;
    if (head === undefined) this.#settle();
    if (head === undefined || this.#isSending || this.#isClosed) return;
    this.#isSending = true;
    void this.#send(head).then((isDone) => {
      this.#isSending = false;
      if (this.#isClosed || this.#state === "superseded") return null;
      if (isDone) this.#pump();
      else {
        this.#failures++;
        if (this.#state === "whole") this.#state = "behind";
        this.#cancelRetry = this.#options.clock.after(
          backOffMs(this.#failures, RETRY_MS),
          () => this.#pump(),
          { unref: true },
        );
      }
      return null;
    });
  }

  async #send(message: JournalMessage): Promise<boolean> {
    const { stream, clock, logger } = this.#options;
    const { bus, answerMs } = stream.options;
    if (!bus.isConnected) return false;
    const bytes = encodeMessage(message);
    if (bytes.length > MESSAGE_BYTES_MAX) {
      this.#breakOff(0);
      return true;
    }
    const sentNs = clock.monoNs();
    try {
      if (this.#isUnsure && (await this.#isThere(bytes))) return this.#done(message, this.#lastSeq + 1);
      this.#isUnsure = true;
      const { seq } = await jetstream(bus.nats).publish(stream.subject, bytes, {
        timeout: answerMs,
        expect: { lastSequence: this.#lastSeq },
      });
      this.#counts.roundTripMs = (clock.monoNs() - sentNs) / 1e6;
      return this.#done(message, seq);
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence)
        return this.#judgeOther();
      logger.debug({ reason: errorMessage(error) }, "rows of the journal wait for the bus");
      return false;
    }
  }

  /** Whether a message whose answer was lost stands behind the last one that is known. */
  async #isThere(bytes: Uint8Array): Promise<boolean> {
    const found = await this.#options.stream.message(this.#lastSeq + 1);
    return found !== null && Buffer.from(found).equals(bytes);
  }

  #done(message: JournalMessage, seq: number): boolean {
    this.#lastSeq = seq;
    this.#isUnsure = false;
    this.#failures = 0;
    this.#counts.messages++;
    if (this.#state === "behind") this.#state = "whole";
    // One that was given up while it was on its way is not what waits first now.
    if (this.#queue[0] !== message) return true;
    this.#queue.shift();
    if (message.type !== "rows") return true;
    this.#rows -= message.rows.length;
    this.#characters -= charactersOf(message.rows);
    this.#counts.rows += message.rows.length;
    const rowSeq = message.rows.at(-1)?.seq ?? null;
    if (this.#isMending) this.#mendingAckedSeq = rowSeq;
    else if (rowSeq !== null && this.#state === "whole") this.#options.onAcked(rowSeq);
    return true;
  }

  /** Another number stands there: a newer epoch's, or the stream lost its end or was made anew. */
  async #judgeOther(): Promise<boolean> {
    const { stream, epoch, logger, onSuperseded } = this.#options;
    const place = await stream.place().catch(() => null);
    if (place === null) return false;
    const bytes = place.lastSeq === 0 ? null : await stream.message(place.lastSeq).catch(() => null);
    const last = bytes === null ? null : decodeMessage(bytes);
    if (last !== null && last.epoch > epoch) {
      this.#state = "superseded";
      logger.warn({ epoch, newer: last.epoch }, "a newer epoch writes the journal's copy");
      onSuperseded();
      return false;
    }
    logger.warn({ lastSeq: place.lastSeq, knew: this.#lastSeq }, "the journal's copy stands elsewhere");
    this.#lastSeq = place.lastSeq;
    this.#isUnsure = false;
    this.#breakOff(0);
    return true;
  }

  /** Rows are missing in the stream from here on: what waits is of no use there. */
  #breakOff(rows: number): void {
    this.#counts.lost += rows + this.#rows;
    this.#queue.length = 0;
    this.#rows = 0;
    this.#characters = 0;
    this.#isMending = false;
    this.#state = "holed";
  }
}

function charactersOf(rows: readonly CopiedRow[]): number {
  return rows.reduce((sum, { event, commands }) => sum + event.length + commands.length, 0);
}
