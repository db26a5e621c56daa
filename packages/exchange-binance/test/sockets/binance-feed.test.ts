import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FeedCounter } from "@smcq/exchange";
import { RecordingMeter, RecordingSink } from "@smcq/exchange/testing";
import { type BarRequest, MINUTE_MS, ManualClock, Rng, SystemClock } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BinanceErrorCode, BinanceFeed } from "../../src/index.ts";
import type { BinanceFeedOptions } from "../../src/index.ts";
import { klineText } from "../support/frames.ts";
import { restAnswer } from "../support/model-venue.ts";
import { recordingLogger } from "../support/sim-harness.ts";
import type { LogLine } from "../support/sim-harness.ts";
import { WsVenue } from "../support/ws-venue.ts";

const START = 1_790_771_340_000;

let venue: WsVenue;
let clock: ManualClock;
let sink: RecordingSink;
let meter: RecordingMeter;
let lines: LogLine[];
let requests: BarRequest[];
let feed: BinanceFeed;

function open(options: Partial<BinanceFeedOptions> = {}): BinanceFeed {
  feed = new BinanceFeed({
    bases: { wsBase: venue.wsBase, restBase: "http://127.0.0.1" },
    slots: 256,
    clock,
    wallClock: new SystemClock(),
    rng: new Rng(1),
    log: recordingLogger(lines),
    sink,
    meter,
    requestBars: (request) => requests.push(request),
    ...options,
    timing: { dataSilenceWallMsMin: 0, ...options.timing },
  });
  return feed;
}

const until = async (condition: () => boolean): Promise<void> => {
  await vi.waitFor(
    () => {
      if (!condition()) throw new Error("not yet");
    },
    { timeout: 60_000, interval: 5 },
  );
};

