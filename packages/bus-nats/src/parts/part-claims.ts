import { JetStreamApiCodes, StorageType } from "@nats-io/jetstream";
import { type KV, Kvm, type KvWatchEntry } from "@nats-io/kv";
import { type CancelTimer, type Clock, errorMessage, type Logger } from "@smcq/kernel";
import type { QueuedIterator } from "@nats-io/transport-node";
import type { BusConnection } from "../connection.ts";
import { busError } from "../errors.ts";
import { isApi } from "../signals/signal-stream.ts";

const AGAIN_MS = 500;

/** Whose a part is. */
export interface Claim {
  readonly owner: string;
  /** Open time of the last minute whose bars its owners have told, or of the last one before it was anybody's, venue ms. */
  readonly toldMs: number;
  /** Of the store: whoever changes the claim must name the one before. */
  readonly revision: number;
}

export interface ClaimsDeps {
  readonly connection: BusConnection;
  readonly parts: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Whose parts are, in a bucket of JetStream: followed by everybody, changed by naming the revision that was seen. */
export class PartClaims {
  readonly #deps: ClaimsDeps;
  #kv: KV;
  /** When the bucket was made that the claims are of. */
  #made = "";
  /** Of the keys: who cuts the universe into other parts has claims of its own, and takes none of these. */
  readonly #prefix: string;
  readonly #claims: (Claim | null)[];
  #watch: QueuedIterator<KvWatchEntry> | null = null;
  #cancelAgain: CancelTimer = () => {};
  #forget: () => void = () => {};
  #isStopped = false;
  /** Moves on with every claim that changes. */
  version = 0;
  /** Claims that came too late: somebody else had changed the part. */
  lost = 0;

  private constructor(deps: ClaimsDeps, kv: KV) {
    this.#deps = deps;
    this.#kv = kv;
    this.#prefix = `part.${deps.parts}.`;
    this.#claims = Array.from({ length: deps.parts }, () => null);
  }

  /** Opens the bucket, or makes it, and reads it. Errors: BUS_REFUSED, BUS_UNREACHABLE. */
  static async open(deps: ClaimsDeps): Promise<PartClaims> {
    try {
      const claims = new PartClaims(deps, await openBucket(deps.connection));
      await claims.#follow();
      claims.#forget = deps.connection.onChange((isConnected) => {
        if (isConnected) claims.#again(0);
      });
      return claims;
    } catch (error) {
      throw busError(error, `bucket ${deps.connection.names.store("parts")}`);
    }
  }

  /** Null: nobody's. */
  of(part: number): Claim | null {
    return this.#claims[part] ?? null;
  }

  owners(): readonly (string | null)[] {
    return this.#claims.map((claim) => claim?.owner ?? null);
  }

  /** Makes the part `owner`'s, if nobody has changed it since `of` was true; false: somebody has, or the bus did not answer. */
  async change(part: number, { owner, toldMs }: Omit<Claim, "revision">): Promise<boolean> {
    const seen = this.of(part);
    const value = JSON.stringify({ owner, toldMs });
    try {
      const revision = await this.#kv.put(`${this.#prefix}${part}`, value, {
        previousSeq: seen?.revision ?? 0,
      });
      this.#put(part, { owner, toldMs, revision });
      return true;
    } catch (error) {
      if (isApi(error, JetStreamApiCodes.StreamWrongLastSequence)) this.lost++;
      await this.#read(part).catch(() => {});
      return false;
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#forget();
    this.#cancelAgain();
    this.#watch?.stop();
  }

  async #read(part: number): Promise<void> {
    const entry = await this.#kv.get(`${this.#prefix}${part}`);
    if (entry !== null) this.#hear(entry.key, entry.string(), entry.revision);
  }

  /** Resolves when what stands there was read; goes on with what comes. */
  async #follow(): Promise<void> {
    this.#watch?.stop();
    this.#kv = await openBucket(this.#deps.connection);
    await this.#lookAtBucket();
    const watch = await this.#kv.watch({ key: `${this.#prefix}>` });
    this.#watch = watch;
    for (let part = 0; part < this.#deps.parts; part++) if (this.of(part) === null) await this.#read(part);
    void this.#listen(watch);
  }

  /** In a bucket that was made anew, after servers had lost the one before, nothing is anybody's. */
  async #lookAtBucket(): Promise<void> {
    const { created } = (await this.#kv.status()).streamInfo;
    if (this.#made !== "" && created !== this.#made) {
      this.#claims.fill(null);
      this.version++;
    }
    this.#made = created;
  }

  async #listen(watch: QueuedIterator<KvWatchEntry>): Promise<void> {
    try {
      for await (const entry of watch) this.#hear(entry.key, entry.string(), entry.revision);
    } catch (error) {
      this.#deps.logger.debug({ error: errorMessage(error) }, "parts cannot be followed; tried again");
    }
    if (this.#watch === watch) this.#again(AGAIN_MS);
  }

  #again(inMs: number): void {
    if (this.#isStopped) return;
    this.#cancelAgain();
    this.#cancelAgain = this.#deps.clock.after(inMs, () => {
      this.#follow().catch(() => this.#again(AGAIN_MS));
    });
  }

  #hear(key: string, text: string, revision: number): void {
    const part = Number(key.slice(this.#prefix.length));
    if (!Number.isSafeInteger(part) || part < 0 || part >= this.#deps.parts) return;
    const claim = claimOf(text, revision);
    if (claim === null) this.#deps.logger.error({ key, revision }, "the bus holds a claim that is none");
    else this.#put(part, claim);
  }

  #put(part: number, claim: Claim): void {
    const seen = this.of(part);
    if (seen !== null && seen.revision >= claim.revision) return;
    this.#claims[part] = claim;
    this.version++;
  }
}

/** Makes the bucket where there is none. */
function openBucket({ nats, names, replicas }: BusConnection): Promise<KV> {
  return new Kvm(nats).create(names.store("parts"), { history: 1, replicas, storage: StorageType.File });
}

/** Null: no claim. */
function claimOf(text: string, revision: number): Claim | null {
  try {
    const { owner, toldMs } = JSON.parse(text) as Partial<Record<keyof Claim, unknown>>;
    if (typeof owner !== "string" || typeof toldMs !== "number" || !Number.isSafeInteger(toldMs)) return null;
    return { owner, toldMs, revision };
  } catch {
    return null;
  }
}
