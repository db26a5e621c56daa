import { type CancelTimer, type Clock, dateText, type Logger, repeat } from "@smcq/kernel";

/** Requests that wait for so long without a single answer are an incident, wall ms. */
const SILENT_MS_MAX = 30_000;
const LOOK_MS = 5_000;
/** While it lasts, a line says so this often, wall ms. */
const TOLD_MS = 60_000;

export interface AnswerWatchOptions {
  /** The machine's clock. */
  readonly wallClock: Clock;
  readonly log: Logger;
  /** Until when the venue has stopped us, on its clock; 0: it has not. */
  readonly stoppedUntilMs: () => number;
}

/**
 * Watches over all that waits for REST, in the budget or for a reply: that nothing is answered is told as an incident
 * ("REST does not answer"), once a minute while it lasts, with its end when the venue has said one.
 */
export class AnswerWatch {
  readonly #options: AnswerWatchOptions;
  #waiting = 0;
  #sinceNs = 0;
  #toldNs = Number.NEGATIVE_INFINITY;
  #isTold = false;
  #cancel: CancelTimer | undefined;

  constructor(options: AnswerWatchOptions) {
    this.#options = options;
  }

  /** Wall ms since the last answer while something waits; 0 when nothing does. */
  get silentMs(): number {
    return this.#waiting === 0 ? 0 : (this.#options.wallClock.monoNs() - this.#sinceNs) / 1e6;
  }

  /** Something begins to wait. */
  begin(): void {
    if (this.#waiting++ > 0) return;
    this.#sinceNs = this.#options.wallClock.monoNs();
    this.#cancel ??= repeat(this.#options.wallClock, LOOK_MS, () => this.#look(), { unref: true });
  }

  /** The venue has answered something, good or bad. */
  answered(): void {
    const { wallClock, log } = this.#options;
    if (this.#isTold) log.info({ silentMs: Math.round(this.silentMs) }, "REST answers again");
    this.#isTold = false;
    this.#toldNs = Number.NEGATIVE_INFINITY;
    this.#sinceNs = wallClock.monoNs();
  }

  /** It waits no longer. */
  end(): void {
    this.#waiting--;
    if (this.#waiting === 0) this.stop();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #look(): void {
    const { wallClock, log, stoppedUntilMs } = this.#options;
    const { silentMs } = this;
    const nowNs = wallClock.monoNs();
    if (silentMs < SILENT_MS_MAX || (nowNs - this.#toldNs) / 1e6 < TOLD_MS) return;
    this.#toldNs = nowNs;
    this.#isTold = true;
    const untilMs = stoppedUntilMs();
    const fields = { waiting: this.#waiting, silentMs: Math.round(silentMs) };
    if (untilMs === 0) log.error(fields, "REST does not answer");
    else
      log.warn(
        { ...fields, until: dateText(untilMs) },
        "REST is stopped by the venue; requests wait for its end",
      );
  }
}
