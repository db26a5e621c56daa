import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { SmcqError } from "@smcq/kernel";
import { type Metric, metricsText } from "./metrics-text.ts";

const HOST = "127.0.0.1";
/** Connections at once; one more takes the place of the one that has been silent for longest. */
const CONNECTIONS_MAX = 16;
/** Who has not said in full what it wants by then is let go, wall ms. */
const REQUEST_MS_MAX = 5_000;

/** Serves `GET /metrics` on loopback; nothing else, and to nobody else. */
export class MetricsServer {
  readonly #server: Server;
  /** In the order of their coming: an answered one is closed, so that the first has been silent for longest. */
  readonly #sockets = new Set<Socket>();

  constructor(collect: () => readonly Metric[]) {
    this.#server = createServer((request, response) => {
      const isKnown = request.url === "/metrics" && (request.method === "GET" || request.method === "HEAD");
      response.writeHead(isKnown ? 200 : 404, {
        "content-type": "text/plain; version=0.0.4; charset=utf-8",
        connection: "close",
      });
      response.end(isKnown ? metricsText(collect()) : "there is only GET /metrics\n");
    });
    this.#server.headersTimeout = REQUEST_MS_MAX;
    this.#server.requestTimeout = REQUEST_MS_MAX;
    this.#server.on("connection", (socket) => this.#admit(socket));
    this.#server.unref();
  }

  /** A scraper is served however many others hang on and say nothing. */
  #admit(socket: Socket): void {
    const [oldest] = this.#sockets;
    if (this.#sockets.size >= CONNECTIONS_MAX) oldest?.destroy();
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
  }

  /** Resolves with the port that is listened on; 0 asks for any free one. Refuses with METRICS_PORT. */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (error) =>
        reject(
          new SmcqError("METRICS_PORT", `cannot serve metrics on ${HOST}:${port}: ${error.message}`, {
            context: { port },
            cause: error,
          }),
        ),
      );
      this.#server.listen(port, HOST, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
