import {
  backOffMs,
  type BackOffPolicy,
  type Clock,
  errorCode,
  type Logger,
  type SmcqError,
  SmcqError as Failure,
} from "@smcq/kernel";
import { MirrorErrorCode, mirrorError } from "./errors.ts";
import { MirrorSession, type PasswordSource } from "./session.ts";
import { LOG_NAMES } from "./schema/keys.ts";
import type { MirrorSource } from "./source.ts";
import type { MirrorTarget } from "./target.ts";

/** How often a ledger that is copied to its end is looked at again, ms. */
const LOOK_MS = 500;
/** Waits between connections. */
const BACK_OFF: BackOffPolicy = { firstMs: 250, msMax: 30_000 };
/** Tries in a row, by failures that time may heal, of who is to end. */
const TRIES_MAX = 6;
/** A server notices the end of a process within some seconds: so long its lock is waited for, in tries. */
const LOCK_TRIES_MAX = 6;

/** Codes after which the same may succeed later; those of the ledger's are named by whoever opens it. */
const LATER: ReadonlySet<string> = new Set([MirrorErrorCode.Unreachable, MirrorErrorCode.Locked]);

export interface MirrorOptions {
  readonly target: MirrorTarget;
  readonly password?: PasswordSource;
  /** Opens what is copied; called for each connection. */
  readonly openSource: () => MirrorSource;
  /** Codes of the source's failures that time may heal. */
  readonly sourceLater: ReadonlySet<string>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What was copied is thrown away first. */
  readonly isAgain?: boolean;
  /** Hears how far it is after each commit and each failure. */
  readonly onProgress?: (progress: MirrorProgress) => void;
}

export interface MirrorProgress {
  /** Place in the journal up to which it is copied. */
  readonly journalKey: number;
  /** Rows of journal, signals and model events that are still to come. */
  readonly rowsBehind: number;
  /** Since when it is not level with the ledger, ms of the clock; null: it is. */
  readonly behindSinceMs: number | null;
  /** What keeps it from going on; null: nothing. */
  readonly problem: string | null;
}

/** What a run of a mirror has come to. */
export interface MirrorResult {
  readonly journalKey: number;
  readonly rows: number;
}

/**
 * Copies a ledger into PostgreSQL and stays level with it. Where it stands is written in the transaction that writes the rows,
 * so that every outage, of either side, goes on there.
 */
export class Mirror {
  readonly #options: MirrorOptions;
  #isToClear: boolean;
  #rows = 0;
  #progress: MirrorProgress;

  constructor(options: MirrorOptions) {
    this.#options = options;
    this.#isToClear = options.isAgain ?? false;
    this.#progress = {
      journalKey: 0,
      rowsBehind: 0,
      behindSinceMs: options.clock.nowMs(),
      problem: null,
    };
  }

  /** Copies until it is level with the ledger. Failures that time may heal are tried a few times. */
  async once(signal: AbortSignal): Promise<MirrorResult> {
    return this.#run(signal, true);
  }

  /** Copies until `signal` says to stop. Failures that time may heal are tried for ever; another mirror's lock is not. */
  async follow(signal: AbortSignal): Promise<MirrorResult> {
    return this.#run(signal, false);
  }

  async #run(signal: AbortSignal, isOnce: boolean): Promise<MirrorResult> {
    const { clock, logger } = this.#options;
    for (let failures = 0; !signal.aborted;) {
      const before = this.#rows;
      try {
        await this.#session(signal, isOnce);
        break;
      } catch (error) {
        failures = this.#rows > before ? 1 : failures + 1;
        const failure = this.#failed(error, failures, isOnce);
        const waitMs = backOffMs(failures, BACK_OFF);
        if (failures === 1) logger.warn({ code: failure.code, waitMs }, failure.message);
        await pause(clock, waitMs, signal);
      }
    }
    return { journalKey: this.#progress.journalKey, rows: this.#rows };
  }

  /** Returns what may heal; throws what does not. */
  #failed(error: unknown, failures: number, isOnce: boolean): SmcqError {
    const failure = mirrorError(error, this.#options.target.shown);
    const code = errorCode(failure);
    this.#tell({ problem: failure.message });
    const mayHeal = LATER.has(code) || this.#options.sourceLater.has(code);
    const triesMax = code === MirrorErrorCode.Locked ? LOCK_TRIES_MAX : isOnce ? TRIES_MAX : Infinity;
    if (!mayHeal || failures >= triesMax) throw failure;
    return failure;
  }

  async #session(signal: AbortSignal, isOnce: boolean): Promise<void> {
    const { target, password, openSource, clock } = this.#options;
    const source = openSource();
    try {
      const session = await MirrorSession.open(target, password);
      try {
        if (this.#isToClear) await session.clear();
        this.#isToClear = false;
        await this.#requireSame(session, source);
        while (!signal.aborted) {
          const isLevel = await this.#step(session, source);
          if (isLevel && isOnce) return;
          if (isLevel) await pause(clock, LOOK_MS, signal);
        }
      } finally {
        await session.close();
      }
    } finally {
      source.close();
    }
  }

  /** One transaction; true when nothing is left to copy. */
  async #step(session: MirrorSession, source: MirrorSource): Promise<boolean> {
    const from = session.places;
    const change = source.read(from);
    if (change === null) {
      // A server that has gone is to be noticed, and told, although there is nothing to write.
      await session.ledgerId();
      this.#tell({ problem: null });
      return true;
    }
    await session.apply(change, source.ledgerId());
    this.#rows += LOG_NAMES.reduce((sum, log) => sum + change.to[log].key - from[log].key, 0);
    const isLevel = change.rowsBehind === 0;
    this.#tell({
      journalKey: change.to.journal.key,
      rowsBehind: change.rowsBehind,
      behindSinceMs: isLevel ? null : (this.#progress.behindSinceMs ?? this.#options.clock.nowMs()),
      problem: null,
    });
    return isLevel;
  }

  /** Refuses to mix two ledgers, and a ledger with what another one of its past has written. */
  async #requireSame(session: MirrorSession, source: MirrorSource): Promise<void> {
    const { shown } = this.#options.target;
    const copied = await session.ledgerId();
    const own = source.ledgerId();
    if (copied !== null && copied !== own)
      throw new Failure(
        MirrorErrorCode.OtherLedger,
        `${shown} is a copy of another ledger (its first run is ${copied}, here it is ${own ?? "none"}): name another schema, or say --again to throw that copy away`,
        { context: { copied, own } },
      );
    if (!source.holds(session.places))
      throw new Failure(
        MirrorErrorCode.OtherLedger,
        `${shown} holds rows that this ledger does not have (journal up to row ${session.places.journal.key}): was it put back from a backup? Say --again to copy it anew`,
        { context: { journalKey: session.places.journal.key } },
      );
  }

  #tell(change: Partial<MirrorProgress>): void {
    const since = this.#progress.behindSinceMs ?? this.#options.clock.nowMs();
    const behindSinceMs = change.problem === null ? this.#progress.behindSinceMs : since;
    this.#progress = { ...this.#progress, behindSinceMs, ...change };
    this.#options.onProgress?.(this.#progress);
  }
}

/** Waits, at most until it is to stop. */
function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener("abort", done, { once: true });
  });
}
