import { type FeedState, ManualClock, MINUTE_MS, silentLogger, UNCONNECTED } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import type { GateVenue, ShardSilence } from "../src/first-klines.ts";
import { untilReady } from "../src/ready-gate.ts";
import type { ClusterHealth } from "../src/index.ts";

const HEALTH: ClusterHealth = {
  symbols: 3,
  ready: 2,
  m5Ready: 0,
  short: 0,
  warming: 1,
  shardsRunning: 2,
  shardsOff: 0,
  shardRestarts: 0,
  scanRestarts: 0,
  scansInFlight: 0,
};
const WARM: ClusterHealth = { ...HEALTH, ready: 3, warming: 0 };
const LIMITS = { dataMsMax: 20_000, stallMsMax: 60_000, restStopMsMax: 300_000, lookMs: 50 };
const ACKED: FeedState = { ...UNCONNECTED, connections: 1, open: 1, acknowledged: 1 };
/** REST cannot tell anything. */
const NO_VENUE: GateVenue = {
  restStoppedMs: () => 0,
  lastRows: () => Promise.reject(new Error("no REST")),
};

function silent(feed: FeedState, ...symbols: string[]): ShardSilence {
  return { feed, symbols: symbols.length === 0 ? ["AUSDT"] : symbols };
}

interface Gate {
  readonly clock: ManualClock;
  readonly lines: { readonly atMs: number; readonly text: string; readonly fields: object }[];
  /** What became of it; null: it still waits. */
  readonly end: () => {
    readonly health?: ClusterHealth;
    readonly code?: string;
    readonly text?: string;
  } | null;
  /** Lets `ms` pass, look by look. */
  readonly pass: (ms: number) => Promise<void>;
}

function gate(parts: {
  health?: () => ClusterHealth;
  silences?: () => readonly ShardSilence[];
  isStopping?: () => boolean;
  venue?: (clock: ManualClock) => GateVenue;
}): Gate {
  const clock = new ManualClock();
  const startMs = clock.nowMs();
  const lines: Gate["lines"] = [];
  let end: ReturnType<Gate["end"]> = null;
  const { venue, ...view } = parts;
  const warn = (fields: object, text: string): void =>
    void lines.push({ atMs: clock.nowMs() - startMs, text, fields });
  untilReady(
    {
      health: () => WARM,
      silences: () => [],
      isStopping: () => false,
      ...view,
      venue: venue?.(clock) ?? NO_VENUE,
      wallClock: clock,
      logger: { ...silentLogger, warn },
    },
    LIMITS,
  ).then(
    (health) => (end = { health }),
    (error: { readonly code: string; readonly message: string }) =>
      (end = { code: error.code, text: error.message }),
  );
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms && end === null; passed += 50) {
      clock.advance(50);
      for (let turn = 0; turn < 6; turn++) await Promise.resolve();
    }
  };
  return { clock, lines, pass, end: () => end };
}

/** REST's open row of a market whose volume at a time is given. */
function rows(volumeAt: (ms: number) => number): (clock: ManualClock) => GateVenue {
  return (clock) => {
    const startMs = clock.nowMs();
    return {
      restStoppedMs: () => 0,
      lastRows: async () => {
        const openMs = Math.floor(clock.nowMs() / MINUTE_MS) * MINUTE_MS;
        return Float64Array.of(openMs, 1, 1, 1, 1, volumeAt(clock.nowMs() - startMs));
      },
    };
  };
}

describe("the gate before READY", () => {
  it("lets the market go on without a symbol that gets no further", async () => {
    const { pass, end } = gate({ health: () => HEALTH });
    await pass(60_000);
    expect(end()).toBe(null);
    await pass(100);
    expect(end()).toEqual({ health: HEALTH });
  });

  it("waits as long as symbols become READY, one after another", async () => {
    let warming = 5;
    const { pass, end } = gate({ health: () => ({ ...HEALTH, warming }) });
    for (; warming > 0; warming--) {
      await pass(50_000);
      expect(end()).toBe(null);
    }
    await pass(50);
    expect(end()?.health?.warming).toBe(0);
  });

  it("refuses when a shard died too often, and resolves at once when the run is to stop", async () => {
    const off = gate({ health: () => ({ ...HEALTH, shardsOff: 1 }) });
    await off.pass(50);
    expect(off.end()).toMatchObject({ code: "SHARD_OFF" });
    const stop = gate({ silences: () => [silent(ACKED)], isStopping: () => true });
    await stop.pass(50);
    expect(stop.end()).toEqual({ health: WARM });
  });
});

