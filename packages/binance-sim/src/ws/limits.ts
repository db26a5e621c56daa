import type { Connection } from "./connection.ts";

const FIVE_MINUTES_MS = 300_000;
const SECOND_NS = 1e9;
/** Connections closed for too many messages before the address is banned, and for how long (venue ms). */
const STRIKES_BEFORE_BAN = 3;
const BAN_MS = 300_000;

/** Accepts or refuses new connections: 300 in 5 minutes of venue time, none while the address is banned. */
export class ConnectGate {
  readonly #max: number;
  #acceptedMs: number[] = [];
  #strikesMs: number[] = [];
  #bannedUntilMs = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Returns the HTTP status line of a refusal, or null and counts the connection. */
  refusal(nowMs: number): string | null {
    if (nowMs < this.#bannedUntilMs) return "403 Forbidden";
    this.#acceptedMs = this.#acceptedMs.filter((atMs) => nowMs - atMs < FIVE_MINUTES_MS);
    if (this.#acceptedMs.length >= this.#max) return "429 Too Many Requests";
    this.#acceptedMs.push(nowMs);
    return null;
  }

  /** Notes a connection closed for too many messages. */
  strike(nowMs: number): void {
    this.#strikesMs = this.#strikesMs.filter((atMs) => nowMs - atMs < FIVE_MINUTES_MS);
    this.#strikesMs.push(nowMs);
    if (this.#strikesMs.length >= STRIKES_BEFORE_BAN) this.#bannedUntilMs = nowMs + BAN_MS;
  }
}

/** Counts what clients send: messages, pings and pongs alike, in seconds of wall time. */
export class MessageMeter {
  readonly #max: number;
  readonly #gate: ConnectGate;

  constructor(max: number, gate: ConnectGate) {
    this.#max = max;
    this.#gate = gate;
  }

  /** False when this message is one too many; the connection is then to be closed (1008). */
  accepts(connection: Connection, wallNs: number, nowMs: number): boolean {
    if (wallNs - connection.windowStartNs >= SECOND_NS) {
      connection.windowStartNs = wallNs;
      connection.messagesInWindow = 0;
    }
    connection.messagesInWindow++;
    if (connection.messagesInWindow <= this.#max) return true;
    if (connection.messagesInWindow === this.#max + 1) this.#gate.strike(nowMs);
    return false;
  }
}
