import type { CancelTimer, Clock } from "@smcq/kernel";
import { WORD_WAIT_WALL_MS, WORDS_WAITING_MAX } from "../limits.ts";

interface Waiting {
  /** Tells the word; `isLast`: with what is known, for nothing more is waited for. Not told yet: what it waits for. */
  readonly tell: (isLast: boolean) => Promise<unknown> | null;
}

/**
 * Keeps the words of the stream in their order while one of them waits for something that has to be asked for. Nothing
 * waits for longer than `WORD_WAIT_WALL_MS`, and what comes while nothing waits is told at once.
 */
export class WordQueue {
  readonly #clock: Clock;
  readonly #onOverflow: () => void;
  readonly #waiting: Waiting[] = [];
  #isBusy = false;
  #isClosed = false;

  constructor(wallClock: Clock, onOverflow: () => void) {
    this.#clock = wallClock;
    this.#onOverflow = onOverflow;
  }

  get length(): number {
    return this.#waiting.length + (this.#isBusy ? 1 : 0);
  }

  /** Tells a word when all before it are told. */
  put(tell: Waiting["tell"]): void {
    if (this.#isClosed) return;
    if (this.#waiting.length >= WORDS_WAITING_MAX) {
      this.#onOverflow();
      return;
    }
    this.#waiting.push({ tell });
    if (!this.#isBusy) this.#drain();
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
  }

  #drain(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const awaited = next.tell(false);
      if (awaited === null) continue;
      this.#isBusy = true;
      void this.#settle(next, awaited);
      return;
    }
  }

  async #settle({ tell }: Waiting, awaited: Promise<unknown>): Promise<void> {
    let cancel: CancelTimer = () => {};
    const timeOut = new Promise<void>((resolve) => {
      cancel = this.#clock.after(WORD_WAIT_WALL_MS, resolve, { unref: true });
    });
    await Promise.race([awaited, timeOut]);
    cancel();
    this.#isBusy = false;
    if (this.#isClosed) return;
    void tell(true);
    this.#drain();
  }
}
