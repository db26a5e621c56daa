import type { Lease } from "@smcq/bus-nats";
import type { SendingRefusal, SendingRight } from "@smcq/exchange-binance/trading";
import type { Clock } from "@smcq/kernel";

/** How far a stamp may be from what the monotonic clock makes of the last measurement, ms: half of what the venue forgives. */
export const STAMP_OFF_MS_MAX = 500;
/** Two measurements that differ by more, ms: a clock stood or was set, and what was reckoned by it counts no more. */
const MEASURED_OFF_MS_MAX = 250;
/** The venue takes stamps that are so much ahead of its time, ms (docs/binance.md). */
export const VENUE_AHEAD_MS = 1_000;

export interface OrderRightOptions {
  readonly lease: Pick<Lease, "mayAct" | "isHeld" | "sentMs">;
  readonly windowMsMax: number;
  readonly clock: Pick<Clock, "monoNs">;
  /** A request is not signed for want of the lease; called before whoever sends it hears so. */
  readonly onLacking?: () => void;
}

/**
 * The right to send on an account that hosts share, by its lease (docs/lease.md): refused without it, and wherever the stamp of a
 * request cannot be relied on, for the venue's refusal of old stamps is what stops those that are on their way.
 */
export class OrderRight implements SendingRight {
  readonly windowMsMax: number;
  readonly #options: OrderRightOptions;
  /** The venue's time at one reading of the monotonic clock; null: not measured yet. */
  #anchor: { readonly monoMs: number; readonly venueMs: number } | null = null;
  /** A renewal that was sent before says nothing: its time was reckoned by a clock that stood. */
  #doubtMs = -Infinity;
  #isTrusted = true;
  #refusals = 0;

  constructor(options: OrderRightOptions) {
    this.#options = options;
    this.windowMsMax = options.windowMsMax;
  }

  /** Requests that were not signed. */
  get refusals(): number {
    return this.#refusals;
  }

  /** Whether the venue's time may be relied on, as whoever measures it judges. */
  trust(isSound: boolean): void {
    this.#isTrusted = isSound;
  }

  measured(venueMs: number): void {
    const monoMs = this.#monoMs();
    const anchor = this.#anchor;
    if (anchor !== null && Math.abs(this.#off(venueMs)) > MEASURED_OFF_MS_MAX) this.#doubtMs = monoMs;
    this.#anchor = { monoMs, venueMs };
  }

  refusal(stampMs: number): SendingRefusal | null {
    const refusal = this.#refusalOf(stampMs);
    if (refusal === null) return null;
    this.#refusals++;
    if (this.lacks) this.#options.onLacking?.();
    return refusal;
  }

  /** Whether nothing may be sent for want of the lease, whatever is thought of the clock. */
  get lacks(): boolean {
    return !this.#options.lease.mayAct() || this.#options.lease.sentMs < this.#doubtMs;
  }

  #refusalOf(stampMs: number): SendingRefusal | null {
    const { lease } = this.#options;
    if (!lease.isHeld()) return refused("this host does not hold the account's lease");
    if (!lease.mayAct()) return refused("what another host has sent may still arrive");
    if (lease.sentMs < this.#doubtMs)
      return refused("this host's clock stood: the account's lease is renewed first");
    if (this.#anchor === null) return refused("the venue's time is not known", true);
    if (Math.abs(this.#off(stampMs)) > STAMP_OFF_MS_MAX) return refused("this host's clock was set", true);
    return this.#isTrusted ? null : refused("this host's clock is not to be trusted");
  }

  #off(venueMs: number): number {
    const anchor = this.#anchor;
    return anchor === null ? 0 : venueMs - (anchor.venueMs + this.#monoMs() - anchor.monoMs);
  }

  #monoMs(): number {
    return this.#options.clock.monoNs() / 1e6;
  }
}

function refused(text: string, isClockDoubtful = false): SendingRefusal {
  return { text, isClockDoubtful };
}
