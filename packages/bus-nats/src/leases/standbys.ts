import { randomUUID } from "node:crypto";
import type { Msg, Subscription } from "@nats-io/transport-node";
import { type CancelTimer, type Clock, repeat } from "@smcq/kernel";
import type { BusConnection } from "../connection.ts";

/** Between two words of a host that waits, wall ms. */
const BEAT_MS = 1_000;
/** Who is silent for so long has gone, ms of our own monotonic clock. */
const SILENT_MS = 3_500;
/** More that wait than this are a mistake. */
const STANDBYS_MAX = 64;
const NAME_LENGTH_MAX = 64;

/**
 * Who waits for the account's lease, and whether it reaches the venue: each says so again and again to whoever listens. Nothing is
 * kept, and nothing but a word that came a moment ago counts.
 */
export class Standbys {
  readonly #bus: BusConnection;
  readonly #clock: Clock;
  readonly #subject: string;
  readonly #own: string = randomUUID();
  readonly #heard = new Map<string, { readonly reaches: boolean; readonly atMs: number }>();
  #subscription: Subscription | null = null;
  #cancelBeat: CancelTimer = () => {};

  constructor(bus: BusConnection, clock: Clock) {
    this.#bus = bus;
    this.#clock = clock;
    this.#subject = bus.names.subject("executor", "standby");
  }

  /** This host waits: it says so until `stop`. */
  wait(reaches: () => boolean): void {
    this.stop();
    const tell = (): void => {
      if (!this.#bus.isConnected) return;
      this.#bus.nats.publish(this.#subject, JSON.stringify({ host: this.#own, reaches: reaches() }));
    };
    tell();
    this.#cancelBeat = repeat(this.#clock, BEAT_MS, tell);
  }

  /** This host holds the lease: it hears who waits, until `stop`. */
  listen(): void {
    this.stop();
    this.#subscription = this.#bus.nats.subscribe(this.#subject, {
      callback: (error, message) => {
        if (error === null) this.#hear(message);
      },
    });
  }

  /** Hosts that waited and reached the venue a moment ago. */
  get reaching(): number {
    const sinceMs = this.#nowMs() - SILENT_MS;
    return [...this.#heard.values()].filter(({ reaches, atMs }) => reaches && atMs >= sinceMs).length;
  }

  stop(): void {
    this.#cancelBeat();
    this.#subscription?.unsubscribe();
    this.#subscription = null;
    this.#heard.clear();
  }

  #hear(message: Msg): void {
    const word = wordOf(message.string());
    if (word === null || word.host === this.#own) return;
    this.#heard.delete(word.host);
    this.#heard.set(word.host, { reaches: word.reaches, atMs: this.#nowMs() });
    for (const [oldest] of this.#heard) {
      if (this.#heard.size <= STANDBYS_MAX) return;
      this.#heard.delete(oldest);
    }
  }

  #nowMs(): number {
    return this.#clock.monoNs() / 1e6;
  }
}

/** Null: no word of one that waits. */
function wordOf(text: string): { readonly host: string; readonly reaches: boolean } | null {
  try {
    const found = JSON.parse(text) as { readonly host?: unknown; readonly reaches?: unknown } | null;
    const { host, reaches } = found ?? {};
    const isName = typeof host === "string" && host.length > 0 && host.length <= NAME_LENGTH_MAX;
    return isName && typeof reaches === "boolean" ? { host, reaches } : null;
  } catch {
    return null;
  }
}
