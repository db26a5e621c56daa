import type { Clock } from "@smcq/kernel";

/** Signals so close together are one: terminals, package managers and supervisors pass the same one on, wall ms. */
const SAME_MS = 1_000;

export interface StopSignalsOptions {
  /** A hangup does not end it (`isHangupIgnored`); the function hears of each. Null: it does. */
  readonly onHangup: (() => void) | null;
}

/**
 * The signals that end a process: the terminal's Ctrl-C, which reaches the whole group, a service manager's SIGTERM, a
 * closed terminal. The first asks for an orderly end; a later one says that its waits are to be skipped.
 */
export class StopSignals {
  readonly isHangupIgnored: boolean;
  readonly #wallClock: Clock;
  readonly #stop = new AbortController();
  readonly #hurry = new AbortController();
  #askedNs: number | null = null;

  constructor(wallClock: Clock, { onHangup }: StopSignalsOptions) {
    this.isHangupIgnored = onHangup !== null;
    this.#wallClock = wallClock;
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => this.#onSignal(signal));
    process.on("SIGHUP", onHangup ?? ((): void => this.#onSignal("SIGHUP")));
  }

  /** Aborted by the first, with its name. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** Aborted by a later one. */
  get hurry(): AbortSignal {
    return this.#hurry.signal;
  }

  /** Somebody else asks for the end. */
  ask(reason: string): void {
    this.#askedNs ??= this.#wallClock.monoNs();
    this.#stop.abort(reason);
  }

  /** Somebody else asks for it at once. */
  askNow(reason: string): void {
    this.ask(reason);
    this.#hurry.abort(reason);
  }

  #onSignal(signal: string): void {
    const askedNs = this.#askedNs;
    if (askedNs === null) this.ask(signal);
    else if ((this.#wallClock.monoNs() - askedNs) / 1e6 >= SAME_MS) this.askNow(signal);
  }
}
