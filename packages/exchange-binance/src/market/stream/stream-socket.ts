import { errorCode, errorMessage } from "@smcq/kernel";
import type { CancelTimer, Clock } from "@smcq/kernel";
import { HttpsProxyAgent } from "https-proxy-agent";
import { type ClientOptions, WebSocket } from "ws";
import { proxyOf } from "../../proxy.ts";
import { endKind } from "./back-off.ts";
import type { EndKind } from "./back-off.ts";
import { NAMES_PER_MESSAGE_MAX, PAYLOAD_BYTES_MAX, SEND_GAP_WALL_MS, SEND_QUEUE_MAX } from "../../limits.ts";

/** Wall ms until the handshake must be done. */
const CONNECT_WALL_MS = 10_000;
/** Wall ms that the words of a refused handshake may take. */
const BODY_WALL_MS = 2_000;
/** Wall ms until a SUBSCRIBE must be acknowledged. */
const ACK_WALL_MS = 10_000;
/** Wall ms between our pings, and until the pong must have come: finds half-open sockets. */
const PING_WALL_MS = 15_000;
const PONG_WALL_MS = 10_000;
/** What is read of the body of a refused handshake, and kept of the venue's words. */
const WORDS_MAX = 200;
/** Wall ms that a close handshake may take before the socket is cut. */
const CLOSE_WALL_MS = 2_000;

export interface SocketEnd {
  readonly kind: EndKind;
  readonly closeCode: number;
  readonly httpStatus: number;
  readonly errorCode: string;
  readonly detail: string;
}

export interface SocketHandlers {
  onOpen(socket: StreamSocket): void;
  /** A text frame, not yet read. */
  onFrame(socket: StreamSocket, data: Buffer): void;
  /** Every SUBSCRIBE so far was acknowledged. It proves nothing about data. */
  onAcked(socket: StreamSocket): void;
  /** Comes once, whatever happened. */
  onEnd(socket: StreamSocket, end: SocketEnd): void;
}

interface Command {
  readonly method: "SUBSCRIBE" | "UNSUBSCRIBE";
  readonly params: readonly string[];
}

/** Wall timeouts of a socket, for tests and slow lines. */
export interface SocketTimeouts {
  readonly connectMs?: number;
  readonly ackMs?: number;
  readonly pingMs?: number;
  readonly pongMs?: number;
  /** A larger frame closes the socket; default 4 MiB. */
  readonly payloadBytesMax?: number;
}

/**
 * One WebSocket to the venue: sends commands at most 4 a second in chunks of 100 names, waits for their ACKs, pings.
 * It counts in wall time only; what its silence means is the group's business.
 */
export class StreamSocket {
  readonly #ws: WebSocket;
  readonly #wallClock: Clock;
  readonly #handlers: SocketHandlers;
  readonly #timeouts: SocketTimeouts;
  readonly #queue: Command[] = [];
  readonly #awaitedIds = new Set<number>();
  #nextId = 1;
  #cancelTunnel: CancelTimer | undefined;
  #cancelSend: CancelTimer | undefined;
  #cancelPing: CancelTimer | undefined;
  #cancelAck: CancelTimer | undefined;
  #isPongDue = false;
  #hasEnded = false;
  #hasError = false;
  #errorCode = "";
  #errorText = "";
  #httpStatus = 0;
  #forcedKind: EndKind | undefined;

