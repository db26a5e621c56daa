import { afterEach, describe, expect, it } from "vitest";
import { startBinanceSim, type BinanceSim, type BinanceSimOptions } from "../../src/index.ts";
import { Client, eventually, wireBar } from "../support/client.ts";

const open: { close(): Promise<void> }[] = [];

async function start(options: BinanceSimOptions = {}): Promise<BinanceSim> {
  const sim = await startBinanceSim({ symbols: 8, speed: 600, tickMs: 2, ...options });
  open.push({ close: () => sim.stop() });
  return sim;
}

async function connect(sim: BinanceSim, path: string): Promise<Client> {
  const client = new Client(sim.wsUrl + path);
  open.unshift(client);
  return await client.open();
}

afterEach(async () => {
  for (const resource of open.splice(0)) await resource.close();
});

describe("the routed sockets", () => {
  it("send klines in envelopes on /market/stream after SUBSCRIBE", async () => {
    const sim = await start();
    const client = await connect(sim, "/market/stream");
    await client.subscribe(["ALGOUSDT"]);
    await eventually("a final", () => client.finals().length > 0);
    const text = client.texts.find((one) => one.includes('"e":"kline"'))!;
    expect(text).toMatch(/^\{"stream":"algousdt@kline_1m","data":\{"e":"kline"/);
    expect(sim.stats().unexpected).toBe(0);
  });

  it("send raw events on /market/ws, and take streams from the URL in both forms", async () => {
    const sim = await start();
    const raw = await connect(sim, "/market/ws/algousdt@kline_1m/filusdt@kline_1m");
    const combined = await connect(sim, "/market/stream?streams=nearusdt@kline_1m");
    await eventually(
      "finals",
      () => raw.finals("FILUSDT").length > 0 && combined.finals("NEARUSDT").length > 0,
    );
    expect(raw.texts.every((text) => text.startsWith('{"e":"kline"'))).toBe(true);
    expect(new Set(raw.events().map((event) => event.s))).toEqual(new Set(["ALGOUSDT", "FILUSDT"]));
    expect(await combined.ask({ method: "LIST_SUBSCRIPTIONS", id: 4 })).toEqual({
      result: ["nearusdt@kline_1m"],
      id: 4,
    });
  });

  it.each(["/stream", "/ws", "/public/stream", "/public/ws", "/private/stream"])(
    "accept %s, ACK the subscription and stay silent",
    async (path) => {
      const sim = await start();
      const wrong = await connect(sim, path);
      const right = await connect(sim, "/market/stream");
      await wrong.subscribe(["ALGOUSDT"]);
      await right.subscribe(["ALGOUSDT"]);
      await eventually("klines on the right path", () => right.finals().length > 2);
      expect(wrong.events()).toEqual([]);
      expect(wrong.texts).toHaveLength(1);
      expect(sim.stats().unexpected).toBe(0);
    },
  );

  it("ACK unknown symbols, upper-case names and other streams, and never send them", async () => {
    const sim = await start();
    const client = await connect(sim, "/market/stream");
    const params = ["NEARUSDT@kline_1m", "nosuchusdt@kline_1m", "algousdt@aggTrade", "algousdt@kline_1m"];
    expect(await client.ask({ method: "SUBSCRIBE", params, id: 1 })).toEqual({ result: null, id: 1 });
    await eventually("klines", () => client.finals().length > 2);
    expect(new Set(client.events().map((event) => event.s))).toEqual(new Set(["ALGOUSDT"]));
    expect(await client.ask({ method: "LIST_SUBSCRIPTIONS", id: 2 })).toEqual({ result: params, id: 2 });
  });

  it("stop a stream on UNSUBSCRIBE and switch envelopes by SET_PROPERTY", async () => {
    const sim = await start();
    const client = await connect(sim, "/market/stream");
    await client.subscribe(["ALGOUSDT", "FILUSDT"]);
    await eventually(
      "both",
      () => client.finals("ALGOUSDT").length > 0 && client.finals("FILUSDT").length > 0,
    );
    await client.ask({ method: "UNSUBSCRIBE", params: ["algousdt@kline_1m"], id: 2 });
    await client.ask({ method: "SET_PROPERTY", params: ["combined", false], id: 3 });
    client.texts.length = 0;
    await eventually("the other goes on", () => client.finals("FILUSDT").length > 2);
    expect(client.events().every((event) => event.s === "FILUSDT")).toBe(true);
    expect(client.texts.every((text) => text.startsWith('{"e":'))).toBe(true);
    expect(await client.ask({ method: "GET_PROPERTY", params: ["combined"], id: 4 })).toEqual({
      result: false,
      id: 4,
    });
  });

  it("refuse unknown paths and count them", async () => {
    const sim = await start();
    const client = new Client(`${sim.wsUrl}/market/feed`);
    await client.ended();
    expect(client.status).toBe(404);
    expect(sim.stats().unexpected).toBe(1);
  });

  it("answer pings and broken control messages in the venue's form", async () => {
    const sim = await start();
    const client = await connect(sim, "/market/stream");
    client.ws.ping("x");
    client.send("{nonsense");
    await eventually("pong and error", () => client.pongs === 1 && client.texts.length === 1);
    expect(JSON.parse(client.texts[0]!)).toMatchObject({ error: { code: 3 } });
    expect(sim.stats().unexpected).toBe(1);
  });
});

describe("the limits of a connection", () => {
  it("refuse the 1025th stream and keep the others", async () => {
    const sim = await start();
    const client = await connect(sim, "/market/stream");
    const names = (from: number, count: number): string[] =>
      Array.from({ length: count }, (_, index) => `s${from + index}@kline_1m`);
    expect(await client.ask({ method: "SUBSCRIBE", params: names(0, 1024), id: 1 })).toEqual({
      result: null,
      id: 1,
    });
    expect(await client.ask({ method: "SUBSCRIBE", params: names(5000, 1), id: 2 })).toMatchObject({
      error: { code: 2 },
      id: 2,
    });
    expect(await client.ask({ method: "SUBSCRIBE", params: names(0, 5), id: 3 })).toEqual({
      result: null,
      id: 3,
    });
    const { result } = (await client.ask({ method: "LIST_SUBSCRIPTIONS", id: 4 })) as { result: string[] };
    expect(result).toHaveLength(1024);
  });

  it("close with 1008 above 10 messages a second and ban the address after three such", async () => {
    const sim = await start({ speed: 1 });
    for (let closed = 0; closed < 3;) {
      const client = await connect(sim, "/market/stream");
      const startMs = performance.now();
      for (let id = 0; id < 10; id++) client.send({ method: "LIST_SUBSCRIPTIONS", id });
      await eventually("ten answers", () => client.texts.length === 10);
      expect(client.closeCode).toBe(0);
      client.ws.ping();
      await eventually("a close or a pong", () => client.closeCode !== 0 || client.pongs > 0);
      // On a machine that was away for most of a second, the eleventh message belongs to the next one.
      if (client.closeCode === 0 && performance.now() - startMs > 900) continue;
      closed++;
      expect([client.closeCode, client.closeReason]).toEqual([1008, "Too many requests"]);
    }
    const banned = new Client(`${sim.wsUrl}/market/stream`);
    await banned.ended();
    expect(banned.status).toBe(403);
    expect(sim.stats().connections).toMatchObject({ closed1008: 3, refused: 1 });
  });

  it("refuse connections beyond the number allowed in five venue minutes", async () => {
    const sim = await start({ connectsPer5MinMax: 3, speed: 1 });
    for (let count = 0; count < 3; count++) await connect(sim, "/market/stream");
    const fourth = new Client(`${sim.wsUrl}/market/stream`);
    await fourth.ended();
    expect(fourth.status).toBe(429);
  });

  it("end a connection at its lifetime", async () => {
    const sim = await start({ lifetimeMs: 60_000 });
    const client = await connect(sim, "/market/stream");
    await client.ended();
    expect(client.closeCode).toBe(1001);
    expect(sim.stats().connections.expired).toBe(1);
  });

  it("end a connection that owes a pong and keep one that answers", async () => {
    const sim = await start({ pingWallMsMin: 20, pongWallMsMin: 1_500, messagesPerSecondMax: 100 });
    const client = await connect(sim, "/market/stream");
    const mute = new Client(`${sim.wsUrl}/market/stream`, { autoPong: false });
    open.unshift(mute);
    await mute.open();
    await mute.ended();
    expect([mute.closeCode, mute.closeReason]).toEqual([1008, "Pong timeout"]);
    expect(mute.pings).toBeGreaterThan(1);
    expect(client.ws.readyState).toBe(client.ws.OPEN);
  });

  it("ping their clients", async () => {
    const sim = await start();
    const client = await connect(sim, "/market/stream");
    await eventually("a ping", () => client.pings > 0);
    expect(client.ws.readyState).toBe(client.ws.OPEN);
  });
});

describe("the kline stream", () => {
  it("sends every bar once, in order, equal to REST, about 2 s after its end, and forming updates between", async () => {
    const sim = await start();
    const symbols = ["ALGOUSDT", "FILUSDT", "ENAUSDT", "XMRUSDT"];
    const client = await connect(sim, "/market/stream");
    await client.subscribe(symbols);
    await eventually("ten closes", () => symbols.every((symbol) => client.finals(symbol).length > 10));
    for (const symbol of symbols) {
      const finals = client.finals(symbol);
      const first = sim.market.minuteAt(finals[0]!.k.t);
      const wanted = sim.market.flatBars(sim.market.find(symbol)!, first, first + finals.length - 1);
      expect(finals.flatMap(wireBar)).toEqual([...wanted]);
      const delays = finals.map((event) => event.E - event.k.T - 1);
      // The venue's 1.9..2.1 s, plus the turn of 2 ms wall (1.2 s of venue time) and a busy machine.
      expect(Math.min(...delays)).toBeGreaterThanOrEqual(1900);
      expect(delays.toSorted((a, b) => a - b)[5]).toBeLessThan(60_000);
      const response = await fetch(
        `${sim.restUrl}/fapi/v1/klines?symbol=${symbol}&interval=1m&startTime=${finals[0]!.k.t}&limit=${finals.length}`,
      );
      const rows = (await response.json()) as (string | number)[][];
      expect(
        rows.map((row) => [row[0], row[1], row[2], row[3], row[4], row[5], row[7], row[8], row[9], row[10]]),
      ).toEqual(finals.map(({ k }) => [k.t, k.o, k.h, k.l, k.c, k.v, k.q, k.n, k.V, k.Q]));
    }
    const events = client.events();
    expect(events.some((event) => !event.k.x)).toBe(true);
    const openTimes = events.filter((event) => event.s === "XMRUSDT").map((event) => event.k.t);
    expect(openTimes).toEqual(openTimes.toSorted((a, b) => a - b));
    expect(sim.stats().finals.total).toBe(sim.stats().finals.regular);
  });

  it("caps forming updates of a symbol in wall time and sends only what changed", async () => {
    const sim = await start({ speed: 60, updatesPerSecondWall: 10, tickMs: 5 });
    const client = await connect(sim, "/market/stream");
    await client.subscribe(["ENAUSDT"]);
    const startNs = process.hrtime.bigint();
    await eventually("a minute", () => client.finals().length > 0 && client.formings().length > 6);
    const seconds = Number(process.hrtime.bigint() - startNs) / 1e9;
    const formings = client.formings();
    expect(formings.length).toBeLessThanOrEqual(10 * seconds + 2);
    const keys = formings.map(({ k }) => `${k.t} ${k.c} ${k.v}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("says nothing in a minute without trades, or sends its final when told to", async () => {
    const faults = "MD14=1:24h";
    const silent = await start({ faults });
    const client = await connect(silent, "/market/stream");
    await client.subscribe(["ALGOUSDT"]);
    await eventually("empty minutes", () => silent.stats().emptyMinutes > 20);
    expect(client.events()).toEqual([]);
    const talking = await start({ faults, emptyMinutes: "final" });
    const other = await connect(talking, "/market/stream");
    await other.subscribe(["ALGOUSDT"]);
    await eventually("finals", () => other.finals().length > 1);
    const [event] = other.finals();
    expect(event!.k).toMatchObject({ v: "0.0", n: 0, f: -1, L: -1 });
  });

  it("sends each frame in a write of its own when told to", async () => {
    const sim = await start({ burst: "frame-per-write" });
    const client = await connect(sim, "/market/stream");
    await client.subscribe(["ALGOUSDT", "FILUSDT"]);
    await eventually("finals", () => client.finals().length > 4);
    expect(client.finals().every((event) => event.k.B === "0")).toBe(true);
  });

  it("ends with the data: an event, close 1000, REST still answering", async () => {
    const sim = await start({ startMinute: 20_140, speed: 600 });
    let ended = 0;
    sim.onEvent((event) => {
      if (event.type === "end-of-data") ended++;
    });
    const client = await connect(sim, "/market/stream");
    await client.subscribe(["ALGOUSDT"]);
    await client.ended();
    expect(client.closeCode).toBe(1000);
    expect(ended).toBe(1);
    expect(client.finals().at(-1)!.k.t).toBe(sim.market.openTimeMs(20_159));
    const response = await fetch(`${sim.restUrl}/fapi/v1/klines?symbol=ALGOUSDT&interval=1m&limit=2`);
    expect(response.status).toBe(200);
  });

  it("starts over when looped, with sockets closed and bars that go on", async () => {
    const sim = await start({ startMinute: 20_140, speed: 600, loop: true });
    let laps = 0;
    sim.onEvent((event) => {
      if (event.type === "looped") laps++;
    });
    const first = await connect(sim, "/market/stream");
    await first.ended();
    expect(first.closeCode).toBe(1000);
    const second = await connect(sim, "/market/stream");
    await second.subscribe(["ALGOUSDT"]);
    // The last final of the first lap may still be under way when the new connection stands.
    const lapMs = sim.market.openTimeMs(20_160);
    await eventually(
      "bars of the second lap",
      () => second.finals().filter(({ k }) => k.t >= lapMs).length > 2,
    );
    expect(laps).toBe(1);
    const opens = second.finals().map(({ k }) => k.t);
    expect(opens.every((openMs, index) => index === 0 || openMs > (opens[index - 1] as number))).toBe(true);
    expect(opens[0]).toBeGreaterThanOrEqual(lapMs - 2 * 60_000);
  });
});

describe("listings", () => {
  it("announce and start a symbol, and connections that asked before get it; delistings end it", async () => {
    const sim = await start();
    const client = await connect(sim, "/market/stream");
    const params = ["!contractInfo", "comingusdt@kline_1m", "filusdt@kline_1m"];
    await client.ask({ method: "SUBSCRIBE", params, id: 1 });
    sim.list("COMINGUSDT");
    await eventually("its bars", () => client.finals("COMINGUSDT").length > 2);
    const listed = client.texts.find(
      (text) => text.includes('"contractInfo"') && text.includes("COMINGUSDT"),
    );
    expect(JSON.parse(listed!)).toMatchObject({
      stream: "!contractInfo",
      data: { e: "contractInfo", s: "COMINGUSDT", ct: "PERPETUAL", cs: "TRADING", st: 1 },
    });
    const response = await fetch(`${sim.restUrl}/fapi/v1/klines?symbol=COMINGUSDT&interval=1m&limit=1500`);
    const rows = (await response.json()) as unknown[];
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.length).toBeLessThan(500);
    sim.delist("FILUSDT");
    await eventually("the announcement", () =>
      client.texts.some((text) => text.includes('"s":"FILUSDT"') && text.includes('"cs":"SETTLING"')),
    );
    const before = client.events().filter((event) => event.s === "FILUSDT").length;
    const more = client.finals("COMINGUSDT").length + 3;
    await eventually("three more minutes", () => client.finals("COMINGUSDT").length >= more);
    expect(client.events().filter((event) => event.s === "FILUSDT")).toHaveLength(before);
    expect(() => sim.list("COMINGUSDT")).toThrow(/listed already/);
    expect(() => sim.delist("NOSUCHUSDT")).toThrow(/not listed/);
  });
});
