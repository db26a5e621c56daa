import type { CancelTimer, Clock } from "@smcq/kernel";
import { BoundedMap } from "../account/bounded-map.ts";
import { HEARD_MAX, MUTE_MS } from "../limits.ts";

/**
 * Finds a stream that stands and says nothing (AC07): of an order that was acked a word must come within five seconds, if
 * it has not come before the ack.
 */
export class MuteWatch {
  readonly #clock: Clock;
  readonly #muteMs: number;
  readonly #onMute: () => void;
  readonly #heard = new BoundedMap<true>(HEARD_MAX);
  readonly #awaited = new Map<string, CancelTimer>();

  constructor(
    { clock, floorMs = 0 }: { readonly clock: Clock; readonly floorMs?: number },
    onMute: () => void,
  ) {
    this.#clock = clock;
    this.#muteMs = Math.max(MUTE_MS, 2 * floorMs);
    this.#onMute = onMute;
  }

  /** The venue has acked this order. */
  acked(clientOrderId: string): void {
    if (this.#heard.has(clientOrderId) || this.#awaited.has(clientOrderId)) return;
    const cancel = this.#clock.after(
      this.#muteMs,
      () => {
        this.reset();
        this.#onMute();
      },
      { unref: true },
    );
    this.#awaited.set(clientOrderId, cancel);
  }

  /** The stream has told of this order. */
  heard(clientOrderId: string): void {
    this.#heard.set(clientOrderId, true);
    this.#awaited.get(clientOrderId)?.();
    this.#awaited.delete(clientOrderId);
  }

  /** Nothing is awaited any more: a new stream need not tell what the old one owed. */
  reset(): void {
    for (const cancel of this.#awaited.values()) cancel();
    this.#awaited.clear();
  }
}
