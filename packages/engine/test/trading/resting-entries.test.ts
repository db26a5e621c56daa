import { symbolId } from "@smcq/kernel";
import type { LimitEntry } from "@smcq/strategy";
import { describe, expect, it } from "vitest";
import { CoreDriver } from "../support/core-driver.ts";
import { capFaults } from "../support/cap-faults.ts";
import { START_E8 } from "../support/fixtures.ts";
import { randomRun, VenueRun } from "../support/venue-run.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const LIMIT: LimitEntry = { kind: "limit", offsetAtr: 0.1, expiryBars: 2 };

function driverOf(symbols = 1, entry: Partial<LimitEntry> = {}): CoreDriver {
  return new CoreDriver(symbols, {}, { isVenueRemote: false, entry: { ...LIMIT, ...entry } });
}

/** 99.95 - 99.5 and a quarter of an ATR are 0.575; the stop lies at 99.37, rounded away. */
const LOSS = 0.58 + 0.0002 * 99.95 + 0.0007 * 99.37;
/** 0.25 % of 10,000 USDT at that loss, in steps of 0.1. */
const STEPS = Math.floor(25 / LOSS / 0.1);

describe("an entry that rests", () => {
  it("is post-only, a tenth of an ATR from its own side's quote, rounded away from the other", () => {
    const driver = driverOf(2);
    const quotes = [0, 1].map((id) => ({ symbolId: symbolId(id), bid: 100, ask: 100.1 }));
    driver.put({ type: "quotes", quotes });
    const atr = 0.53;
    const batch = [driver.candidate(0, { atr }), driver.candidate(1, { atr, side: -1, score: 0.65 })];
    driver.put({ type: "candidates", shardId: 0, candidates: batch });
    const done = driver.put({ type: "time" });
    // 100 - 0.053 down, 100.1 + 0.053 up.
    expect(done.map((text) => text.split(" @ ")[1])).toEqual(["9994", "10016"]);
    expect(driver.last("entry")).toMatchObject({ type: "limit", timeInForce: "GTX", isReduceOnly: false });
  });

  it("takes up heat, notional and margin while it rests, by its own price and costs", () => {
    const driver = driverOf(2);
    expect(driver.enter()).toEqual([`entry ${STEPS} @ 9995`]);
    driver.ack("entry");
    const { heat, gross, margins, pendingEntries } = driver.core.getRiskMetrics();
    expect(heat.ratio).toBeCloseTo((STEPS * 0.1 * LOSS) / 10_000, 9);
    expect(gross.ratio).toBeCloseTo((STEPS * 0.1 * 99.95) / 10_000, 9);
    expect(margins.ratio).toBeCloseTo((STEPS * 0.1 * 99.95) / 100_000, 9);
    expect(pendingEntries).toBe(1);
    driver.decide(driver.candidate(1));
    expect(driver.decisions.at(-1)?.receipt.directionFactor).toBe(1 / Math.sqrt(1.3));
    driver.enter();
    expect(driver.outcomes.at(-1)).toBe("S0 ORDER_PENDING");
  });

  it("leaves the symbol free at once when the venue refuses it because it would take", () => {
    const driver = driverOf();
    driver.enter();
    driver.refuse("entry", "POST_ONLY_REJECT");
    expect(driver.core.getRiskMetrics()).toMatchObject({ pendingEntries: 0, openOrders: 0 });
    expect(driver.enter()).toEqual([`entry ${STEPS} @ 9995`]);
    driver.ack("entry");
    driver.end("entry", "expired");
    expect(driver.enter()).toHaveLength(1);
  });

  it("is cancelled when its bars have closed, again each minute until the venue tells its end", () => {
    const driver = driverOf();
    driver.enter();
    driver.ack("entry");
    expect(driver.minute("100")).toEqual([]);
    expect(driver.minute("100")).toEqual(["cancel entry"]);
    expect(driver.put({ type: "time" })).toEqual([]);
    expect(driver.minute("100")).toEqual(["cancel entry"]);
    expect(driver.end("entry")).toEqual([]);
    expect(driver.core.holdings.trades.size).toBe(0);
    expect(driver.minute("100")).toEqual([]);
    expect(driver.trades).toEqual([]);
  });

  it("does not outlive a feed that is silent: three minutes after its time it goes without bars", () => {
    const driver = driverOf();
    driver.enter();
    driver.ack("entry");
    for (let minute = 0; minute < LIMIT.expiryBars + 2; minute++) expect(driver.minute()).toEqual([]);
    expect(driver.minute()).toEqual(["cancel entry"]);
  });

  it("that has filled in part is a position like any other, and its rest goes when its time has come", () => {
    const driver = driverOf();
    driver.enter();
    driver.ack("entry");
    // 99.95 - 0.575 away to the tick.
    expect(driver.fill("entry", { steps: 100, ticks: 9_995 })).toEqual(["stop -100 @ 9937"]);
    driver.ack("stop");
    driver.minute("100");
    expect(driver.minute("100")).toEqual(["cancel entry"]);
    // 99.95 + 0.8625.
    expect(driver.end("entry")).toEqual(["target -100 @ 10082"]);
    driver.ack("target");
    expect(driver.fill("target", { ticks: 10_082 })).toEqual(["cancel stop", "closed target"]);
    expect(driver.trades[0]).toMatchObject({ qtySteps: 100, entryPrice: 99.95 });
  });

  it("loses its rest at once when what had filled was stopped, or is left", () => {
    for (const isStopped of [true, false]) {
      const driver = driverOf(1, { expiryBars: 60 });
      driver.enter();
      driver.ack("entry");
      driver.fill("entry", { steps: 100, ticks: 9_995 });
      driver.ack("stop");
      const done = isStopped
        ? driver.fill("stop", { ticks: 9_935, status: "finished" })
        : driver.put({ type: "data-ended", symbolId: symbolId(0) });
      expect(done).toEqual([...(isStopped ? [] : ["exit -100"]), "cancel entry"]);
      if (!isStopped) driver.fill("exit", { ticks: 9_990 });
      expect(driver.trades).toEqual([]);
      expect(driver.end("entry").at(-1)).toBe(`closed ${isStopped ? "stop" : "end-of-data"}`);
      expect(driver.core.orders.openCount).toBe(isStopped ? 0 : 1);
    }
  });

  it("goes at once when the day is stopped or the core halts", () => {
    for (const [price, isHalted] of [
      ["96", false],
      ["70", true],
    ] as const) {
      const driver = new CoreDriver(
        2,
        { unprovenRiskRatioMax: 0.02 },
        { isVenueRemote: false, entry: { ...LIMIT, expiryBars: 60 } },
      );
      driver.decide(driver.candidate(0, { score: 0.9 }));
      driver.fill("entry", { ticks: 9_995 });
      driver.ack("stop");
      driver.ack("target");
      driver.decide(driver.candidate(1));
      driver.ack("entry");
      const done = driver.minute(price);
      expect(driver.core.getRiskMetrics().isDayStopped).toBe(true);
      expect(driver.core.holdings.state).toBe(isHalted ? "HALTED" : "ACTIVE");
      expect(done).toContain("cancel entry");
    }
  });

  it("goes when the run ends, while stop and target of what has filled stay", () => {
    const driver = driverOf(2, { expiryBars: 60 });
    driver.enter();
    driver.fill("entry", { ticks: 9_995 });
    driver.ack("stop");
    driver.ack("target");
    driver.decide(driver.candidate(1));
    driver.ack("entry");
    expect(driver.put({ type: "operator", word: "stop" })).toEqual(["cancel entry"]);
    expect(driver.core.getRiskMetrics()).toMatchObject({ openPositions: 1, openOrders: 3 });
  });

  it("rests again in the process that goes on after a run that was ended", () => {
    const driver = driverOf(2, { expiryBars: 60 });
    driver.put({ type: "operator", word: "stop" });
    const trading = driver.core.holdings.options;
    const engine = { scoreMin: 0.6, decisionWindowNs: 0, signalAgeMsMax: 60_000, trading };
    driver.put({ type: "restarted", engine });
    for (const isLive of [false, true]) driver.put({ type: "account-stream", isLive });
    driver.answerPositions(0);
    driver.answerOpenOrders();
    driver.enter();
    expect(driver.ack("entry")).toEqual([]);
    expect(driver.core.getRiskMetrics()).toMatchObject({ pendingEntries: 1 });
  });

  it("is judged stagnant by its own costs: the maker's fee, and fee and slippage at the exit", () => {
    const driver = driverOf();
    driver.enter();
    driver.fill("entry", { ticks: 9_995 });
    driver.ack("stop");
    driver.ack("target");
    // 0.09 % above the entry: exactly what it has cost, and 0.03 % below what a market entry would.
    for (let bar = 1; bar <= 30; bar++) expect(driver.minute("100.13")).toEqual([]);
    expect(driver.minute("100.13")).toEqual(["cancel target"]);
    const lively = driverOf();
    lively.enter();
    lively.fill("entry", { ticks: 9_995 });
    lively.ack("stop");
    lively.ack("target");
    // 0.2 % above: 0.11 % won, 0.08 % with the costs of a market entry.
    for (let bar = 1; bar <= 31; bar++) expect(lively.minute("100.15")).toEqual([]);
  });

  it.each([
    ["offsetAtr", [-0.01, 5.01, Number.NaN]],
    ["expiryBars", [0, 901, Number.NaN]],
  ] as const)("has a compiled bound of %s", (name, values) => {
    for (const value of values)
      expect(() => driverOf(1, { [name]: value })).toThrow(
        expect.objectContaining({ code: "CONFIG_STRATEGY_ENTRY_BOUND" }),
      );
  });
});

