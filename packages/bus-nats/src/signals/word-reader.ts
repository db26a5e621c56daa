import { randomUUID } from "node:crypto";
import {
  AckPolicy,
  type ConsumerInfo,
  type ConsumerMessages,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
} from "@nats-io/jetstream";
import type { FollowOptions } from "@smcq/engine";
import { type CancelTimer, type Clock, dateText, errorMessage, type Logger, SmcqError } from "@smcq/kernel";
import { BusErrorCode, busError } from "../errors.ts";
import { isApi } from "./signal-stream.ts";
import { decodeWord } from "./word-codec.ts";

/** Words that were told and not acknowledged; more wait at the bus. */
export const WORDS_OPEN_MAX = 4_096;
/** Words that are under way to us at once. */
const WORDS_PULLED_MAX = 512;
/** A pull lives so long at the server, and the server says this often that it lives, wall ms. */
const PULL_MS = 10_000;
const HEARTBEAT_MS = 2_000;
/** A word that nobody acknowledges is told again after this time, wall ms: a reader that lives asks sooner. */
const ACK_WAIT_MS = 600_000;
/** Who follows for the first time hears what is not older, wall ms. */
const FIRST_MS = 150_000;
/** What is known of a reader that has not come back for so long is forgotten, wall ms. */
const READER_MS_MAX = 604_800_000;
const NS = 1e6;
/** Between two tries to read again, wall ms; tried for ever. */
const AGAIN_MS = 250;
const TELL_MS = 60_000;
/** Who follows takes the name so often from one who makes its consumer anew at the same moment. */
const TAKES_MAX = 8;
/** What the server says where another one has just made a consumer of that name. */
const MADE_BY_ANOTHER: ReadonlySet<number> = new Set([10_012, 10_013, 10_148]);
const READER_FORM = /^[a-z0-9-]{1,48}$/;

export interface ReaderDeps {
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly stream: string;
  /** Makes the stream anew where a server has lost it. */
  readonly requireStream: () => Promise<void>;
  readonly isConnected: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Reads the stream in order under a name whose place the server keeps. Whatever breaks (the connection, the server, its memory of
 * us), the consumer is made anew behind the last word that was acknowledged: nothing of an earlier pull is waited for.
 */
export class WordReader {
  readonly #deps: ReaderDeps;
  readonly #options: FollowOptions;
  /** By which we know whether the consumer is ours. */
  readonly #mark: string = randomUUID();
  readonly counts = { heard: 0, acknowledged: 0, poison: 0 };
  #messages: ConsumerMessages | null = null;
  /** Counts consumers: what an earlier one brings still is told by the present one. */
  #pull = 0;
  /** Number in the stream of the last word that was acknowledged here. */
  #acknowledgedSeq = 0;
  #toldSeq = 0;
  /** When the stream was made that these numbers are of; "": not known yet. */
  #made = "";
  /** Number of the last one that was no word. */
  #poisonSeq = 0;
  #pending = 0;
  #opening: Promise<void> | null = null;
  #cancelAgain: CancelTimer = () => {};
  #isStopped = false;
  #toldNs = Number.NEGATIVE_INFINITY;

  constructor(deps: ReaderDeps, options: FollowOptions) {
    this.#deps = deps;
    this.#options = options;
    if (!READER_FORM.test(options.reader))
      throw new SmcqError(
        BusErrorCode.Word,
        `reader ${JSON.stringify(options.reader)}: wanted a-z, 0-9 and -, 48 at most`,
      );
  }

