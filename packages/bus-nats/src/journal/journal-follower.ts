import { type Consumer, type ConsumerMessages, DeliverPolicy, jetstream } from "@nats-io/jetstream";
import { type CancelTimer, type Clock, errorMessage, type Logger } from "@smcq/kernel";
import { decodeMessage, type JournalMessage } from "./journal-message.ts";
import type { JournalStream } from "./journal-stream.ts";

/** Between two tries to read on, wall ms. */
const AGAIN_MS = 250;

export interface JournalFollowerOptions {
  readonly stream: JournalStream;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes one message; false: it does not fit, nothing more is read until `startAt`. */
  readonly take: (message: JournalMessage, seq: number) => boolean;
  /** Messages between the last one taken and `seq` are not there any more. */
  readonly onGap: (seq: number) => void;
}

/**
 * Reads the stream in order from a place on, over every loss of the connection, each message once; where servers have lost its end,
 * or all of it, what stands there now.
 */
export class JournalFollower {
  readonly #options: JournalFollowerOptions;
  #nextSeq = 0;
  /** When the stream was made that is read; "": not looked at yet. */
  #made = "";
  #isOpen = false;
  #turn = 0;
  #messages: ConsumerMessages | null = null;
  #cancelAgain: CancelTimer = () => {};
  #waiters: { readonly seq: number; readonly resolve: () => void }[] = [];

  constructor(options: JournalFollowerOptions) {
    this.#options = options;
  }

  /** Number of the last message that was taken. */
  get takenSeq(): number {
    return this.#nextSeq - 1;
  }

  /** Reads from this message on. */
  startAt(seq: number): void {
    this.#nextSeq = seq;
    this.#isOpen = true;
    this.#turn++;
    void this.#read(this.#turn);
  }

  /** Resolves when this message, and every one before it, was taken. */
  reached(seq: number): Promise<void> {
    if (this.takenSeq >= seq) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ seq, resolve }));
  }

  stop(): void {
    this.#isOpen = false;
    this.#turn++;
    this.#cancelAgain();
    this.#messages?.stop();
    this.#messages = null;
  }

  async #read(turn: number): Promise<void> {
    const { stream, logger } = this.#options;
    this.#messages?.stop();
    try {
      await this.#lookAtStream();
      if (turn !== this.#turn) return;
      const { bus, answerMs } = stream.options;
      const js = jetstream(bus.nats, { timeout: answerMs });
      const consumer: Consumer = await js.consumers.get(stream.name, {
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: Math.max(1, this.#nextSeq),
      });
      const messages = await consumer.consume({ max_messages: 256, abort_on_missing_resource: true });
      if (turn !== this.#turn) return messages.stop();
      this.#messages = messages;
      const stopOnLoss = bus.onChange((isConnected) => {
        if (isConnected) messages.stop();
      });
      try {
        for await (const { seq, data } of messages) {
          if (turn !== this.#turn) return;
          if (!this.#takeOne(seq, data)) return this.stop();
        }
      } finally {
        stopOnLoss();
      }
    } catch (error) {
      logger.debug({ reason: errorMessage(error) }, "the journal's copy cannot be read");
    }
    if (turn !== this.#turn || !this.#isOpen) return;
    this.#cancelAgain = this.#options.clock.after(AGAIN_MS, () => void this.#read(turn), { unref: true });
  }

  /** Who takes the messages sees whether they fit. */
  async #lookAtStream(): Promise<void> {
    const { made, firstSeq, lastSeq } = await this.#options.stream.place();
    const isOther = this.#made !== "" && made !== this.#made;
    this.#made = made;
    const fromSeq = isOther ? Math.max(1, firstSeq) : Math.min(this.#nextSeq, lastSeq + 1);
    if (fromSeq === this.#nextSeq) return;
    this.#options.logger.warn({ fromSeq, wanted: this.#nextSeq }, "the journal's copy has lost its end");
    this.#nextSeq = fromSeq;
  }

  #takeOne(seq: number, data: Uint8Array): boolean {
    if (seq < this.#nextSeq) return true;
    if (seq > this.#nextSeq && this.#nextSeq > 0) {
      this.#options.onGap(seq);
      return false;
    }
    const message = decodeMessage(data);
    if (message !== null && !this.#options.take(message, seq)) return false;
    this.#nextSeq = seq + 1;
    this.#waiters = this.#waiters.filter((waiter) => {
      if (waiter.seq > seq) return true;
      waiter.resolve();
      return false;
    });
    return true;
  }
}