describe("entries that rest, over random bars", () => {
  const RUNS = 160;

  it(`outlive no expiry, hold every cap, fill as makers at their price, and add up to the last unit (seed ${seed})`, () => {
    const seen = { filled: 0, expired: 0, stoppedAtOnce: 0 };
    for (let round = 0; round < RUNS; round++) {
      const own = seed + round;
      const faults: string[] = [];
      const entry = { ...LIMIT, offsetAtr: (round % 4) / 8, expiryBars: 1 + (round % 7) };
      const options = { ...randomRun(own), entry };
      const run = new VenueRun({
        ...options,
        onTurn: (input, commands, core) => {
          faults.push(...capFaults(commands, core.getRiskMetrics()));
          const fill = input.type === "order-update" ? input.update.fill : null;
          if (fill === null) return;
          const trade = core.holdings.trades.get(fill.symbolId);
          if (trade?.entryOrderId !== fill.clientOrderId) return;
          seen.filled++;
          if (!fill.isMaker || fill.priceTicks !== Math.round(trade.e / trade.rules.tickSize))
            faults.push(`filled at ${fill.priceTicks}, wanted ${trade.e}`);
          if (trade.stop === null) faults.push("filled without a stop");
        },
        onDrained: (core, venue) => {
          for (const trade of core.holdings.trades.values())
            if (!trade.isEntryEnded && trade.bars >= entry.expiryBars)
              faults.push(`rests for ${trade.bars} bars`);
          if (core.holdings.portfolio.walletE8 !== venue.walletE8()) faults.push("wallets differ");
        },
      }).run();
      expect(faults, `seed ${own}`).toEqual([]);
      expect(run.venue.positions(), `seed ${own}`).toEqual([]);
      expect(run.core.holdings.trades.size, `seed ${own}`).toBe(0);
      expect(run.core.orders.openCount, `seed ${own}`).toBe(0);
      const pnlE8 = run.trades.reduce((sum, trade) => sum + trade.pnlE8, 0n);
      expect((options.startE8 ?? START_E8) + pnlE8, `seed ${own}`).toBe(run.venue.walletE8());
      const approved = run.decisions.filter(({ receipt }) => receipt.outcome === "APPROVED").length;
      expect(run.trades.length, `seed ${own}`).toBeLessThanOrEqual(approved);
      seen.expired += approved - run.trades.length;
      for (const { entryMs, exitMs, reason } of run.trades)
        if (entryMs === exitMs && reason === "stop") seen.stoppedAtOnce++;
    }
    expect(seen.filled).toBeGreaterThan(RUNS);
    expect(seen.expired).toBeGreaterThan(RUNS / 4);
    expect(seen.stoppedAtOnce).toBeGreaterThan(10);
  });

  it(`give the same records for the same seed (seed ${seed})`, () => {
    for (let round = 0; round < 10; round++) {
      const record = (): string => new VenueRun({ ...randomRun(seed + round), entry: LIMIT }).run().record;
      expect(record()).toBe(record());
    }
  });
});
