import type { CancelTimer, Clock, Logger, Rng } from "@smcq/kernel";
import { BackOff } from "../../market/stream/back-off.ts";
import type { ConnectBudget } from "../../market/stream/connect-budget.ts";
import { type SocketEnd, type SocketTimeouts, StreamSocket } from "../../market/stream/stream-socket.ts";
import { encodeValue } from "../../rest/query.ts";
import { parseJsonSafe } from "../../rest/json-safe.ts";
import { KEEP_ALIVE_MS, ROTATE_MS, STREAM_BACK_OFF_MAX_MS, STREAM_BACK_OFF_MIN_MS } from "../limits.ts";
import type { ListenKeys } from "./listen-key.ts";

/** What is listened to; TRADE_LITE tells nothing that ORDER_TRADE_UPDATE does not tell a moment later. */
const EVENTS: readonly string[] = [
  "ORDER_TRADE_UPDATE",
  "ACCOUNT_UPDATE",
  "ALGO_UPDATE",
  "ACCOUNT_CONFIG_UPDATE",
  "MARGIN_CALL",
  "listenKeyExpired",
];
/** Keep-alives in a row that nobody answered; then the key is taken for dead, long before it is. */
const KEEP_ALIVE_FAILURES_MAX = 3;
/** When one that nobody answered is repeated. */
const KEEP_ALIVE_AGAIN_MS = 60_000;
/** A socket that stood for so long makes the next failure a first one again. */
const HEALTHY_MS = 60_000;

export interface UserStreamOptions {
  /** From `assertRouted`. */
  readonly privateUrl: string;
  readonly keys: ListenKeys;
  /** The venue's clock: keep-alive, rotation, back-off. */
  readonly clock: Clock;
  readonly wallClock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly connectBudget: ConnectBudget;
  readonly timeouts?: SocketTimeouts;
  /** A parsed event; of two sockets during a rotation, so that the same one may come twice. */
  readonly onEvent: (event: unknown) => void;
  /** A frame that is no JSON. */
  readonly onBadFrame: () => void;
  /** Words come from now on, or may get lost from now on. Each change once. */
  readonly onLive: (isLive: boolean) => void;
}

/**
 * The account's own socket: one that tells, and for a moment a second one that takes over.
 *
 *   key ──► socket ──open──► live ──23 h──► second socket ──open──► the first one closes, live all along
 *    ▲                        │ ended, key expired, mute
 *    └────── back-off ◄───────┘ not live
 */
export class UserStream {
  readonly #options: UserStreamOptions;
  readonly #backOff: BackOff;
  #socket: StreamSocket | null = null;
  /** Opens to take over from the one that tells. */
  #next: StreamSocket | null = null;
  /** Whose words count: also the one that was taken over from, until it has closed. */
  readonly #heard = new Set<StreamSocket>();
  #isLive = false;
  #isStopped = true;
  #isKeyDoubted = false;
  #keepAliveFailures = 0;
  #connects = 0;
  #cancelRetry: CancelTimer | null = null;
  #cancelKeepAlive: CancelTimer = () => {};
  #cancelRotation: CancelTimer = () => {};
  #cancelHealthy: CancelTimer = () => {};

