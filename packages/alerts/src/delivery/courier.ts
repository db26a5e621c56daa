import { backOffMs, type BackOffPolicy, type Clock, type Logger } from "@smcq/kernel";
import type { AlertChannel, SendResult } from "../channels/channel.ts";
import type { Outbox, PendingMessage } from "../outbox/outbox.ts";
import { planMessages } from "./plan.ts";
import type { QuietHours } from "./quiet-hours.ts";

/** Waits between tries of a message. */
const BACKOFF: BackOffPolicy = { firstMs: 1_000, msMax: 300_000 };
/** The longest that another side's own wish is waited for, ms. */
export const RETRY_AFTER_MS_MAX = 900_000;
/** So often a message is refused for good before it is given up: a refusal may be another side's mistake. */
export const REFUSALS_MAX = 3;

export interface CourierOptions {
  readonly outbox: Outbox;
  readonly channel: AlertChannel;
  readonly perMinuteMax: number;
  /** Null: there are none. */
  readonly quietHours: QuietHours | null;
  /** The wall's. */
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Brings what waits to one channel: in order, one message at a time, as often as it takes. */
export class Courier {
  readonly #options: CourierOptions;
  /** A turn is under way. */
  #turn: Promise<void> | null = null;
  #isClosed = false;
  /** Answers to messages that were taken while the outbox could not note it: they are not sent again. */
  readonly #unnoted = new Map<number, string>();

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** Sends what may be sent now; resolves when nothing more may. Two calls at once are one. */
  turn(): Promise<void> {
    this.#turn ??= this.#send().finally(() => {
      this.#turn = null;
    });
    return this.#turn;
  }

  /** Begins nothing more; resolves when what is under way has its answer. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#turn;
  }

  async #send(): Promise<void> {
    const { outbox, channel, clock } = this.#options;
    while (!this.#isClosed) {
      this.#note();
      const pending = outbox.next(channel.name) ?? this.#composed();
      if (pending === null || pending.dueMs > clock.nowMs()) return;
      const result = await channel.send(pending.message);
      this.#settle(pending, result);
      if (result.type !== "sent") return;
    }
  }

  /** While a message waits for a channel that is away, nothing more is made of what comes: afterwards it is a digest. */
  #composed(): (PendingMessage & { readonly dueMs: number }) | null {
    const { outbox, channel, perMinuteMax, quietHours, clock } = this.#options;
    const nowMs = clock.nowMs();
    const waiting = outbox.waiting(channel.name);
    if (waiting.length === 0) return null;
    const isQuiet = quietHours?.isQuiet(nowMs) ?? false;
    const planned = planMessages(waiting, outbox.recent(channel.name, nowMs), {
      perMinuteMax,
      isQuiet,
      nowMs,
    });
    if (planned.length === 0) return null;
    outbox.compose(channel.name, planned, nowMs);
    return outbox.next(channel.name);
  }

  #note(): void {
    const { outbox, clock } = this.#options;
    for (const [messageId, answer] of this.#unnoted) {
      outbox.sent(messageId, answer, clock.nowMs());
      this.#unnoted.delete(messageId);
    }
  }

  #settle({ messageId, tries, message }: PendingMessage, result: SendResult): void {
    const { outbox, channel, clock, logger } = this.#options;
    const nowMs = clock.nowMs();
    if (result.type === "sent") {
      this.#unnoted.set(messageId, result.answer);
      return this.#note();
    }
    const { answer } = result;
    const fields = { channel: channel.name, id: message.id, tries: tries + 1, answer };
    if (result.type === "refused" && tries + 1 >= REFUSALS_MAX) {
      logger.error(fields, "alert refused for good");
      return outbox.failed(messageId, answer);
    }
    const wishMs = result.type === "retry" ? Math.min(result.afterMs ?? 0, RETRY_AFTER_MS_MAX) : 0;
    const waitMs = Math.max(wishMs, backOffMs(tries + 1, BACKOFF));
    logger.warn({ ...fields, waitMs }, "alert not sent yet");
    return outbox.retry(messageId, answer, nowMs + waitMs);
  }
}
