/** A request to REST: both ends are open times, and when it was made on the venue's clock, ms. */
export interface Asked {
  readonly fromMs: number;
  readonly toMs: number;
  readonly askedMs: number;
}

/** The venue's time when a reply is taken and when REST was asked for it, ms; `receivedNs`: when it was read. */
export interface ReplyTimes {
  readonly nowMs: number;
  readonly askedMs: number;
  readonly receivedNs: number;
}

/** By slot, the one request under way. */
export class AskedBars {
  readonly #replyMsMax: number;
  readonly #fromMs: Float64Array;
  /** 0 when nothing is under way. */
  readonly #toMs: Float64Array;
  readonly #askedMs: Float64Array;

  /** `replyMsMax`: a request without a reply for so long is taken as lost. */
  constructor(slots: number, replyMsMax: number) {
    this.#replyMsMax = replyMsMax;
    this.#fromMs = new Float64Array(slots);
    this.#toMs = new Float64Array(slots);
    this.#askedMs = new Float64Array(slots);
  }

  begin(slot: number, { fromMs, toMs, askedMs }: Asked): void {
    this.#fromMs[slot] = fromMs;
    this.#toMs[slot] = toMs;
    this.#askedMs[slot] = askedMs;
  }

  /** Last bar of the request under way, 0 when there is none. */
  toMs(slot: number): number {
    return this.#toMs[slot] as number;
  }

  /** When the request under way is taken as lost, venue ms; 0 when there is none. */
  lostAtMs(slot: number): number {
    return this.#toMs[slot] === 0 ? 0 : (this.#askedMs[slot] as number) + this.#replyMsMax;
  }

  /** Takes a reply: when its request was made, or undefined when it is not the one under way. */
  end(slot: number, fromMs: number, toMs: number): number | undefined {
    if (this.#fromMs[slot] !== fromMs || this.#toMs[slot] !== toMs) return undefined;
    this.#toMs[slot] = 0;
    return this.#askedMs[slot];
  }

  forget(slot: number): void {
    this.#toMs[slot] = 0;
  }
}
