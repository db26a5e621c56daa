import { type CancelTimer, type Clock } from "./clock.ts";
import { repeat } from "./repeat.ts";
import { afterTurn } from "./system-clock.ts";

/** A stretch of waiting: whatever really passes in one (a process that is stopped, a machine that sleeps), it counts as this. */
const PIECE_MS = 1_000;
/** A stretch that is this much longer than it was to be is told as a pause. */
const PAUSE_MS_MIN = 5_000;

/**
 * Calls `fn` after `ms` that this process was awake for: one that is stopped (Ctrl-Z, a suspended laptop, a stalled VM)
 * does not find all its deadlines missed when it goes on. What waits to be read is read before: `fn` is not called when
 * that cancels it.
 */
export function afterAwake(
  clock: Clock,
  ms: number,
  fn: () => void,
  options: { readonly unref?: boolean } = {},
): CancelTimer {
  let leftMs = ms;
  let isCancelled = false;
  let cancel: CancelTimer = () => {};
  const wait = (): void => {
    const pieceMs = Math.min(leftMs, PIECE_MS);
    leftMs -= pieceMs;
    cancel = clock.after(pieceMs, leftMs > 0 ? wait : end, options);
  };
  const end = (): void =>
    afterTurn(() => {
      if (!isCancelled) fn();
    });
  wait();
  return () => {
    isCancelled = true;
    cancel();
  };
}

/** How long somebody who looks again and again has waited, ms awake; it has to be read at every look. */
export class AwakeMeter {
  readonly #clock: Clock;
  #lastNs: number;
  #ms = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastNs = clock.monoNs();
  }

  /** Ms since the meter was made, the pauses between two looks left out. */
  look(): number {
    const nowNs = this.#clock.monoNs();
    this.#ms += Math.min((nowNs - this.#lastNs) / 1e6, PIECE_MS);
    this.#lastNs = nowNs;
    return this.#ms;
  }
}

export interface SilenceLimits {
  /** Silence that is named, once; ms that the watcher was awake for. */
  readonly warnMs: number;
  /** Silence that is too much; the same. */
  readonly msMax: number;
}

export interface SilenceOptions extends SilenceLimits {
  readonly clock: Clock;
  /** Changes whenever the watched one shows that it lives; null: nobody is there who could. */
  readonly beat: () => number | null;
  readonly onWarn: (silentMs: number) => void;
  /** Called again after every further second of silence, until `stop` or a beat. */
  readonly onSilent: (silentMs: number) => void;
}

/**
 * Watches for somebody's silence, and takes no pause of its own for one:
 *
 *   beat ─► 0 ─(1 s awake, no beat)─► counted ─► warnMs: named ─► more than msMax: silent
 *
 * It judges only after what was waiting to be read has been read.
 */
export class SilenceWatch {
  readonly #options: SilenceOptions;
  readonly #cancel: CancelTimer;
  #beat: number | null;
  #silentMs = 0;
  #isNamed = false;
  #isStopped = false;

  constructor(options: SilenceOptions) {
    this.#options = options;
    this.#beat = options.beat();
    this.#cancel = repeat(options.clock, PIECE_MS, () => this.#look());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #look(): void {
    if (this.#hasBeaten()) return;
    this.#silentMs += PIECE_MS;
    if (this.#silentMs >= this.#options.warnMs) afterTurn(() => this.#judge());
  }

  #hasBeaten(): boolean {
    const beat = this.#options.beat();
    if (beat !== null && beat === this.#beat) return false;
    this.#beat = beat;
    this.#silentMs = 0;
    this.#isNamed = false;
    return true;
  }

  #judge(): void {
    if (this.#isStopped || this.#hasBeaten()) return;
    const { warnMs, msMax, onWarn, onSilent } = this.#options;
    if (this.#silentMs > msMax) onSilent(this.#silentMs);
    else if (!this.#isNamed && this.#silentMs >= warnMs) {
      this.#isNamed = true;
      onWarn(this.#silentMs);
    }
  }
}

/** A stretch in which this process did not run. */
export interface Pause {
  /** By the clock that only goes on; it stands while a machine sleeps. */
  readonly monoMs: number;
  /** By the wall's clock; alone, it may have been set. */
  readonly wallMs: number;
}

/** Tells of each pause of this process or machine, and of a wall clock that was set, once it is over. */
export function watchPauses(clock: Clock, onPause: (pause: Pause) => void): CancelTimer {
  let monoNs = clock.monoNs();
  let wallMs = clock.nowMs();
  return repeat(clock, PIECE_MS, () => {
    const pause = {
      monoMs: Math.round((clock.monoNs() - monoNs) / 1e6) - PIECE_MS,
      wallMs: clock.nowMs() - wallMs - PIECE_MS,
    };
    monoNs = clock.monoNs();
    wallMs = clock.nowMs();
    if (Math.max(pause.monoMs, Math.abs(pause.wallMs)) >= PAUSE_MS_MIN) onPause(pause);
  });
}
