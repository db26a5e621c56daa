import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { forkBinanceSim, type SimChild } from "@smcq/binance-sim";
import { Rng, silentLogger, SystemClock } from "@smcq/kernel";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { BinanceRest } from "../../src/index.ts";
import { type SocketEnd, StreamSocket } from "../../src/market/stream/stream-socket.ts";

/** How a proxy answers. */
type Manner = "tunnels" | "refuses" | "says nothing";

/** A proxy on loopback that takes every name for this machine's. */
class TestProxy {
  readonly asked: { readonly target: string; readonly authorization: string | undefined }[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer();
  manner: Manner = "tunnels";

  async listen(): Promise<number> {
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
    });
    this.#server.on("connect", (request, socket: Socket) => this.#onConnect(request, socket));
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #onConnect(request: IncomingMessage, socket: Socket): void {
    const target = request.url ?? "";
    this.asked.push({ target, authorization: request.headers["proxy-authorization"] });
    if (this.manner === "refuses") socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    if (this.manner !== "tunnels") return;
    const onward = connect(Number(target.split(":")[1]), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    onward.on("error", () => socket.destroy());
    this.#sockets.add(onward);
  }
}

let sim: SimChild;
let proxy: TestProxy;
beforeAll(async () => {
  sim = await forkBinanceSim({ symbols: 2 });
  proxy = new TestProxy();
  process.env["http_proxy"] = `http://anna:word@127.0.0.1:${await proxy.listen()}`;
});
afterEach(() => {
  proxy.manner = "tunnels";
  proxy.asked.length = 0;
});
afterAll(async () => {
  delete process.env["http_proxy"];
  proxy.close();
  await sim.stop();
});

const clock = new SystemClock();

async function ask(host: string, options: object = {}): Promise<unknown> {
  const rest = new BinanceRest({
    origin: `http://${host}:${sim.port}`,
    clock,
    rng: new Rng(1),
    log: silentLogger,
    ...options,
  });
  try {
    return await rest.get("/fapi/v1/time", {}, { weight: 1, triesMax: 1 });
  } finally {
    await rest.close();
  }
}

/** Opens a socket; what it has come to. */
function open(host: string): Promise<"open" | SocketEnd> {
  return new Promise((resolve) => {
    const socket = new StreamSocket({
      url: `ws://${host}:${sim.port}/market/stream`,
      wallClock: clock,
      handlers: {
        onOpen: () => {
          resolve("open");
          socket.cut("stopped", "seen");
        },
        onFrame() {},
        onAcked() {},
        onEnd: (_socket, end) => resolve(end),
      },
      timeouts: { connectMs: 200 },
    });
  });
}

const AUTHORIZATION = `Basic ${Buffer.from("anna:word").toString("base64")}`;

describe("a venue behind a proxy", () => {
  it("is asked through a tunnel, REST and streams alike", async () => {
    expect(await ask("venue.test")).toEqual({ serverTime: expect.any(Number) });
    expect(await open("venue.test")).toBe("open");
    const asked = { target: `venue.test:${sim.port}`, authorization: AUTHORIZATION };
    expect(proxy.asked).toEqual([asked, asked]);
  });

  it("is not, where it is this machine", async () => {
    expect(await ask("127.0.0.1")).toEqual({ serverTime: expect.any(Number) });
    expect(await open("localhost")).toBe("open");
    expect(proxy.asked).toEqual([]);
  });

  it("is a failure like any other when the proxy refuses", async () => {
    proxy.manner = "refuses";
    await expect(ask("venue.test")).rejects.toMatchObject({ code: "BINANCE_NETWORK" });
    expect(await open("venue.test")).toMatchObject({ httpStatus: 407 });
  });

  it("is waited for no longer when the proxy says nothing", async () => {
    proxy.manner = "says nothing";
    await expect(ask("venue.test", { connectTimeoutMs: 200, replyTimeoutMs: 200 })).rejects.toMatchObject({
      code: "BINANCE_NETWORK",
    });
    expect(await open("venue.test")).toMatchObject({ httpStatus: 0 });
  });
});
