import type { Refusal } from "@smcq/exchange";

/** What a code of the venue is about (docs/binance.md 7). */
export type ErrorClass =
  | "outcome-unknown"
  | "clock"
  | "overload"
  | "rate-limit"
  | "duplicate-id"
  | "already-so"
  | "gone"
  | "stop-exists"
  | "stop-too-late"
  | "reduce-only"
  | "stop-is-firing"
  | "size"
  | "margin"
  | "stale-rules"
  | "order-caps"
  | "position-mode"
  | "setting"
  | "trigger-band"
  | "reduce-only-regime"
  | "stop-everything"
  | "paused"
  | "not-filled"
  | "amend"
  | "listen-key"
  | "our-bug";

/** What the gateway itself does about it, besides telling the outcome. */
export type ErrorAct =
  | "none"
  /** Measures the clock anew and repeats the request once, under the same client id: it was refused. */
  | "heal-clock"
  /** Entries rest a while; what closes is exempt. */
  | "pause-entries"
  /** Nothing leaves until the venue's minute ends. */
  | "pause-window"
  /** No order leaves until the venue's window of order counts ends. */
  | "pause-orders"
  /** Nothing leaves until the ban ends. */
  | "ban"
  /** Entries are refused at once, a person is called. */
  | "stop-entries"
  /** The stream takes a new key. */
  | "renew-key"
  /** Nothing that we should have sent. */
  | "alarm";

export interface ErrorRow {
  readonly code: number;
  readonly class: ErrorClass;
  /** What an order, cancel or setting is refused with. `unknown`: it may have been done. `acked`: it is as asked for. */
  readonly outcome: Refusal | "unknown" | "acked";
  readonly act: ErrorAct;
}

type Group = readonly [
  errorClass: ErrorClass,
  outcome: ErrorRow["outcome"],
  act: ErrorAct,
  ...codes: readonly number[],
];

/** Each group is a line of docs/binance.md 7, split where the port has different words. */
const GROUPS: readonly Group[] = [
  ["outcome-unknown", "unknown", "none", -1000, -1006, -1007],
  ["clock", "NOT_SENT", "heal-clock", -1021, -5028],
  ["overload", "TOO_MANY_ORDERS", "pause-entries", -1001, -1008, -1016],
  ["rate-limit", "TOO_MANY_ORDERS", "pause-window", -1003],
  ["rate-limit", "TOO_MANY_ORDERS", "pause-orders", -1015],
  ["duplicate-id", "DUPLICATE_ID", "none", -4116],
  ["already-so", "acked", "none", -4046, -4059, -4171, -4052, -5027],
  ["gone", "UNKNOWN_ORDER", "none", -2011, -2013],
  ["stop-exists", "REDUCE_ONLY_REJECT", "none", -4130],
  ["stop-too-late", "WOULD_TRIGGER", "none", -2021, -4142],
  ["reduce-only", "REDUCE_ONLY_REJECT", "none", -2022, -4118, -2024],
  ["stop-is-firing", "UNKNOWN_ORDER", "none", -4117],
  ["size", "LOT_SIZE", "none", -4003, -4004, -4005, -4023],
  ["size", "MIN_NOTIONAL", "none", -4164],
  ["size", "PERCENT_PRICE", "none", -4131, -4016, -4024],
  ["margin", "MARGIN_INSUFFICIENT", "none", -2018, -2019],
  ["margin", "LEVERAGE_NOTIONAL", "none", -2027, -2028],
  ["stale-rules", "PRICE_FILTER", "none", -1111, -4014, -4013, -4002],
  ["stale-rules", "SYMBOL_CLOSED", "none", -1121, -1122, -1126, -4140, -4141],
  ["order-caps", "MAX_NUM_ORDERS", "none", -2025],
  ["order-caps", "MAX_NUM_ALGO_ORDERS", "none", -4045],
  ["position-mode", "POSITION_SIDE", "stop-entries", -4060, -4061, -4062, -4067, -4068],
  ["setting", "SETTING_REFUSED", "none", -4028, -4047, -4048, -4161, -4167, -4168, -4169, -4170],
  ["setting", "SETTING_REFUSED", "none", -4202, -4203, -4204, -4205, -4206, -4207, -4208, -4209, -4403],
  ["trigger-band", "PRICE_FILTER", "none", -4183, -4184, -4210, -4211, -4006, -4007],
  ["reduce-only-regime", "ONLY_REDUCING", "none", -4087, -4400, -4401, -4105, -4106, -4107, -4189],
  ["stop-everything", "KEY_REFUSED", "stop-entries", -1002, -1022, -2014, -2015, -2017],
  ["stop-everything", "KEY_REFUSED", "stop-entries", -2023, -4088, -4109, -4192],
  // Order entry is paused for everybody, and comes back by itself (EX27).
  ["paused", "SYMBOL_CLOSED", "none", -4402],
  ["not-filled", "POST_ONLY_REJECT", "none", -5021, -5022, -5041],
  ["amend", "FORM_REFUSED", "alarm", -5024, -5025, -5026, -5029, -5043, -5047],
  ["listen-key", "FORM_REFUSED", "renew-key", -1125],
  ["our-bug", "FORM_REFUSED", "alarm", -1100, -1101, -1102, -1103, -1104, -1105, -1106],
  ["our-bug", "FORM_REFUSED", "alarm", -1115, -1116, -1117, -1118, -1119, -1120, -1128, -1130, -1136],
  ["our-bug", "FORM_REFUSED", "alarm", -4015, -4031, -4120, -4135, -4137, -4138],
  ["our-bug", "FORM_REFUSED", "alarm", -5037, -5038, -5039, -5040],
];

/** Every code that says what became of a request; one that is missing here makes an outcome unknown. */
export const ERROR_TABLE: ReadonlyMap<number, ErrorRow> = new Map(
  GROUPS.flatMap(([errorClass, outcome, act, ...codes]) =>
    codes.map((code): [number, ErrorRow] => [code, { code, class: errorClass, outcome, act }]),
  ),
);
