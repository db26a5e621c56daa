import { OffsetClock, SmcqError, afterTurn, assertNever } from "@smcq/kernel";
import type { BarRequest, Clock, FeedState, Logger, Rng } from "@smcq/kernel";
import { FeedCounter } from "@smcq/exchange";
import type { BarReply, FeedMeter, KlineSink, MarketFeed } from "@smcq/exchange";
import { BarSequencer } from "./bars/bar-sequencer.ts";
import { assertRouted } from "../check-url.ts";
import type { VenueBases } from "../check-url.ts";
import { LocalConnectBudget } from "./stream/connect-budget.ts";
import type { ConnectBudget } from "./stream/connect-budget.ts";
import { BinanceErrorCode } from "../errors.ts";
import { FrameKind } from "./kline/kline-frame.ts";
import { KlineParser } from "./kline/kline-parser.ts";
import { FRAME_BYTES_MAX, SYMBOLS_PER_CONNECTION } from "../limits.ts";
import type { ParityCounts, SequencerOptions } from "./bars/sequencer-options.ts";
import { SilentSymbols } from "./stream/silent-symbols.ts";
import { CONNECTION_TIMING, FrameUse, NO_DATA_HINT } from "./stream/group-options.ts";
import { StreamGroup } from "./stream/stream-group.ts";
import type { GroupStatus, GroupTiming } from "./stream/group-options.ts";
import type { SocketTimeouts } from "./stream/stream-socket.ts";
import { SymbolTable } from "./kline/symbol-table.ts";

export interface BinanceFeedOptions {
  readonly bases: VenueBases;
  /** Slots of the shard: `add` takes 0..slots-1. */
  readonly slots: number;
  /** The venue's clock (scaled in `sim`). */
  readonly clock: Clock;
  /** The machine's clock: connect, ACK and pong timeouts. */
  readonly wallClock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly sink: KlineSink;
  readonly meter: FeedMeter;
  /** Carries a wish for bars to the backfill queue; the reply comes back into `supplyBars`. */
  readonly requestBars: (request: BarRequest) => void;
  /** Hears of each change of what is known of the connections. */
  readonly onState?: (state: FeedState) => void;
  /** Shared by all feeds of an address; a budget of this feed's own when absent. */
  readonly connectBudget?: ConnectBudget;
  readonly symbolsPerConnection?: number;
  readonly timing?: Partial<GroupTiming>;
  readonly timeouts?: SocketTimeouts;
  readonly sequencer?: Partial<
    Pick<
      SequencerOptions,
      | "boundaryGraceMs"
      | "retryFirstMs"
      | "restFinalMs"
      | "historyBars"
      | "newerBarGraceMs"
      | "jumpFactorMax"
      | "futureMsMax"
      | "replyMsMax"
      | "auditMinutes"
    >
  >;
  /** Venue minus local time, ms. */
  readonly offsetMs?: () => number;
}

const DEFAULT_TIMING: GroupTiming = {
  dataSilenceMsMax: 15_000,
  dataSilenceFewMsMax: 75_000,
  fewStreamsMax: 4,
  dataSilenceWallMsMin: 1_000,
  ...CONNECTION_TIMING,
};

/** What stands at the start-up gate: "connected" is never enough, a symbol counts from its first kline. */
export interface FeedStatus {
  readonly connections: readonly GroupStatus[];
  /** Symbols with whole history and a first kline. */
  readonly readyCount: number;
  readonly symbolCount: number;
  /** Symbols that have not had a kline since they were added. */
  readonly noDataYet: readonly string[];
  /** Symbols that had data and went silent. */
  readonly silent: readonly string[];
  /** What to look at; present when no connection has any data. */
  readonly hint?: string;
  readonly parity: ParityCounts;
}

/** The kline feed of one shard: sockets of at most 50 symbols each, parsed, put in order and closed bar by bar. */
export class BinanceFeed implements MarketFeed {
  readonly #options: BinanceFeedOptions;
  readonly #clock: Clock;
  readonly #url: string;
  readonly #timing: GroupTiming;
  readonly #budget: ConnectBudget;
  readonly #symbols: SymbolTable;
  readonly #parser: KlineParser;
  readonly #sequencer: BarSequencer;
  readonly #silent: SilentSymbols;
  readonly #groups: StreamGroup[] = [];
  readonly #groupOf: (StreamGroup | undefined)[];
  #isStarted = false;
  #isStopped = false;
  #isHeard = false;

