import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { AlertKind, Severity } from "@smcq/alerts";
import type { Clock } from "@smcq/kernel";

/** A message of ours is far shorter; a longer one is refused. */
const BODY_BYTES_MAX = 262_144;
/** Messages that a drill keeps; more come in no drill, for a channel gets 65 a minute at most. */
const MESSAGES_MAX = 1_000;

/** An alert, or a digest of several, as a channel brought it. */
export interface Told {
  /** Since the drill began, wall ms. */
  readonly atMs: number;
  readonly severity: Severity;
  readonly kind: AlertKind | "digest";
  readonly title: string;
  /** How many alerts it stands for; of a digest the first are in `alerts`. */
  readonly alertCount: number;
  readonly alerts: readonly {
    readonly kind: AlertKind;
    readonly severity: Severity;
    readonly text: string;
    readonly count: number;
  }[];
}

/** The webhook that a drill's alerts go to, on loopback: what it has taken is what a person would have been told, and when. */
export class AlertSink {
  /** Signs the messages; the sink knows its own by the address that nobody else is told. */
  readonly secret: string = randomUUID();
  readonly #path = `/${randomUUID()}`;
  readonly #wallClock: Clock;
  readonly #startNs: number;
  readonly #server: Server;
  /** By the message's id: what is sent twice is told once. */
  readonly #told = new Map<string, Told>();

  constructor(wallClock: Clock) {
    this.#wallClock = wallClock;
    this.#startNs = wallClock.monoNs();
    this.#server = createServer((request, response) => {
      let text = "";
      request.setEncoding("utf8");
      request.on("data", (chunk: string) => {
        text += chunk;
        if (text.length > BODY_BYTES_MAX) request.destroy();
      });
      request.on("end", () => {
        const isTaken = request.method === "POST" && request.url === this.#path && this.#take(text);
        response.writeHead(isTaken ? 204 : 404).end();
      });
    });
    this.#server.unref();
  }

  /** Resolves with the address when it listens. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${this.#path}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** In the order in which they came. */
  get told(): readonly Told[] {
    return [...this.#told.values()];
  }

  #take(text: string): boolean {
    let message: Omit<Told, "atMs"> & { readonly id: string };
    try {
      message = JSON.parse(text) as typeof message;
    } catch {
      return false;
    }
    const { id, severity, kind, title, alertCount, alerts } = message;
    const atMs = (this.#wallClock.monoNs() - this.#startNs) / 1e6;
    if (!this.#told.has(id) && this.#told.size < MESSAGES_MAX)
      this.#told.set(id, { atMs, severity, kind, title, alertCount, alerts });
    return true;
  }
}
