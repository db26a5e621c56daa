import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BARS_SHOWN_MAX } from "@smcq/cluster";
import { MINUTE_MS, silentLogger, SystemClock } from "@smcq/kernel";
import { ledgerFile } from "@smcq/ledger";
import { detect } from "@smcq/smc";
import { DetectorStates } from "@smcq/wire";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { askEngine } from "../../src/control/control-client.ts";
import type { BarRow, MarketAnswer } from "../../src/control/market-protocol.ts";
import { ControlRefusal, parseRequest } from "../../src/control/protocol.ts";
import { controlSocketPath } from "../../src/control/socket-path.ts";
import { RunSource } from "../../src/dashboard/run-source.ts";
import { ExitCode } from "../../src/exit-codes.ts";
import type { SymbolAnswer } from "../../src/market/ask-symbol.ts";
import { m5Bars } from "../../src/market/m5-bars.ts";
import { ControlServer } from "../../src/run/control/control-server.ts";
import { candidate, MarketLab, walk } from "../support/market-lab.ts";
import { recorded, recordedLedger } from "../support/recorded-ledger.ts";
import { runCommand } from "../support/run-command.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);
const HOSTILE = '<img src=x onerror="1">币';
const COUNT = 620;

let dataDir: string;
/** A symbol that the ledger has fills of, and when. */
let filled: { readonly symbol: string; readonly fromMs: number };
let lab: MarketLab;
let control: ControlServer;
let bars: ReadonlyMap<string, readonly BarRow[]>;
let lastMs: number;

beforeAll(async () => {
  dataDir = await recordedLedger([recorded(SEED)], mkdtempSync(join(tmpdir(), "smcq-market-")));
  const db = new DatabaseSync(ledgerFile(dataDir), { readOnly: true });
  const row = db
    .prepare(
      "SELECT symbol, min(time_ms) AS ms FROM fills JOIN instruments USING (run_key, symbol_id) GROUP BY symbol",
    )
    .get();
  db.close();
  filled = { symbol: String(row?.["symbol"]), fromMs: Number(row?.["ms"]) };
  return () => rmSync(dataDir, { recursive: true, force: true });
});

beforeEach(async () => {
  const startMs = Math.floor(filled.fromMs / MINUTE_MS) * MINUTE_MS - (COUNT - 20) * MINUTE_MS;
  const symbols = [filled.symbol, "BTCUSDT", HOSTILE, "EMPTYUSDT"];
  lastMs = startMs + (COUNT - 1) * MINUTE_MS;
  lab = new MarketLab(symbols, lastMs + MINUTE_MS + 2_500);
  bars = new Map(symbols.slice(0, 3).map((symbol, at) => [symbol, walk(SEED + at, startMs, COUNT)]));
  // The detector's memory is longer than the ring.
  for (const [from, to] of [
    [0, 300],
    [300, COUNT],
  ]) {
    for (const [symbol, own] of bars) lab.write(symbol, own.slice(from, to));
    lab.scan();
  }
  lab.lastCandidates.add([
    candidate(lab.entry("BTCUSDT"), lastMs - 5 * MINUTE_MS, 0.4),
    candidate(lab.entry("BTCUSDT"), lastMs, 0.6512),
  ]);
  control = new ControlServer({
    path: controlSocketPath(dataDir),
    logger: silentLogger,
    obey: (request) => {
      if (request.request === "market") return lab.answers.market();
      if (request.request === "symbol") return lab.answers.symbol(request.symbol);
      throw new ControlRefusal("CONTROL_FIELD", "nothing else is asked here");
    },
  });
  await control.listen();
});

afterEach(() => control.close());

/** What a command prints as JSON. */
async function printed(...argv: readonly string[]): Promise<unknown> {
  const { code, text } = await runCommand(...argv, "--data-dir", dataDir, "--json");
  expect(code).toBe(ExitCode.Ok);
  return JSON.parse(text) as unknown;
}

/** What the page is told. */
async function shown(name: string, query: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const source = new RunSource({ dataDir, wallClock: new SystemClock(), logger: silentLogger });
  const answer = await source.answer(name, new Map(Object.entries(query)));
  return JSON.parse(answer?.body ?? "null") as unknown;
}

