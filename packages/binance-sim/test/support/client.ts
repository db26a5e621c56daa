import { once } from "node:events";
import { barFault } from "@smcq/kernel";
import WebSocket, { type ClientOptions } from "ws";

/** The kline part of an event, as the venue sends it. */
export interface WireKline {
  readonly t: number;
  readonly T: number;
  readonly s: string;
  readonly i: string;
  readonly f: number;
  readonly L: number;
  readonly o: string;
  readonly c: string;
  readonly h: string;
  readonly l: string;
  readonly v: string;
  readonly n: number;
  readonly x: boolean;
  readonly q: string;
  readonly V: string;
  readonly Q: string;
  readonly B: string;
}

export interface WireEvent {
  readonly e: string;
  readonly E: number;
  readonly s: string;
  readonly k: WireKline;
  readonly [key: string]: unknown;
}

/** No wait takes so long, on whatever machine. */
const DEADLINE_MS = 60_000;

/** Waits until `isTrue`, with a deadline. */
export async function eventually(what: string, isTrue: () => boolean): Promise<void> {
  const endMs = Date.now() + DEADLINE_MS;
  while (!isTrue()) {
    if (Date.now() > endMs) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A client that keeps everything it hears. */
export class Client {
  readonly ws: WebSocket;
  readonly texts: string[] = [];
  readonly binaries: Buffer[] = [];
  pongs = 0;
  pings = 0;
  closeCode = 0;
  closeReason = "";
  error = "";
  status = 0;

  constructor(url: string, options: ClientOptions = {}) {
    this.ws = new WebSocket(url, { perMessageDeflate: false, ...options });
    this.ws.on("message", (data: Buffer, isBinary) => {
      if (isBinary) this.binaries.push(data);
      else this.texts.push(data.toString("utf8"));
    });
    this.ws.on("pong", () => this.pongs++);
    this.ws.on("ping", () => this.pings++);
    this.ws.on("error", (error: Error & { code?: string }) => (this.error = error.code ?? error.message));
    this.ws.on("unexpected-response", (_, response) => {
      this.status = response.statusCode ?? 0;
      this.ws.terminate();
    });
    this.ws.on("close", (code, reason) => {
      this.closeCode = code;
      this.closeReason = reason.toString();
    });
  }

  async open(): Promise<this> {
    await once(this.ws, "open");
    return this;
  }

  /** Waits for the end of the connection (or of the attempt). */
  async ended(): Promise<void> {
    await eventually("the connection ends", () => this.ws.readyState === WebSocket.CLOSED);
  }

  send(message: unknown): void {
    this.ws.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Sends a message with an id and waits for its answer. */
  async ask(message: { readonly id: number | string; readonly [key: string]: unknown }): Promise<unknown> {
    this.send(message);
    const isAnswer = (text: string): boolean =>
      !text.includes('"e":') && (JSON.parse(text) as { id?: unknown }).id === message.id;
    await eventually(`an answer to ${JSON.stringify(message).slice(0, 80)}`, () => this.texts.some(isAnswer));
    return JSON.parse(this.texts.find(isAnswer)!);
  }

  async subscribe(symbols: readonly string[], id = 1): Promise<void> {
    const params = symbols.map((symbol) => `${symbol.toLowerCase()}@kline_1m`);
    await this.ask({ method: "SUBSCRIBE", params, id });
  }

  /** Kline events heard so far, in order; frames that are none are left out. */
  events(): WireEvent[] {
    const events: WireEvent[] = [];
    for (const text of this.texts) {
      if (!text.includes('"e":"kline","E":') || !text.endsWith("}}")) continue;
      const message = JSON.parse(text) as { data?: WireEvent } & WireEvent;
      events.push(message.data ?? message);
    }
    return events;
  }

  finals(symbol?: string): WireEvent[] {
    return this.events().filter((event) => event.k.x && (symbol === undefined || event.s === symbol));
  }

  formings(symbol?: string): WireEvent[] {
    return this.events().filter((event) => !event.k.x && (symbol === undefined || event.s === symbol));
  }

  async close(): Promise<void> {
    this.ws.terminate();
    await this.ended();
  }
}

/** Returns why an event's numbers are no bar, or null. */
export function wireFault(event: WireEvent): string | null {
  const { o, h, l, c, v } = event.k;
  return barFault(Number(o), Number(h), Number(l), Number(c), Number(v));
}

/** A bar as numbers: open time, OHLC, volume. */
export function wireBar(event: WireEvent): number[] {
  const { t, o, h, l, c, v } = event.k;
  return [t, ...[o, h, l, c, v].map(Number)];
}