  constructor(options: UserStreamOptions) {
    this.#options = options;
    const range = { backOffMinMs: STREAM_BACK_OFF_MIN_MS, backOffMaxMs: STREAM_BACK_OFF_MAX_MS };
    this.#backOff = new BackOff(options.rng, range);
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  /** Sockets that were opened. */
  get connects(): number {
    return this.#connects;
  }

  start(): void {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    this.#armKeepAlive(KEEP_ALIVE_MS);
    this.#retry(0);
  }

  /**
   * What it says can no longer be relied upon: it begins again with a new socket. `isKeyDoubted`: and under another key,
   * for the venue gives out the present one as long as it lives.
   */
  renew(reason: string, isKeyDoubted = false): void {
    if (this.#isStopped) return;
    this.#isKeyDoubted ||= isKeyDoubted;
    this.#options.log.warn({ reason }, "the account's stream begins again");
    this.#drop();
    this.#retry(this.#backOff.nextMs("silent"));
  }

  /** Takes over with a fresh socket while the present one still tells. */
  rotate(): void {
    if (this.#isLive && this.#next === null) void this.#connect();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelKeepAlive();
    this.#drop();
  }

  /** Ends both sockets and tells that words may get lost. */
  #drop(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    this.#cancelRotation();
    this.#cancelHealthy();
    this.#socket = null;
    this.#next = null;
    const sockets = [...this.#heard];
    this.#heard.clear();
    for (const socket of sockets) socket.close();
    this.#setLive(false);
  }

  #setLive(isLive: boolean): void {
    if (this.#isLive === isLive) return;
    this.#isLive = isLive;
    this.#options.onLive(isLive);
  }

  #retry(delayMs: number): void {
    this.#cancelRetry?.();
    this.#cancelRetry = this.#options.clock.after(
      delayMs,
      () => {
        this.#cancelRetry = null;
        void this.#connect();
      },
      { unref: true },
    );
  }

  async #connect(): Promise<void> {
    const { connectBudget, keys, privateUrl, wallClock, timeouts } = this.#options;
    if (this.#isStopped || this.#cancelRetry !== null) return;
    const waitMs = connectBudget.take();
    if (waitMs > 0) {
      this.#retry(waitMs);
      return;
    }
    if (this.#isKeyDoubted) {
      this.#isKeyDoubted = false;
      await keys.discard();
    }
    const key = await keys.take();
    // Another way to a socket may have been taken meanwhile.
    if (this.#isStopped || this.#cancelRetry !== null || this.#next !== null) return;
    if (key === null) {
      this.#retry(this.#backOff.nextMs("network"));
      return;
    }
    this.#keepAliveFailures = 0;
    this.#armKeepAlive(KEEP_ALIVE_MS);
    this.#connects++;
    // Nothing ever logs this URL.
    const socket = new StreamSocket({
      url: `${privateUrl}?listenKey=${encodeValue(key.reveal())}&events=${EVENTS.join("/")}`,
      wallClock,
      ...(timeouts === undefined ? {} : { timeouts }),
      handlers: {
        onOpen: (opened) => this.#onOpen(opened),
        onFrame: (speaking, data) => this.#onFrame(speaking, data),
        onAcked: () => {},
        onEnd: (ended, end) => this.#onEnd(ended, end),
      },
    });
    this.#next = socket;
    this.#heard.add(socket);
  }

  #onOpen(socket: StreamSocket): void {
    if (socket !== this.#next) return;
    const before = this.#socket;
    this.#socket = socket;
    this.#next = null;
    before?.close();
    const { clock } = this.#options;
    this.#cancelHealthy();
    this.#cancelHealthy = clock.after(HEALTHY_MS, () => this.#backOff.reset(), { unref: true });
    this.#cancelRotation();
    this.#cancelRotation = clock.after(ROTATE_MS, () => this.rotate(), { unref: true });
    this.#setLive(true);
  }

  #onFrame(socket: StreamSocket, data: Buffer): void {
    if (!this.#heard.has(socket)) return;
    let event: unknown;
    try {
      event = parseJsonSafe(data.toString("utf8"));
    } catch {
      this.#options.onBadFrame();
      return;
    }
    this.#options.onEvent(eventOf(event));
  }

  #onEnd(socket: StreamSocket, { kind, closeCode, httpStatus }: SocketEnd): void {
    this.#heard.delete(socket);
    if (socket === this.#next) this.#next = null;
    else if (socket === this.#socket) {
      this.#socket = null;
      this.#cancelHealthy();
      this.#setLive(false);
    } else return;
    this.#options.log.warn({ kind, closeCode, httpStatus }, "the account's socket ended");
    if (this.#isStopped || this.#next !== null || this.#cancelRetry !== null) return;
    this.#retry(this.#backOff.nextMs(kind));
  }

  #armKeepAlive(delayMs: number): void {
    this.#cancelKeepAlive();
    const { clock } = this.#options;
    this.#cancelKeepAlive = clock.after(delayMs, () => void this.#keepAlive(), { unref: true });
  }

  async #keepAlive(): Promise<void> {
    // Without a socket the key is taken anew before the next one.
    const result = this.#isLive ? await this.#options.keys.keepAlive() : "alive";
    if (this.#isStopped) return;
    this.#keepAliveFailures = result === "alive" ? 0 : this.#keepAliveFailures + 1;
    this.#armKeepAlive(result === "alive" ? KEEP_ALIVE_MS : KEEP_ALIVE_AGAIN_MS);
    if (result === "dead") this.renew("its key is dead");
    else if (this.#keepAliveFailures >= KEEP_ALIVE_FAILURES_MAX) this.renew("its key cannot be kept alive");
  }
}

/** On a combined stream the event comes in an envelope. */
function eventOf(frame: unknown): unknown {
  return typeof frame === "object" && frame !== null && "stream" in frame && "data" in frame
    ? frame.data
    : frame;
}
