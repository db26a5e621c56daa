import type { FeedDeps } from "@smcq/cluster";
import { BackfillPriority, type BarReply, BarSource, FeedCounter, type MarketFeed } from "@smcq/exchange";
import { BAR_FIELDS, lastClosedMinuteMs, MINUTE_MS } from "@smcq/kernel";
import { WebSocket } from "ws";

const HISTORY_BARS = 499;
const GRACE_MS = 3_000;
const SUBSCRIBE_NAMES_MAX = 100;

/** A kline event of the venue, as JSON.parse gives it. */
interface KlineMessage {
  readonly data?: {
    readonly E: number;
    readonly s: string;
    readonly k: {
      readonly t: number;
      readonly o: string;
      readonly h: string;
      readonly l: string;
      readonly c: string;
      readonly v: string;
      readonly x: boolean;
    };
  };
}

/** A bar as an object: what one writes first. */
interface NaiveBar {
  readonly openTimeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/**
 * The rival's feed: the same sockets and streams, but JSON.parse of every frame, a map from name to slot and an
 * object a bar. It checks nothing, repairs nothing and watches nothing, which is to its advantage.
 */
export class JsonFeed implements MarketFeed {
  readonly #deps: FeedDeps;
  readonly #url: string;
  readonly #perConnection: number;
  readonly #slots = new Map<string, number>();
  readonly #last = new Map<number, NaiveBar>();
  #sockets: readonly WebSocket[] = [];

  constructor(
    deps: FeedDeps,
    options: { readonly wsBaseUrl: string; readonly symbolsPerConnection: number },
  ) {
    this.#deps = deps;
    this.#url = `${options.wsBaseUrl}/market/stream`;
    this.#perConnection = options.symbolsPerConnection;
  }

  async start(): Promise<void> {
    const names = [...this.#slots.keys()].map((symbol) => `${symbol.toLowerCase()}@kline_1m`);
    const groups = Array.from({ length: Math.ceil(names.length / this.#perConnection) }, (_, index) =>
      names.slice(index * this.#perConnection, (index + 1) * this.#perConnection),
    );
    this.#sockets = groups.map((group) => this.#open(group));
    await Promise.all(
      this.#sockets.map((socket) => new Promise<void>((resolve) => socket.once("open", () => resolve()))),
    );
  }

  #open(names: readonly string[]): WebSocket {
    const socket = new WebSocket(this.#url, { perMessageDeflate: false, skipUTF8Validation: true });
    socket.on("open", () => {
      for (let at = 0; at < names.length; at += SUBSCRIBE_NAMES_MAX)
        socket.send(
          JSON.stringify({
            method: "SUBSCRIBE",
            params: names.slice(at, at + SUBSCRIBE_NAMES_MAX),
            id: at + 1,
          }),
        );
    });
    socket.on("message", (data: Buffer) => this.#onMessage(data));
    return socket;
  }

  add(slot: number, symbol: string): void {
    this.#slots.set(symbol, slot);
    const lastMs = lastClosedMinuteMs(this.#deps.venueClock.nowMs(), GRACE_MS);
    const fromMs = lastMs - (HISTORY_BARS - 1) * MINUTE_MS;
    this.#deps.requestBars({
      slot,
      symbol,
      interval: "1m",
      fromMs,
      toMs: lastMs,
      priority: BackfillPriority.History,
    });
  }

  remove(slot: number): void {
    for (const [symbol, other] of this.#slots) if (other === slot) this.#slots.delete(symbol);
  }

  supplyBars({ request, bars }: BarReply): void {
    const nowNs = this.#deps.venueClock.monoNs();
    for (let at = 0; at < bars.length; at += BAR_FIELDS) {
      const [openTimeMs = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = bars.subarray(
        at,
        at + BAR_FIELDS,
      );
      this.#close(request.slot, { openTimeMs, open, high, low, close, volume }, BarSource.Rest, nowNs);
    }
  }

  #onMessage(data: Buffer): void {
    const { sink, meter, venueClock } = this.#deps;
    meter.count(FeedCounter.Messages, 1);
    const { data: event } = JSON.parse(data.toString()) as KlineMessage;
    if (event === undefined) return;
    const slot = this.#slots.get(event.s);
    if (slot === undefined) return;
    const { k } = event;
    const bar: NaiveBar = {
      openTimeMs: k.t,
      open: Number(k.o),
      high: Number(k.h),
      low: Number(k.l),
      close: Number(k.c),
      volume: Number(k.v),
    };
    if (k.x) {
      this.#close(slot, bar, BarSource.Stream, venueClock.monoNs());
      return;
    }
    meter.count(FeedCounter.Formings, 1);
    sink.forming(slot, bar.openTimeMs, bar.open, bar.high, bar.low, bar.close, bar.volume, event.E);
  }

  #close(slot: number, bar: NaiveBar, source: BarSource, receivedNs: number): void {
    const last = this.#last.get(slot);
    if (last !== undefined && bar.openTimeMs !== last.openTimeMs + MINUTE_MS) return;
    this.#last.set(slot, bar);
    const { openTimeMs, open, high, low, close, volume } = bar;
    const eventTimeMs = openTimeMs + MINUTE_MS;
    this.#deps.sink.final(slot, openTimeMs, open, high, low, close, volume, source, eventTimeMs, receivedNs);
    this.#deps.meter.count(FeedCounter.Finals, 1);
  }

  async stop(): Promise<void> {
    const closed = this.#sockets.map(
      (socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())),
    );
    for (const socket of this.#sockets) socket.close(1000);
    await Promise.all(closed);
  }
}
