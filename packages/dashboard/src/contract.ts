/*
 * What the server and the page say to each other. The page's sources import these types and nothing else of the server.
 *
 *   POST /api/session {code}             ─► {token}
 *   GET  /api/NAME?…        token        ─► the answer of the source, JSON or CSV
 *   POST /api/nonce         both tokens  ─► {nonce}
 *   POST /api/control {…}   both tokens  ─► {answer}
 *   WebSocket /api/live     token as a subprotocol ─► a snapshot, then deltas
 */

/** The subprotocol of `/api/live`; the token comes beside it, as `token.…`. */
export const LIVE_PROTOCOL = "smcq.live.1";
export const TOKEN_PROTOCOL_PREFIX = "token.";
/** Header of the second token, which words to the engine need. */
export const CONTROL_HEADER = "x-smcq-control";

/** What a person may tell the engine. */
export type ControlWord =
  | { readonly word: "halt" | "resume" | "flatten" }
  | { readonly word: "close"; readonly symbol: string };

/** How the engine of the data folder answers; times are the server's, wall ms. */
export interface EngineShown {
  readonly isReachable: boolean;
  /** Why it does not answer; null: it does. */
  readonly problem: string | null;
  /** When it answered last; null: never since the server is up. */
  readonly heardMs: number | null;
}

/** `smcq status --json`. */
export interface StatusShown {
  readonly modeName: string;
  readonly runId: string;
  readonly nowMs: number;
  readonly uptimeMs: number;
  readonly isStopping: boolean;
  readonly feed: {
    readonly pairs: number;
    readonly ready: number;
    readonly warming: number;
    readonly shardsRunning: number;
    readonly shardsOff: number;
  };
  readonly rest: {
    readonly requests: number;
    readonly failures: number;
    readonly weightUsed: number;
    readonly weightLimit: number;
    readonly bannedUntilMs: number;
    readonly silentMs: number;
  };
  readonly account: AccountShown | null;
}

export interface AccountShown {
  readonly state: string;
  readonly stateSinceMs: number | null;
  readonly reasons: readonly { readonly reason: string; readonly sinceMs: number }[];
  readonly isHaltFile: boolean;
  readonly orders: string;
  readonly wallet: string;
  readonly equity: string;
  readonly dayPnl: string;
  readonly positions: number;
  readonly pendingEntries: number;
  readonly openOrders: number;
  readonly unknownOrders: number;
  readonly heatRatio: number | null;
  readonly heatRatioMax: number;
  readonly reconciledMs: number | null;
}

/** A row of `smcq positions --json`. */
export interface PositionShown {
  readonly symbol: string;
  readonly side: "long" | "short";
  readonly qty: string;
  readonly entry: string;
  readonly mark: string | null;
  readonly stop: string | null;
  readonly isStopConfirmed: boolean;
  readonly target: string | null;
  readonly r: number | null;
  readonly ageMs: number;
  readonly guard: "naked" | "guarded" | "exiting";
  readonly exitReason: string | null;
}

export interface IncidentShown {
  readonly seq: number;
  /** ISO, venue time. */
  readonly time: string;
  readonly kind: string;
  readonly symbol: string | null;
  /** JSON. */
  readonly detail: string;
}

/** Everything that moves; a delta says what of a section has changed. */
export interface LiveState {
  readonly engine: EngineShown;
  /** Empty: nothing is known of the run. */
  readonly status: Partial<StatusShown>;
  /** By symbol. */
  readonly positions: Readonly<Record<string, PositionShown>>;
  /** The newest first. */
  readonly incidents: { readonly last?: readonly IncidentShown[] };
}

export type Sections = { readonly [section in keyof LiveState]: Readonly<Record<string, unknown>> };

/** What came to be or changed, and what is gone, by section. */
export interface LiveDelta {
  readonly changed: { readonly [section in keyof LiveState]?: Readonly<Record<string, unknown>> };
  readonly removed: { readonly [section in keyof LiveState]?: readonly string[] };
}

/** Frames of `/api/live`; `serverMs` is the server's wall clock, `seq` counts from 1 without holes unless frames were dropped. */
export type LiveFrame =
  | {
      readonly type: "snapshot";
      readonly seq: number;
      readonly serverMs: number;
      readonly state: LiveState;
    }
  | ({ readonly type: "delta"; readonly seq: number; readonly serverMs: number } & LiveDelta);

/** What a question of the page is answered with. */
export interface ApiAnswer {
  readonly contentType: "application/json" | "text/csv";
  readonly body: string;
  /** Given: a browser saves it under this name. */
  readonly fileName?: string;
}

/** Where the server has it all from. Refusals are SmcqErrors whose code says whose fault it is. */
export interface DashboardSource {
  /** Answers `GET /api/NAME`; null: there is no such question. */
  answer(name: string, query: ReadonlyMap<string, string>): Promise<ApiAnswer | null>;
  live(): Promise<LiveState>;
  /** Says a word to the engine; resolves with what it answered. */
  say(word: ControlWord): Promise<unknown>;
}