function objectsOf(own: readonly BarRow[]): ReturnType<typeof detect> {
  return detect(
    own.map(([openTimeMs = 0, open = 0, high = 0, low = 0, close = 0, volume = 0]) => ({
      openTimeMs,
      open,
      high,
      low,
      close,
      volume,
    })),
  );
}

describe("the market", () => {
  it("is told alike to commands, to the page and by the ring, symbol by symbol", async () => {
    const answer = (await printed("market")) as MarketAnswer;
    expect(await shown("market")).toEqual(answer);
    expect(answer.nowMs).toBe(lab.clock.nowMs());
    for (const [symbol, own] of bars) {
      expect(answer.symbols.find((one) => one.symbol === symbol)).toEqual({
        symbol,
        stage: "ready",
        lastCloseMs: lastMs + MINUTE_MS,
        ageMs: 2_500,
        isStale: false,
        isBusy: false,
        m1Trend: objectsOf(own).trend,
        m5Trend: objectsOf(m5Bars(own, null).closed).trend,
        candidate:
          symbol === "BTCUSDT"
            ? { closeMs: lastMs + MINUTE_MS, side: "short", setup: "S2", score: 0.6512 }
            : null,
        held: null,
      });
    }
    expect(answer.symbols.map(({ symbol }) => symbol)).toEqual([...bars.keys(), "EMPTYUSDT"]);
    expect(answer.symbols.at(-1)).toMatchObject({
      lastCloseMs: null,
      ageMs: null,
      isStale: true,
      m1Trend: null,
    });
  });

  it("is stale when a whole minute is missing, and not a moment before", async () => {
    const stale = async (): Promise<readonly boolean[]> =>
      (await lab.answers.market()).symbols.slice(0, 3).map(({ isStale }) => isStale);
    lab.clock.advance(2 * MINUTE_MS - 2_501);
    expect(await stale()).toEqual([false, false, false]);
    lab.clock.advance(1);
    expect(await stale()).toEqual([true, true, true]);
  });

  it("says which symbol could not be read, and all of the others", async () => {
    const { shardId, slot } = lab.entry("BTCUSDT");
    new DetectorStates(lab.memory.shard(shardId).memory.states).begin(slot);
    const { symbols } = await askEngine(dataDir, { request: "market" });
    expect(symbols.map(({ isBusy }) => isBusy)).toEqual([false, true, false, false]);
    expect(symbols[1]).toMatchObject({ lastCloseMs: null, isStale: false, m1Trend: null });
    await expect(askEngine(dataDir, { request: "symbol", symbol: "BTCUSDT" })).rejects.toMatchObject({
      code: "CONTROL_AGAIN",
    });
  });

  it("is looked at again while somebody writes", async () => {
    const { shardId, slot } = lab.entry("BTCUSDT");
    const states = new DetectorStates(lab.memory.shard(shardId).memory.states);
    states.begin(slot);
    const [market, symbol] = [lab.answers.market(), lab.answers.symbol("BTCUSDT")];
    // The first looks are over; the scan ends before the next ones.
    lab.scan();
    expect((await market).symbols.map(({ isBusy }) => isBusy)).toEqual([false, false, false, false]);
    expect((await symbol).bars.length).toBe(BARS_SHOWN_MAX);
  });

  it("follows who comes and who goes", async () => {
    lab.memory.slots.remove("BTCUSDT");
    lab.memory.slots.add("NEWUSDT");
    const { symbols } = await lab.answers.market();
    expect(symbols.map(({ symbol }) => symbol)).toEqual([filled.symbol, HOSTILE, "EMPTYUSDT", "NEWUSDT"]);
  });

  it("can be read by a person", async () => {
    const { text } = await runCommand("market", "--data-dir", dataDir);
    expect(text).toMatch(
      /BTCUSDT +(up|down|flat) +(up|down|flat) +3s ago +ready +\d\d:\d\d S2 short 0\.651/u,
    );
    expect(text).toMatch(/4 symbols at .*, 1 stale, 0 held/u);
  });
});

