import { createConnection, type Socket } from "node:net";
import { ManualClock } from "@smcq/kernel";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { WebSocket } from "ws";
import { LIVE_PROTOCOL, type LiveFrame, type PositionShown } from "../../src/contract.ts";
import { FRAME_BYTES_MAX } from "../../src/http/dashboard-server.ts";
import { CLIENTS_MAX, UPDATE_MS, WAITING_BYTES_MAX } from "../../src/live/live-hub.ts";
import { Bench, EMPTY, upgraded } from "../support.ts";

const START_MS = 1_000_000;

function position(symbol: string, qty: string): PositionShown {
  return {
    symbol,
    qty,
    side: "long",
    entry: "1",
    mark: null,
    stop: null,
    isStopConfirmed: true,
    target: null,
    r: null,
    ageMs: 0,
    guard: "guarded",
    exitReason: null,
  };
}

/** What comes over a socket, in order. */
function framesOf(socket: WebSocket): LiveFrame[] {
  const frames: LiveFrame[] = [];
  socket.on("message", (data: Buffer) => frames.push(JSON.parse(data.toString()) as LiveFrame));
  return frames;
}

function closeCode(socket: WebSocket): Promise<number> {
  return new Promise((resolve) => socket.once("close", (code) => resolve(code)));
}

describe("what moves", () => {
  it("comes as a snapshot, then as what has changed, with the server's time", async () => {
    const wallClock = new ManualClock(START_MS);
    const bench = await new Bench({ wallClock }).open();
    bench.source.state = { ...EMPTY, positions: { A: position("A", "1"), B: position("B", "1") } };
    const frames = framesOf(bench.socket());
    await expect.poll(() => frames.length).toBe(1);
    expect(frames[0]).toEqual({ type: "snapshot", seq: 1, serverMs: START_MS, state: bench.source.state });
    const engine = { isReachable: false, problem: "gone", heardMs: 5 };
    bench.source.state = { ...EMPTY, engine, positions: { B: position("B", "2"), C: position("C", "1") } };
    wallClock.advanceTo(START_MS + UPDATE_MS);
    await expect.poll(() => frames.length).toBe(2);
    expect(frames[1]).toEqual({
      type: "delta",
      seq: 2,
      serverMs: START_MS + UPDATE_MS,
      changed: { engine, positions: { B: position("B", "2"), C: position("C", "1") } },
      removed: { positions: ["A"] },
    });
    // Nothing has changed: it is said that nothing has.
    wallClock.advanceTo(START_MS + 2 * UPDATE_MS);
    await expect.poll(() => frames.length).toBe(3);
    expect(frames[2]).toMatchObject({ type: "delta", changed: {}, removed: {} });
  });

  it("is looked at once for everybody, at most five times a second, and not while nobody looks", async () => {
    const wallClock = new ManualClock(START_MS);
    const bench = await new Bench({ wallClock }).open();
    wallClock.advanceTo(START_MS + 60_000);
    expect(bench.source.looks).toBe(0);
    const sockets = [bench.socket(), bench.socket(), bench.socket()];
    const frames = sockets.map(framesOf);
    await expect.poll(() => frames.every(({ length }) => length > 0)).toBe(true);
    const before = bench.source.looks;
    for (let at = 1; at <= 10; at++) {
      wallClock.advanceTo(wallClock.nowMs() + 100);
      await vi.waitFor(() => {});
    }
    expect(bench.source.looks - before).toBeLessThanOrEqual(5);
    // Who comes in between hears what was said last, and then the same deltas as everybody.
    const looks = bench.source.looks;
    const late = framesOf(bench.socket());
    await expect.poll(() => late.length).toBe(1);
    expect([bench.source.looks, late[0]?.type, late[0]?.seq]).toEqual([looks, "snapshot", looks]);
    for (const socket of sockets) socket.close();
    await Promise.all(sockets.map(closeCode));
  });
});