  constructor(options: {
    readonly url: string;
    readonly wallClock: Clock;
    readonly handlers: SocketHandlers;
    readonly timeouts?: SocketTimeouts;
  }) {
    this.#wallClock = options.wallClock;
    this.#handlers = options.handlers;
    this.#timeouts = options.timeouts ?? {};
    const connectMs = this.#timeouts.connectMs ?? CONNECT_WALL_MS;
    this.#ws = new WebSocket(options.url, {
      ...this.#throughProxy(options.url, connectMs),
      // The default offers deflate: 45-113 us a message (docs/performance.md 2), and bombs (docs/security.md T18).
      perMessageDeflate: false,
      maxPayload: this.#timeouts.payloadBytesMax ?? PAYLOAD_BYTES_MAX,
      // The scan reads bytes and leaves anything odd to JSON.parse: a second pass over each frame brings nothing.
      skipUTF8Validation: true,
      followRedirects: false,
      handshakeTimeout: connectMs,
    });
    this.#listen();
  }

  /** The way through the proxy, if there is one; a proxy that says nothing is cut after `connectMs`, wall ms. */
  #throughProxy(url: string, connectMs: number): ClientOptions {
    const proxy = proxyOf(url, process.env);
    if (proxy === null) return {};
    const silence = new AbortController();
    this.#cancelTunnel = this.#wallClock.after(connectMs, () => silence.abort(), { unref: true });
    return { agent: new HttpsProxyAgent(proxy.url, { signal: silence.signal }) };
  }

  get isOpen(): boolean {
    return this.#ws.readyState === WebSocket.OPEN && !this.#hasEnded;
  }

  /** Queues SUBSCRIBE messages for these stream names. */
  subscribe(names: readonly string[]): void {
    this.#enqueue("SUBSCRIBE", names);
  }

  unsubscribe(names: readonly string[]): void {
    this.#enqueue("UNSUBSCRIBE", names);
  }

  /** True when nothing waits to be sent or acknowledged, and nothing was refused. */
  get isAcked(): boolean {
    return this.#queue.length === 0 && this.#awaitedIds.size === 0 && !this.#hasError;
  }

  /** Takes the reply to a command (`{"result":…,"id":n}`) or an error, with the error's text; undefined when it is none. */
  onControl(text: string): { readonly error: string } | undefined {
    const id = /"id"\s*:\s*(\d+)/.exec(text)?.[1];
    const isError = /"error"\s*:\s*[^\sn]/.test(text) || (/"msg"\s*:/.test(text) && /"code"\s*:/.test(text));
    const error = isError ? text.slice(0, WORDS_MAX) : "";
    // An error without the id of a command (it could not be read, or asked for too much) belongs to all of them.
    if (id === undefined && error !== "") return { error };
    if (id === undefined || !this.#awaitedIds.delete(Number(id))) return undefined;
    this.#hasError ||= error !== "";
    if (this.#awaitedIds.size === 0) this.#cancelAck?.();
    if (this.isAcked) this.#handlers.onAcked(this);
    return { error };
  }

  /** Cuts the socket at once; `onEnd` follows with this kind. */
  cut(kind: EndKind, detail: string): void {
    this.#forcedKind ??= kind;
    this.#errorText = detail;
    this.#ws.terminate();
  }

  /** Closes in good order and cuts when the venue does not answer. */
  close(): void {
    this.#forcedKind ??= "stopped";
    this.#ws.close(1000);
    this.#wallClock.after(CLOSE_WALL_MS, () => this.#ws.terminate(), { unref: true });
  }

  #listen(): void {
    this.#ws.on("open", () => {
      this.#cancelTunnel?.();
      this.#armPing();
      this.#handlers.onOpen(this);
    });
    this.#ws.on("message", (data: Buffer) => this.#handlers.onFrame(this, data));
    this.#ws.on("pong", () => {
      this.#isPongDue = false;
    });
    this.#ws.on("unexpected-response", (_request, response) => {
      const { statusCode = 0, statusMessage = "" } = response;
      this.#httpStatus = statusCode;
      this.#errorText = `HTTP ${statusCode} ${statusMessage}`.trim();
      // Its first words may say why; no more than the socket's own time is waited for them.
      let said = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        said += text.slice(0, WORDS_MAX - said.length);
        if (said.length >= WORDS_MAX) response.destroy();
      });
      const end = (): void => {
        if (said !== "") this.#errorText += `: ${said}`;
        this.#ws.terminate();
      };
      const cancel = this.#wallClock.after(BODY_WALL_MS, () => response.destroy(), { unref: true });
      response.once("error", () => {});
      response.once("close", () => {
        cancel();
        end();
      });
    });
    this.#ws.on("error", (error) => {
      this.#errorCode = errorCode(error);
      this.#errorText ||= errorMessage(error);
    });
    this.#ws.on("close", (closeCode, reason) => this.#end(closeCode, reason.toString()));
  }

  #end(closeCode: number, reason: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#cancelTunnel?.();
    this.#cancelSend?.();
    this.#cancelPing?.();
    this.#cancelAck?.();
    const facts = { closeCode, httpStatus: this.#httpStatus, errorCode: this.#errorCode };
    const detail = this.#errorText === "" ? reason : this.#errorText;
    this.#handlers.onEnd(this, { ...facts, kind: this.#forcedKind ?? endKind(facts), detail });
  }

  #enqueue(method: Command["method"], names: readonly string[]): void {
    for (let at = 0; at < names.length; at += NAMES_PER_MESSAGE_MAX)
      this.#queue.push({ method, params: names.slice(at, at + NAMES_PER_MESSAGE_MAX) });
    if (this.#queue.length > SEND_QUEUE_MAX) this.cut("network", "too many commands wait");
    else if (this.#cancelSend === undefined) this.#sendNext();
  }

  #sendNext(): void {
    this.#cancelSend = undefined;
    const command = this.#queue.shift();
    if (command === undefined || !this.isOpen) return;
    const id = this.#nextId++;
    this.#awaitedIds.add(id);
    this.#ws.send(JSON.stringify({ ...command, id }));
    this.#cancelAck?.();
    this.#cancelAck = this.#wallClock.after(
      this.#timeouts.ackMs ?? ACK_WALL_MS,
      () => this.cut("silent", "SUBSCRIBE was not acknowledged"),
      { unref: true },
    );
    this.#cancelSend = this.#wallClock.after(SEND_GAP_WALL_MS, () => this.#sendNext(), { unref: true });
  }

  /** Pings; a pong that does not come in time means that the other side is gone without a word (NW03). */
  #armPing(): void {
    const pingMs = this.#timeouts.pingMs ?? PING_WALL_MS;
    this.#cancelPing = this.#wallClock.after(
      pingMs,
      () => {
        if (!this.isOpen) return;
        this.#isPongDue = true;
        this.#ws.ping();
        this.#cancelPing = this.#wallClock.after(
          this.#timeouts.pongMs ?? PONG_WALL_MS,
          () => (this.#isPongDue ? this.cut("silent", "no pong") : this.#armPing()),
          { unref: true },
        );
      },
      { unref: true },
    );
  }
}
