import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { SmcqError } from "@smcq/kernel";
import { type Metric, metricsText } from "./metrics-text.ts";

const HOST = "127.0.0.1";
const CONNECTIONS_MAX = 16;

/** Serves `GET /metrics` on loopback; nothing else, and to nobody else. */
export class MetricsServer {
  readonly #server: Server;

  constructor(collect: () => readonly Metric[]) {
    this.#server = createServer((request, response) => {
      const isKnown = request.url === "/metrics" && (request.method === "GET" || request.method === "HEAD");
      response.writeHead(isKnown ? 200 : 404, {
        "content-type": "text/plain; version=0.0.4; charset=utf-8",
        connection: "close",
      });
      response.end(isKnown ? metricsText(collect()) : "there is only GET /metrics\n");
    });
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.unref();
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
