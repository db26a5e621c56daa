import { jetstream, JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import { type KV, type KvEntry, Kvm } from "@nats-io/kv";
import { type CancelTimer, type Clock, errorMessage, type Logger } from "@smcq/kernel";
import type { BusConnection } from "../connection.ts";
import { busError } from "../errors.ts";
import { type LeaseValue, parseLeaseValue } from "./lease-value.ts";

/** All leases of an installation fit many times. */
const BUCKET_BYTES_MAX = 4_194_304;
/** A watch that ended is begun again after this, wall ms. */
const WATCH_AGAIN_MS = 500;

/** What one key holds, as it was seen last. */
export interface LeaseEntry {
  /** The server's number of this write; 0 when there is nothing. */
  readonly revision: number;
  /** null: nothing, or nothing that is a lease. */
  readonly value: LeaseValue | null;
  /** Since when it is seen unchanged, ms of our own monotonic clock. */
  readonly seenMs: number;
  /** Highest epoch that was ever seen under the key: a store that lost its end must not give it again. */
  readonly epochMax: number;
  /** The longest terms that a holder of it was ever seen to have. */
  readonly longest: { readonly leaseMs: number; readonly tailMs: number };
}

/** What became of a write: an unknown one may or may not count. */
export type LeaseWrite =
  | { readonly type: "done"; readonly revision: number }
  | { readonly type: "conflict" }
  | { readonly type: "unknown"; readonly reason: string };

/** What leases need of where they are kept; in tests, one that delays and loses. */
export interface LeaseStore {
  /**
   * Since when it answers over one connection, ms of our monotonic clock: what was seen before says nothing, as a server that
   * was started anew may have lost its end.
   */
  readonly sinceMs: number;
  /** The key as it was seen last, without asking; null when it was not seen yet. */
  seen(key: string): LeaseEntry | null;
  /** Asks the server. Null: no answer in time. */
  read(key: string): Promise<LeaseEntry | null>;
  /** Writes `text` when the key still has `revision` (0: when there is nothing). */
  write(key: string, text: string, revision: number): Promise<LeaseWrite>;
}

export interface LeaseBucketOptions {
  readonly bus: BusConnection;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Limit of one question, wall ms. */
  readonly answerMs: number;
  /** On how many servers the bucket is kept, 1 to 5. */
  readonly replicas: number;
}

/**
 * The bucket that holds all leases of an installation, and what this process has seen in it. It is watched, which makes a
 * change known at once; what decides is always a question to the server, never the watch.
 */
export class LeaseBucket implements LeaseStore {
  readonly #options: LeaseBucketOptions;
  readonly #entries = new Map<string, LeaseEntry>();
  readonly #listeners = new Set<(key: string) => void>();
  readonly #stopListening: () => void;
  #kv: KV | null = null;
  #stopWatch: () => void = () => {};
  #cancelAgain: CancelTimer = () => {};
  #isClosed = false;
  #reversions = 0;
  #sinceMs: number;

  private constructor(options: LeaseBucketOptions) {
    this.#options = options;
    this.#sinceMs = options.clock.monoNs() / 1e6;
    // What was watched before may have stopped where the connection broke.
    this.#stopListening = options.bus.onChange((isConnected) => {
      this.#sinceMs = options.clock.monoNs() / 1e6;
      if (isConnected) this.#watchAgain(0);
    });
  }

  /** Makes the bucket where there is none. Errors: BUS_UNREACHABLE, BUS_REFUSED. */
  static async open(options: LeaseBucketOptions): Promise<LeaseBucket> {
    const bucket = new LeaseBucket(options);
    try {
      await bucket.#open();
    } catch (error) {
      bucket.close();
      throw busError(error, `no bucket of leases ${options.bus.names.store("leases")}`);
    }
    bucket.#watchAgain(0);
    return bucket;
  }

  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** How often a key was seen at a revision before the one it had: the store lost its end, or was made anew. */
  get reversions(): number {
    return this.#reversions;
  }

  seen(key: string): LeaseEntry | null {
    return this.#entries.get(key) ?? null;
  }

  /** All keys that were seen. */
  keys(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** `listener` hears of each key whose entry has changed; returns how to stop it. */
  onChange(listener: (key: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async read(key: string): Promise<LeaseEntry | null> {
    if (!this.#options.bus.isConnected || this.#isClosed) return null;
    try {
      const kv = this.#kv ?? (await this.#open());
      const entry = await kv.get(key);
      return this.#see(key, entry);
    } catch (error) {
      if (!isStreamGone(error)) return null;
      // Who looks for a lease makes the bucket again; who holds one sees that it is gone.
      this.#kv = null;
      this.#watchAgain(WATCH_AGAIN_MS);
      return this.#see(key, null);
    }
  }

  async write(key: string, text: string, revision: number): Promise<LeaseWrite> {
    const { bus, answerMs } = this.#options;
    // Otherwise it would wait in the connection's queue, for whenever there is one again.
    if (!bus.isConnected || this.#isClosed) return { type: "unknown", reason: "the bus is lost" };
    try {
      const kv = this.#kv ?? (await this.#open());
      return {
        type: "done",
        revision: await kv.put(key, text, { previousSeq: revision, timeout: answerMs }),
      };
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence)
        return { type: "conflict" };
      return { type: "unknown", reason: errorMessage(error) };
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#stopListening();
    this.#cancelAgain();
    this.#stopWatch();
  }

  async #open(): Promise<KV> {
    const { bus, answerMs, replicas } = this.#options;
    const kvm = new Kvm(jetstream(bus.nats, { timeout: answerMs }));
    this.#kv = await kvm.create(bus.names.store("leases"), {
      history: 1,
      replicas,
      max_bytes: BUCKET_BYTES_MAX,
      // A server that follows may answer with what was; only the one that leads knows.
      allow_direct: false,
    });
    return this.#kv;
  }

  #watchAgain(delayMs: number): void {
    if (this.#isClosed) return;
    this.#cancelAgain();
    this.#cancelAgain = this.#options.clock.after(delayMs, () => void this.#watch(), { unref: true });
  }

  async #watch(): Promise<void> {
    this.#stopWatch();
    let isStopped = false;
    this.#stopWatch = () => {
      isStopped = true;
    };
    try {
      const kv = this.#kv ?? (await this.#open());
      const updates = await kv.watch();
      if (isStopped || this.#isClosed) return updates.stop();
      this.#stopWatch = () => {
        isStopped = true;
        updates.stop();
      };
      for await (const update of updates)
        if (!isStopped && update.revision > (this.#entries.get(update.key)?.revision ?? -1))
          this.#see(update.key, update);
    } catch (error) {
      this.#options.logger.debug({ reason: errorMessage(error) }, "watch of leases failed");
    }
    if (!isStopped) this.#watchAgain(WATCH_AGAIN_MS);
  }

  /** Keeps when an entry was first seen as it is; the same one again changes nothing. */
  #see(key: string, found: KvEntry | null): LeaseEntry {
    const before = this.#entries.get(key);
    const value = found === null || found.operation !== "PUT" ? null : parseLeaseValue(found.string());
    const revision = found?.revision ?? 0;
    if (before !== undefined && before.revision === revision && isSame(before.value, value)) return before;
    if (before !== undefined && revision < before.revision) this.#reversions++;
    const entry: LeaseEntry = {
      revision,
      value,
      seenMs: this.#options.clock.monoNs() / 1e6,
      epochMax: Math.max(before?.epochMax ?? 0, value?.epoch ?? 0),
      longest: {
        leaseMs: Math.max(before?.longest.leaseMs ?? 0, value?.leaseMs ?? 0),
        tailMs: Math.max(before?.longest.tailMs ?? 0, value?.tailMs ?? 0),
      },
    };
    this.#entries.set(key, entry);
    for (const listener of this.#listeners) listener(key);
    return entry;
  }
}

function isStreamGone(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
}

function isSame(a: LeaseValue | null, b: LeaseValue | null): boolean {
  if (a === null || b === null) return a === b;
  return a.epoch === b.epoch && a.owner === b.owner && a.beat === b.beat;
}