  /** Words behind the last one that was told, as far as the server has said, and those that are not acknowledged. */
  get lag(): number {
    return this.#pending + Math.max(0, this.#toldSeq - this.#acknowledgedSeq);
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Takes the name over, from whoever has it. Errors: BUS_REFUSED, BUS_UNREACHABLE. */
  async start(): Promise<void> {
    for (let takes = 1; ; takes++)
      try {
        await this.#take();
        return;
      } catch (error) {
        const isBeaten = error instanceof JetStreamApiError && MADE_BY_ANOTHER.has(error.code);
        if (isBeaten && takes < TAKES_MAX) continue;
        throw busError(error, `reader ${this.#options.reader} of ${this.#deps.stream}`);
      }
  }

  /** Something has broken: reads anew behind what was acknowledged, as soon as it can. */
  renew(): void {
    if (this.#isStopped || this.#opening !== null) return;
    this.#cancelAgain();
    this.#opening = this.#reopen()
      .catch((error: unknown) => {
        const fields = { reader: this.#options.reader, error: errorMessage(error) };
        this.#deps.logger.debug(fields, "signals cannot be read; tried again");
        this.#cancelAgain = this.#deps.clock.after(AGAIN_MS, () => this.renew());
      })
      .finally(() => {
        this.#opening = null;
      });
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#cancelAgain();
    await this.#opening;
    await this.#leave();
  }

  async #reopen(): Promise<void> {
    if (!this.#deps.isConnected()) throw new SmcqError(BusErrorCode.Unreachable, "no connection to the bus");
    await this.#deps.requireStream();
    let found = await this.#info();
    if (found === null) {
      // Who takes the name deletes our consumer and makes its own: it gets the time for that.
      await new Promise<void>((resolve) => void this.#deps.clock.after(AGAIN_MS, resolve));
      found = await this.#info();
    }
    if (this.#isStopped) return;
    if (found !== null && found.config.description !== this.#mark) {
      this.#displaced();
      return;
    }
    await this.#take();
  }

  /** The consumer of the name, made anew and ours. */
  async #take(): Promise<void> {
    const { manager, client, stream } = this.#deps;
    const { reader } = this.#options;
    const found = await this.#info();
    await this.#leave();
    await this.#lookAtStream();
    if (found !== null) {
      this.#acknowledgedSeq = Math.max(this.#acknowledgedSeq, found.ack_floor.stream_seq);
      await manager.consumers.delete(stream, reader);
    }
    await manager.consumers.add(stream, {
      durable_name: reader,
      description: this.#mark,
      ack_policy: AckPolicy.Explicit,
      ack_wait: ACK_WAIT_MS * NS,
      max_ack_pending: WORDS_OPEN_MAX,
      inactive_threshold: READER_MS_MAX * NS,
      ...this.#place(found !== null),
    });
    if (this.#isStopped) return;
    const consumer = await client.consumers.get(stream, reader);
    const pull = ++this.#pull;
    const messages = await consumer.consume({
      max_messages: WORDS_PULLED_MAX,
      expires: PULL_MS,
      idle_heartbeat: HEARTBEAT_MS,
      callback: (message) => this.#hear(message, pull),
    });
    this.#messages = messages;
    void this.#watch(messages);
  }

  /** Numbers of a stream that was made anew, or has lost its end, say nothing: what may be told twice is known by its id. */
  async #lookAtStream(): Promise<void> {
    const { created, state } = await this.#deps.manager.streams.info(this.#deps.stream);
    const isOther = (this.#made !== "" && created !== this.#made) || state.last_seq < this.#acknowledgedSeq;
    this.#made = created;
    if (!isOther) return;
    this.#acknowledgedSeq = 0;
    this.#toldSeq = 0;
    this.#poisonSeq = 0;
  }

  #place(isKnown: boolean): object {
    if (isKnown || this.#acknowledgedSeq > 0)
      return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: this.#acknowledgedSeq + 1 };
    const fromMs = this.#deps.clock.nowMs() - FIRST_MS;
    return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: dateText(fromMs) };
  }

  async #info(): Promise<ConsumerInfo | null> {
    try {
      return await this.#deps.manager.consumers.info(this.#deps.stream, this.#options.reader);
    } catch (error) {
      if (isApi(error, JetStreamApiCodes.ConsumerNotFound)) return null;
      throw error;
    }
  }

  #hear(message: JsMsg, pull: number): void {
    if (this.#isStopped || this.#pull !== pull) return;
    const { seq } = message;
    this.#pending = message.info.pending;
    if (seq <= this.#acknowledgedSeq) {
      message.ack();
      return;
    }
    this.#toldSeq = Math.max(this.#toldSeq, seq);
    let word;
    try {
      word = decodeWord(message.data);
    } catch (error) {
      this.#poison(message, error);
      return;
    }
    this.counts.heard++;
    this.#options.onWord(word, () => this.#acknowledge(message));
  }

  #acknowledge(message: JsMsg): void {
    if (this.#isStopped) return;
    this.counts.acknowledged++;
    this.#acknowledgedSeq = Math.max(this.#acknowledgedSeq, message.seq);
    message.ack();
  }

  #poison(message: JsMsg, error: unknown): void {
    message.ack();
    // What comes again, because a word before it was not acknowledged, was counted.
    if (message.seq <= this.#poisonSeq) return;
    this.#poisonSeq = message.seq;
    this.counts.poison++;
    const nowNs = this.#deps.clock.monoNs();
    if ((nowNs - this.#toldNs) / 1e6 < TELL_MS) return;
    this.#toldNs = nowNs;
    this.#deps.logger.error(
      { subject: message.subject, seq: message.seq, poison: this.counts.poison, error: errorMessage(error) },
      "what came over the bus is no word of ours",
    );
  }

  async #watch(messages: ConsumerMessages): Promise<void> {
    for await (const { type } of messages.status()) {
      if (this.#isStopped || this.#messages !== messages) return;
      if (BROKEN.has(type)) this.renew();
    }
  }

  async #leave(): Promise<void> {
    const messages = this.#messages;
    this.#messages = null;
    this.#pull++;
    await messages?.close();
  }

  #displaced(): void {
    this.#isStopped = true;
    void this.#leave();
    this.#deps.logger.warn(
      { reader: this.#options.reader },
      "another process reads the signals of this name now",
    );
    this.#options.onDisplaced();
  }
}

/** What the client says of a consumer that no longer brings anything. */
const BROKEN: ReadonlySet<string> = new Set([
  "heartbeats_missed",
  "consumer_deleted",
  "consumer_not_found",
  "stream_not_found",
  "no_responders",
]);
