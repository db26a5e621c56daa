import { type CancelTimer, type Clock, errorMessage, type Logger, repeat } from "@smcq/kernel";

/** How often the venue's clock is compared with ours, venue ms. */
const CLOCK_SYNC_MS = 1_800_000;
/** How often the machine's clock is held against its monotonic one, and how far the two may part, wall ms. */
const JUMP_LOOK_MS = 5_000;
const JUMP_MS_MIN = 1_000;

/** How soon a comparison is tried again that failed or was too coarse, venue ms. */
const CLOCK_AGAIN_MS = 60_000;
/** An offset that was measured longer ago is not relied on, venue ms: two comparisons have failed. */
const CLOCK_AGE_MS_MAX = 3_900_000;
/** The offset's error is half the way there and back at most: half a second where orders live for 2 s. */
export const TRIP_MS_MAX = 1_000;

export interface ClockSyncOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Compares the clocks once. */
  readonly synchronise: () => Promise<void>;
  /** The way there and back of the last comparison, ms of `clock`. */
  readonly tripMs: () => number;
  /** A longer one is too coarse; Infinity where the clock runs faster than life. */
  readonly tripMsMax: number;
  /** Whether the offset may be relied on, whenever that is judged. */
  readonly onHealth: (isSound: boolean) => void;
}

/** Compares the venue's clock with ours at the start, every half an hour, and after a jump of ours; judges what it has. */
export class ClockSync {
  readonly #options: ClockSyncOptions;
  #cancel: CancelTimer = () => {};
  #cancelExpiry: CancelTimer = () => {};
  #isStopped = false;

  constructor(options: ClockSyncOptions) {
    this.#options = options;
  }

  /** The first comparison; its failure is the caller's. */
  async start(): Promise<void> {
    await this.#options.synchronise();
    this.#measured();
  }

  jumped(jumpMs: number): void {
    const { logger } = this.#options;
    logger.warn({ jumpMs }, "the machine's clock jumped; it is compared with the venue's anew");
    this.#doubt();
    this.#again();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    this.#cancelExpiry();
  }

  #measured(): void {
    const { clock, logger, tripMs, tripMsMax, onHealth } = this.#options;
    this.#cancelExpiry();
    if (this.#isStopped) return;
    this.#cancelExpiry = clock.after(CLOCK_AGE_MS_MAX, () => this.#doubt(), { unref: true });
    const isFine = tripMs() <= tripMsMax;
    if (!isFine)
      logger.warn({ tripMs: tripMs(), tripMsMax }, "the way to the venue is too long to know its time");
    onHealth(isFine);
    this.#arm(isFine ? CLOCK_SYNC_MS : CLOCK_AGAIN_MS);
  }

  #failed(error: unknown): void {
    if (this.#isStopped) return;
    this.#options.logger.warn(
      { error: errorMessage(error) },
      "the venue's clock could not be read; the last offset stays",
    );
    this.#arm(CLOCK_AGAIN_MS);
  }

  #doubt(): void {
    this.#cancelExpiry();
    this.#options.onHealth(false);
  }

  #arm(delayMs: number): void {
    this.#cancel();
    if (this.#isStopped) return;
    this.#cancel = this.#options.clock.after(delayMs, () => this.#again(), { unref: true });
  }

  #again(): void {
    this.#options.synchronise().then(
      () => this.#measured(),
      (error: unknown) => this.#failed(error),
    );
  }
}

/** Tells when the clock's time moved otherwise than its monotonic one: a step, or a machine that slept (CL01, CL02). */
export function watchJumps(clock: Clock, onJump: (jumpMs: number) => void): CancelTimer {
  const parted = (): number => clock.nowMs() - clock.monoNs() / 1e6;
  let before = parted();
  return repeat(clock, JUMP_LOOK_MS, () => {
    const now = parted();
    const jumpMs = Math.round(now - before);
    before = now;
    if (Math.abs(jumpMs) >= JUMP_MS_MIN) onJump(jumpMs);
  });
}
