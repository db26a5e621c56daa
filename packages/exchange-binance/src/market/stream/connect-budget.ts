import type { Clock } from "@smcq/kernel";

/** Permission to open a connection; shared by everything on one address, because the venue counts by address. */
export interface ConnectBudget {
  /** Takes one permission: 0 when granted, else the venue ms after which to ask again. */
  take(): number;
}

export interface LocalConnectBudgetOptions {
  /** The venue's clock. */
  readonly clock: Clock;
  /** Connections in any window; default 240, that is 80 % of the 300 documented for spot (docs/binance.md 2.5). */
  readonly connectsMax?: number;
  /** Default 5 minutes. */
  readonly windowMs?: number;
}

/** A connect budget inside one thread: at most `connectsMax` in any window of five minutes. */
export class LocalConnectBudget implements ConnectBudget {
  readonly #clock: Clock;
  readonly #connectsMax: number;
  readonly #windowMs: number;
  #takenMs: number[] = [];

  constructor(options: LocalConnectBudgetOptions) {
    this.#clock = options.clock;
    this.#connectsMax = options.connectsMax ?? 240;
    this.#windowMs = options.windowMs ?? 300_000;
  }

  take(): number {
    const nowMs = this.#clock.nowMs();
    this.#takenMs = this.#takenMs.filter((takenMs) => nowMs - takenMs < this.#windowMs);
    const oldestMs = this.#takenMs[0];
    if (oldestMs !== undefined && this.#takenMs.length >= this.#connectsMax)
      return Math.max(1, oldestMs + this.#windowMs - nowMs);
    this.#takenMs.push(nowMs);
    return 0;
  }
}
