import { jetstream, type JetStreamClient, jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import {
  type Following,
  type FollowOptions,
  type ScannerWord,
  type SignalBus,
  type SignalBusCounts,
  wordId,
} from "@smcq/engine";
import type { Clock, Logger } from "@smcq/kernel";
import type { BusConnection } from "../connection.ts";
import { busError } from "../errors.ts";
import { type OutgoingWord, PublishWindow } from "./publish-window.ts";
import { requireSignalStream, signalStream } from "./signal-stream.ts";
import { encodeWord } from "./word-codec.ts";
import { WordReader } from "./word-reader.ts";

/** The bus has to say within this time that it keeps a word, wall ms. */
const KEEP_MS_MAX = 3_000;
/** What is on its way at the end is waited for so long, wall ms. */
const CLOSE_MS_MAX = 3_000;

export interface SignalBusDeps {
  readonly connection: BusConnection;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly waitingMax?: number;
}

/** The bus of many hosts: one stream of JetStream, which knows a signal again by its id for ten minutes. */
export class NatsSignalBus implements SignalBus {
  readonly #deps: SignalBusDeps;
  readonly #client: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #window: PublishWindow;
  readonly #readers = new Set<WordReader>();
  readonly #past = { heard: 0, acknowledged: 0, poison: 0 };
  readonly #forget: () => void;

  private constructor(deps: SignalBusDeps, manager: JetStreamManager) {
    this.#deps = deps;
    this.#manager = manager;
    const { connection, clock, logger, waitingMax } = deps;
    this.#client = jetstream(connection.nats);
    this.#window = new PublishWindow({
      send: (word) => this.#send(word),
      isOpen: () => connection.isConnected,
      clock,
      logger,
      ...(waitingMax === undefined ? {} : { waitingMax }),
    });
    this.#forget = connection.onChange((isConnected) => {
      if (!isConnected) return;
      this.#window.pump();
      for (const reader of this.#readers) reader.renew();
    });
  }

  /** Finds the stream, or makes it. Errors: BUS_REFUSED, BUS_UNREACHABLE. */
  static async open(deps: SignalBusDeps): Promise<NatsSignalBus> {
    const { connection } = deps;
    try {
      const manager = await jetstreamManager(connection.nats);
      await requireSignalStream(manager, connection);
      return new NatsSignalBus(deps, manager);
    } catch (error) {
      throw busError(error, "the stream of signals");
    }
  }

  get counts(): SignalBusCounts {
    const { published, kept, known, dropped } = this.#window.counts;
    const counts = { published, kept, known, dropped, waiting: this.#window.waiting, ...this.#past, lag: 0 };
    for (const { counts: own, lag } of this.#readers) {
      counts.heard += own.heard;
      counts.acknowledged += own.acknowledged;
      counts.poison += own.poison;
      counts.lag += lag;
    }
    return counts;
  }

  get settledTo(): number {
    return this.#window.settledTo;
  }

  publish(word: ScannerWord): number {
    const { names } = this.#deps.connection;
    const what = word.type === "signal" ? "signals" : "bars";
    const subject = names.subject("scanner", what, String(word.part));
    return this.#window.put({ subject, id: wordId(word), bytes: encodeWord(word) });
  }

  async follow(options: FollowOptions): Promise<Following> {
    const { connection, clock, logger } = this.#deps;
    const reader = new WordReader(
      {
        client: this.#client,
        manager: this.#manager,
        stream: signalStream(connection.names).stream,
        requireStream: () => requireSignalStream(this.#manager, connection),
        isConnected: () => connection.isConnected,
        clock,
        logger,
      },
      options,
    );
    this.#readers.add(reader);
    await reader.start();
    return {
      stop: async () => {
        await reader.stop();
        if (!this.#readers.delete(reader)) return;
        this.#past.heard += reader.counts.heard;
        this.#past.acknowledged += reader.counts.acknowledged;
        this.#past.poison += reader.counts.poison;
      },
    };
  }

  async close(): Promise<void> {
    this.#forget();
    await Promise.all([...this.#readers].map((reader) => reader.stop()));
    await this.#window.settled(CLOSE_MS_MAX);
    this.#window.stop();
    // Acknowledgements are under way still.
    if (this.#deps.connection.isConnected) await this.#deps.connection.nats.flush().catch(() => {});
  }

  async #send({ subject, id, bytes }: OutgoingWord): Promise<"kept" | "known"> {
    const options = { timeout: KEEP_MS_MAX, ...(id === null ? {} : { msgID: id }) };
    const { duplicate } = await this.#client.publish(subject, bytes, options);
    return duplicate ? "known" : "kept";
  }
}
