import { cut, plainText, type OutgoingMessage } from "../delivery/message.ts";
import type { AlertChannel, SecretText, SendResult } from "./channel.ts";
import type { HttpPoster } from "./http-poster.ts";
import { resultOf } from "./result-of.ts";

/** What an answer is waited for, wall ms. */
const ANSWER_MS_MAX = 10_000;
/** Slack cuts longer texts by itself. */
const TEXT_LENGTH_MAX = 4_000;

/** Slack takes `&`, `<` and `>` for its own markup. */
export function slackText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** An incoming webhook of Slack: its address is the secret. */
export function slackChannel(url: SecretText, poster: HttpPoster): AlertChannel {
  return {
    name: "slack",
    send: async (message: OutgoingMessage): Promise<SendResult> => {
      // Escaped, a sign is five at most.
      const text = slackText(cut(plainText(message), TEXT_LENGTH_MAX));
      const body = JSON.stringify({ text, unfurl_links: false, unfurl_media: false });
      const answer = await poster.post({ url: url.reveal(), body, answerMsMax: ANSWER_MS_MAX });
      return resultOf(answer, url, (said) => said.trim() === "ok");
    },
  };
}
