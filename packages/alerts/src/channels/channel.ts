import type { OutgoingMessage } from "../delivery/message.ts";

/** A text that only `reveal` gives away (`Secret` of exchange-binance). */
export interface SecretText {
  reveal(): string;
  /** `text` with the secret taken out. */
  hideIn(text: string): string;
}

/** What a channel answered. */
export type SendResult =
  | { readonly type: "sent"; readonly answer: string }
  /** It may get through later; `afterMs`: the other side's own wish, null: none. */
  | { readonly type: "retry"; readonly answer: string; readonly afterMs: number | null }
  /** It is refused for good, whatever is waited. */
  | { readonly type: "refused"; readonly answer: string };

/** A way to a person. */
export interface AlertChannel {
  /** `slack`, `discord`, `webhook` or `telegram:CHAT`. */
  readonly name: string;
  /** Never throws: what goes wrong is an answer. */
  send(message: OutgoingMessage): Promise<SendResult>;
}
