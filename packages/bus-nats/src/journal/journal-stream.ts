import { jetstreamManager, JetStreamApiCodes, JetStreamApiError, RetentionPolicy } from "@nats-io/jetstream";
import type { BusConnection } from "../connection.ts";
import { busError } from "../errors.ts";

/** What the stream keeps at most; behind a copy of the whole ledger nothing of it is needed. */
const STREAM_BYTES_MAX = 1_073_741_824;
const STREAM_AGE_MS_MAX = 7 * 86_400_000;
/** Within this time the server knows a message again by its id. */
const DUPLICATE_MS = 120_000;

/** Where the stream stands. */
export interface StreamPlace {
  /** When it was made: one that was made anew has other messages. */
  readonly made: string;
  /** Number of its first message; one more than the last where it is empty. */
  readonly firstSeq: number;
  /** Number of its last message; 0: there never was one. */
  readonly lastSeq: number;
}

export interface JournalStreamOptions {
  readonly bus: BusConnection;
  /** Limit of one question, wall ms. */
  readonly answerMs: number;
  readonly replicas: number;
}

/** The stream `NAME_journal`: the rows of whoever holds the account, in order. */
export class JournalStream {
  readonly name: string;
  readonly subject: string;
  readonly options: JournalStreamOptions;

  private constructor(options: JournalStreamOptions) {
    const { names } = options.bus;
    this.options = options;
    this.name = names.store("journal");
    this.subject = names.subject("executor", "journal");
  }

  /** Makes the stream where there is none. Errors: BUS_UNREACHABLE, BUS_REFUSED. */
  static async open(options: JournalStreamOptions): Promise<JournalStream> {
    const stream = new JournalStream(options);
    try {
      const jsm = await stream.#manager();
      try {
        await jsm.streams.info(stream.name);
      } catch (error) {
        if (!(error instanceof JetStreamApiError) || error.code !== JetStreamApiCodes.StreamNotFound)
          throw error;
        await jsm.streams.add({
          name: stream.name,
          subjects: [stream.subject],
          retention: RetentionPolicy.Limits,
          num_replicas: options.replicas,
          max_bytes: STREAM_BYTES_MAX,
          max_age: STREAM_AGE_MS_MAX * 1e6,
          duplicate_window: DUPLICATE_MS * 1e6,
        });
      }
    } catch (error) {
      throw busError(error, `no stream ${stream.name}`);
    }
    return stream;
  }

  /** Errors: BUS_UNREACHABLE, BUS_REFUSED. */
  async place(): Promise<StreamPlace> {
    try {
      const { created, state } = await (await this.#manager()).streams.info(this.name);
      return { made: created, firstSeq: state.first_seq, lastSeq: state.last_seq };
    } catch (error) {
      throw busError(error, `stream ${this.name} does not say where it stands`);
    }
  }

  /** The message of a number; null: it is not there (any more). Errors: BUS_UNREACHABLE, BUS_REFUSED. */
  async message(seq: number): Promise<Uint8Array | null> {
    try {
      const found = await (await this.#manager()).streams.getMessage(this.name, { seq });
      return found?.data ?? null;
    } catch (error) {
      throw busError(error, `stream ${this.name} does not give message ${seq}`);
    }
  }

  /** Forgets what comes before a number. Errors: BUS_UNREACHABLE, BUS_REFUSED. */
  async purgeBefore(seq: number): Promise<void> {
    try {
      await (await this.#manager()).streams.purge(this.name, { seq });
    } catch (error) {
      throw busError(error, `stream ${this.name} cannot be cut`);
    }
  }

  #manager(): ReturnType<typeof jetstreamManager> {
    const { bus, answerMs } = this.options;
    return jetstreamManager(bus.nats, { timeout: answerMs, checkAPI: false });
  }
}
