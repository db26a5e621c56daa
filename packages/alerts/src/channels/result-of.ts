import type { SecretText, SendResult } from "./channel.ts";
import type { HttpAnswer } from "./http-poster.ts";

/** Of an answer's body so much is told. */
const BODY_LENGTH_MAX = 200;
/**
 * What the other side says of this very message; every other refusal (a wrong token, an address that is gone) is of the channel,
 * and a person may mend it while messages wait.
 */
const OF_THE_MESSAGE: ReadonlySet<number> = new Set([400, 413, 422]);

/** What became of a message, by an answer over HTTP; secrets are taken out of what is told. */
export function resultOf(
  answer: HttpAnswer,
  secret: SecretText,
  isTaken: (text: string) => boolean = () => true,
): SendResult {
  if (answer.type === "failed") return { type: "retry", answer: secret.hideIn(answer.text), afterMs: null };
  const { status, text, retryAfterMs } = answer;
  const told = secret.hideIn(`${status} ${text.slice(0, BODY_LENGTH_MAX)}`.trim());
  if (status >= 200 && status < 300 && isTaken(text)) return { type: "sent", answer: told };
  if (OF_THE_MESSAGE.has(status)) return { type: "refused", answer: told };
  return { type: "retry", answer: told, afterMs: retryAfterMs };
}
