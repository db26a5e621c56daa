import { cut, plainText, type OutgoingMessage } from "../delivery/message.ts";
import type { AlertChannel, SecretText, SendResult } from "./channel.ts";
import type { HttpAnswer, HttpPoster } from "./http-poster.ts";
import { resultOf } from "./result-of.ts";

const ANSWER_MS_MAX = 10_000;
/** Discord refuses longer texts. */
const CONTENT_LENGTH_MAX = 2_000;

/** Discord's markdown as plain signs. */
export function discordText(text: string): string {
  return text.replaceAll(/[\\*_~`|>#[\]()<@-]/g, String.raw`\$&`);
}

/** The longest beginning of a text that, escaped, has room. */
function contentOf(text: string): string {
  const escaped = discordText(text);
  if (escaped.length <= CONTENT_LENGTH_MAX) return escaped;
  let kept = text.length;
  while (kept > 0 && discordText(cut(text, kept)).length > CONTENT_LENGTH_MAX)
    kept -= Math.max(1, Math.ceil((discordText(cut(text, kept)).length - CONTENT_LENGTH_MAX) / 2));
  return discordText(cut(text, kept));
}

/** A webhook of Discord: its address is the secret. It answers 204, and under load 429 with `retry_after` in seconds. */
export function discordChannel(url: SecretText, poster: HttpPoster): AlertChannel {
  return {
    name: "discord",
    send: async (message: OutgoingMessage): Promise<SendResult> => {
      const body = JSON.stringify({
        content: contentOf(plainText(message)),
        allowed_mentions: { parse: [] },
      });
      const answer = await poster.post({ url: url.reveal(), body, answerMsMax: ANSWER_MS_MAX });
      return resultOf(withWish(answer), url);
    },
  };
}

/** With the wait that the body names, which is finer than the header's. */
function withWish(answer: HttpAnswer): HttpAnswer {
  if (answer.type === "failed" || answer.status !== 429) return answer;
  try {
    const said = JSON.parse(answer.text) as { readonly retry_after?: unknown };
    const seconds = said.retry_after;
    return typeof seconds === "number" && seconds >= 0
      ? { ...answer, retryAfterMs: seconds * 1_000 }
      : answer;
  } catch {
    // A proxy's own page: the header says what there is to say.
    return answer;
  }
}
