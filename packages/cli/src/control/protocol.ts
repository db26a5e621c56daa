import type { TradingState } from "@smcq/engine";
import { SmcqError } from "@smcq/kernel";
import type { MarketAnswer, SymbolView } from "./market-protocol.ts";
import type { PositionView } from "./position-view.ts";

export type { PositionView } from "./position-view.ts";
import type { ModelView } from "./model-views.ts";
import type { SystemView } from "./system-views.ts";
import { LOG_LEVELS, LOG_LINES_DEFAULT, LOG_LINES_MAX, type LogLevel, type LogView } from "./log-views.ts";

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
/** What is wrong is named as far as this, characters. */
const NAMED_LENGTH_MAX = 64;

const LOOKS = ["status", "positions", "orders", "metrics", "system", "model", "market"] as const;
const WORDS = ["halt", "resume", "flatten"] as const;
/** Who may speak over the socket; the journal keeps it. `file` and `signal` come by other ways, and are nobody's to claim. */
const SPEAKERS = ["socket", "dashboard", "telegram"] as const;

/** Absent: `socket`. */
interface Spoken {
  readonly by?: (typeof SPEAKERS)[number];
}

/** Whatever is not said has its usual value. */
export interface LogRequest {
  readonly request: "log";
  /** `seq` of the last line that is known; 0: none. */
  readonly after: number;
  /** 1..LOG_LINES_MAX. */
  readonly lines: number;
  readonly level: LogLevel;
}

export type ControlRequest =
  | { readonly request: (typeof LOOKS)[number] }
  | { readonly request: "symbol"; readonly symbol: string }
  | LogRequest
  | ({ readonly request: (typeof WORDS)[number] } & Spoken)
  | ({ readonly request: "close"; readonly symbol: string } & Spoken);

/** What is answered to each request. */
export interface ControlAnswers {
  readonly status: StatusView;
  readonly positions: { readonly positions: readonly PositionView[] };
  readonly orders: { readonly orders: readonly OrderView[] };
  readonly metrics: { readonly metrics: readonly MetricView[] };
  readonly system: SystemView;
  readonly model: ModelView;
  readonly log: LogView;
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
  /** Absent: this engine meets no other host. */
  readonly host?: HostView;
}

/** What this host is among those that share an account or a market. */
export interface HostView {
  readonly role: string;
  readonly isConnected: boolean;
  /** Of the account's lease; null: this host has no account. */
  readonly lease: { readonly state: string; readonly epoch: number; readonly heldMs: number } | null;
  /** Rows of the journal that are not with the bus yet; null: no copy is kept. */
  readonly rowsWaiting: number | null;
  /** Parts of the market that are scanned here, of how many; null: it scans for itself, or not at all. */
  readonly parts: { readonly held: number; readonly of: number } | null;
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

/** What may be said beside each request. */
const FIELDS: ReadonlyMap<string, readonly string[]> = new Map<ControlRequest["request"], readonly string[]>([
  ...LOOKS.map((look) => [look, []] as const),
  ...WORDS.map((word) => [word, ["by"]] as const),
  ["log", ["after", "lines", "level"]],
  ["symbol", ["symbol"]],
  ["close", ["symbol", "by"]],
]);

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
  const { request, ...given } = value as Readonly<Record<string, unknown>>;
  const fields = typeof request === "string" ? FIELDS.get(request) : undefined;
  if (typeof request !== "string" || fields === undefined)
    throw refusedField("request", `request must be one of ${[...FIELDS.keys()].join(", ")}`);
  const unknown = Object.keys(given).find((name) => !fields.includes(name));
  if (unknown !== undefined)
    throw refusedField(unknown.slice(0, NAMED_LENGTH_MAX), `${request} takes no ${named(unknown)}`);
  return requestOf(request as ControlRequest["request"], given);
}

function requestOf(
  request: ControlRequest["request"],
  given: Readonly<Record<string, unknown>>,
): ControlRequest {
  // What is there and empty is no default.
  const { after = 0, lines = LOG_LINES_DEFAULT, level = "debug" } = given;
  switch (request) {
    case "symbol":
      return { request, symbol: symbolOf(given["symbol"]) };
    case "close":
      return { request, symbol: symbolOf(given["symbol"]), ...spoken(given["by"]) };
    case "log":
      return {
        request,
        after: wholeOf("after", after, [0, Number.MAX_SAFE_INTEGER]),
        lines: wholeOf("lines", lines, [1, LOG_LINES_MAX]),
        level: levelOf(level),
      };
    case "halt":
    case "resume":
    case "flatten":
      return { request, ...spoken(given["by"]) };
    case "status":
    case "positions":
    case "orders":
    case "metrics":
    case "system":
    case "model":
    case "market":
      return { request };
    default:
      return request satisfies never;
  }
}

function symbolOf(symbol: unknown): string {
  if (typeof symbol === "string" && symbol !== "" && symbol.length <= SYMBOL_LENGTH_MAX) return symbol;
  throw refusedField("symbol", `symbol must be text of 1..${SYMBOL_LENGTH_MAX} characters, such as BTCUSDT`);
}

function wholeOf(field: string, value: unknown, [min, max]: readonly [number, number]): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw refusedField(field, `${field} must be a whole number from ${min} to ${max}`);
}

function levelOf(level: unknown): LogLevel {
  const found = LOG_LEVELS.find((one) => one === level);
  if (found !== undefined) return found;
  throw refusedField("level", `level must be one of ${LOG_LEVELS.join(", ")}`);
}

function spoken(by: unknown): Spoken {
  if (by === undefined) return {};
  const found = SPEAKERS.find((one) => one === by);
  if (found === undefined) throw refusedField("by", `by must be one of ${SPEAKERS.join(", ")}`);
  return { by: found };
}

function refusedField(field: string, message: string): ControlRefusal {
  return new ControlRefusal("CONTROL_FIELD", message, field);
}

function named(text: string): string {
  return JSON.stringify(text.slice(0, NAMED_LENGTH_MAX));
}
