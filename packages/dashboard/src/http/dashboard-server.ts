import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type Clock, errorCode, errorMessage, type Logger, SmcqError } from "@smcq/kernel";
import sirv from "sirv";
import { WebSocketServer } from "ws";
import { AttemptLimit } from "../access/attempt-limit.ts";
import { ControlWords } from "../access/control-words.ts";
import { OneTimeCode } from "../access/one-time-code.ts";
import type { AccessFiles } from "../access/token-files.ts";
import { type DashboardSource, LIVE_PROTOCOL } from "../contract.ts";
import { LiveHub } from "../live/live-hub.ts";
import { Api } from "./api.ts";
import { Gate } from "./gate.ts";
import { setSecurityHeaders } from "./headers.ts";
import { OwnNames } from "./own-names.ts";
import { Refusal, statusOf } from "./refusal.ts";

/** Connections at once, live ones included. */
export const CONNECTIONS_MAX = 64;
/** Bytes of a request's line and headers together. */
export const HEADER_BYTES_MAX = 8_192;
/** A request's headers, and all of it, have to be there by then, wall ms. */
const HEADERS_MS_MAX = 5_000;
const REQUEST_MS_MAX = 10_000;
/** A connection on which nothing is asked is let go, wall ms. */
const IDLE_MS_MAX = 5_000;
/** How often these times are looked at, wall ms. */
const LOOK_MS = 1_000;
/** Bytes of a frame that a client may send. */
export const FRAME_BYTES_MAX = 4_096;
const LIVE_PATH = "/api/live";

export interface DashboardServerOptions {
  readonly host: string;
  /** 0 asks for any free one. */
  readonly port: number;
  readonly publicOrigin: string | null;
  /** The built page. */
  readonly pageFolder: string;
  readonly tokens: AccessFiles;
  readonly source: DashboardSource;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

export interface Listening {
  readonly port: number;
  /** What a person opens, once: `#code=…` is exchanged for the token. */
  readonly link: string;
}

/** Serves the page, its questions, what moves, and the few words that may be said; only to whoever has a token. */
export class DashboardServer {
  readonly #options: DashboardServerOptions;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #hub: LiveHub;
  readonly #files: ReturnType<typeof sirv>;

  constructor(options: DashboardServerOptions) {
    this.#options = options;
    this.#hub = new LiveHub({ ...options, live: () => options.source.live() });
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: FRAME_BYTES_MAX,
      perMessageDeflate: false,
      handleProtocols: () => LIVE_PROTOCOL,
    });
    this.#files = sirv(options.pageFolder, {
      etag: true,
      setHeaders: (response, path) => {
        const isHashed = path.startsWith("/assets/");
        response.setHeader("cache-control", isHashed ? "max-age=31536000, immutable" : "no-cache");
      },
    });
    this.#server = createServer({
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_MS_MAX,
      requestTimeout: REQUEST_MS_MAX,
      keepAliveTimeout: IDLE_MS_MAX,
      connectionsCheckingInterval: LOOK_MS,
    });
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** Resolves when it is answered. Refuses with DASHBOARD_PORT. */
  async listen(): Promise<Listening> {
    const { host, port: wanted, publicOrigin, tokens, source, wallClock } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (error) => reject(refusedPort(host, wanted, error)));
      this.#server.listen(wanted, host, resolve);
    });
    const { port } = this.#server.address() as AddressInfo;
    const names = new OwnNames({ port, publicOrigin });
    const gate = new Gate({ names, tokens, limit: new AttemptLimit(wallClock) });
    const code = new OneTimeCode(wallClock);
    const api = new Api({ gate, code, tokens, source, words: new ControlWords(wallClock) });
    this.#server.on("request", (request, response) => void this.#answer({ gate, api }, request, response));
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(gate, request, { socket, head }));
    return { port, link: `${publicOrigin ?? localOrigin(host, port)}/#code=${code.text}` };
  }

  /** Frames that slow clients did not get. */
  get droppedFrames(): number {
    return this.#hub.dropped;
  }

  async close(): Promise<void> {
    this.#hub.close();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(
    { gate, api }: { readonly gate: Gate; readonly api: Api },
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    setSecurityHeaders(response);
    try {
      gate.names.requireHost(request);
      const url = urlOf(request);
      if (url.pathname.startsWith("/api/")) return await api.answer(url, request, response);
      if (request.method !== "GET" && request.method !== "HEAD")
        throw new Refusal(405, "DASHBOARD_METHOD", "files are only read");
      this.#files(request, response, () =>
        refuse(response, new Refusal(404, "DASHBOARD_PATH", "there is no such page")),
      );
    } catch (error) {
      if (statusOf(error) === null)
        this.#options.logger.error({ code: errorCode(error) }, `a request failed: ${errorMessage(error)}`);
      refuse(response, error);
    }
  }

  #upgrade(
    gate: Gate,
    request: IncomingMessage,
    { socket, head }: { readonly socket: Duplex; readonly head: Buffer },
  ): void {
    // Somebody who goes away is no failure.
    socket.on("error", () => socket.destroy());
    try {
      if (urlOf(request).pathname !== LIVE_PATH)
        throw new Refusal(404, "DASHBOARD_PATH", `only ${LIVE_PATH} is a WebSocket`);
      gate.requireLive(request);
      if (this.#hub.isFull) throw new Refusal(503, "DASHBOARD_BUSY", "too many look already");
    } catch (error) {
      socket.end(
        `HTTP/1.1 ${statusOf(error) ?? 500} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
      );
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => this.#hub.add(client));
  }
}

function urlOf(request: IncomingMessage): URL {
  const url = URL.parse(`http://dashboard${request.url ?? "/"}`);
  if (url === null || request.url?.startsWith("/") !== true)
    throw new Refusal(400, "DASHBOARD_PATH", "this is no path");
  return url;
}

/** What was wrong, as JSON; of our own faults only that there was one. */
function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const status = statusOf(error);
  const code = status === null ? "DASHBOARD_FAILED" : errorCode(error);
  const message = status === null ? "it failed; the engine's log says why" : errorMessage(error);
  response.writeHead(status ?? 500, {
    "content-type": "application/json",
    "cache-control": "no-store",
    // What is left of a refused request is not read.
    connection: "close",
  });
  response.end(JSON.stringify({ code, message }));
}

function localOrigin(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function refusedPort(host: string, port: number, cause: Error): SmcqError {
  const inUse =
    errorCode(cause) === "EADDRINUSE" ? " (another run's dashboard? --dashboard-port 0 takes any)" : "";
  return new SmcqError(
    "DASHBOARD_PORT",
    `cannot serve the dashboard on ${host}:${port}: ${cause.message}${inUse}`,
    {
      context: { host, port },
      cause,
    },
  );
}
