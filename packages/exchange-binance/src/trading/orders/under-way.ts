/** Beyond the receive window an order is taken for on its way so long: clocks differ, ms. */
const SKEW_MS = 1_000;

/**
 * Orders that may reach the venue still: they wait for their turn, or have left and their receive window is not over. That the
 * venue does not know such a one says nothing of it (docs/reliability.md 4.2).
 */
export class UnderWay {
  readonly #untilMs = new Map<string, number>();

  /** It waits for its turn; what is long over is forgotten. */
  waits(clientOrderId: string, nowMs: number): void {
    for (const [id, untilMs] of this.#untilMs) if (untilMs < nowMs) this.#untilMs.delete(id);
    this.#untilMs.set(clientOrderId, Number.POSITIVE_INFINITY);
  }

  /** It leaves now. */
  leaves(clientOrderId: string, nowMs: number, windowMs: number): void {
    this.#untilMs.set(clientOrderId, nowMs + windowMs + SKEW_MS);
  }

  /** What became of it is known, or it will never leave. */
  ended(clientOrderId: string): void {
    this.#untilMs.delete(clientOrderId);
  }

  /** It may have come to the venue after a question that left at `askedMs`. */
  mayFollow(clientOrderId: string, askedMs: number): boolean {
    return askedMs < (this.#untilMs.get(clientOrderId) ?? 0);
  }
}
