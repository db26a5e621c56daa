import type { AccountAnswer, OrderStatus, Refusal } from "@smcq/exchange";
import type { SymbolId } from "@smcq/kernel";

/** What a gateway is asked to do. */
export type CallKind = "entry" | "exit" | "stop" | "target" | "cancel" | "setting" | "question";

/** A call, before it leaves. */
export interface CallAbout {
  readonly kind: CallKind;
  /** Null: of no symbol. */
  readonly symbolId: SymbolId | null;
  /** Of a stop that closes whatever is held. */
  readonly isClosePosition: boolean;
}

/** What becomes of a call on its way there and back. */
export interface CallFate {
  /** ms that it is late; null: it never arrives. */
  readonly lateMs: number | null;
  /** Refused on the way, by nobody who looks at the account; null: not. */
  readonly refusal: Refusal | null;
  /** `lost`: nobody ever answers. `unknown`: that nobody knows is told, after `replyLateMs`. */
  readonly reply: "true" | "unknown" | "lost";
  readonly replyLateMs: number;
}

/** A word of the account's stream, before it leaves the venue. */
export interface WordAbout {
  /** `fill`: of an order or a fired stop, with a trade. */
  readonly type: "order" | "stop" | "fill" | "income" | "leverage";
  readonly status: OrderStatus | null;
  readonly symbolId: SymbolId | null;
}

/** What goes wrong on the way between a core and its venue. */
export interface GatewayFaults {
  call(about: CallAbout): CallFate;
  /** Until when a stop that has just been acked is hidden, ms from now; 0: it is not. */
  hidesStopMs(): number;
  /** How late each copy of a word of the stream comes, ms; none: it is lost. */
  word(about: WordAbout): readonly number[];
  /** What of an answer is told, and how late. */
  answer(answer: AccountAnswer): { readonly answer: AccountAnswer; readonly lateMs: number };
}

export const TRUE_FATE: CallFate = Object.freeze({
  lateMs: 0,
  refusal: null,
  reply: "true",
  replyLateMs: 0,
});

/** When a caller gives up waiting for a reply. */
export const TIMEOUT_MS = 1_500;
