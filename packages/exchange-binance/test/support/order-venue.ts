import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

/** A request as it came. */
export interface Heard {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly apiKey: string;
  /** Parameters of query and body. */
  readonly values: URLSearchParams;
  /** The connection that it came by: its port at our side. */
  readonly socketPort: number;
}

/** What is answered: a body, or what goes wrong on the way. */
export type Answer =
  | { readonly status: number; readonly body: unknown; readonly headers?: Readonly<Record<string, string>> }
  /** The reply never comes; the connection is cut at once, or kept, or the reply is cut in the middle. */
  | "reset"
  | "hang"
  | "cut";

type Script = (heard: Heard) => Answer | Promise<Answer>;

const text = (body: unknown): string => (typeof body === "string" ? body : JSON.stringify(body));
export const ok = (body: unknown): Answer => ({ status: 200, body });
export const refuse = (code: number, msg = "words", status = 400): Answer => ({
  status,
  body: { code, msg },
});

/** A loopback venue of the order side that says what a test tells it to: REST by method and path, and a private stream. */
export class OrderVenue {
  readonly heard: Heard[] = [];
  /** Clients of the private stream, in the order in which they came, with what they asked for. */
  readonly sockets: { readonly socket: WebSocket; readonly url: string }[] = [];
  listenKey = "listenKeyCanary0001";
  /** What the server adds to its own time. */
  aheadMs = 0;
  readonly #server: Server;
  readonly #ws = new WebSocketServer({ noServer: true });
  readonly #once = new Map<string, Script[]>();
  readonly #always = new Map<string, Script>();
  readonly #nowMs: () => number;

  private constructor(server: Server, nowMs: () => number) {
    this.#server = server;
    this.#nowMs = nowMs;
    server.on("request", (request, response) => void this.#hear(request, response));
    server.on("upgrade", (request, socket: Socket, head) => {
      this.#ws.handleUpgrade(request, socket, head, (ws) => {
        this.sockets.push({ socket: ws, url: request.url ?? "" });
      });
    });
    this.always("POST /fapi/v1/listenKey", () => ok({ listenKey: this.listenKey }));
    this.always("PUT /fapi/v1/listenKey", () => ok({}));
    this.always("GET /fapi/v1/time", () => ok({ serverTime: this.nowMs }));
    this.always("GET /fapi/v1/rateLimit/order", () => ok([]));
    this.always("GET /fapi/v1/ping", () => ok({}));
  }

  static async start(nowMs: () => number): Promise<OrderVenue> {
    const server = createServer();
    const venue = new OrderVenue(server, nowMs);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return venue;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The venue's time. */
  get nowMs(): number {
    return this.#nowMs() + this.aheadMs;
  }

  /** The next request of this kind is answered so. */
  once(kind: string, answer: Answer | Script): void {
    const scripts = this.#once.get(kind) ?? [];
    scripts.push(typeof answer === "function" ? answer : () => answer);
    this.#once.set(kind, scripts);
  }

  always(kind: string, answer: Answer | Script): void {
    this.#always.set(kind, typeof answer === "function" ? answer : () => answer);
  }

  /** The next request of this kind is answered when the test says so. */
  held(kind: string): { readonly isAsked: () => boolean; readonly give: (answer: Answer) => void } {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    let isAsked = false;
    this.once(kind, () => {
      isAsked = true;
      return promise;
    });
    return { isAsked: () => isAsked, give: resolve };
  }

  /** How many requests of this kind came. */
  count(kind: string): number {
    return this.heard.filter(({ method, path }) => `${method} ${path}` === kind).length;
  }

  /** Tells an event to everybody who listens. */
  tell(event: unknown): void {
    for (const { socket } of this.sockets)
      if (socket.readyState === socket.OPEN) socket.send(text(event), { binary: false });
  }

  async close(): Promise<void> {
    for (const { socket } of this.sockets) socket.terminate();
    this.#ws.close();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const part of request) body += String(part);
    const [path = "", query = ""] = (request.url ?? "").split("?");
    const method = request.method ?? "";
    const apiKey = String(request.headers["x-mbx-apikey"] ?? "");
    const { remotePort: socketPort = 0 } = request.socket;
    const values = new URLSearchParams(query === "" ? body : query);
    const heard: Heard = { method, path, query, body, apiKey, values, socketPort };
    this.heard.push(heard);
    const kind = `${method} ${path}`;
    const script = this.#once.get(kind)?.shift() ?? this.#always.get(kind);
    const answer = (await script?.(heard)) ?? refuse(-9999, `no script for ${kind}`, 404);
    if (answer === "hang") return;
    if (answer === "reset") {
      request.socket.resetAndDestroy();
      return;
    }
    if (answer === "cut") {
      response.writeHead(200, { "content-length": "100" });
      response.write('{"orderId":1');
      setTimeout(() => request.socket.destroy(), 5);
      return;
    }
    response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
    response.end(text(answer.body));
  }
}
