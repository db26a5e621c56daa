import type { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { errorMessage } from "@smcq/kernel";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import type { Outages } from "../outages.ts";
import { countFault, countUnexpected, type SimStats } from "../stats.ts";
import { streamName } from "../stream/kline-frame.ts";
import type { Venue } from "../venue.ts";
import { Connection } from "./connection.ts";
import { handleControl } from "./control.ts";
import { ConnectGate, MessageMeter } from "./limits.ts";
import { keepAlive } from "./keep-alive.ts";
import { readTarget, STREAMS_MAX, type SocketTarget } from "./target.ts";

/** One stream of one connection; a muted one was ACKed and never flows (MD03). */
export interface Subscription {
  readonly connection: Connection;
  readonly isMuted: boolean;
}

/** Who serves the streams that are no minute's klines; each says whether it was, or is, one of its own. */
export interface OtherStreams {
  follow(connection: Connection, name: string): boolean;
  unfollow(connection: Connection, name: string): boolean;
}

const CONTROL_BYTES_MAX = 262_144;

/** The venue's WebSocket half: handshakes, limits, subscriptions; frames come from the market's driver. */
export class Hub {
  readonly connections: Set<Connection> = new Set();
  /** Subscriptions to the one-minute klines of each symbol, by its index. */
  readonly #klines: Subscription[][] = [];
  #others: readonly OtherStreams[] = [];
  readonly #indexByStream = new Map<string, number>();
  readonly #venue: Venue;
  readonly #stats: SimStats;
  readonly #outages: Outages;
  readonly #server: WebSocketServer;
  readonly #gate: ConnectGate;
  readonly #meter: MessageMeter;
  #subscribeCount = 0;
  #connectionCount = 0;

  constructor(venue: Venue, stats: SimStats, outages: Outages) {
    this.#venue = venue;
    this.#stats = stats;
    this.#outages = outages;
    this.#server = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: CONTROL_BYTES_MAX,
      autoPong: false,
      clientTracking: false,
    });
    this.#gate = new ConnectGate(venue.settings.connectsPer5MinMax);
    this.#meter = new MessageMeter(venue.settings.messagesPerSecondMax, this.#gate);
    for (const symbol of venue.market.symbols) this.addSymbol(symbol.symbol, symbol.index);
  }

  /** From now on these serve what is no minute's kline, the first that knows a stream. */
  serve(...others: readonly OtherStreams[]): void {
    this.#others = others;
  }

  /** Makes a symbol's stream known; connections that asked for it before get it from now on. */
  addSymbol(symbol: string, index: number): void {
    const name = streamName(symbol);
    this.#indexByStream.set(name, index);
    this.#klines[index] ??= [];
    for (const connection of this.connections) if (connection.streams.has(name)) this.#bind(connection, name);
  }

  /** Subscriptions to a symbol's klines. */
  klines(index: number): readonly Subscription[] {
    return this.#klines[index] ?? [];
  }

  /** Decides about a handshake. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const { clock } = this.#venue.time;
    const handshake = this.#stats.connections.handshakes++;
    if (this.#outages.isSocketDead(handshake)) {
      countFault(this.#stats, this.#outages.socketOutage);
      resetSocket(socket);
      return;
    }
    if (this.#venue.faults.strikes("NW01", handshake, 0)) {
      countFault(this.#stats, "NW01");
      resetSocket(socket);
      return;
    }
    const refusal = this.#gate.refusal(clock.nowMs());
    const target = refusal === null ? readTarget(request.url ?? "/") : null;
    if (refusal !== null || target === null || target.type === "refused") {
      this.#stats.connections.refused++;
      if (target?.type === "refused") countUnexpected(this.#stats, `handshake ${request.url ?? ""}`);
      refuse(socket, refusal ?? (target?.type === "refused" ? target.reply : "400 Bad Request"));
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (ws) => this.#open(ws, socket, target));
  }

  #open(ws: WebSocket, socket: Duplex, target: Extract<SocketTarget, { type: "accepted" }>): void {
    if (!(socket instanceof Socket)) {
      ws.terminate();
      return;
    }
    socket.setNoDelay(true);
    const { clock, wall } = this.#venue.time;
    const connection = new Connection({
      ordinal: this.#connectionCount++,
      socket,
      ws,
      category: target.category,
      isCombined: target.isCombined,
      openedAtMs: clock.nowMs(),
      events: target.events,
      stats: this.#stats,
      isFramePerWrite: this.#venue.settings.burst === "frame-per-write",
    });
    connection.lastPongNs = connection.lastPingNs = wall.monoNs();
    this.connections.add(connection);
    this.#stats.connections.opened++;
    this.#stats.connections.open++;
    ws.on("message", (data, isBinary) => this.#onMessage(connection, data, isBinary));
    ws.on("ping", (payload) => {
      if (this.#count(connection)) ws.pong(payload);
    });
    ws.on("pong", () => {
      connection.lastPongNs = wall.monoNs();
      this.#count(connection);
    });
    ws.on("error", () => ws.terminate());
    ws.on("close", () => this.#forget(connection));
    this.#subscribe(connection, target.streams);
  }

  /** Counts an incoming message of any kind; false when the connection has just been closed for too many. */
  #count(connection: Connection): boolean {
    if (connection.isBlackholed) return false;
    if (this.#meter.accepts(connection, this.#venue.time.wall.monoNs(), this.#venue.time.clock.nowMs()))
      return true;
    if (connection.isOpen) this.#stats.connections.closed1008++;
    connection.ws.close(1008, "Too many requests");
    return false;
  }

  #onMessage(connection: Connection, data: RawData, isBinary: boolean): void {
    if (!this.#count(connection)) return;
    if (isBinary) {
      countUnexpected(this.#stats, "a binary message");
      return;
    }
    const text = Buffer.isBuffer(data) ? data.toString("utf8") : "";
    const reply = handleControl(text, {
      subscribe: (names) => this.#subscribe(connection, names),
      unsubscribe: (names) => this.#unsubscribe(connection, names),
      list: () => [...connection.streams],
      get isCombined() {
        return connection.isCombined;
      },
      set isCombined(value) {
        connection.isCombined = value;
      },
    });
    if (reply.includes('"error"')) countUnexpected(this.#stats, `message ${text.slice(0, 200)}`);
    connection.appendText(reply);
    this.flush(connection);
  }

  #subscribe(connection: Connection, names: readonly string[]): boolean {
    const fresh = new Set(names.filter((name) => !connection.streams.has(name)));
    if (connection.streams.size + fresh.size > STREAMS_MAX) return false;
    for (const name of fresh) {
      connection.streams.add(name);
      this.#bind(connection, name);
    }
    return true;
  }

  /** Un-prefixed paths and other categories never get a kline: the ACK proves nothing. */
  #bind(connection: Connection, name: string): void {
    const index = this.#indexByStream.get(name);
    if (index === undefined) {
      if (this.#others.some((streams) => streams.follow(connection, name))) this.#stats.subscriptions++;
      return;
    }
    if (connection.category !== "market") return;
    const isMuted = this.#venue.faults.strikes("MD03", this.#subscribeCount++, 0);
    if (isMuted) countFault(this.#stats, "MD03");
    this.#klines[index]?.push({ connection, isMuted });
    this.#stats.subscriptions++;
  }

  #unsubscribe(connection: Connection, names: readonly string[]): void {
    for (const name of names) {
      if (!connection.streams.delete(name)) continue;
      const index = this.#indexByStream.get(name);
      if (index !== undefined) this.#unbind(connection, index);
      else if (this.#others.some((streams) => streams.unfollow(connection, name)))
        this.#stats.subscriptions--;
    }
  }

  #unbind(connection: Connection, index: number): void {
    const all = this.#klines[index] ?? [];
    const left = all.filter((subscription) => subscription.connection !== connection);
    this.#stats.subscriptions -= all.length - left.length;
    this.#klines[index] = left;
  }

  #forget(connection: Connection): void {
    if (!this.connections.delete(connection)) return;
    this.#stats.connections.open--;
    this.#unsubscribe(connection, [...connection.streams]);
  }

  /** Sends what a connection has queued, later under NW06. */
  flush(connection: Connection): void {
    const nowMs = this.#venue.time.clock.nowMs();
    const delayMs = this.#outages.latencyMs(this.#stats.frames);
    connection.flush(delayMs > 0 ? nowMs + delayMs : 0);
    connection.release(nowMs);
  }

  /** Sends what every connection has queued. */
  flushAll(): void {
    for (const connection of this.connections) this.flush(connection);
  }

  /** Pings, pong deadlines and lifetimes. */
  keepAlive(): void {
    for (const connection of this.connections) keepAlive(connection, this.#venue, this.#stats);
  }

  /** Closes every connection with a close frame. */
  closeAll(code: number, reason: string): void {
    for (const connection of this.connections) connection.ws.close(code, reason);
  }

  /** Breaks every connection without a close frame. */
  resetAll(): void {
    for (const connection of this.connections) connection.reset();
  }

  /** Stops accepting; ends every connection. */
  close(): void {
    this.closeAll(1001, "venue stops");
    this.#server.close();
    for (const connection of this.connections) connection.reset();
  }
}

function resetSocket(socket: Duplex): void {
  try {
    if (socket instanceof Socket) socket.resetAndDestroy();
    else socket.destroy();
  } catch (error) {
    // TLS sockets know no reset: they are cut.
    socket.destroy(new Error(errorMessage(error)));
  }
}

function refuse(socket: Duplex, statusLine: string): void {
  socket.end(`HTTP/1.1 ${statusLine}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
