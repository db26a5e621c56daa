import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import { klineText } from "./frames.ts";

export interface WsClient {
  readonly socket: WebSocket;
  readonly path: string;
  /** Stream names subscribed by now. */
  readonly names: Set<string>;
  /** Commands in the order they came, with the wall time. */
  readonly commands: { readonly method: string; readonly count: number; readonly atMs: number }[];
}

/** A small scripted stream venue: what it answers is up to the test. */
export class WsVenue {
  readonly clients: WsClient[] = [];
  /** False: commands are read but not answered. */
  isAcking = true;
  /** An HTTP status that refuses handshakes; 0 accepts. */
  refuseWith = 0;
  /** The body of such a refusal. */
  refuseBody = "";
  /** The answer to a command; undefined: none. */
  reply: (id: number) => string | undefined = (id) => JSON.stringify({ result: null, id });
  handshakes = 0;
  readonly #server: Server;
  readonly #ws: WebSocketServer;

  private constructor(server: Server, isPonging: boolean) {
    this.#server = server;
    this.#ws = new WebSocketServer({ noServer: true, autoPong: isPonging });
    server.on("upgrade", (request, socket: Socket, first) => {
      this.handshakes++;
      if (this.refuseWith !== 0) {
        const body = this.refuseBody;
        const head = `HTTP/1.1 ${this.refuseWith} Refused\r\nConnection: close\r\n`;
        socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
        return;
      }
      this.#ws.handleUpgrade(request, socket, first, (ws) => this.#accept(ws, request.url ?? ""));
    });
  }

  static async start(options: { isPonging?: boolean } = {}): Promise<WsVenue> {
    const server = createServer();
    const venue = new WsVenue(server, options.isPonging ?? true);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return venue;
  }

  get wsBase(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get last(): WsClient {
    const client = this.clients.at(-1);
    if (client === undefined) throw new Error("nobody has connected");
    return client;
  }

  /** Sends text to every open client. */
  send(text: string | Buffer): void {
    for (const { socket } of this.clients)
      if (socket.readyState === socket.OPEN) socket.send(text, { binary: false });
  }

  /** Sends a plain kline to the clients that subscribed it. */
  kline(symbol: string, t: number, isFinal: boolean): void {
    const prices = { o: "100", h: "100", l: "100", c: "100", v: "1" };
    const text = klineText({ symbol, t, x: isFinal, ...prices, ...(isFinal ? {} : { E: t }) });
    for (const { socket, names } of this.clients)
      if (socket.readyState === socket.OPEN && names.has(`${symbol.toLowerCase()}@kline_1m`))
        socket.send(text, { binary: false });
  }

  async close(): Promise<void> {
    for (const { socket } of this.clients) socket.terminate();
    this.#ws.close();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #accept(socket: WebSocket, path: string): void {
    const client: WsClient = { socket, path, names: new Set(), commands: [] };
    this.clients.push(client);
    socket.on("message", (data: Buffer) => {
      const { method, params, id } = JSON.parse(data.toString()) as {
        method: string;
        params: string[];
        id: number;
      };
      client.commands.push({ method, count: params.length, atMs: performance.now() });
      for (const name of params)
        if (method === "SUBSCRIBE") client.names.add(name);
        else client.names.delete(name);
      const reply = this.isAcking ? this.reply(id) : undefined;
      if (reply !== undefined) socket.send(reply);
    });
  }
}
