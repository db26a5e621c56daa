import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import type { SimStats } from "../stats.ts";

const OUT_BYTES = 65_536;
/** A client that leaves so much unread is cut off. */
const BACKLOG_BYTES_MAX = 64 * 1024 * 1024;
const TEXT_FRAME = 0x81;
const BINARY_FRAME = 0x82;

const HEADER_BYTES_MAX = 10;

/** Writes one unmasked WebSocket frame at `offset` of `out`; returns the offset behind it. */
function writeFrame(out: Buffer, offset: number, payload: Uint8Array, isBinary: boolean): number {
  const size = payload.length;
  let at = offset;
  out[at++] = isBinary ? BINARY_FRAME : TEXT_FRAME;
  if (size < 126) {
    out[at++] = size;
  } else if (size < 65_536) {
    out[at++] = 126;
    out[at++] = size >>> 8;
    out[at++] = size & 0xff;
  } else {
    out[at++] = 127;
    out.writeUInt32BE(0, at);
    out.writeUInt32BE(size, at + 4);
    at += 8;
  }
  out.set(payload, at);
  return at + size;
}

/** Returns a text frame of its own with a copy of the payload. */
export function textFrame(payload: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(payload.length + HEADER_BYTES_MAX);
  return out.subarray(0, writeFrame(out, 0, payload, false));
}

interface Delayed {
  readonly releaseMs: number;
  readonly chunk: Buffer;
}

/**
 * One client connection. Data frames are framed here and written to the socket in as few writes as the send
 * granularity allows; control frames (ping, pong, close) go through ws. A write always holds whole frames.
 */
export class Connection {
  readonly ordinal: number;
  readonly socket: Socket;
  readonly ws: WebSocket;
  readonly category: string;
  readonly openedAtMs: number;
  /** Of the private stream: events that are wanted; null: all. */
  readonly events: ReadonlySet<string> | null;
  isCombined: boolean;
  /** MD02: drops frames, answers pings. */
  isMuted = false;
  /** NW03: drops everything, in both directions. */
  isBlackholed = false;
  /** Stream names as the client gave them. */
  readonly streams: Set<string> = new Set();
  messagesInWindow = 0;
  windowStartNs = 0;
  lastPongNs = 0;
  lastPingNs = 0;
  readonly #stats: SimStats;
  readonly #isFramePerWrite: boolean;
  readonly #delayed: Delayed[] = [];
  #out: Buffer = Buffer.allocUnsafeSlow(OUT_BYTES);
  #length = 0;

  constructor(options: {
    readonly ordinal: number;
    readonly socket: Socket;
    readonly ws: WebSocket;
    readonly category: string;
    readonly isCombined: boolean;
    readonly openedAtMs: number;
    readonly events: ReadonlySet<string> | null;
    readonly stats: SimStats;
    readonly isFramePerWrite: boolean;
  }) {
    this.ordinal = options.ordinal;
    this.socket = options.socket;
    this.ws = options.ws;
    this.category = options.category;
    this.isCombined = options.isCombined;
    this.openedAtMs = options.openedAtMs;
    this.events = options.events;
    this.#stats = options.stats;
    this.#isFramePerWrite = options.isFramePerWrite;
  }

  get isOpen(): boolean {
    return this.ws.readyState === this.ws.OPEN;
  }

  /** Queues one frame with `bytes[start..end)` as its payload. */
  append(bytes: Buffer, start: number, end: number, isBinary = false): void {
    if (this.isMuted || this.isBlackholed || !this.isOpen) return;
    const needed = end - start + HEADER_BYTES_MAX;
    if (this.#length + needed > this.#out.length) {
      this.flush(0);
      if (needed > this.#out.length) this.#out = Buffer.allocUnsafeSlow(needed);
    }
    const at = writeFrame(this.#out, this.#length, bytes.subarray(start, end), isBinary);
    this.#stats.frames++;
    this.#stats.bytes += at - this.#length;
    this.#length = at;
    if (this.#isFramePerWrite) this.flush(0);
  }

  /** Queues one text frame. */
  appendText(text: string): void {
    const bytes = Buffer.from(text, "utf8");
    this.append(bytes, 0, bytes.length);
  }

  /** Writes what is queued; with `releaseMs` > 0 it stays back until then, in order. */
  flush(releaseMs: number): void {
    if (this.#length === 0) return;
    const chunk = Buffer.from(this.#out.subarray(0, this.#length));
    this.#length = 0;
    if (releaseMs > 0 || this.#delayed.length > 0) this.#delayed.push({ releaseMs, chunk });
    else this.write(chunk);
  }

  /** Writes the chunks that were held back until `nowMs`. */
  release(nowMs: number): void {
    for (;;) {
      const first = this.#delayed[0];
      if (first === undefined || first.releaseMs > nowMs) return;
      this.#delayed.shift();
      this.write(first.chunk);
    }
  }

  /** Writes whole frames at once; a client that does not read is cut off. */
  write(chunk: Buffer): void {
    if (!this.isOpen || this.isBlackholed) return;
    this.socket.write(chunk);
    if (this.socket.writableLength > BACKLOG_BYTES_MAX) {
      this.#stats.connections.slow++;
      this.ws.terminate();
    }
  }

  /** NW03: from now on nothing comes back and nothing is heard; the TCP connection stays up. */
  blackhole(): void {
    this.isBlackholed = true;
    this.socket.removeAllListeners("data");
    this.socket.on("data", () => {});
    this.socket.resume();
  }

  /** Breaks the connection without a close frame (the client sees 1006). */
  reset(): void {
    if (this.socket.destroyed) return;
    this.ws.terminate();
  }
}
