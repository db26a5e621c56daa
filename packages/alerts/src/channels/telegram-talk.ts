import {
  afterAwake,
  backOffMs,
  type BackOffPolicy,
  type Clock,
  errorMessage,
  type Logger,
} from "@smcq/kernel";
import type { Outbox } from "../outbox/outbox.ts";
import { CODE_MS_MAX, ConfirmBook } from "./confirm-book.ts";
import { telegramHtml } from "./telegram.ts";
import type { TelegramApi } from "./telegram-api.ts";

/** How long Telegram keeps a question open that has no answer yet, seconds. */
const POLL_SECONDS = 25;
/** Messages of one answer. */
const UPDATES_MAX = 20;
const BACKOFF: BackOffPolicy = { firstMs: 1_000, msMax: 60_000 };
const RETRY_MS_MAX = 300_000;
const OFFSET = "telegram-offset";

export const LOOKS = ["status", "positions", "pnl"] as const;
export const CONFIRMED_WORDS = ["halt", "flatten"] as const;
export type Look = (typeof LOOKS)[number];
export type ConfirmedWord = (typeof CONFIRMED_WORDS)[number];

/** Who answers what a person asks. Texts are for eyes; what throws is told as it is. */
export interface Desk {
  look(look: Look): Promise<string>;
  /** Carries a word out; returns what the engine said. */
  say(word: ConfirmedWord): Promise<string>;
}

export interface TelegramTalkOptions {
  readonly api: TelegramApi;
  readonly desk: Desk;
  readonly outbox: Outbox;
  readonly chatIds: readonly string[];
  readonly userIds: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What of an update we read. */
interface Update {
  readonly update_id: number;
  readonly message?: {
    readonly chat?: { readonly id?: number };
    readonly from?: { readonly id?: number };
    readonly text?: string;
  };
}

/**
 * Listens to the bot's chats: looks are answered, words are asked back with a code. Only listed persons in listed chats are
 * heard; what others say is counted. An update is marked as heard before it is carried out: a word is never carried out twice.
 */
export class TelegramTalk {
  readonly #options: TelegramTalkOptions;
  readonly #codes = new ConfirmBook();
  readonly #stop = new AbortController();
  #ignored = 0;
  #ended: Promise<void> | null = null;

  constructor(options: TelegramTalkOptions) {
    this.#options = options;
  }

  /** Messages of others so far. */
  get ignored(): number {
    return this.#ignored;
  }

  start(): void {
    this.#ended ??= this.#listen();
  }

  /** Resolves when nothing is asked any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #listen(): Promise<void> {
    const { logger, api } = this.#options;
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      // An outbox that cannot be written is waited for as well: a word that is not marked as heard is not carried out.
      const failure = await this.#poll().catch((error: unknown) => ({
        text: errorMessage(error),
        afterMs: 0,
      }));
      failures = failure === null ? 0 : failures + 1;
      if (failure === null || this.#stop.signal.aborted) continue;
      const waitMs = Math.max(Math.min(failure.afterMs, RETRY_MS_MAX), backOffMs(failures, BACKOFF));
      logger.warn({ waitMs, answer: api.token.hideIn(failure.text) }, "telegram is not heard");
      await this.#pause(waitMs);
    }
  }

  /** Null: it went well; else why not, and how long Telegram wants us to wait. */
  async #poll(): Promise<{ readonly text: string; readonly afterMs: number } | null> {
    const { api, outbox } = this.#options;
    const offset = Number(outbox.fact(OFFSET) ?? 0);
    const { http, isOk, result } = await api.call(
      "getUpdates",
      { offset, limit: UPDATES_MAX, timeout: POLL_SECONDS, allowed_updates: ["message"] },
      { waitMs: POLL_SECONDS * 1_000, signal: this.#stop.signal },
    );
    if (!isOk || !Array.isArray(result)) {
      if (http.type === "failed") return { text: http.text, afterMs: 0 };
      return { text: `${http.status} ${http.text.slice(0, 200)}`, afterMs: http.retryAfterMs ?? 0 };
    }
    for (const update of result as readonly Update[]) {
      if (!Number.isSafeInteger(update.update_id) || this.#stop.signal.aborted) continue;
      outbox.remember(OFFSET, String(update.update_id + 1));
      await this.#hear(update);
    }
    return null;
  }

  async #hear({ message }: Update): Promise<void> {
    const { chatIds, userIds, logger, clock } = this.#options;
    const chat = String(message?.chat?.id ?? "");
    const user = String(message?.from?.id ?? "");
    if (!chatIds.includes(chat) || !userIds.includes(user)) {
      this.#ignored++;
      logger.warn({ ignored: this.#ignored }, "a word of somebody who is not listed was ignored");
      return;
    }
    const text = message?.text ?? "";
    // In a group a command may carry the bot's name.
    const [command = "", argument = ""] = text.trim().replace(/^\//, "").split(/\s+/);
    const word = command.split("@")[0]?.toLowerCase() ?? "";
    await this.#reply(
      chat,
      await this.#answer(word, argument, { who: `${chat} ${user}`, nowMs: clock.nowMs() }),
    );
  }

  async #answer(
    word: string,
    argument: string,
    { who, nowMs }: { readonly who: string; readonly nowMs: number },
  ): Promise<string> {
    const { desk, logger } = this.#options;
    try {
      const look = LOOKS.find((one) => one === word);
      if (look !== undefined) return await desk.look(look);
      const asked = CONFIRMED_WORDS.find((one) => one === word);
      if (asked !== undefined)
        return `To ${asked}, send within ${CODE_MS_MAX / 1_000} s: /confirm ${this.#codes.issue(who, asked, nowMs)}`;
      if (word !== "confirm")
        return `Known: ${[...LOOKS, ...CONFIRMED_WORDS].map((known) => `/${known}`).join(", ")}`;
      const redeemed = this.#codes.redeem(who, argument, nowMs);
      const confirmed = CONFIRMED_WORDS.find((one) => one === redeemed);
      if (confirmed === undefined) return "That code is not good, or no longer: nothing is done.";
      logger.warn({ word: confirmed }, "a word from telegram");
      return await desk.say(confirmed);
    } catch (error) {
      return errorMessage(error);
    }
  }

  async #reply(chat: string, text: string): Promise<void> {
    const { api, logger } = this.#options;
    const [title = "", ...lines] = text.split("\n");
    const { isOk, http } = await api.call("sendMessage", {
      chat_id: chat,
      text: telegramHtml(title, lines),
      parse_mode: "HTML",
    });
    if (isOk) return;
    const answer = http.type === "failed" ? http.text : `${http.status} ${http.text.slice(0, 200)}`;
    logger.warn({ answer: api.token.hideIn(answer) }, "telegram did not take an answer");
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = afterAwake(this.#options.clock, ms, resolve);
      this.#stop.signal.addEventListener(
        "abort",
        () => {
          cancel();
          resolve();
        },
        { once: true },
      );
    });
  }
}