/** Moves the venue's clock on and lets deferred work and sockets have their turns. */
async function pass(ms: number, stepMs = 1_000): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    clock.advance(Math.min(stepMs, left));
    await new Promise<void>((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

function answerAll(): void {
  for (const request of requests.splice(0)) feed.supplyBars(restAnswer(request, clock.nowMs()));
}

const names = (texts: readonly LogLine[]): string[] => texts.map(({ text }) => text);

beforeEach(async () => {
  venue = await WsVenue.start();
  clock = new ManualClock(START + 20_000);
  sink = new RecordingSink();
  meter = new RecordingMeter();
  lines = [];
  requests = [];
});

afterEach(async () => {
  await feed.stop();
  await venue.close();
});

describe("BinanceFeed", () => {
  it("refuses an un-prefixed base before anything connects", () => {
    open();
    const bases = { wsBase: `${venue.wsBase}/stream`, restBase: "http://127.0.0.1" };
    expect(() => open({ bases })).toThrow(expect.objectContaining({ code: BinanceErrorCode.UrlUnrouted }));
    expect(venue.handshakes).toBe(0);
  });

  it("connects to the routed path, 50 symbols a connection, and says ready only with history and a first kline", async () => {
    open();
    for (let slot = 0; slot < 120; slot++) feed.add(slot, `S${slot}USDT`, -1);
    await feed.start();
    await until(() => venue.clients.every(({ names: { size } }) => size > 0) && venue.clients.length === 3);
    expect(venue.clients.map(({ path }) => path)).toEqual(Array.from({ length: 3 }, () => "/market/stream"));
    expect(venue.clients.map(({ names: { size } }) => size)).toEqual([50, 50, 20]);
    expect(feed.status()).toMatchObject({
      readyCount: 0,
      symbolCount: 120,
      hint: expect.stringContaining("/market/stream"),
    });
    answerAll();
    expect(feed.status().readyCount).toBe(0);
    venue.kline("S7USDT", START, false);
    await until(() => feed.status().readyCount === 1);
    const status = feed.status();
    expect([feed.isReady(7), status.noDataYet.length, status.hint]).toEqual([true, 119, undefined]);
    expect(meter.get(FeedCounter.Connects)).toBe(3);
    expect(meter.get(FeedCounter.Formings)).toBe(1);
  });

  it("subscribes in chunks of 100 names, at most 4 messages a second", async () => {
    open({ symbolsPerConnection: 250 });
    for (let slot = 0; slot < 250; slot++) feed.add(slot, `S${slot}USDT`, -1);
    const startMs = performance.now();
    await feed.start();
    await until(() => venue.last.names.size === 250);
    const { commands } = venue.last;
    expect(commands.map(({ count }) => count)).toEqual([100, 100, 50]);
    // Against the start: one message may be read late, and the next one in time.
    for (const [index, command] of commands.entries())
      expect(command.atMs - startMs).toBeGreaterThan(200 * index);
  });

  it("adds and removes symbols while it runs", async () => {
    open();
    feed.add(0, "AUSDT", -1);
    await feed.start();
    await until(() => venue.last.names.has("ausdt@kline_1m"));
    feed.add(1, "币安人生USDT", -1);
    await until(() => venue.last.names.has("币安人生usdt@kline_1m"));
    answerAll();
    venue.kline("币安人生USDT", START, false);
    await until(() => feed.isReady(1));
    feed.remove(1);
    await until(() => venue.last.names.size === 1);
    sink.closeSlot(1);
    const prices = { o: "1", h: "1", l: "1", c: "1", v: "1" };
    venue.send(klineText({ symbol: "币安人生USDT", t: START, x: false, ...prices }));
    await until(() => meter.get(FeedCounter.Unknown) === 1);
    expect(venue.clients).toHaveLength(1);
    expect(sink.violations).toEqual([]);
  });

  it("replaces a connection that is ACKed but brings no data, and names the routed URL as hint", async () => {
    open({ timing: { fewStreamsMax: 0 } });
    for (let slot = 0; slot < 5; slot++) feed.add(slot, `S${slot}USDT`, -1);
    await feed.start();
    await until(() => venue.last.names.size === 5);
    await pass(15_000);
    await until(() => lines.length > 0);
    expect(lines[0]).toMatchObject({
      level: "error",
      text: "connected, but no data came",
      fields: { connection: 0, hint: expect.stringContaining("/market/stream") },
    });
    await pass(1_000);
    await until(() => venue.clients.length === 2);
    expect([meter.get(FeedCounter.WatchdogTrips), meter.get(FeedCounter.Reconnects)]).toEqual([1, 1]);
  });

  it("touches only the connection that went silent, and asks for what closed meanwhile", async () => {
    open({ symbolsPerConnection: 5, timing: { fewStreamsMax: 0 } });
    for (let slot = 0; slot < 10; slot++) feed.add(slot, `S${slot}USDT`, -1);
    await feed.start();
    answerAll();
    await until(() => venue.clients.length === 2 && venue.last.names.size === 5);
    const [first, second] = venue.clients;
    for (let slot = 0; slot < 10; slot++) venue.kline(`S${slot}USDT`, START, false);
    await until(() => feed.status().readyCount === 10);
    clock.advanceTo(START + MINUTE_MS + 2_000);
    for (let slot = 0; slot < 10; slot++) venue.kline(`S${slot}USDT`, START, true);
    await until(() => sink.lastOpenMs(9) === START && sink.lastOpenMs(0) === START);
    // The first connection's socket lives on but says no more; the second goes on.
    for (let second5 = 0; second5 < 4; second5++) {
      await pass(5_000);
      venue.kline("S7USDT", START + MINUTE_MS, false);
    }
    await until(() => venue.clients.length === 3);
    expect(first?.socket.readyState).not.toBe(first?.socket.OPEN);
    expect(second?.socket.readyState).toBe(second?.socket.OPEN);
    await until(() => venue.last.names.size === 5);
    expect([...venue.last.names].toSorted()).toEqual([0, 1, 2, 3, 4].map((slot) => `s${slot}usdt@kline_1m`));
    clock.advanceTo(START + 2 * MINUTE_MS + 10_000);
    requests.length = 0;
    venue.kline("S0USDT", START + 2 * MINUTE_MS, false);
    await until(() => feed.status().connections[0]?.state === "live");
    await pass(10);
    const asked = requests.map(({ slot }) => slot).filter((slot) => slot < 5);
    expect(asked.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
    answerAll();
    expect(sink.lastOpenMs(0)).toBe(START + MINUTE_MS);
  });

  it("names a silent symbol, asks REST for it alone, subscribes it anew, and says when it speaks again", async () => {
    open({ sequencer: { replyMsMax: 1e9 } });
    feed.add(0, "LOUDUSDT", -1);
    feed.add(1, "MUTEUSDT", -1);
    await feed.start();
    answerAll();
    await until(() => venue.last.names.size === 2);
    for (const symbol of ["LOUDUSDT", "MUTEUSDT"]) venue.kline(symbol, START, false);
    await until(() => feed.status().readyCount === 2);
    for (let minute = 0; minute < 3; minute++) {
      clock.advanceTo(START + (minute + 1) * MINUTE_MS + 2_000);
      venue.kline("LOUDUSDT", START + minute * MINUTE_MS, true);
      await until(() => sink.lastOpenMs(0) === START + minute * MINUTE_MS);
      await pass(3_000);
      expect(new Set(requests.map(({ symbol }) => symbol))).toEqual(new Set(["MUTEUSDT"]));
      answerAll();
      await pass(3_000);
    }
    expect(sink.lastOpenMs(1)).toBe(START + 2 * MINUTE_MS);
    await until(() => venue.last.commands.some(({ method }) => method === "UNSUBSCRIBE"));
    await until(() => venue.last.names.size === 2);
    expect(lines).toMatchObject([{ level: "warn", fields: { symbols: ["MUTEUSDT"] } }]);
    expect(feed.status().silent).toEqual(["MUTEUSDT"]);
    venue.kline("MUTEUSDT", START + 3 * MINUTE_MS, false);
    await until(() => meter.get(FeedCounter.Formings) === 3);
    await pass(MINUTE_MS);
    expect(lines.at(-1)).toMatchObject({ level: "info", fields: { symbols: ["MUTEUSDT"] } });
    expect(venue.clients).toHaveLength(1);
  });

  it("finds a half-open socket by its own ping", async () => {
    await venue.close();
    venue = await WsVenue.start({ isPonging: false });
    open({ timeouts: { pingMs: 50, pongMs: 50 } });
    feed.add(0, "AUSDT", -1);
    await feed.start();
    await until(() => names(lines).includes("connected, but no data came"));
    expect(lines[0]?.fields).toMatchObject({ kind: "silent", detail: "no pong" });
    await pass(1_000);
    await until(() => venue.handshakes === 2);
  });

  it("gives up a socket whose SUBSCRIBE is not acknowledged", async () => {
    venue.isAcking = false;
    open({ timeouts: { ackMs: 50 } });
    feed.add(0, "AUSDT", -1);
    await feed.start();
    await until(() => lines.length > 0);
    expect(lines[0]?.fields).toMatchObject({ kind: "silent", detail: "SUBSCRIBE was not acknowledged" });
  });

  it("keeps a socket through garbage and huge frames, and replaces it when nothing else comes", async () => {
    open();
    feed.add(0, "AUSDT", -1);
    await feed.start();
    answerAll();
    await until(() => venue.last.names.size === 1);
    for (let index = 0; index < 10; index++) {
      venue.send(index % 2 === 0 ? "{broken" : Buffer.alloc(200_000, 65));
      venue.kline("AUSDT", START, false);
    }
    await until(() => meter.get(FeedCounter.Formings) === 10);
    expect([meter.get(FeedCounter.BadFrames), venue.clients.length]).toEqual([10, 1]);
    for (let index = 0; index < 20; index++) venue.send("\u0000\u0001");
    await until(() => lines.length > 0);
    expect(lines[0]?.fields).toMatchObject({ kind: "garbage" });
    await pass(1_000);
    await until(() => venue.clients.length === 2);
  });

  it("is not killed by a frame beyond maxPayload", async () => {
    open();
    feed.add(0, "AUSDT", -1);
    await feed.start();
    await until(() => venue.last.names.size === 1);
    venue.send(Buffer.alloc(5 * 1_024 * 1_024, 65));
    await until(() => lines.length > 0);
    expect(lines[0]?.fields).toMatchObject({ kind: "garbage" });
    await pass(1_000);
    await until(() => venue.clients.length === 2);
  });

  it("comes back at once after a first failure, then after 5 s, and rests after 1008 and 429", async () => {
    venue.refuseWith = 502;
    open({ timing: { dataSilenceMsMax: 1e9 } });
    feed.add(0, "AUSDT", -1);
    await feed.start();
    expect(venue.handshakes).toBe(1);
    await pass(1_000);
    await until(() => venue.handshakes === 2 && lines.length === 2);
    await pass(4_500);
    expect(venue.handshakes).toBe(2);
    venue.refuseWith = 429;
    await pass(1_000);
    await until(() => venue.handshakes === 3 && lines.length === 3);
    expect(lines[2]?.fields).toMatchObject({ kind: "policy", httpStatus: 429 });
    venue.refuseWith = 0;
    await pass(40_000);
    expect(venue.handshakes).toBe(3);
    await pass(300_000, 10_000);
    await until(() => venue.clients.length === 1 && venue.last.names.size === 1);
    venue.last.socket.close(1008, "Too many requests");
    await until(() => lines.length === 4);
    expect(lines[3]?.fields).toMatchObject({ kind: "policy", closeCode: 1008 });
    await pass(40_000);
    expect(venue.handshakes).toBe(4);
  });

  it("opens no more connections than the budget grants", async () => {
    let granted = 0;
    open({ symbolsPerConnection: 1, connectBudget: { take: () => (granted < 2 ? (granted++, 0) : 60_000) } });
    for (let slot = 0; slot < 5; slot++) feed.add(slot, `S${slot}USDT`, -1);
    const started = feed.start();
    await until(() => venue.clients.length === 2);
    await pass(30_000);
    expect(venue.handshakes).toBe(2);
    granted = -8;
    await pass(31_000);
    await started;
    expect(venue.handshakes).toBe(5);
  });

  it("replaces a healthy connection before 24 h: the new one first, no bar lost or doubled", async () => {
    const requestBars = (request: BarRequest): void => {
      setImmediate(() => feed.supplyBars(restAnswer(request, clock.nowMs())));
    };
    open({ requestBars, timing: { rotateAfterMs: 300_000, rotateSpreadMs: 0, dataSilenceMsMax: 1e9 } });
    feed.add(0, "AUSDT", -1);
    await feed.start();
    await until(() => venue.last.names.size === 1);
    venue.kline("AUSDT", START, false);
    await until(() => feed.isReady(0));
    const [old] = venue.clients;
    await pass(300_000, 5_000);
    await until(() => venue.clients.length === 2 && venue.last.names.size === 1);
    const t = sink.lastOpenMs(0) + MINUTE_MS;
    // Nothing has come on the new connection: the old one still serves.
    expect(old?.socket.readyState).toBe(old?.socket.OPEN);
    venue.kline("AUSDT", t, false);
    await until(() => meter.get(FeedCounter.Rotations) === 1);
    await until(() => old?.socket.readyState === old?.socket.CLOSED);
    clock.advanceTo(t + MINUTE_MS + 2_000);
    venue.kline("AUSDT", t, true);
    await until(() => sink.lastOpenMs(0) === t);
    expect([meter.get(FeedCounter.Reconnects), venue.clients.length]).toEqual([0, 2]);
    expect(names(lines)).not.toContain("connection ended");
    expect(sink.violations).toEqual([]);
  });

  it("lets the successor take over when the old connection dies before it is ready", async () => {
    open({ timing: { rotateAfterMs: 60_000, rotateSpreadMs: 0, dataSilenceMsMax: 1e9 } });
    feed.add(0, "AUSDT", -1);
    await feed.start();
    await until(() => venue.last.names.size === 1);
    venue.kline("AUSDT", START, false);
    await until(() => meter.get(FeedCounter.Messages) >= 2);
    await pass(61_000, 1_000);
    await until(() => venue.clients.length === 2 && venue.last.names.size === 1);
    venue.clients[0]?.socket.terminate();
    await until(() => lines.length === 1);
    venue.kline("AUSDT", START + MINUTE_MS, false);
    await until(() => feed.status().connections[0]?.state === "live");
    expect(venue.handshakes).toBe(2);
  });

  it("closes every socket and timer when it stops, twice over", async () => {
    open({ symbolsPerConnection: 2 });
    for (let slot = 0; slot < 6; slot++) feed.add(slot, `S${slot}USDT`, -1);
    await feed.start();
    await until(() => venue.clients.length === 3);
    await Promise.all([feed.stop(), feed.stop()]);
    await until(() => venue.clients.every(({ socket }) => socket.readyState === socket.CLOSED));
    await pass(600_000, 60_000);
    expect([venue.handshakes, clock.pendingCount]).toEqual([3, 0]);
  });

  it("refuses a certificate that it cannot verify, and never falls back to plain text", async () => {
    const dir = mkdtempSync(join(tmpdir(), "smcq-tls-"));
    const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
    try {
      execFileSync(
        "openssl",
        [
          "req",
          "-x509",
          "-newkey",
          "rsa:2048",
          "-nodes",
          "-keyout",
          key,
          "-out",
          cert,
          "-days",
          "2",
          "-subj",
          "/CN=localhost",
        ],
        { stdio: "ignore" },
      );
    } catch {
      console.warn("SKIPPED: openssl is not there to make a certificate");
      rmSync(dir, { recursive: true });
      open();
      return;
    }
    const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) });
    rmSync(dir, { recursive: true });
    let upgrades = 0;
    server.on("upgrade", (_request, socket) => {
      upgrades++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    open({ bases: { wsBase: `wss://localhost:${port}`, restBase: "https://localhost" } });
    feed.add(0, "AUSDT", -1);
    await feed.start();
    await until(() => lines.length > 0);
    expect([lines[0]?.fields["kind"], upgrades]).toEqual(["tls", 0]);
    await feed.stop();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
});
