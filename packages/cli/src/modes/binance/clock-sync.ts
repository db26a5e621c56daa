import { type CancelTimer, type Clock, errorMessage, type Logger, repeat } from "@smcq/kernel";

/** How often the venue's clock is compared with ours, venue ms. */
const CLOCK_SYNC_MS = 1_800_000;
/** How often the machine's clock is held against its monotonic one, and how far the two may part, wall ms. */
const JUMP_LOOK_MS = 5_000;
const JUMP_MS_MIN = 1_000;

export interface ClockSyncOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Compares the clocks once. */
  readonly synchronise: () => Promise<void>;
}

/** Compares the venue's clock with ours at the start, every half an hour, and after a jump of ours. */
export class ClockSync {
  readonly #options: ClockSyncOptions;
  #cancel: CancelTimer = () => {};
  #isStopped = false;

  constructor(options: ClockSyncOptions) {
    this.#options = options;
  }

  /** The first comparison; its failure is the caller's. */
  async start(): Promise<void> {
    await this.#options.synchronise();
    this.#arm();
  }

  jumped(jumpMs: number): void {
    this.#options.logger.warn({ jumpMs }, "the machine's clock jumped; it is compared with the venue's anew");
    this.#again();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #arm(): void {
    this.#cancel();
    if (this.#isStopped) return;
    this.#cancel = this.#options.clock.after(CLOCK_SYNC_MS, () => this.#again(), { unref: true });
  }

  #again(): void {
    const { synchronise, logger } = this.#options;
    synchronise().then(
      () => this.#arm(),
      (error: unknown) => {
        if (this.#isStopped) return;
        const fields = { error: errorMessage(error) };
        logger.warn(fields, "the venue's clock could not be read; the last offset stays");
        this.#arm();
      },
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
