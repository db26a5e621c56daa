import { createHash } from "node:crypto";
import { type Clock, errorMessage, type Rng, SmcqError } from "@smcq/kernel";
import type { Dispatcher } from "undici";
import { BinanceErrorCode } from "../errors.ts";
import { openPool } from "../rest/open-pool.ts";
import { READ_TRIES_MAX, readRetryMs } from "../rest/read-rule.ts";
import { classifyReply, describeReply } from "../rest/rest-reply.ts";
import { retryAfterMs } from "../rest/stop-times.ts";
import type { ArchiveBase } from "./archive-base.ts";
import { type ArchiveFile, archiveName, archivePath } from "./archive-paths.ts";

/** A month of minute bars has 3 MB. */
export const ARCHIVE_FILE_BYTES_MAX: number = 64 * 1_024 * 1_024;
/** Wall ms until a whole file must have come, however it trickles. */
export const ARCHIVE_FILE_MS_MAX = 600_000;
/** Who is asked to stay away for longer gives up and says so: another run goes on where this one ended. */
export const ARCHIVE_WAIT_MS_MAX = 300_000;
/** After 429 or 418 without a time. */
const STOP_MS_DEFAULT = 60_000;
const CHECKSUM_LINE = /^([\da-f]{64})\s+\*?(\S+)\s*$/iu;

export interface ArchiveClientOptions {
  readonly base: ArchiveBase;
  readonly clock: Clock;
  readonly rng: Rng;
  /** Sockets at most. */
  readonly connections: number;
  /** Wall ms until a connection must stand. */
  readonly connectTimeoutMs: number;
  /** Wall ms without any byte of a reply. */
  readonly silenceMsMax: number;
}

/** A file as the archive has it, its checksum right. */
export interface ArchiveBytes {
  readonly name: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

/** One try: bytes, nothing there, or a failure that may be repeated. */
type Try =
  | { readonly type: "bytes"; readonly bytes: Buffer }
  | { readonly type: "absent" }
  | { readonly type: "failed"; readonly error: SmcqError; readonly isRetryable: boolean };

/**
 * The venue's public archive: whole files with their checksums. What did not come, came cut, or came as something else is asked
 * for again like any read; 429, 418 and 503 stop all downloads of this client for the time that they say.
 */
export class BinanceArchive {
  readonly #base: ArchiveBase;
  readonly #clock: Clock;
  readonly #rng: Rng;
  readonly #pool: Dispatcher;
  /** Nothing is asked before it. */
  #stoppedUntilMs = 0;
  #retries = 0;