describe("a symbol", () => {
  it("has the ring's bars, and M5 bars of whole fives of them", async () => {
    const answer = (await printed("symbol", "BTCUSDT")) as SymbolAnswer;
    expect(await shown("symbol", { symbol: "BTCUSDT" })).toEqual(answer);
    const own = bars.get("BTCUSDT") ?? [];
    expect(answer.bars).toEqual(own.slice(-BARS_SHOWN_MAX));
    for (const bar of answer.m5Bars) {
      const five = own.filter(([ms = 0]) => Math.floor(ms / 300_000) * 300_000 === bar[0]);
      expect(five.length).toBe(5);
      const column = (field: number): number[] => five.map((one) => one[field] ?? 0);
      expect(bar.slice(1)).toEqual([
        column(1)[0],
        Math.max(...column(2)),
        Math.min(...column(3)),
        column(4).at(-1),
        column(5).reduce((sum, one) => sum + one, 0),
      ]);
    }
    expect(answer.m5Bars.length).toBeGreaterThan(98);
  });

  it.each(["the engine's state", "the bars alone"])(
    "has the structures of %s, as the oracle has them",
    async (whose) => {
      if (whose === "the bars alone") {
        lab = new MarketLab(["BTCUSDT"], lab.clock.nowMs());
        lab.write("BTCUSDT", bars.get("BTCUSDT") ?? []);
      }
      const { structures, detector } = (await printed("symbol", "BTCUSDT")) as SymbolAnswer;
      const all = bars.get("BTCUSDT") ?? [];
      const own = whose === "the bars alone" ? all.slice(-BARS_SHOWN_MAX) : all;
      const at = (bar: number): number => own[bar]?.[0] ?? Number.NaN;
      const { gaps, blocks, pools } = objectsOf(own);
      expect([structures.source, structures.afterMs, detector?.bars ?? null]).toEqual(
        whose === "the bars alone" ? ["bars", lastMs, null] : ["engine", lastMs, COUNT],
      );
      expect(structures.zones).toEqual([
        ...gaps.map(({ dir, top, bottom, bar, state }) => ({
          kind: "gap",
          dir,
          top,
          bottom,
          fromMs: at(bar - 1),
          state: ["fresh", "touched", "halved"][state],
        })),
        ...blocks.map(({ dir, top, bottom, candle, isBreaker, isTouched }) => ({
          kind: isBreaker ? "breaker" : "block",
          dir,
          top,
          bottom,
          fromMs: at(candle),
          state: isTouched ? "touched" : "fresh",
        })),
      ]);
      expect(structures.pools).toEqual(
        pools.map(({ side, level, count, pivot }) => ({ side, level, count, fromMs: at(pivot) })),
      );
      expect(structures.zones.length * structures.pools.length).toBeGreaterThan(0);
      const window = all.slice(-BARS_SHOWN_MAX);
      const breaks = objectsOf(window).events.filter(({ event }) => event === "bos" || event === "choch");
      expect(structures.breaks).toEqual(
        breaks.map(({ event, dir, level, origin, bar }) => ({
          kind: event,
          dir,
          level,
          fromMs: window[origin]?.[0],
          atMs: window[bar]?.[0],
        })),
      );
      expect(structures.breaksSinceMs).toBe(window[0]?.[0]);
    },
  );

  it("has the minute that goes on, in its M5 bar too", async () => {
    const { shardId, slot } = lab.entry("BTCUSDT");
    const openMs = lastMs + MINUTE_MS;
    lab.writer(shardId).forming(slot, openMs, 10, 5_000, 0.5, 11, 3, openMs + 2_000);
    const { forming, m5Forming } = (await printed("symbol", "BTCUSDT")) as SymbolAnswer;
    expect(forming).toEqual([openMs, 10, 5_000, 0.5, 11, 3]);
    expect(m5Forming?.slice(2, 5)).toEqual([5_000, 0.5, 11]);
    expect(m5Forming?.[0]).toBe(Math.floor(openMs / 300_000) * 300_000);
  });

  it("has the ledger's fills of that time", async () => {
    const { fills, fillsProblem } = (await printed("symbol", filled.symbol)) as SymbolAnswer;
    const db = new DatabaseSync(ledgerFile(dataDir), { readOnly: true });
    const rows = db
      .prepare(
        "SELECT time_ms AS ms, side FROM fills JOIN instruments USING (run_key, symbol_id) WHERE symbol = ? ORDER BY seq, time_ms, fills.rowid",
      )
      .all(filled.symbol);
    db.close();
    expect(fills.map(({ timeMs, side }) => [timeMs, side])).toEqual(
      rows.map(({ ms, side }) => [ms, side === 1 ? "buy" : "sell"]),
    );
    expect([fills.length > 0, fillsProblem]).toEqual([true, null]);
    for (const { price, qty } of fills) expect([Number(price) > 0, Number(qty) > 0]).toEqual([true, true]);
  });

  it("has bars also where the ledger is not there, or is no ledger", async () => {
    const own = mkdtempSync(join(tmpdir(), "smcq-market-"));
    const other = new ControlServer({
      path: controlSocketPath(own),
      logger: silentLogger,
      obey: () => lab.answers.symbol(filled.symbol),
    });
    await other.listen();
    try {
      const told = async (): Promise<readonly unknown[]> => {
        const { text } = await runCommand("symbol", filled.symbol, "--data-dir", own, "--json");
        const { fills, fillsProblem, bars: rows } = JSON.parse(text) as SymbolAnswer;
        return [fills, fillsProblem, rows.length];
      };
      expect(await told()).toEqual([[], null, BARS_SHOWN_MAX]);
      writeFileSync(ledgerFile(own), "nothing of a ledger".repeat(100));
      expect(await told()).toEqual([[], expect.stringContaining("ledger"), BARS_SHOWN_MAX]);
    } finally {
      await other.close();
      rmSync(own, { recursive: true });
    }
  });

  it("of any name is found by it, and nothing else is", async () => {
    expect(await shown("symbol", { symbol: HOSTILE })).toMatchObject({ symbol: HOSTILE });
    for (const symbol of ["btcusdt", "BTCUSDT ", "__proto__", "constructor", "../../etc", "B".repeat(64)])
      await expect(askEngine(dataDir, { request: "symbol", symbol })).rejects.toMatchObject({
        code: "CONTROL_SYMBOL",
        field: "symbol",
      });
    const { code, said } = await runCommand("symbol", "btcusdt", "--data-dir", dataDir);
    expect([code, said]).toEqual([ExitCode.Refused, expect.stringContaining("did you mean BTCUSDT?")]);
  });

  it("without bars says so", async () => {
    expect(await printed("symbol", "EMPTYUSDT")).toMatchObject({
      bars: [],
      m5Bars: [],
      forming: null,
      m5Forming: null,
      detector: null,
      structures: { source: "bars", afterMs: null, zones: [], pools: [], breaks: [], breaksSinceMs: null },
    });
    const { text } = await runCommand("symbol", "EMPTYUSDT", "--data-dir", dataDir);
    expect(text).toContain("EMPTYUSDT: ready, STALE");
  });

  it("can be read by a person", async () => {
    const { text } = await runCommand("symbol", "BTCUSDT", "--data-dir", dataDir);
    expect(text).toContain("by the engine's detector");
    expect(text.split("\n").every((line) => line.length <= 80)).toBe(true);
  });
});

describe("a question about the market that is none", () => {
  it.each([
    ['{"request":"symbol"}', "symbol"],
    ['{"request":"symbol","symbol":7}', "symbol"],
    ['{"request":"symbol","symbol":""}', "symbol"],
    [`{"request":"symbol","symbol":"${"A".repeat(65)}"}`, "symbol"],
    ['{"request":"symbol","symbol":["BTCUSDT"]}', "symbol"],
    ['{"request":"symbol","symbol":"BTCUSDT","bars":9}', "bars"],
    ['{"request":"market","symbol":"BTCUSDT"}', "symbol"],
    ['{"request":"market","limit":1}', "limit"],
  ])("is refused by the socket: %s", (line, field) => {
    expect(() => parseRequest(line)).toThrow(expect.objectContaining({ code: "CONTROL_FIELD", field }));
  });

  it.each([
    ["market", { symbol: "BTCUSDT" }],
    ["metrics", { at: "1" }],
    ["symbol", {}],
    ["symbol", { symbol: "" }],
    ["symbol", { symbol: "BTCUSDT", bars: "9" }],
  ])("is refused by the page's server: %s %j", async (name, query) => {
    await expect(shown(name, query)).rejects.toMatchObject({ code: "USAGE_QUERY" });
  });
});