  /** Refuses a base that would connect and stay silent, before anything connects. */
  constructor(options: BinanceFeedOptions) {
    const { offsetMs } = options;
    this.#clock = offsetMs === undefined ? options.clock : new OffsetClock(options.clock, offsetMs);
    this.#options = { ...options, clock: this.#clock };
    this.#url = assertRouted(options.bases).streamUrl;
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
    this.#budget = options.connectBudget ?? new LocalConnectBudget({ clock: this.#clock });
    this.#symbols = new SymbolTable(options.slots, "1m");
    this.#parser = new KlineParser(this.#symbols);
    this.#sequencer = new BarSequencer({ ...options.sequencer, ...this.#options, defer: afterTurn });
    this.#groupOf = Array.from({ length: options.slots });
    this.#silent = new SilentSymbols({
      slots: options.slots,
      clock: this.#clock,
      log: options.log,
      symbolOf: (slot) => this.#symbols.symbolOf(slot),
      isConnected: (slot) => this.#groupOf[slot]?.isLive ?? false,
      resubscribe: (slot, symbol) => this.#groupOf[slot]?.resubscribe([streamName(symbol)]),
    });
  }

  async start(): Promise<void> {
    this.#isStarted = true;
    this.#sequencer.start();
    this.#silent.start();
    await Promise.all(this.#groups.map((group) => group.start()));
  }

  add(slot: number, symbol: string, resumeAfterMs: number): void {
    this.#symbols.add(slot, symbol);
    this.#silent.add(slot);
    const group = this.#groupWithRoom();
    this.#groupOf[slot] = group;
    group.subscribe([streamName(symbol)]);
    this.#sequencer.add(slot, symbol, resumeAfterMs);
  }

  remove(slot: number): void {
    const symbol = this.#symbols.symbolOf(slot);
    if (symbol === undefined) return;
    this.#groupOf[slot]?.unsubscribe([streamName(symbol)]);
    this.#groupOf[slot] = undefined;
    this.#silent.remove(slot);
    this.#sequencer.remove(slot);
    this.#symbols.remove(slot);
  }

  supplyBars(reply: BarReply): void {
    if (!this.#isStopped) this.#sequencer.onReply(reply, this.#clock.monoNs());
  }

  stop(): Promise<void> {
    this.#isStopped = true;
    this.#sequencer.stop();
    this.#silent.stop();
    return Promise.all(this.#groups.map((group) => group.stop())).then(() => undefined);
  }

  /** True when the symbol has whole history and its stream has spoken. */
  isReady(slot: number): boolean {
    return this.#sequencer.state(slot).isLive && this.#silent.hasSpoken(slot);
  }

  status(): FeedStatus {
    const connections = this.#groups.map((group) => group.status());
    const noDataYet: string[] = [];
    let readyCount = 0;
    for (let slot = 0; slot < this.#options.slots; slot++) {
      const symbol = this.#symbols.symbolOf(slot);
      if (symbol === undefined) continue;
      if (!this.#silent.hasSpoken(slot)) noDataYet.push(symbol);
      else if (this.isReady(slot)) readyCount++;
    }
    const isMute = connections.length > 0 && noDataYet.length === this.#symbols.size;
    return {
      connections,
      readyCount,
      symbolCount: this.#symbols.size,
      noDataYet,
      silent: this.#silent.names(),
      ...(isMute ? { hint: NO_DATA_HINT } : {}),
      parity: this.#sequencer.parity(),
    };
  }

  #groupWithRoom(): StreamGroup {
    const roomMax = this.#options.symbolsPerConnection ?? SYMBOLS_PER_CONNECTION;
    const roomy = this.#groups.find((group) => group.names.size < roomMax);
    if (roomy !== undefined) return roomy;
    if (this.#isStopped) throw new SmcqError(BinanceErrorCode.Closed, "the feed is stopped");
    const group = new StreamGroup({
      ...this.#options,
      index: this.#groups.length,
      url: this.#url,
      budget: this.#budget,
      timing: this.#timing,
      timeouts: this.#options.timeouts ?? {},
      defer: afterTurn,
      onFrame: (data) => this.#onFrame(data),
      onLive: () => this.#onLive(group),
      onState: () => this.#tellState(),
    });
    this.#groups.push(group);
    // It keeps trying by itself; `start` waits only for the groups that exist by then.
    if (this.#isStarted) void group.start();
    return group;
  }

  /** Data flows again: what closed meanwhile is asked for at once, oldest first. */
  #onLive(group: StreamGroup): void {
    for (let slot = 0; slot < this.#options.slots; slot++)
      if (this.#groupOf[slot] === group) this.#sequencer.recheck(slot);
  }

  #onFirstKline(): void {
    this.#isHeard = true;
    this.#tellState();
  }

  #tellState(): void {
    const { onState } = this.#options;
    if (onState === undefined) return;
    const groups = this.#groups.map((group) => group.status());
    onState({
      connections: groups.length,
      open: groups.filter(({ state }) => state === "silent" || state === "live").length,
      acknowledged: groups.filter(({ isAcked }) => isAcked).length,
      isHeard: this.#isHeard,
      isRefused: groups.some(({ isRefused }) => isRefused),
      words: groups.find(({ words }) => words !== "")?.words ?? "",
    });
  }

  #onFrame(data: Buffer): FrameUse {
    const { meter } = this.#options;
    meter.count(FeedCounter.Messages, 1);
    meter.count(FeedCounter.Bytes, data.length);
    const kind = data.length > FRAME_BYTES_MAX ? FrameKind.Bad : this.#parser.parse(data);
    switch (kind) {
      case FrameKind.Kline: {
        const frame = this.#parser.frame;
        // Only closing frames are timed to the nanosecond: reading the clock costs a fifth of a parse.
        const receivedNs = frame.isFinal ? this.#clock.monoNs() : 0;
        this.#silent.spoke(frame.slot);
        if (!this.#isHeard) this.#onFirstKline();
        this.#sequencer.onKline(frame, this.#clock.nowMs(), receivedNs);
        return FrameUse.Data;
      }
      case FrameKind.Other:
        return FrameUse.Control;
      case FrameKind.Unknown:
        meter.count(FeedCounter.Unknown, 1);
        return FrameUse.Data;
      case FrameKind.Bad:
      case FrameKind.Undecided:
        meter.count(FeedCounter.BadFrames, 1);
        return FrameUse.Bad;
      default:
        return assertNever(kind);
    }
  }
}

/** The venue's stream names are lower case; letters without case stay as they are. */
function streamName(symbol: string): string {
  return `${symbol.toLowerCase()}@kline_1m`;
}
