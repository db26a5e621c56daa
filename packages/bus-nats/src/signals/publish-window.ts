import { type CancelTimer, type Clock, errorMessage, type Logger, SmcqError } from "@smcq/kernel";

/** Words that wait for their turn; of more, the oldest are dropped. */
export const WORDS_WAITING_MAX = 8_192;
/** Words that are under way at once. */
export const WORDS_IN_FLIGHT_MAX = 256;
/** A word that could not be sent for so long is dropped, wall ms: nobody would trade on it any more. */
export const WORD_AGE_MS_MAX = 600_000;
/** After a failure nothing is sent for so long, wall ms. */
const RETRY_MS = 250;
const TELL_MS = 60_000;

/** A word on its way to the bus. */
export interface OutgoingWord {
  readonly subject: string;
  /** Null: the bus keeps each. */
  readonly id: string | null;
  readonly bytes: Uint8Array;
}

export interface WindowOptions {
  /** Resolves when the bus keeps the word, or has had it. */
  readonly send: (word: OutgoingWord) => Promise<"kept" | "known">;
  /** Nothing is sent while there is no connection. */
  readonly isOpen: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly waitingMax?: number;
}

interface Waiting {
  readonly number: number;
  readonly word: OutgoingWord;
  readonly sinceNs: number;
}

/**
 * Sends words to a bus that may be slow, or away: in order, a limited number at once. Who cannot be sent is tried again until it
 * is too old; when too many wait, the oldest go.
 */
export class PublishWindow {
  readonly #options: WindowOptions;
  readonly #waitingMax: number;
  #waiting: Waiting[] = [];
  /** Numbers of the words that wait or are under way, rising. */
  readonly #open = new Set<number>();
  #inFlight = 0;
  #isResting = false;
  #cancelRest: CancelTimer = () => {};
  #toldNs = Number.NEGATIVE_INFINITY;
  #idle: (() => void)[] = [];
  readonly counts = { published: 0, kept: 0, known: 0, dropped: 0 };

  constructor(options: WindowOptions) {
    this.#options = options;
    this.#waitingMax = options.waitingMax ?? WORDS_WAITING_MAX;
  }

  /** Words that the bus does not have yet. */
  get waiting(): number {
    return this.#waiting.length + this.#inFlight;
  }

  /** Number of the last word that, with all before it, waits no more. */
  get settledTo(): number {
    for (const number of this.#open) return number - 1;
    return this.counts.published;
  }

  /** Takes a word and returns its number, from 1 on. */
  put(word: OutgoingWord): number {
    const number = ++this.counts.published;
    this.#open.add(number);
    this.#waiting.push({ number, word, sinceNs: this.#options.clock.monoNs() });
    const tooMany = this.#waiting.length > this.#waitingMax ? this.#waiting.shift() : undefined;
    if (tooMany !== undefined) this.#drop(tooMany, "words of scanners dropped: too many wait for the bus");
    this.pump();
    return number;
  }

  /** Sends what may be sent now; to be called when the connection is there again. */
  pump(): void {
    const { isOpen } = this.#options;
    while (!this.#isResting && isOpen() && this.#inFlight < WORDS_IN_FLIGHT_MAX) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      void this.#send(next);
    }
    if (this.waiting === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Resolves when nothing waits any more, or after `msMax` wall ms. */
  async settled(msMax: number): Promise<void> {
    if (this.waiting === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle.push(resolve);
    const cancel = this.#options.clock.after(msMax, resolve);
    await promise;
    cancel();
  }

  stop(): void {
    this.#cancelRest();
    this.#isResting = true;
  }

  async #send(waiting: Waiting): Promise<void> {
    this.#inFlight++;
    let failure: unknown = null;
    try {
      this.counts[await this.#options.send(waiting.word)]++;
      this.#open.delete(waiting.number);
    } catch (error) {
      failure = error;
    }
    this.#inFlight--;
    if (failure !== null) this.#failed(waiting, failure);
    this.pump();
  }

  #failed(waiting: Waiting, error: unknown): void {
    // No bytes of ours, or no right to say this: another try would end the same way.
    const isFinal = error instanceof SmcqError;
    const ageMs = (this.#options.clock.monoNs() - waiting.sinceNs) / 1e6;
    if (isFinal || ageMs > WORD_AGE_MS_MAX) this.#drop(waiting, "word of a scanner dropped", error);
    else if (this.#waiting.length >= this.#waitingMax)
      this.#drop(waiting, "words of scanners dropped: too many wait for the bus", error);
    else this.#putBack(waiting);
    if (this.#isResting) return;
    this.#isResting = true;
    this.#cancelRest = this.#options.clock.after(RETRY_MS, () => {
      this.#isResting = false;
      this.pump();
    });
  }

  /** Where it was: before what was put after it. */
  #putBack(waiting: Waiting): void {
    const at = this.#waiting.findIndex(({ number }) => number > waiting.number);
    this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, waiting);
  }

  #drop({ number }: Waiting, text: string, error?: unknown): void {
    this.counts.dropped++;
    this.#open.delete(number);
    const { clock, logger } = this.#options;
    const nowNs = clock.monoNs();
    if ((nowNs - this.#toldNs) / 1e6 < TELL_MS) return;
    this.#toldNs = nowNs;
    const fields = error === undefined ? {} : { error: errorMessage(error) };
    logger.warn({ dropped: this.counts.dropped, waiting: this.waiting, ...fields }, text);
  }
}
