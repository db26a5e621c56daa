import { computed, effect, signal } from "@preact/signals";
import {
  LIVE_PROTOCOL,
  type LiveDelta,
  type LiveFrame,
  type LiveState,
  type Sections,
  TOKEN_PROTOCOL_PREFIX,
} from "../../../src/contract.ts";
import { dropToken, token } from "./session.ts";
import { after, nowMs, second } from "./time.ts";

/** What is older than this is called old, ms: frames come twice a second. */
const FRESH_MS = 3_000;
const RETRY_MS = 2_000;
/** After so many refusals in a row the token is asked about once over HTTP. */
const TRIES_QUIET = 2;

/** Null: nothing has come yet. */
export const live = signal<LiveState | null>(null);
/** When the last frame came, and the server's clock in it; null: none has. */
const frame = signal<{ readonly heardMs: number; readonly serverMs: number } | null>(null);

export interface Staleness {
  /** Seconds without news, counted by the page itself. */
  readonly seconds: number;
  readonly what: string;
}

/** Why what is shown may be old; null: it is not. */
export const stale = computed<Staleness | null>(() => {
  const now = second.value;
  const last = frame.value;
  if (last === null) return null;
  const silentMs = now - last.heardMs;
  if (silentMs > FRESH_MS)
    return { seconds: silentMs / 1_000, what: "The dashboard's server does not answer." };
  const engine = live.value?.engine;
  if (engine === undefined) return null;
  const { heardMs, problem } = engine;
  // By the server's clock, which counted both.
  const oldMs = heardMs === null ? 0 : last.serverMs - heardMs + silentMs;
  if (heardMs !== null && oldMs <= FRESH_MS) return null;
  return { seconds: oldMs / 1_000, what: problem ?? "The engine does not answer." };
});

function applied(state: LiveState, { changed, removed }: LiveDelta): LiveState {
  const next: Record<string, Record<string, unknown>> = {};
  for (const [section, before] of Object.entries(state as unknown as Sections)) {
    const name = section as keyof LiveState;
    const after_: Record<string, unknown> = { ...before, ...changed[name] };
    for (const key of removed[name] ?? []) delete after_[key];
    next[section] = after_;
  }
  return next as unknown as LiveState;
}

function take(told: LiveFrame): void {
  frame.value = { heardMs: nowMs(), serverMs: told.serverMs };
  if (told.type === "snapshot") live.value = told.state;
  else if (live.value !== null) live.value = applied(live.value, told);
}

let failures = 0;

function connect(own: string): () => void {
  let isWanted = true;
  let cancel = (): void => {};
  let socket: WebSocket | null = null;
  const open = (): void => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${scheme}://${location.host}/api/live`, [
      LIVE_PROTOCOL,
      `${TOKEN_PROTOCOL_PREFIX}${own}`,
    ]);
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      failures = 0;
      take(JSON.parse(data) as LiveFrame);
    };
    socket.onclose = () => {
      if (!isWanted) return;
      failures++;
      if (failures > TRIES_QUIET) void askAboutToken(own);
      cancel = after(RETRY_MS, open);
    };
  };
  open();
  return () => {
    isWanted = false;
    cancel();
    socket?.close();
  };
}

/** A refused WebSocket does not say why; a question does. */
async function askAboutToken(own: string): Promise<void> {
  try {
    const { status } = await fetch("/api/words", { headers: { authorization: `Bearer ${own}` } });
    if (status === 401) dropToken("the token is wrong");
  } catch {
    // The server does not answer: the page says so by itself.
  }
}

/** Looks at what moves as long as there is a token. */
export function startLive(): void {
  effect(() => {
    const own = token.value;
    if (own === null) return undefined;
    return connect(own);
  });
}
