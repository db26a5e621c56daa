import type { Msg, Subscription } from "@nats-io/transport-node";
import { AwakeMeter, type Clock } from "@smcq/kernel";
import type { BusConnection } from "../connection.ts";

/** Scanners that are kept in mind; more than that are a mistake. */
export const MEMBERS_MAX = 1_024;
const NAME_LENGTH_MAX = 96;

/** What a scanner says of itself, again and again. */
export interface Beat {
  readonly member: string;
  /** Parts that the universe has by its settings. */
  readonly parts: number;
  readonly held: number;
  readonly symbols: number;
  readonly ready: number;
  /** It goes: its parts are to be taken from it. */
  readonly isLeaving: boolean;
}

/** A scanner as others see it. */
export interface MemberView extends Beat {
  /** Since its last beat, ms that this process was awake and connected for. */
  readonly ageMs: number;
}

/** Own beats that may be under way before a member takes itself for deaf. */
const OWN_BEATS_MAX = 2;

/**
 * Who scans, by beats that each sends to all. How old a beat is, this host's own monotonic clock says, and only while it is awake,
 * connected, and hears its own beats come back: what it could not have heard is nobody's silence.
 */
export class Members {
  readonly #connection: BusConnection;
  readonly #meter: AwakeMeter;
  readonly #subject: string;
  readonly #own: { readonly member: string; readonly beatMs: number };
  readonly #heard = new Map<string, { readonly beat: Beat; readonly atMs: number }>();
  #subscription: Subscription | null = null;
  #lookedMs = 0;
  #deafMs = 0;
  /** When its own beat came back last, ms awake. */
  #ownMs = 0;
  #isDeaf = true;
  refused = 0;

  /** `own`: who listens, and how often it beats. Null: it does not beat, and takes what it hears for all there is. */
  constructor(
    connection: BusConnection,
    clock: Clock,
    own: { readonly member: string; readonly beatMs: number } | null = null,
  ) {
    this.#connection = connection;
    this.#own = own ?? { member: "", beatMs: Number.POSITIVE_INFINITY };
    this.#meter = new AwakeMeter(clock);
    this.#subject = connection.names.subject("scanner", "beat");
  }

  /** Listens from now on. */
  start(): void {
    this.#subscription = this.#connection.nats.subscribe(this.#subject, {
      callback: (error, message) => {
        if (error === null) this.#hear(message);
      },
    });
  }

  stop(): void {
    this.#subscription?.unsubscribe();
    this.#subscription = null;
  }

  /** Tells the others; without a connection nothing is told. */
  send(beat: Beat): void {
    if (this.#connection.isConnected) this.#connection.nats.publish(this.#subject, JSON.stringify(beat));
  }

  /** To be called again and again: time passes here between two calls. */
  look(): number {
    const ms = this.#meter.look();
    const isOwnLate = ms - this.#ownMs > OWN_BEATS_MAX * this.#own.beatMs;
    this.#isDeaf = !this.#connection.isConnected || isOwnLate;
    if (this.#isDeaf) this.#deafMs += ms - this.#lookedMs;
    this.#lookedMs = ms;
    return this.#nowMs;
  }

  /** Nothing is known of the others now: they may live or not. As of the last look. */
  get isDeaf(): boolean {
    return this.#isDeaf;
  }

  /** Those whose last beat is not older than `ttlMs`, by name. */
  within(ttlMs: number): readonly MemberView[] {
    const found: MemberView[] = [];
    for (const { beat, atMs } of this.#heard.values()) {
      const ageMs = Math.round(this.#nowMs - atMs);
      if (ageMs <= ttlMs) found.push({ ...beat, ageMs });
    }
    return found.sort((a, b) => (a.member < b.member ? -1 : 1));
  }

  get #nowMs(): number {
    return this.#lookedMs - this.#deafMs;
  }

  #hear(message: Msg): void {
    const beat = beatOf(message.string());
    if (beat === null) {
      this.refused++;
      return;
    }
    if (beat.member === this.#own.member) this.#ownMs = this.#meter.look();
    this.#heard.delete(beat.member);
    this.#heard.set(beat.member, { beat, atMs: this.#nowMs });
    for (const [oldest] of this.#heard) {
      if (this.#heard.size <= MEMBERS_MAX) return;
      this.#heard.delete(oldest);
    }
  }
}

/** Null: no beat. */
function beatOf(text: string): Beat | null {
  let found: Partial<Record<keyof Beat, unknown>> | null;
  try {
    found = JSON.parse(text) as Partial<Record<keyof Beat, unknown>> | null;
  } catch {
    return null;
  }
  const { member, parts, held, symbols, ready, isLeaving } = found ?? {};
  const isName = typeof member === "string" && member.length > 0 && member.length <= NAME_LENGTH_MAX;
  if (!isName || !isCount(parts) || !isCount(held) || !isCount(symbols) || !isCount(ready)) return null;
  return { member, parts, held, symbols, ready, isLeaving: isLeaving === true };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