describe("the gate before a shard without a kline", () => {
  it("goes on when others are heard: a quiet symbol is no dead feed", async () => {
    const { pass, end, lines } = gate({ silences: () => [silent(ACKED, "CUSDT")] });
    await pass(20_000);
    expect(end()).toBe(null);
    await pass(100);
    expect(end()).toEqual({ health: WARM });
    expect(lines).toMatchObject([{ fields: { symbols: ["CUSDT"] } }]);
  });

  const ALL = (feed: FeedState, symbols = 3): (() => readonly ShardSilence[]) => {
    const names = Array.from({ length: symbols }, (_, index) => `S${index}USDT`);
    return () => [silent(feed, ...names)];
  };
  const MANY = { health: (): ClusterHealth => ({ ...WARM, symbols: 40 }) };

  it.each([
    ["many symbols", 40, 20_000],
    ["few symbols", 3, 75_000],
  ])("refuses %s that REST shows trades of", async (_name, symbols, atMs) => {
    const { pass, end } = gate({
      health: () => ({ ...WARM, symbols }),
      silences: ALL(ACKED, symbols),
      venue: rows((ms) => ms),
    });
    await pass(atMs);
    expect(end()).toBe(null);
    await pass(6_000);
    expect(end()).toMatchObject({ code: "FEED_SILENT" });
  });

  it.each([3, 40])("goes on with %i symbols that nobody trades", async (symbols) => {
    const { pass, end, lines } = gate({
      health: () => ({ ...WARM, symbols }),
      silences: ALL(ACKED, symbols),
      venue: rows(() => 0),
    });
    await pass(90_000);
    expect(end()).toBe(null);
    await pass(1_000);
    expect(end()?.health).toMatchObject({ symbols });
    expect(lines.at(-1)?.text).toContain("quiet");
  });

  it("does not wait for ever for a REST that cannot tell", async () => {
    const { pass, end, lines } = gate({ ...MANY, silences: ALL(ACKED, 40) });
    await pass(299_000);
    expect(end()).toBe(null);
    expect(lines).toHaveLength(5);
    await pass(2_000);
    expect(end()).toMatchObject({ code: "FEED_SILENT" });
  });

  it.each<readonly [string, Partial<FeedState>, string, number]>([
    ["a refused handshake", { isRefused: true, words: "HTTP 451 Unavailable" }, "FEED_REFUSED", 20_100],
    ["an error frame", { open: 1, words: '{"error":{"code":2}}' }, "FEED_REJECTED", 20_100],
    ["no connection", {}, "FEED_UNREACHABLE", 300_100],
    ["a closed connection", { words: "Too many requests" }, "FEED_UNREACHABLE", 300_100],
    ["no acknowledgement", { open: 1 }, "FEED_UNREACHABLE", 300_100],
  ])("names %s by its own code and the venue's words", async (_name, state, code, atMs) => {
    const feed = { ...UNCONNECTED, connections: 1, ...state };
    const { pass, end } = gate({ silences: ALL(feed) });
    await pass(atMs - 200);
    expect(end()).toBe(null);
    await pass(300);
    expect(end()).toMatchObject({ code });
    expect(end()?.text).toContain(feed.words);
    expect(end()?.text).not.toContain("sends no kline");
  });

  it("goes on when only some cannot connect, after it has waited for them", async () => {
    const { pass, end } = gate({
      silences: () => [silent({ ...UNCONNECTED, connections: 1, isRefused: true })],
    });
    await pass(299_000);
    expect(end()).toBe(null);
    await pass(2_000);
    expect(end()).toEqual({ health: WARM });
  });
});

describe("the gate while REST is stopped", () => {
  const stopped =
    (forMs: number) =>
    (clock: ManualClock): GateVenue => {
      const untilMs = clock.nowMs() + forMs;
      return { ...NO_VENUE, restStoppedMs: () => Math.max(0, untilMs - clock.nowMs()) };
    };
  const NONE: ClusterHealth = { ...HEALTH, ready: 0, warming: 3 };

  it.each([30_000, 120_000, 299_000])("waits for its end, %i ms, and then for the symbols", async (forMs) => {
    let health = NONE;
    const { pass, end } = gate({ health: () => health, venue: stopped(forMs) });
    await pass(forMs + 59_000);
    expect(end()).toBe(null);
    health = WARM;
    await pass(100);
    expect(end()).toEqual({ health: WARM });
  });

  it("ends with the venue's code when the ban outlasts a start, unless symbols are READY", async () => {
    const dark = gate({ health: () => NONE, venue: stopped(3_600_000) });
    await dark.pass(100);
    expect(dark.end()).toMatchObject({ code: "BINANCE_BANNED" });
    const ready = gate({ venue: stopped(3_600_000) });
    await ready.pass(100);
    expect(ready.end()).toEqual({ health: WARM });
  });
});
