import { type CancelTimer, type Clock, errorMessage, type Logger } from "@smcq/kernel";
import { JournalReader } from "@smcq/ledger";
import { CoreReplay } from "../../replay/replay-run.ts";

/** Between two looks at what has come, wall ms; and where more is there already: until then nobody here can take over at once. */
const LOOK_MS = 100;
const BEHIND_MS = 10;
/** Rows that are fed in one look: the lease is seen to in between. */
const ROWS_MAX = 400;

export interface WarmCoreOptions {
  readonly file: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of one look; default 400. */
  readonly rowsMax?: number;
}

/**
 * The core of the run that a standby follows, made again as its rows come: who takes over has the last ones to feed, however long
 * the run is. It reads the ledger as anybody may; where that is put aside for a copy, it begins anew.
 */
export class WarmCore {
  readonly #options: WarmCoreOptions;
  #replay: CoreReplay | null = null;
  #cancelLook: CancelTimer = () => {};

  constructor(options: WarmCoreOptions) {
    this.#options = options;
  }

  start(): void {
    this.#lookIn(LOOK_MS);
  }

  /** Nothing is fed any more; what was fed stays. */
  stop(): void {
    this.#cancelLook();
  }

  /** The ledger is another one. */
  reset(): void {
    this.#replay = null;
  }

  /** Of the last row that was fed; -1: none was. */
  get lastSeq(): number {
    return this.#replay?.lastSeq ?? -1;
  }

  /** What was fed of a run, to be gone on with; null: nothing. It is the caller's from now on. */
  take(runId: string): CoreReplay | null {
    this.stop();
    const replay = this.#replay;
    this.#replay = null;
    return replay?.core.runId === runId ? replay : null;
  }

  /** Feeds rows that have come, `rowsMax` at most; true: more are there. */
  look(): boolean {
    try {
      return this.#feed();
    } catch (error) {
      // No run is there yet, or the file is being put aside: whoever takes over feeds the rows then, and says what is wrong.
      this.#options.logger.debug({ reason: errorMessage(error) }, "the core is not made again yet");
      return false;
    }
  }

  #lookIn(delayMs: number): void {
    const look = (): void => this.#lookIn(this.look() ? BEHIND_MS : LOOK_MS);
    this.#cancelLook = this.#options.clock.after(delayMs, look, { unref: true });
  }

  #feed(): boolean {
    const reader = new JournalReader(this.#options.file);
    try {
      const runId = reader.runId(null);
      if (this.#replay?.core.runId !== runId) this.#replay = new CoreReplay(runId);
      let rows = 0;
      for (const row of reader.rows(runId, undefined, this.#replay.lastSeq)) {
        if (!this.#replay.take(row)) return false;
        if (++rows >= (this.#options.rowsMax ?? ROWS_MAX)) return true;
      }
      return false;
    } finally {
      reader.close();
    }
  }
}
