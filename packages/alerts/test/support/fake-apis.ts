import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { SecretText } from "../../src/index.ts";

/** A secret of a test. */
export function secretText(text: string): SecretText {
  return { reveal: () => text, hideIn: (said) => said.replaceAll(text, "[secret]") };
}

/** An answer that an API gives instead of its own. */
export interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What an API got. */
export interface Got {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Readonly<Record<string, unknown>>;
}

export const TELEGRAM_TOKEN = "123456:telegram-canary-token";
export const SLACK_PATH = "/services/T0/B0/slack-canary";
export const DISCORD_PATH = "/api/webhooks/1/discord-canary";
export const WEBHOOK_SECRET = "webhook-canary-secret";

/**
 * Telegram, Slack, Discord and a receiver of webhooks on one loopback port, as far as alerts see of them: what the real ones
 * demand they demand, and what they refuse they refuse in their words. `instead` speaks for all of them while it gives answers.
 */
export class FakeApis {
  readonly telegram: Got[] = [];
  readonly slack: Got[] = [];
  readonly discord: Got[] = [];
  readonly webhook: Got[] = [];
  /** Whatever was asked but for updates, in order, refused or not. */
  asked = 0;
  instead: (path: string) => Answer | "hang up" | null = () => null;
  readonly #server: Server;
  readonly #updates: { readonly update_id: number; readonly message: object }[] = [];
  #updateIds = 100;
  /** A long poll that waits for an update. */
  #polls: (() => void)[] = [];

  constructor() {
    this.#server = createServer((request, response) => {
      const path = request.url ?? "";
      let text = "";
      request.setEncoding("utf8");
      request.on("data", (chunk: string) => {
        text += chunk;
      });
      request.on("end", () => {
        const isPoll = path.endsWith("/getUpdates");
        if (!isPoll) this.asked++;
        const instead = this.instead(path);
        if (instead === "hang up") return void request.socket.destroy();
        if (instead !== null)
          return void response.writeHead(instead.status, instead.headers).end(instead.body);
        const got = { path, headers: request.headers, body: bodyOf(text) };
        const answer = isPoll ? null : this.#answer(got, text);
        if (answer !== null) return void response.writeHead(answer.status, answer.headers).end(answer.body);
        this.#poll(Number(got.body["offset"]), (updates) => {
          const result = path.startsWith(`/bot${TELEGRAM_TOKEN}/`) ? updates : [];
          response.writeHead(200).end(JSON.stringify({ ok: true, result }));
        });
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Somebody writes to the bot. */
  write(text: string, { chat = 7, user = 8 }: { readonly chat?: number; readonly user?: number } = {}): void {
    const message = {
      message_id: 1,
      chat: { id: chat, type: "private" },
      from: { id: user, is_bot: false },
      text,
    };
    this.#updates.push({ update_id: ++this.#updateIds, message });
    for (const wake of this.#polls.splice(0)) wake();
  }

  /** Texts that the bot sent, oldest first. */
  get said(): readonly string[] {
    return this.telegram.map(({ body }) => String(body["text"]));
  }

  /** Updates from the offset on; earlier ones are confirmed by it, and gone. */
  #poll(offset: number, reply: (updates: readonly object[]) => void): void {
    const confirmed = this.#updates.findIndex(({ update_id: id }) => id >= offset);
    this.#updates.splice(0, confirmed < 0 ? this.#updates.length : confirmed);
    if (this.#updates.length > 0) return reply(this.#updates);
    this.#polls.push(() => reply(this.#updates));
  }

  #answer(got: Got, text: string): Answer {
    const { path, headers } = got;
    if (headers["content-type"] !== "application/json")
      return { status: 415, body: "application/json is wanted" };
    if (path.startsWith("/bot")) return this.#onTelegram(got);
    if (path.startsWith("/services/")) return this.#onSlack(got);
    if (path.startsWith("/api/webhooks/")) return this.#onDiscord(got);
    return this.#onWebhook(got, text);
  }

  #onTelegram(got: Got): Answer {
    const { path, body } = got;
    const refuse = (status: number, description: string): Answer => ({
      status,
      body: JSON.stringify({ ok: false, error_code: status, description }),
    });
    if (path !== `/bot${TELEGRAM_TOKEN}/sendMessage`)
      return path.startsWith(`/bot${TELEGRAM_TOKEN}/`)
        ? refuse(404, "Not Found")
        : refuse(401, "Unauthorized");
    const text = typeof body["text"] === "string" ? body["text"] : "";
    if (body["chat_id"] === undefined) return refuse(400, "Bad Request: chat_id is empty");
    if (text === "") return refuse(400, "Bad Request: message text is empty");
    if (text.length > 4_096) return refuse(400, "Bad Request: message is too long");
    if (body["parse_mode"] === "HTML" && /<(?!\/?b>)|&(?!amp;|lt;|gt;|quot;)/u.test(text))
      return refuse(400, "Bad Request: can't parse entities");
    this.telegram.push(got);
    return { status: 200, body: JSON.stringify({ ok: true, result: { message_id: this.telegram.length } }) };
  }

  #onSlack(got: Got): Answer {
    if (got.path !== SLACK_PATH) return { status: 404, body: "no_service" };
    if (typeof got.body["text"] !== "string" || got.body["text"] === "")
      return { status: 400, body: "no_text" };
    this.slack.push(got);
    return { status: 200, body: "ok" };
  }

  #onDiscord(got: Got): Answer {
    const refuse = (status: number, message: string): Answer => ({
      status,
      body: JSON.stringify({ message, code: 50_035 }),
    });
    if (got.path !== DISCORD_PATH) return refuse(404, "Unknown Webhook");
    const content = got.body["content"];
    if (typeof content !== "string" || content === "" || content.length > 2_000)
      return refuse(400, "Invalid Form Body");
    this.discord.push(got);
    return { status: 204 };
  }

  /** A receiver that trusts nobody: it reckons the signature by itself. */
  #onWebhook(got: Got, text: string): Answer {
    const timestamp = String(got.headers["x-smcq-timestamp"]);
    const wanted = createHmac("sha256", WEBHOOK_SECRET).update(`${timestamp}.${text}`).digest("hex");
    if (got.headers["x-smcq-signature"] !== `v1=${wanted}`) return { status: 401, body: "bad signature" };
    this.webhook.push(got);
    return { status: 202 };
  }
}

function bodyOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
