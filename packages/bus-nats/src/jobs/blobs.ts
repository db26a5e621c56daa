import { errorMessage, SmcqError } from "@smcq/kernel";
import type { ObjectResult, ObjectStore } from "@nats-io/obj";
import { sha256Of } from "./job.ts";
import { JobErrorCode } from "./job-errors.ts";
import { type Patience, withPatience } from "./patience.ts";

const CHUNK_BYTES = 512 * 1_024;
/** Between two pieces of an object on their way, wall ms; then it is asked for again. */
const PIECE_MS_MAX = 10_000;

/** Bytes in an object store under their own hash: who has one has the right one. */
export class Blobs {
  readonly #store: ObjectStore;
  readonly #what: string;
  readonly #bytesMax: number;
  readonly #patience: Patience;

  /** `what` is what errors call the bytes. */
  constructor(
    store: ObjectStore,
    { what, bytesMax }: { readonly what: string; readonly bytesMax: number },
    patience: Patience,
  ) {
    this.#store = store;
    this.#what = what;
    this.#bytesMax = bytesMax;
    this.#patience = patience;
  }

  async has(sha256: string): Promise<boolean> {
    return await withPatience(this.#patience, `no word on ${this.#what} ${sha256}`, async () => {
      const info = await this.#store.info(sha256);
      return info !== null && !info.deleted;
    });
  }

  /** Keeps bytes that are not kept yet, or not as they were; returns their hash. Refuses with JOBS_SIZE more than the limit. */
  async put(bytes: Uint8Array): Promise<string> {
    if (bytes.length > this.#bytesMax)
      throw new SmcqError(
        JobErrorCode.Size,
        `${this.#what} of ${bytes.length} bytes, ${this.#bytesMax} at most are sent`,
      );
    const sha256 = sha256Of(bytes);
    await withPatience(this.#patience, `${this.#what} ${sha256} is not kept`, async () => {
      const info = await this.#store.info(sha256);
      if (info !== null && !info.deleted && (await this.get(sha256)) !== null) return;
      await this.#store.put({ name: sha256, options: { max_chunk_size: CHUNK_BYTES } }, streamOf(bytes));
    });
    return sha256;
  }

  /** Null: not kept, or not what it was. */
  async get(sha256: string): Promise<Uint8Array | null> {
    return await withPatience(this.#patience, `${this.#what} ${sha256} does not come`, async () => {
      const found = await this.#store.get(sha256);
      if (found === null) return null;
      const bytes = await this.#collect(found);
      return bytes !== null && sha256Of(bytes) === sha256 ? bytes : null;
    });
  }

  /** Null: damaged. */
  async #collect({ data, error, info }: ObjectResult): Promise<Uint8Array | null> {
    // It is told to the reader as well.
    error.catch(() => {});
    const reader = data.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    const pieces: Uint8Array[] = [];
    try {
      for (;;) {
        const next = await this.#inTime(reader.read());
        if (next.done) return Buffer.concat(pieces);
        pieces.push(next.value);
      }
    } catch (fault) {
      if (errorMessage(fault).includes("digests do not match")) return null;
      throw new Error(`${info.size} bytes: ${errorMessage(fault)}`, { cause: fault });
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#patience.clock.after(PIECE_MS_MAX, () =>
        reject(new Error(`nothing came for ${PIECE_MS_MAX} ms`)),
      );
      work.then(resolve, reject).finally(cancel);
    });
  }
}

/** In pieces of a chunk: the client would copy the rest for each of them. */
function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.subarray(at, (at += CHUNK_BYTES)));
      else controller.close();
    },
  });
}
