import type { ContractNews, Universe } from "@smcq/exchange";
import { type LogFields, ManualClock, silentLogger } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { ClusterMemory, requireWatched, UniverseFollower, watchedOf } from "../src/index.ts";

const CLOSED = { isOpen: false, sinceMs: null, connects: 0, streams: 1, words: "" };
const WISH = { symbols: null, maxSymbols: 1_000 };

function universe(symbols: readonly string[], fetchedAtMs: number): Universe {
  const instruments = symbols.map((symbol) => ({
    symbol,
    baseAsset: symbol,
    quoteAsset: "USDT",
    marginAsset: "USDT",
    contractType: "PERPETUAL",
    status: "TRADING",
    onboardMs: 0,
    deliveryMs: 4_133_404_800_000,
    tickSize: "0.1",
    stepSize: "1",
    marketStepSize: "1",
    marketMinQty: "1",
    marketMaxQty: "1000",
    minNotional: "5",
  }));
  return { instruments, fetchedAtMs, source: "venue", totalCount: instruments.length };
}

/** A follower over the cluster's own slot table; no thread hears of a change. */
class Lab {
  readonly clock = new ManualClock(1_000_000);
  readonly lines: { readonly text: string; readonly fields: LogFields }[] = [];
  readonly memory: ClusterMemory;
  readonly follower: UniverseFollower;
  document: Universe;
  onNews: (news: ContractNews) => void = () => {};
  calls = 0;

  constructor(symbols: readonly string[]) {
    this.document = universe(symbols, this.clock.nowMs());
    this.memory = new ClusterMemory({ symbols, shards: 2 });
    const { slots } = this.memory;
    const say = (fields: LogFields, text: string): void => void this.lines.push({ text, fields });
    this.follower = new UniverseFollower({
      slots,
      symbols: {
        addSymbol: (symbol) => slots.add(symbol) !== null,
        removeSymbol: (symbol) => slots.remove(symbol) !== null,
      },
      reference: {
        universe: () => {
          this.calls++;
          return Promise.resolve(this.document);
        },
      },
      contracts: (onNews) => {
        this.onNews = onNews;
        return { connection: () => CLOSED, start: async () => {}, stop: async () => {} };
      },
      onApplied: async () => {},
      wish: WISH,
      refreshMs: 3_600_000,
      cacheMaxAgeMs: 3_600_000,
      machineClock: this.clock,
      logger: { ...silentLogger, info: say, warn: say, error: say },
    });
  }

  hear(symbol: string, status: string): void {
    this.onNews({ symbol, isTrading: status === "TRADING" });
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }

  symbols(): string[] {
    return this.memory.slots
      .all()
      .map(({ symbol }) => symbol)
      .toSorted();
  }
}

describe("UniverseFollower", () => {
  it("takes a listing in and leaves a delisting at once", async () => {
    const lab = new Lab(["A", "B"]);
    lab.hear("A", "SETTLING");
    expect(lab.symbols()).toEqual(["B"]);
    lab.document = universe(["B", "C"], lab.clock.nowMs() + 2_000);
    await lab.pass(2_000);
    expect(lab.symbols()).toEqual(["B", "C"]);
    await lab.follower.stop();
  });

  it("does not bring back what has left from a document older than the news, and asks again", async () => {
    const lab = new Lab(["A", "B"]);
    // The venue's REST is down: the cached document of before still lists A.
    lab.document = universe(["A", "B"], lab.clock.nowMs() - 600_000);
    lab.hear("A", "SETTLING");
    await lab.pass(2_000);
    expect([lab.symbols(), lab.calls]).toEqual([["B"], 1]);
    lab.document = universe(["B", "C"], lab.clock.nowMs() + 60_000);
    await lab.pass(60_000);
    expect([lab.symbols(), lab.calls]).toEqual([["B", "C"], 2]);
    await lab.follower.stop();
  });

  it("writes one line for a venue that halts everything and one when it is back", async () => {
    const symbols = Array.from({ length: 300 }, (_, index) => `S${index}`);
    const lab = new Lab(symbols);
    for (const symbol of symbols.slice(1)) lab.hear(symbol, "TRADING_HALT");
    lab.document = universe(["S0"], lab.clock.nowMs() + 2_000);
    await lab.pass(2_000);
    expect(lab.lines).toHaveLength(1);
    expect(lab.lines[0]?.fields).toMatchObject({ count: 299, pairs: 1 });
    lab.hear("S1", "TRADING");
    lab.document = universe(["S0", "S1", "S2"], lab.clock.nowMs() + 2_000);
    await lab.pass(2_000);
    expect(lab.lines).toHaveLength(2);
    expect(lab.lines[1]?.fields).toMatchObject({ count: 2, pairs: 3 });
    await lab.follower.stop();
  });

  it("says once how many symbols found no slot", async () => {
    const lab = new Lab(["A", "B"]);
    lab.hear("X", "TRADING");
    const many = Array.from({ length: 60 }, (_, index) => `N${index}`);
    lab.document = universe(["A", "B", ...many], lab.clock.nowMs() + 2_000);
    await lab.pass(2_000);
    const refused = lab.lines.find(({ text }) => text.startsWith("no slot"));
    // Two shards of ten slots (its symbol, one for each four, eight spare), two of them taken.
    expect(refused?.fields).toMatchObject({ count: 60 - 18, pairs: 20 });
    await lab.follower.stop();
  });
});

describe("universe.symbols and universe.maxSymbols", () => {
  const listed = universe(["A", "B", "C"], 0);

  it("name what they leave without effect", () => {
    const wishes = { ...WISH, symbols: ["C", "A", "NOPE"], maxSymbols: 1 };
    expect(watchedOf(listed, wishes)).toEqual({ symbols: ["A"], unknown: ["NOPE"], surplus: ["C"] });
    const lines: LogFields[] = [];
    requireWatched(listed, wishes, { ...silentLogger, warn: (fields) => void lines.push(fields) });
    expect(lines).toEqual([
      { count: 1, symbols: ["NOPE"] },
      { count: 1, symbols: ["C"] },
    ]);
  });

  it("say what was probably meant by a symbol that the venue writes in another way", () => {
    const lines: LogFields[] = [];
    const logger = { ...silentLogger, warn: (fields: LogFields) => void lines.push(fields) };
    const venue = universe(["BTCUSDT", "ETHUSDT"], 0);
    const wishes = { ...WISH, symbols: ["BTCUSDT", "btcusdt", "ETH/USDT:USDT", "NOPE"] };
    requireWatched(venue, wishes, logger);
    const symbols = ["btcusdt (did you mean BTCUSDT?)", "ETH/USDT:USDT (did you mean ETHUSDT?)", "NOPE"];
    expect(lines).toEqual([{ count: 3, symbols }]);
    expect(() => requireWatched(venue, { ...WISH, symbols: ["BTC-USDT"] }, logger)).toThrow(
      "BTC-USDT (did you mean BTCUSDT?)",
    );
  });

  it("are refused when nothing is left to watch", () => {
    const wishes = { ...WISH, symbols: ["NOPE"] };
    expect(() => requireWatched(listed, wishes, silentLogger)).toThrow(
      expect.objectContaining({ code: "CONFIG_SYMBOLS" }),
    );
  });
});
