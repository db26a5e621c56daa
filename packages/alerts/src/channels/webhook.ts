import { createHmac } from "node:crypto";
import { type Clock, dateText } from "@smcq/kernel";
import type { OutgoingMessage } from "../delivery/message.ts";
import type { AlertChannel, SecretText, SendResult } from "./channel.ts";
import type { HttpPoster } from "./http-poster.ts";
import { resultOf } from "./result-of.ts";

const ANSWER_MS_MAX = 10_000;

/** HMAC-SHA256 over `TIMESTAMP.BODY`, hex: what the receiver has to reckon too. */
export function signatureOf(secret: SecretText, timestamp: string, body: string): string {
  return createHmac("sha256", secret.reveal()).update(`${timestamp}.${body}`).digest("hex");
}

/**
 * Any receiver of JSON. Headers: `x-smcq-id` (stable over every try), `x-smcq-timestamp` (seconds since the epoch) and
 * `x-smcq-signature` (`v1=` and `signatureOf`); an answer 2xx is a receipt.
 */
export function webhookChannel(
  { url, secret }: { readonly url: string; readonly secret: SecretText },
  { poster, clock }: { readonly poster: HttpPoster; readonly clock: Clock },
): AlertChannel {
  return {
    name: "webhook",
    send: async (message: OutgoingMessage): Promise<SendResult> => {
      const body = bodyOf(message);
      const timestamp = String(Math.floor(clock.nowMs() / 1_000));
      const headers = {
        "x-smcq-id": message.id,
        "x-smcq-timestamp": timestamp,
        "x-smcq-signature": `v1=${signatureOf(secret, timestamp, body)}`,
      };
      const answer = await poster.post({ url, body, headers, answerMsMax: ANSWER_MS_MAX });
      return resultOf(answer, secret);
    },
  };
}

function bodyOf({ id, severity, kind, title, lines, alerts, alertCount }: OutgoingMessage): string {
  return JSON.stringify({
    id,
    severity,
    kind,
    title,
    text: lines.join("\n"),
    alertCount,
    alerts: alerts.map(({ atMs, ...alert }) => ({ ...alert, time: dateText(atMs) })),
  });
}
