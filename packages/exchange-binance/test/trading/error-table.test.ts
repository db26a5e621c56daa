import { REFUSALS } from "@smcq/exchange";
import { describe, expect, it } from "vitest";
import { outcomeOf } from "../../src/trading/orders/outcomes.ts";
import { ERROR_TABLE, type ErrorClass } from "../../src/trading/wire/error-table.ts";
import { verdictOf, verdictOfError } from "../../src/trading/wire/verdict.ts";

/** docs/binance.md 7, line by line: what a code is, and what an order is told. */
const LINES: readonly [ErrorClass, string, ...number[]][] = [
  ["outcome-unknown", "unknown", -1000, -1006, -1007],
  ["clock", "NOT_SENT", -1021, -5028],
  ["overload", "TOO_MANY_ORDERS", -1001, -1008, -1016],
  ["rate-limit", "TOO_MANY_ORDERS", -1003, -1015],
  ["duplicate-id", "DUPLICATE_ID", -4116],
  ["already-so", "acked", -4046, -4059, -4171, -4052, -5027],
  ["gone", "UNKNOWN_ORDER", -2011, -2013],
  ["stop-exists", "REDUCE_ONLY_REJECT", -4130],
  ["stop-too-late", "WOULD_TRIGGER", -2021, -4142],
  ["reduce-only", "REDUCE_ONLY_REJECT", -2022, -4118, -2024],
  ["stop-is-firing", "UNKNOWN_ORDER", -4117],
  ["size", "LOT_SIZE", -4003, -4004, -4005, -4023],
  ["size", "MIN_NOTIONAL", -4164],
  ["size", "PERCENT_PRICE", -4131, -4016, -4024],
  ["margin", "MARGIN_INSUFFICIENT", -2018, -2019],
  ["margin", "LEVERAGE_NOTIONAL", -2027, -2028],
  ["stale-rules", "PRICE_FILTER", -1111, -4014, -4013, -4002],
  ["stale-rules", "SYMBOL_CLOSED", -1121, -1122, -1126, -4140, -4141],
  ["order-caps", "MAX_NUM_ORDERS", -2025],
  ["order-caps", "MAX_NUM_ALGO_ORDERS", -4045],
  ["position-mode", "POSITION_SIDE", -4060, -4061, -4062, -4067, -4068],
  ["setting", "SETTING_REFUSED", -4028, -4047, -4048, -4161, -4167, -4168, -4169, -4170],
  ["setting", "SETTING_REFUSED", -4202, -4203, -4204, -4205, -4206, -4207, -4208, -4209, -4403],
  ["trigger-band", "PRICE_FILTER", -4183, -4184, -4210, -4211, -4006, -4007],
  ["reduce-only-regime", "ONLY_REDUCING", -4087, -4400, -4401, -4105, -4106, -4107, -4189],
  ["stop-everything", "KEY_REFUSED", -1002, -1022, -2014, -2015, -2017, -2023, -4088, -4109, -4192],
  ["paused", "SYMBOL_CLOSED", -4402],
  ["not-filled", "POST_ONLY_REJECT", -5021, -5022, -5041],
  ["amend", "FORM_REFUSED", -5024, -5025, -5026, -5029, -5043, -5047],
  ["listen-key", "FORM_REFUSED", -1125],
  ["our-bug", "FORM_REFUSED", -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1115, -1116, -1117, -1118],
  ["our-bug", "FORM_REFUSED", -1119, -1120, -1128, -1130, -1136, -4015, -4031, -4120, -4137, -4138, -4135],
  ["our-bug", "FORM_REFUSED", -5037, -5038, -5039, -5040],
];

const ROWS = LINES.flatMap(([kind, outcome, ...codes]) =>
  codes.map((code) => [code, kind, outcome] as const),
);

const refusal = (status: number, text: string) =>
  verdictOf({ status, text, retryAfterMs: 0, nowMs: 1_000_000 });
const said = (code: number): string => JSON.stringify({ code, msg: "words" });
const told = (status: number, text: string): string => {
  const outcome = outcomeOf({ isOk: false, verdict: refusal(status, text) }, () => null);
  return outcome.type === "refused" ? outcome.code : outcome.type;
};