describe("an engine that does not answer", () => {
  it("is no server that does not: frames go on coming, with what was known", async () => {
    const wallClock = new ManualClock(START_MS);
    const bench = await new Bench({ wallClock }).open();
    const frames = framesOf(bench.socket());
    await expect.poll(() => frames.length).toBe(1);
    bench.source.isSilent = true;
    for (let at = 1; at <= 4; at++) {
      wallClock.advanceTo(START_MS + at * UPDATE_MS);
      // The first of these looks, and waits.
      await expect.poll(() => frames.length).toBe(at);
    }
    expect(frames.slice(1)).toEqual(
      [2, 3, 4].map((at) => ({
        type: "delta",
        seq: at,
        serverMs: START_MS + at * UPDATE_MS,
        changed: {},
        removed: {},
      })),
    );
  });
});

describe("a client", () => {
  it("without the token, or the protocol, is refused", async () => {
    const bench = await new Bench().open();
    for (const [protocols, status] of [
      [[LIVE_PROTOCOL], 401],
      [[LIVE_PROTOCOL, "token."], 401],
      [[LIVE_PROTOCOL, `token.${bench.tokens.control}`], 401],
      [[`token.${bench.tokens.look}`], 400],
    ] as const)
      expect([protocols, await upgraded(bench.socket(protocols))]).toEqual([protocols, status]);
    expect(await upgraded(bench.socket())).toBe(101);
  });

  it(`above ${CLIENTS_MAX} is refused until one goes`, async () => {
    const bench = await new Bench().open();
    const sockets = Array.from({ length: CLIENTS_MAX }, () => bench.socket());
    expect(await Promise.all(sockets.map(upgraded))).toEqual(Array(CLIENTS_MAX).fill(101));
    expect(await upgraded(bench.socket())).toBe(503);
    sockets[0]?.terminate();
    await expect.poll(() => upgraded(bench.socket())).toBe(101);
  });

  it("that says something, or too much, is let go", async () => {
    const bench = await new Bench().open();
    const talking = bench.socket();
    talking.on("open", () => talking.send("hello"));
    expect(await closeCode(talking)).toBe(1_008);
    const shouting = bench.socket();
    shouting.on("open", () => shouting.send("a".repeat(FRAME_BYTES_MAX + 1)));
    expect(await closeCode(shouting)).toBe(1_009);
  });

  it("that reads nothing loses frames, not the server its memory; it is let go when it does not answer", async () => {
    const wallClock = new ManualClock(START_MS);
    const bench = await new Bench({ wallClock }).open();
    const slow = await deafClient(bench);
    const ended = new Promise<void>((resolve) => slow.once("close", () => resolve()));
    const quick = framesOf(bench.socket());
    await expect.poll(() => quick.length).toBeGreaterThan(0);
    // Each frame is as large as what may wait: whatever the system's buffers take, a few fill them.
    for (let at = 0; bench.server.droppedFrames === 0; at++) {
      const seen = quick.length;
      bench.source.state = {
        ...EMPTY,
        positions: { A: position("A".repeat(WAITING_BYTES_MAX), String(at)) },
      };
      wallClock.advanceTo(wallClock.nowMs() + UPDATE_MS);
      await expect.poll(() => quick.length).toBeGreaterThan(seen);
      expect(at).toBeLessThan(200);
    }
    wallClock.advanceTo(wallClock.nowMs() + 30_000);
    slow.resume();
    await ended;
  });
});

/** Opens the WebSocket by hand and then reads nothing at all. */
async function deafClient(bench: Bench): Promise<Socket> {
  const socket = createConnection(bench.port, "127.0.0.1");
  socket.on("error", () => {});
  onTestFinished(() => void socket.destroy());
  const head = [
    "GET /api/live HTTP/1.1",
    `host: 127.0.0.1:${bench.port}`,
    `origin: ${bench.origin}`,
    "connection: Upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==",
    `sec-websocket-protocol: ${LIVE_PROTOCOL}, token.${bench.tokens.look}`,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  await new Promise<void>((resolve) => socket.once("data", () => resolve()));
  socket.pause();
  return socket;
}
