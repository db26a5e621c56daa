import { cut, type OutgoingMessage } from "../delivery/message.ts";
import { escapeHidden } from "@smcq/kernel";
import type { AlertChannel, SendResult } from "./channel.ts";
import { resultOf } from "./result-of.ts";
import type { TelegramApi } from "./telegram-api.ts";

/** Telegram refuses longer texts; counted as sent, so that it holds however Telegram counts. */
export const TELEGRAM_LENGTH_MAX = 4_096;

/** Telegram's HTML as plain signs. */
export function telegramText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** The text of a message: its title bold, no sign of it markup, and never longer than Telegram takes. */
export function telegramHtml(title: string, lines: readonly string[]): string {
  const head = `<b>${telegramText(escapeHidden(cut(title, 256)))}</b>`;
  const rest = escapeHidden(lines.join("\n"), true);
  const room = TELEGRAM_LENGTH_MAX - head.length - 1;
  let kept = Math.min(rest.length, room);
  for (let over = overBy(rest, kept, room); over > 0; over = overBy(rest, kept, room))
    // A sign is six at most.
    kept -= Math.max(1, Math.ceil(over / 6));
  return `${head}\n${telegramText(cut(rest, kept))}`;
}

function overBy(text: string, kept: number, room: number): number {
  return telegramText(cut(text, kept)).length - room;
}

/** One chat of Telegram. */
export function telegramChannel(api: TelegramApi, chatId: string): AlertChannel {
  return {
    name: `telegram:${chatId}`,
    send: async ({ severity, title, lines }: OutgoingMessage): Promise<SendResult> => {
      const { http, isOk } = await api.call("sendMessage", {
        chat_id: chatId,
        text: telegramHtml(title, lines),
        parse_mode: "HTML",
        disable_notification: severity === "info",
        link_preview_options: { is_disabled: true },
      });
      return resultOf(http, api.token, () => isOk);
    },
  };
}