describe("the error table", () => {
  it.each(ROWS)("takes %d for %s: %s", (code, kind, outcome) => {
    expect(ERROR_TABLE.get(code)?.class).toBe(kind);
    expect(told(400, said(code))).toBe(outcome);
  });

  it("has no row that the documentation has not, and refuses in the port's words alone", () => {
    expect(new Set(ERROR_TABLE.keys())).toEqual(new Set(ROWS.map(([code]) => code)));
    const words = new Set<string>([...REFUSALS, "unknown", "acked"]);
    for (const { outcome } of ERROR_TABLE.values()) expect(words).toContain(outcome);
  });

  it("knows what each class makes the gateway do", () => {
    const acts = Object.fromEntries(
      LINES.map(([kind, , ...codes]) => [kind, codes.map((code) => ERROR_TABLE.get(code)?.act)]),
    );
    expect(new Set(acts["clock"])).toEqual(new Set(["heal-clock"]));
    expect(new Set(acts["overload"])).toEqual(new Set(["pause-entries"]));
    expect(acts["rate-limit"]).toEqual(["pause-window", "pause-orders"]);
    expect(new Set(acts["stop-everything"])).toEqual(new Set(["stop-entries"]));
    expect(new Set(acts["position-mode"])).toEqual(new Set(["stop-entries"]));
    expect(acts["listen-key"]).toEqual(["renew-key"]);
    expect(new Set(acts["our-bug"])).toEqual(new Set(["alarm"]));
    expect(new Set(acts["size"])).toEqual(new Set(["none"]));
  });
});

describe("a reply that is no success", () => {
  it.each<[string, number, string, string, string]>([
    ["503 unknown", 503, "Unknown error, please check your request or try again later.", "unknown", "none"],
    ["503 unavailable", 503, "Service Unavailable.", "TOO_MANY_ORDERS", "pause-entries"],
    [
      "503 internal",
      503,
      '{"code":-1001,"msg":"Internal error; unable to process your request. Please try again."}',
      "TOO_MANY_ORDERS",
      "pause-entries",
    ],
    ["503 throttled", 503, said(-1008), "TOO_MANY_ORDERS", "pause-entries"],
    ["503 with a page", 503, "<html>upstream</html>", "unknown", "none"],
    ["408", 408, said(-1007), "unknown", "none"],
    ["408 without a word", 408, "", "unknown", "none"],
    ["500", 500, "", "unknown", "none"],
    ["502", 502, "<html>bad gateway</html>", "unknown", "none"],
    ["403", 403, "<html>blocked</html>", "TOO_MANY_ORDERS", "pause-entries"],
    ["429", 429, said(-1003), "TOO_MANY_ORDERS", "pause-window"],
    ["429 of orders", 429, said(-1015), "TOO_MANY_ORDERS", "pause-orders"],
    ["418", 418, said(-1003), "TOO_MANY_ORDERS", "ban"],
    ["401", 401, said(-2015), "KEY_REFUSED", "stop-entries"],
    ["a code that nobody knows", 400, said(-9999), "unknown", "none"],
    ["a generic reject", 400, said(-2010), "unknown", "none"],
    ["words without a code", 400, "{}", "unknown", "none"],
  ])("%s", (_, status, text, outcome, act) => {
    expect(told(status, text)).toBe(outcome);
    expect(refusal(status, text).act).toBe(act);
  });

  it("has the end of a ban from its text, else two minutes", () => {
    const text = '{"code":-1003,"msg":"Way too many requests; IP(1.2.3.4) banned until 1790771371858."}';
    const nowMs = 1_790_771_300_000;
    expect(verdictOf({ status: 418, text, retryAfterMs: 0, nowMs }).untilMs).toBe(1_790_771_371_858);
    expect(refusal(418, "").untilMs).toBe(1_120_000);
    expect(verdictOf({ status: 418, text: "", retryAfterMs: 7_000, nowMs: 5 }).untilMs).toBe(7_005);
  });

  it("has the end of the order count's window", () => {
    const text = (window: string): string =>
      JSON.stringify({ code: -1015, msg: `Too many new orders; current limit is 300 orders per ${window}.` });
    expect(refusal(400, text("TEN_SECONDS")).untilMs).toBe(1_010_000);
    expect(refusal(400, text("MINUTE")).untilMs).toBe(1_020_000);
  });

  it("tells -4005 of a market order by the limit that it broke", () => {
    const verdict = refusal(400, said(-4005));
    expect(outcomeOf({ isOk: false, verdict }, () => null, "market")).toMatchObject({
      code: "MARKET_LOT_SIZE",
    });
    expect(outcomeOf({ isOk: false, verdict }, () => null, "limit")).toMatchObject({ code: "LOT_SIZE" });
  });
});

describe("a reply that never came", () => {
  it.each(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT", "CERT_HAS_EXPIRED"])(
    "%s: nothing has left",
    (code) => {
      expect(verdictOfError(Object.assign(new Error(code), { code })).outcome).toBe("NOT_SENT");
    },
  );

  it.each([
    "ECONNRESET",
    "UND_ERR_SOCKET",
    "UND_ERR_HEADERS_TIMEOUT",
    "UND_ERR_BODY_TIMEOUT",
    "EPIPE",
    "OTHER",
  ])("%s: nobody knows", (code) => {
    expect(verdictOfError(Object.assign(new Error(code), { code })).outcome).toBe("unknown");
  });
});
