import { type CancelTimer, type Clock, errorCode, errorMessage, type Logger, repeat } from "@smcq/kernel";
import { WebSocket } from "ws";
import type { LiveFrame, LiveState } from "../contract.ts";
import { deltaOf } from "./delta.ts";

/** How often somebody who looks is told what has changed, wall ms. */
export const UPDATE_MS = 500;
/** Who looks at once. */
export const CLIENTS_MAX = 16;
/** Bytes that may wait for a client; while more do, frames for it are dropped. */
export const WAITING_BYTES_MAX = 262_144;
/** Every client is asked so often whether it is there; one that has not answered by the next time is let go, wall ms. */
const PING_MS = 15_000;
/** The client has said something, which no client of ours does. */
const CLOSE_POLICY = 1_008;

export interface LiveHubOptions {
  readonly live: () => Promise<LiveState>;
  readonly wallClock: Clock;
  readonly logger: Logger;
}

interface Client {
  readonly socket: WebSocket;
  /** Nothing is known there, or frames were dropped. */
  needsSnapshot: boolean;
  isAlive: boolean;
}

/** Tells everybody who looks what moves: one look for all of them, and none while nobody looks. */
export class LiveHub {
  readonly #options: LiveHubOptions;
  readonly #clients = new Set<Client>();
  readonly #cancels: readonly CancelTimer[];
  #state: LiveState | null = null;
  #toldNs = 0;
  #seq = 0;
  #isLooking = false;
  #dropped = 0;

  constructor(options: LiveHubOptions) {
    this.#options = options;
    const { wallClock } = options;
    this.#cancels = [
      repeat(wallClock, UPDATE_MS, () => void this.#update()),
      repeat(wallClock, PING_MS, () => this.#ping()),
    ];
  }

  get isFull(): boolean {
    return this.#clients.size >= CLIENTS_MAX;
  }

  /** Frames that slow clients did not get. */
  get dropped(): number {
    return this.#dropped;
  }

  add(socket: WebSocket): void {
    const client: Client = { socket, needsSnapshot: true, isAlive: true };
    this.#clients.add(client);
    socket.on("close", () => this.#clients.delete(client));
    // What a client does wrong ends its connection and nothing else.
    socket.on("error", () => socket.terminate());
    socket.on("message", () => socket.close(CLOSE_POLICY, "nothing is to be said here"));
    socket.on("pong", () => {
      client.isAlive = true;
    });
    this.#welcome(client);
  }

  close(): void {
    for (const cancel of this.#cancels) cancel();
    for (const { socket } of this.#clients) socket.terminate();
  }

  /** What everybody was told just now is told to him as well; where nobody looked, somebody does now. */
  #welcome(client: Client): void {
    const { wallClock } = this.#options;
    const state = this.#state;
    const isFresh = (wallClock.monoNs() - this.#toldNs) / 1e6 < UPDATE_MS;
    if (state === null || !isFresh) return void this.#update();
    client.needsSnapshot = false;
    client.socket.send(textOf({ type: "snapshot", seq: this.#seq, serverMs: wallClock.nowMs(), state }));
  }

  async #update(): Promise<void> {
    if (this.#clients.size === 0) return;
    // An engine that does not answer is no server that does not: everybody hears that the last news are still the last.
    if (this.#isLooking) return this.#state === null ? undefined : this.#tell(this.#state);
    this.#isLooking = true;
    try {
      this.#tell(await this.#options.live());
    } catch (error) {
      this.#options.logger.error(
        { code: errorCode(error) },
        `cannot look at the run: ${errorMessage(error)}`,
      );
    } finally {
      this.#isLooking = false;
    }
  }

  #tell(state: LiveState): void {
    const before = this.#state;
    this.#state = state;
    this.#toldNs = this.#options.wallClock.monoNs();
    const head = { seq: ++this.#seq, serverMs: this.#options.wallClock.nowMs() };
    let delta: string | null = null;
    let snapshot: string | null = null;
    for (const client of this.#clients) {
      const { socket } = client;
      if (socket.readyState !== WebSocket.OPEN) continue;
      if (socket.bufferedAmount > WAITING_BYTES_MAX) {
        client.needsSnapshot = true;
        this.#dropped++;
      } else if (client.needsSnapshot || before === null) {
        snapshot ??= textOf({ type: "snapshot", ...head, state });
        client.needsSnapshot = false;
        socket.send(snapshot);
      } else {
        delta ??= textOf({ type: "delta", ...head, ...deltaOf(before, state) });
        socket.send(delta);
      }
    }
  }

  #ping(): void {
    for (const client of this.#clients) {
      if (!client.isAlive) client.socket.terminate();
      client.isAlive = false;
      client.socket.ping();
    }
  }
}

function textOf(frame: LiveFrame): string {
  return JSON.stringify(frame);
}
