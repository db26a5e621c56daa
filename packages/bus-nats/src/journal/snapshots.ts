import { createReadStream, createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { type ObjectInfo, type ObjectStore, Objm } from "@nats-io/obj";
import { type CancelTimer, SmcqError, SystemClock } from "@smcq/kernel";
import type { BusConnection } from "../connection.ts";
import { BusErrorCode, busError } from "../errors.ts";

const SNAPSHOT = "ledger";
/** Limit of putting one, wall ms. */
const PUT_MS_MAX = 600_000;
/** Limit of waiting for the next piece of one, wall ms: what is put anew takes the pieces of the one before away. */
const PIECE_MS_MAX = 5_000;
const CLOCK = new SystemClock();

/** A copy of a whole ledger. */
export interface Snapshot {
  /** Messages of the stream up to this one are in it. */
  readonly streamSeq: number;
  /** Of the holder who put it. */
  readonly epoch: number;
  readonly bytes: number;
  readonly nuid: string;
}

/** The bucket `NAME_snapshots`: the last copy of the holder's whole ledger, for who begins to follow. */
export class Snapshots {
  readonly #bus: BusConnection;
  readonly #bucket: string;
  readonly #store: ObjectStore;

  private constructor(bus: BusConnection, bucket: string, store: ObjectStore) {
    this.#bus = bus;
    this.#bucket = bucket;
    this.#store = store;
  }

  /** Errors: BUS_UNREACHABLE, BUS_REFUSED. */
  static async open(bus: BusConnection, replicas: number): Promise<Snapshots> {
    const bucket = bus.names.store("snapshots");
    try {
      const objm = new Objm(jetstream(bus.nats));
      return new Snapshots(bus, bucket, await objm.create(bucket, { replicas }));
    } catch (error) {
      throw busError(error, `no bucket ${bucket}`);
    }
  }

  /** The last one; null: there is none. Errors: BUS_UNREACHABLE, BUS_REFUSED. */
  async last(): Promise<Snapshot | null> {
    try {
      const info = await this.#store.info(SNAPSHOT);
      if (info === null || info.deleted) return null;
      return snapshotOf(info);
    } catch (error) {
      throw busError(error, "the bus tells of no copy of the ledger");
    }
  }

  /**
   * Puts the file there, in the place of the one that stands there now; never in that of a newer epoch. Errors: BUS_UNREACHABLE,
   * BUS_REFUSED, BUS_LEASE_LOST.
   */
  async put(
    file: string,
    { streamSeq, epoch }: { readonly streamSeq: number; readonly epoch: number },
  ): Promise<void> {
    try {
      const before = await this.#store.info(SNAPSHOT);
      const newer = before === null ? 0 : snapshotOf(before).epoch;
      if (newer > epoch)
        throw new SmcqError(
          BusErrorCode.LeaseLost,
          `a copy of the ledger by epoch ${newer} stands on the bus: that of epoch ${epoch} is not put in its place`,
        );
      await this.#forgetDrafts(before?.nuid ?? "");
      const data = Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>;
      const meta = { name: SNAPSHOT, description: String(streamSeq), metadata: { epoch: String(epoch) } };
      await this.#store.put(meta, data, { timeout: PUT_MS_MAX, previousRevision: before?.revision ?? 0 });
    } catch (error) {
      throw busError(error, "the copy of the ledger cannot be put on the bus");
    }
  }

  /** Takes the pieces away of copies whose end never came: who put them was killed. */
  async #forgetDrafts(nuid: string): Promise<void> {
    const [stream, pieces] = [`OBJ_${this.#bucket}`, `$O.${this.#bucket}.C.`];
    const { streams } = await jetstreamManager(this.#bus.nats, { checkAPI: false });
    const { state } = await streams.info(stream, { subjects_filter: `${pieces}>` });
    for (const subject of Object.keys(state.subjects ?? {}))
      if (subject !== `${pieces}${nuid}`) await streams.purge(stream, { filter: subject });
  }

  /** Writes the last one to a new file, whole and proved by its digest; null: there is none. Errors: BUS_UNREACHABLE, BUS_REFUSED. */
  async get(file: string): Promise<Snapshot | null> {
    try {
      const found = await this.#store.get(SNAPSHOT);
      if (found === null || found.info.deleted) return null;
      await pipeline(coming(found.data), createWriteStream(file, { flags: "wx", mode: 0o600 }));
      // The client says `undefined` where its types promise null.
      const error: unknown = await found.error;
      if (error instanceof Error) throw error;
      return snapshotOf(found.info);
    } catch (error) {
      throw busError(error, "the copy of the ledger cannot be had from the bus");
    }
  }
}

function snapshotOf({ description, metadata, size, nuid }: ObjectInfo): Snapshot {
  return {
    streamSeq: Number(description ?? "0"),
    epoch: Number(metadata?.["epoch"] ?? "0"),
    bytes: size,
    nuid,
  };
}

/** The pieces of a copy; fails when the next one does not come. */
async function* coming(pieces: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = pieces.getReader();
  try {
    for (;;) {
      const late = Promise.withResolvers<never>();
      const cancel: CancelTimer = CLOCK.after(PIECE_MS_MAX, () =>
        late.reject(new Error(`no piece of it came within ${PIECE_MS_MAX} ms`)),
      );
      const { done, value } = await Promise.race([reader.read(), late.promise]).finally(cancel);
      if (done) return;
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}
