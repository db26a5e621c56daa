import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { SmcqError } from "@smcq/kernel";
import type { Metric } from "./metric.ts";

const HOST = "127.0.0.1";
/** Connections at once; one more takes the place of the one that has been silent for longest. */
const CONNECTIONS_MAX = 16;
/** Who has not said in full what it wants by then is let go, wall ms. */
const REQUEST_MS_MAX = 5_000;

/** Whether the engine does what it is there for; else why not. */
export interface Readiness {
  readonly isReady: boolean;
  /** One line. */
  readonly text: string;
}

interface Reply {
  readonly status: number;
  readonly text: string;
}

/**
 * Serves on loopback, and to nobody else: `GET /metrics` (Prometheus text), `/healthz` (200: the engine's loop answers) and
 * `/readyz` (200: it watches the market; 503 and why: it does not). Nothing else is there.
 */
export class MetricsServer {
  readonly #server: Server;
  /** In the order of their coming: an answered one is closed, so that the first has been silent for longest. */
  readonly #sockets = new Set<Socket>();

  constructor(collect: () => readonly Metric[], readiness: () => Readiness) {
    this.#server = createServer((request, response) => {
      const isAsked = request.method === "GET" || request.method === "HEAD";
      void replyTo(isAsked ? request.url : undefined, collect, readiness).then(({ status, text }) => {
        response.writeHead(status, {
          "content-type": "text/plain; version=0.0.4; charset=utf-8",
          connection: "close",
        });
        response.end(text);
      });
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

async function replyTo(
  path: string | undefined,
  collect: () => readonly Metric[],
  readiness: () => Readiness,
): Promise<Reply> {
  switch (path ?? "") {
    case "/metrics": {
      // Who serves no metrics loads no client for them.
      const { metricsText } = await import("./prometheus-text.ts");
      return { status: 200, text: await metricsText(collect()) };
    }
    case "/healthz":
      return { status: 200, text: "ok\n" };
    case "/readyz": {
      const { isReady, text } = readiness();
      return { status: isReady ? 200 : 503, text: `${text}\n` };
    }
    default:
      return { status: 404, text: "there are only GET /metrics, /healthz and /readyz\n" };
  }
}
