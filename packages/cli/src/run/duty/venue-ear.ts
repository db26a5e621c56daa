import { AwakeMeter, type CancelTimer, type Clock, repeat } from "@smcq/kernel";

/** Between two looks, wall ms. */
const LOOK_MS = 500;
/** Between two questions, ms awake: 15 of the venue's weight a minute. */
export const ASK_MS = 4_000;
/** After one that was not answered, ms awake. */
const ASK_AGAIN_MS = 1_000;
/** Heard within this time, the venue is reached: two questions, and the way. */
const REACHED_MS = 10_000;

export interface VenueEarOptions {
  /** A small question to the venue; resolves when it has answered. */
  readonly ask: () => Promise<unknown>;
  readonly clock: Clock;
}

/** Whether the venue answers this host: asked again and again, one question at a time. */
export class VenueEar {
  readonly #options: VenueEarOptions;
  readonly #meter: AwakeMeter;
  #heardMs = 0;
  /** When it is asked next, ms awake. */
  #dueMs = 0;
  #isAsking = false;
  #isHeard = false;
  #cancelLook: CancelTimer = () => {};

  constructor(options: VenueEarOptions) {
    this.#options = options;
    this.#meter = new AwakeMeter(options.clock);
  }

  start(): void {
    this.look();
    this.#cancelLook = repeat(this.#options.clock, LOOK_MS, () => this.look());
  }

  stop(): void {
    this.#cancelLook();
  }

  /** Since the venue answered last, or since the start, ms that this process was awake for. */
  get silentMs(): number {
    return this.#meter.look() - this.#heardMs;
  }

  /** It has answered, and not long ago. */
  get reaches(): boolean {
    return this.#isHeard && this.silentMs <= REACHED_MS;
  }

  /** Asks, when it is time. */
  look(): void {
    const nowMs = this.#meter.look();
    if (this.#isAsking || nowMs < this.#dueMs) return;
    this.#isAsking = true;
    this.#dueMs = nowMs + ASK_MS;
    this.#options
      .ask()
      .then(
        () => {
          this.#isHeard = true;
          this.#heardMs = this.#meter.look();
        },
        () => {
          this.#dueMs = this.#meter.look() + ASK_AGAIN_MS;
        },
      )
      .finally(() => {
        this.#isAsking = false;
      });
  }
}
