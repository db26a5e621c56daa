import type { TradingState } from "@smcq/engine";
import { SmcqError } from "@smcq/kernel";
import type { MarketAnswer, SymbolView } from "./market-protocol.ts";
import type { PositionView } from "./position-view.ts";

export type { PositionView } from "./position-view.ts";

/*
 * What is said over the control socket of a running engine: a line of JSON asks, a line of JSON answers.
 *
 *   {"request":"close","symbol":"BTCUSDT"}  ─►  {"ok":true,"answer":{…}}
 *                                           ─►  {"ok":false,"code":"CONTROL_FIELD","field":"symbol","message":"…"}
 */

/** A line that is longer is refused, bytes without its end. */
export const LINE_BYTES_MAX: number = 64 * 1_024;
/** Who is connected at once; one more is told so and sent away. */
export const CLIENTS_MAX = 8;
/** A client that says nothing for so long is let go, wall ms. */
export const IDLE_MS_MAX = 30_000;
/** No symbol of the venue is longer. */
const SYMBOL_LENGTH_MAX = 64;

const PLAIN_REQUESTS = [
  "status",
  "positions",
  "orders",
  "metrics",
  "market",
  "halt",
  "resume",
  "flatten",
] as const;
const SYMBOL_REQUESTS = ["symbol", "close"] as const;

export type ControlRequest =
  | { readonly request: (typeof PLAIN_REQUESTS)[number] }
  | { readonly request: (typeof SYMBOL_REQUESTS)[number]; readonly symbol: string };

/** What is answered to each request. */
export interface ControlAnswers {
  readonly status: StatusView;
  readonly positions: { readonly positions: readonly PositionView[] };
  readonly orders: { readonly orders: readonly OrderView[] };
  readonly metrics: { readonly metrics: readonly MetricView[] };
  readonly market: MarketAnswer;
  readonly symbol: SymbolView;
  readonly halt: StateView;
  readonly resume: StateView;
  readonly flatten: StateView & { readonly leaving: readonly string[] };
  readonly close: StateView & { readonly leaving: readonly string[] };
}

export type ControlReply =
  | { readonly ok: true; readonly answer: ControlAnswers[ControlRequest["request"]] }
  | { readonly ok: false; readonly code: string; readonly field: string | null; readonly message: string };

/** What may be done now and every reason why not more; times are the venue's, ms. */
export interface StateView {
  readonly state: TradingState;
  /** Null: it has been so since the start. */
  readonly stateSinceMs: number | null;
  readonly reasons: readonly { readonly reason: string; readonly sinceMs: number }[];
  /** The file `HALT` stands in the data folder: nobody resumes. */
  readonly isHaltFile: boolean;
}

/** How the account does; money in decimal text, USDT. */
export interface AccountView extends StateView {
  readonly orders: string;
  readonly wallet: string;
  readonly equity: string;
  /** Of the UTC day, as of the last closed minute. */
  readonly dayPnl: string;
  readonly positions: number;
  readonly pendingEntries: number;
  readonly openOrders: number;
  readonly unknownOrders: number;
  /** Null: something is at risk and no equity is left. */
  readonly heatRatio: number | null;
  readonly heatRatioMax: number;
  /** When positions were last held against the venue's, venue ms; null: not yet. */
  readonly reconciledMs: number | null;
}

export interface StatusView {
  readonly modeName: string;
  readonly runId: string;
  /** Venue ms. */
  readonly nowMs: number;
  /** Wall ms. */
  readonly uptimeMs: number;
  /** The run is ending: nothing new is entered. */
  readonly isStopping: boolean;
  readonly feed: {
    readonly pairs: number;
    readonly ready: number;
    readonly warming: number;
    readonly shardsRunning: number;
    readonly shardsOff: number;
  };
  readonly rest: RestUse;
  /** Null: nobody trades in this run. */
  readonly account: AccountView | null;
}

/** What was used of the venue's REST limits. */
export interface RestUse {
  /** Calls for the market's data. */
  readonly requests: number;
  readonly failures: number;
  /** Of the last minute, and what the venue allows in one. */
  readonly weightUsed: number;
  readonly weightLimit: number;
  /** 0: there is no ban. */
  readonly bannedUntilMs: number;
  /** Wall ms that something has waited for REST without any answer; 0: nothing waits. */
  readonly silentMs: number;
}

/** Prices and quantities in decimal text. */
export interface OrderView {
  readonly symbol: string;
  readonly role: string;
  readonly kind: string;
  readonly side: "buy" | "sell";
  readonly qty: string;
  readonly filled: string;
  /** Of a limit order, or where a stop is set off; null: at the market. */
  readonly price: string | null;
  readonly ageMs: number;
  /** `working`: the venue has it. */
  readonly state: string;
  /** Its end is wanted. */
  readonly isCancelled: boolean;
  readonly clientOrderId: string;
}

/** What the run measures, named as in `GET /metrics`. */
export interface MetricView {
  readonly name: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly type: "gauge" | "counter" | "histogram";
  /** Null: not measured (yet), or a histogram. */
  readonly value: number | null;
  /** Of a histogram; null: of anything else. */
  readonly durations: DurationsView | null;
}

/** Durations by bucket, ms: `counts[i]` lie above bound i - 1 and up to bound i, the last ones above all bounds. */
export interface DurationsView {
  readonly boundsMs: readonly number[];
  readonly counts: readonly number[];
  readonly count: number;
  readonly sumMs: number;
  readonly msMax: number;
}

/** A request that is none, or that the engine says no to; `field` is what to blame. */
export class ControlRefusal extends SmcqError {
  readonly field: string | null;

  constructor(code: string, message: string, field: string | null = null) {
    super(code, message, { context: { field } });
    this.field = field;
  }
}

/** Reads a request; throws ControlRefusal that names the field. */
export function parseRequest(line: string): ControlRequest {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new ControlRefusal("CONTROL_JSON", "a request is one line of JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ControlRefusal("CONTROL_JSON", "a request is a JSON object");
  const { request, symbol, ...rest } = value as Readonly<Record<string, unknown>>;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined)
    throw new ControlRefusal("CONTROL_FIELD", `there is no field ${named(unknown)}`, unknown.slice(0, 64));
  const plain = PLAIN_REQUESTS.find((one) => one === request);
  if (plain !== undefined) {
    if (symbol !== undefined) throw new ControlRefusal("CONTROL_FIELD", `${plain} takes no symbol`, "symbol");
    return { request: plain };
  }
  const ofSymbol = SYMBOL_REQUESTS.find((one) => one === request);
  if (ofSymbol === undefined)
    throw new ControlRefusal(
      "CONTROL_FIELD",
      `request must be one of ${[...PLAIN_REQUESTS, ...SYMBOL_REQUESTS].join(", ")}`,
      "request",
    );
  if (typeof symbol !== "string" || symbol === "" || symbol.length > SYMBOL_LENGTH_MAX)
    throw new ControlRefusal(
      "CONTROL_FIELD",
      `symbol must be text of 1..${SYMBOL_LENGTH_MAX} characters, such as BTCUSDT`,
      "symbol",
    );
  return { request: ofSymbol, symbol };
}

function named(text: string): string {
  return JSON.stringify(text.slice(0, SYMBOL_LENGTH_MAX));
}