  constructor({ base, clock, rng, connections, connectTimeoutMs, silenceMsMax }: ArchiveClientOptions) {
    this.#base = base;
    this.#clock = clock;
    this.#rng = rng;
    this.#pool = openPool(base.origin, {
      connections,
      connectTimeoutMs,
      headersTimeout: silenceMsMax,
      bodyTimeout: silenceMsMax,
      maxResponseSize: ARCHIVE_FILE_BYTES_MAX,
    });
  }

  get retries(): number {
    return this.#retries;
  }

  /** The file, or null where the archive has none (404). BINANCE_*: it cannot be had, or its checksum does not fit. */
  async file(file: ArchiveFile): Promise<ArchiveBytes | null> {
    const path = this.#base.prefix + archivePath(file);
    return this.#again(async () => {
      const zip = await this.#get(path);
      if (zip.type !== "bytes") return zip.type === "absent" ? { type: "value", value: null } : zip;
      const sums = await this.#get(`${path}.CHECKSUM`);
      if (sums.type === "failed") return sums;
      return this.#checked(archiveName(file), zip.bytes, sums.type === "bytes" ? sums.bytes : null);
    });
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #again<T>(
    tryOnce: () => Promise<
      { readonly type: "value"; readonly value: T } | (Try & { readonly type: "failed" })
    >,
  ): Promise<T> {
    for (let tryCount = 1; ; tryCount++) {
      await this.#pause();
      const got = await tryOnce();
      if (got.type === "value") return got.value;
      if (!got.isRetryable || tryCount >= READ_TRIES_MAX) throw got.error;
      this.#retries++;
      await this.#sleep(readRetryMs(tryCount, this.#rng));
    }
  }

  /** Waits as long as the archive wants nobody to ask. */
  async #pause(): Promise<void> {
    for (;;) {
      const waitMs = this.#stoppedUntilMs - this.#clock.nowMs();
      if (waitMs <= 0) return;
      await this.#sleep(waitMs);
    }
  }

  #checked(
    name: string,
    bytes: Buffer,
    sums: Buffer | null,
  ): { readonly type: "value"; readonly value: ArchiveBytes } | (Try & { readonly type: "failed" }) {
    const refuse = (what: string): Try & { readonly type: "failed" } => ({
      type: "failed",
      isRetryable: true,
      error: new SmcqError(BinanceErrorCode.ArchiveChecksum, `${name} of the archive: ${what}`, {
        context: { file: name },
      }),
    });
    if (sums === null) return refuse("it has no .CHECKSUM beside it");
    const line = CHECKSUM_LINE.exec(sums.toString("utf8", 0, 1_024));
    if (line === null || line[2] !== name) return refuse("its .CHECKSUM is no checksum of it");
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    if (sha256 !== (line[1] as string).toLowerCase())
      return refuse(`its bytes (${bytes.length}) do not fit its .CHECKSUM`);
    return { type: "value", value: { name, bytes, sha256 } };
  }

  async #get(path: string): Promise<Try> {
    let response: Dispatcher.ResponseData;
    try {
      const signal = AbortSignal.timeout(ARCHIVE_FILE_MS_MAX);
      response = await this.#pool.request({ origin: this.#base.origin, path, method: "GET", signal });
      const bytes = Buffer.from(await response.body.arrayBuffer());
      return this.#judge(path, response, bytes);
    } catch (cause) {
      const error = new SmcqError(BinanceErrorCode.Network, `GET ${path} failed: ${errorMessage(cause)}`, {
        context: { path },
        cause,
      });
      return { type: "failed", error, isRetryable: true };
    }
  }

  #judge(path: string, { statusCode: status, headers }: Dispatcher.ResponseData, bytes: Buffer): Try {
    if (status === 404) return { type: "absent" };
    const raw = {
      path,
      status,
      text: bytes.toString("utf8", 0, 1_024),
      retryAfter: text(headers["retry-after"]),
      contentType: text(headers["content-type"]),
      location: text(headers["location"]),
      nowMs: this.#clock.nowMs(),
    };
    if (status === 200 && !/^text\/html/iu.test(raw.contentType ?? "")) return { type: "bytes", bytes };
    if (status === 200)
      return {
        type: "failed",
        isRetryable: true,
        error: new SmcqError(
          BinanceErrorCode.BadReply,
          `GET ${path} answered a page: ${describeReply(raw)}`,
          {
            context: { path },
          },
        ),
      };
    const { error, isRetryable } = classifyReply(raw);
    const toldMs = retryAfterMs(raw.retryAfter, raw.nowMs);
    const isStop = status === 429 || status === 418;
    const waitMs = toldMs > 0 ? toldMs : isStop ? STOP_MS_DEFAULT : 0;
    if (waitMs > ARCHIVE_WAIT_MS_MAX)
      return { type: "failed", error: tooLong(error, waitMs), isRetryable: false };
    if (isStop || status === 503) this.#stoppedUntilMs = Math.max(this.#stoppedUntilMs, raw.nowMs + waitMs);
    return { type: "failed", error, isRetryable };
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(delayMs, resolve, { unref: true });
    });
  }
}

function tooLong(error: SmcqError, waitMs: number): SmcqError {
  const seconds = Math.ceil(waitMs / 1_000);
  return new SmcqError(
    error.code,
    `${error.message}; it asks to wait ${seconds} s, more than the ${ARCHIVE_WAIT_MS_MAX / 1_000} s that are waited: try again later`,
    { context: error.context, cause: error },
  );
}

function text(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" && header !== "" ? header : undefined;
}
