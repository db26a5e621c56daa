import { createReadStream, createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { jetstream } from "@nats-io/jetstream";
import { type ObjectStore, Objm } from "@nats-io/obj";
import { type CancelTimer, SystemClock } from "@smcq/kernel";
import type { BusConnection } from "../connection.ts";
import { busError } from "../errors.ts";

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
  readonly bytes: number;
  readonly nuid: string;
}

/** The bucket `NAME_snapshots`: the last copy of the holder's whole ledger, for who begins to follow. */
export class Snapshots {
  readonly #store: ObjectStore;

  private constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** Errors: BUS_UNREACHABLE, BUS_REFUSED. */
  static async open(bus: BusConnection, replicas: number): Promise<Snapshots> {
    try {
      const objm = new Objm(jetstream(bus.nats));
      return new Snapshots(await objm.create(bus.names.store("snapshots"), { replicas }));
    } catch (error) {
      throw busError(error, `no bucket ${bus.names.store("snapshots")}`);
    }
  }

  /** The last one; null: there is none. Errors: BUS_UNREACHABLE, BUS_REFUSED. */
  async last(): Promise<Snapshot | null> {
    try {
      const info = await this.#store.info(SNAPSHOT);
      if (info === null || info.deleted) return null;
      return { streamSeq: Number(info.description ?? "0"), bytes: info.size, nuid: info.nuid };
    } catch (error) {
      throw busError(error, "the bus tells of no copy of the ledger");
    }
  }

  /** Puts the file there. Errors: BUS_UNREACHABLE, BUS_REFUSED. */
  async put(file: string, streamSeq: number): Promise<void> {
    try {
      const data = Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>;
      await this.#store.put({ name: SNAPSHOT, description: String(streamSeq) }, data, {
        timeout: PUT_MS_MAX,
      });
    } catch (error) {
      throw busError(error, "the copy of the ledger cannot be put on the bus");
    }
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
      const { description, size, nuid } = found.info;
      return { streamSeq: Number(description ?? "0"), bytes: size, nuid };
    } catch (error) {
      throw busError(error, "the copy of the ledger cannot be had from the bus");
    }
  }
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
