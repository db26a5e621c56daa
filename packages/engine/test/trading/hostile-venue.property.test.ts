import { parseE8, Rng, symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { type Command, Engine, type EngineInput, type TradeRecord } from "../../src/index.ts";
import type { TradingCore } from "../../src/trading-core.ts";
import { candidate, FEES, MINUTE_MS, optionsOf, rulesOf, START_E8, T0 } from "../support/fixtures.ts";
import { HostileVenue } from "../support/hostile-venue.ts";

const seed = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const RUNS = 200;
const SYMBOLS = [0, 1, 2].map(symbolId);
const STEP_MS = 500;

/** A core, a venue that does what it likes, and a clock that goes on by half a second. */
class HostileRun {
  readonly trades: TradeRecord[] = [];
  readonly faults: string[] = [];
  readonly venue: HostileVenue;
  readonly core: TradingCore;
  readonly #engine = new Engine(optionsOf({ symbolLockMs: 0, streakMs: 0 }));
  readonly #rng: Rng;
  #nowMs = T0;

  constructor(own: number) {
    this.#rng = new Rng(own);
    this.venue = new HostileVenue(this.#rng.fork("venue"));
    if (this.#engine.trading === null) throw new Error("this engine trades");
    this.core = this.#engine.trading;
    for (const [index, id] of SYMBOLS.entries())
      this.#put({ type: "instrument", symbolId: id, symbol: `S${index}`, rules: rulesOf(), fees: FEES });
    this.#put({ type: "quotes", quotes: SYMBOLS.map((id) => ({ symbolId: id, bid: 100, ask: 100 })) });
  }

  minutes(count: number, areEntries: boolean): void {
    for (let minute = 0; minute < count; minute++) {
      for (let step = 0; step < MINUTE_MS / STEP_MS; step++) this.#step();
      const priceE8 = parseE8(String(100 + this.#rng.int(100) / 100));
      const marks = SYMBOLS.map((id) => ({ symbolId: id, priceE8 }));
      this.#put({ type: "minute", closeMs: this.#nowMs, marks });
      if (!areEntries) continue;
      const side = this.#rng.chance(0.5) ? 1 : -1;
      const openTimeMs = this.#nowMs - MINUTE_MS;
      const candidates = SYMBOLS.filter(() => this.#rng.chance(0.5)).map((id) =>
        candidate(id, { side, openTimeMs }),
      );
      this.#put({ type: "candidates", shardId: 0, candidates });
    }
  }

  #step(): void {
    this.#nowMs += STEP_MS;
    this.venue.act(this.#nowMs);
    for (const input of this.venue.arrived(this.#nowMs)) this.#put(input);
    this.#put({ type: "time" });
    this.#check();
  }

  #put(input: EngineInput): void {
    const commands = this.#engine.process({ ...input, nowMs: this.#nowMs, nowNs: this.#nowMs * 1e6 });
    for (const command of commands) this.#carryOut(command);
  }

  #carryOut(command: Command): void {
    if (command.type === "submit") this.venue.submit(command.order.value, this.#nowMs);
    else if (command.type === "cancel") this.venue.cancel(command.clientOrderId, this.#nowMs);
    else if (command.type === "trade-closed") this.trades.push(command.trade);
  }

  #check(): void {
    const { portfolio, trades } = this.core.holdings;
    for (const { symbolId: id } of portfolio.positions()) {
      const trade = trades.get(id);
      const isGuarded = trade?.stop !== null && trade?.stop.isEnded === false;
      const isLeft = trade?.exit !== null || trade.wantedExit !== null || trade.owedExit !== null;
      if (trade === undefined) this.faults.push(`${id}: a position without a trade`);
      else if (!isGuarded && !isLeft) this.faults.push(`${id}: neither guarded nor left (${trade.phase})`);
    }
    for (const [index, id] of SYMBOLS.entries())
      if (this.venue.stops(id) > 2) this.faults.push(`${index}: more than two stops`);
  }
}

describe("the core with a venue that refuses, loses its word, fills in parts and expires orders", () => {
  it(`guards or leaves every position, ends flat and agrees to the last unit (seed ${seed})`, () => {
    let trades = 0;
    for (let round = 0; round < RUNS; round++) {
      const run = new HostileRun(seed + round);
      run.minutes(20, true);
      run.venue.isHostile = false;
      run.minutes(125, false);
      expect(run.faults, `seed ${seed + round}`).toEqual([]);
      expect(
        [...run.venue.held.values()].filter((steps) => steps !== 0),
        `seed ${seed + round}`,
      ).toEqual([]);
      expect(run.core.holdings.trades.size, `seed ${seed + round}`).toBe(0);
      expect(run.core.orders.openCount, `seed ${seed + round}`).toBe(0);
      expect(run.venue.live.size, `seed ${seed + round}`).toBe(0);
      const pnlE8 = run.trades.reduce((sum, trade) => sum + trade.pnlE8, 0n);
      expect(run.core.holdings.portfolio.walletE8, `seed ${seed + round}`).toBe(START_E8 + pnlE8);
      trades += run.trades.length;
    }
    expect(trades).toBeGreaterThan(RUNS * 5);
  });
});
