import { BarExchange } from "@smcq/exchange-sim";
import { e8Text, numberToE8, Rng, type SymbolId, symbolId } from "@smcq/kernel";
import type { RiskParameters } from "@smcq/risk";
import type { EntryPlan } from "@smcq/strategy";
import {
  type Command,
  type DecisionRecord,
  Engine,
  type EngineInput,
  type ScoredCandidate,
  type TradeRecord,
} from "../../src/index.ts";
import type { TradingCore } from "../../src/trading/trading-core.ts";
import { candidate, FEES, MINUTE_MS, optionsOf, rulesOf, START_E8, T0 } from "./fixtures.ts";

/** Open, high, low and close. */
export type RunBar = readonly [number, number, number, number];

export interface RunSeries {
  readonly tickSize: string;
  readonly stepSize: string;
  /** Null: no trade in this minute. */
  readonly bars: readonly (RunBar | null)[];
}

export interface RunOptions {
  readonly series: readonly RunSeries[];
  readonly risk?: Partial<RiskParameters>;
  readonly startE8?: bigint;
  readonly entry?: EntryPlan;
  /** Setups whose bar is the given minute. */
  readonly setups: (minute: number) => readonly ScoredCandidate[];
  /** Hears of each event's commands as soon as the core has given them. */
  readonly onTurn?: (input: EngineInput, commands: readonly Command[], core: TradingCore) => void;
  /** Hears when nothing waits any more. */
  readonly onDrained?: (core: TradingCore, venue: BarExchange) => void;
}

/** Core and venue in memory over bars, a minute after another in the order of docs/trading.md section 8. */
export class VenueRun {
  readonly trades: TradeRecord[] = [];
  readonly decisions: DecisionRecord[] = [];
  readonly orderIds: string[] = [];
  readonly venue: BarExchange;
  readonly core: TradingCore;
  readonly #options: RunOptions;
  readonly #engine: Engine;
  readonly #waiting: EngineInput[] = [];
  readonly #ids: readonly SymbolId[];
  #nowMs = T0;

  constructor(options: RunOptions) {
    this.#options = options;
    const startE8 = options.startE8 ?? START_E8;
    const more = options.entry === undefined ? {} : { entry: options.entry };
    this.#engine = new Engine(
      optionsOf(options.risk, { startWalletE8: startE8, isVenueRemote: false, ...more }),
    );
    if (this.#engine.trading === null) throw new Error("this engine trades");
    this.core = this.#engine.trading;
    this.#ids = options.series.map((_, index) => symbolId(index));
    this.venue = new BarExchange({
      walletE8: startE8,
      listener: {
        onOrder: (update) => this.#waiting.push({ type: "order-update", update }),
        onIncome: (income) => this.#waiting.push({ type: "income", income }),
      },
    });
    for (const id of this.#ids) {
      const { tickSize, stepSize } = this.#series(id);
      const rules = rulesOf(tickSize, stepSize);
      this.venue.list(id, rules, FEES);
      this.#waiting.push({ type: "instrument", symbolId: id, symbol: `S${id}`, rules, fees: FEES });
    }
    this.#drain();
  }

  run(): this {
    const minutes = Math.max(...this.#options.series.map(({ bars }) => bars.length));
    for (let minute = 0; minute < minutes; minute++) this.#minute(minute);
    return this;
  }

  /** Everything that was recorded, as text. */
  get record(): string {
    return JSON.stringify([this.trades, this.decisions, this.orderIds], (_, value: unknown) =>
      typeof value === "bigint" ? e8Text(value) : value,
    );
  }

  #minute(minute: number): void {
    const openMs = T0 + minute * MINUTE_MS;
    this.#nowMs = openMs;
    this.venue.open(openMs, (id) => this.#priceE8(id, minute, 0));
    this.#drain();
    this.#nowMs = openMs + MINUTE_MS;
    const held = this.core.holdings.openTrades().map((trade) => trade.symbolId);
    for (const id of held) this.#tradeBar(id, minute);
    this.#drain();
    const marks = held.flatMap((id) => {
      const priceE8 = this.#priceE8(id, minute, 3);
      return priceE8 === null ? [] : [{ symbolId: id, priceE8 }];
    });
    this.#waiting.push({ type: "minute", closeMs: this.#nowMs, marks });
    this.#drain();
    this.#batch(minute, openMs);
  }

  #tradeBar(id: SymbolId, minute: number): void {
    const bar = this.#series(id).bars[minute];
    if (bar === null || bar === undefined) return;
    const [openE8, highE8, lowE8, closeE8] = bar.map(numberToE8) as [bigint, bigint, bigint, bigint];
    const prices = { openE8, highE8, lowE8 };
    if (this.venue.trade(id, this.#nowMs - MINUTE_MS, this.#nowMs, prices)) {
      this.#drain();
      this.venue.afterEntry(id, this.#nowMs, prices);
    }
    if (minute < this.#series(id).bars.length - 1) return;
    this.#drain();
    this.#waiting.push({ type: "data-ended", symbolId: id });
    this.#drain();
    this.venue.settle(id, this.#nowMs, closeE8);
  }

  #batch(minute: number, openTimeMs: number): void {
    const candidates: ScoredCandidate[] = [];
    for (const setup of this.#options.setups(minute)) {
      const open = this.#series(setup.symbolId).bars[minute + 1]?.[0];
      if (open === undefined || (this.#series(setup.symbolId).bars[minute] ?? null) === null) continue;
      const quote = { symbolId: setup.symbolId, bid: open, ask: open };
      this.#waiting.push({ type: "quotes", quotes: [quote] });
      candidates.push({ ...setup, openTimeMs });
    }
    this.#waiting.push({ type: "candidates", shardId: 0, candidates }, { type: "time" });
    this.#drain();
  }

  #drain(): void {
    for (let input = this.#waiting.shift(); input !== undefined; input = this.#waiting.shift()) {
      const commands = this.#engine.process({ ...input, nowMs: this.#nowMs, nowNs: this.#nowMs * 1e6 });
      this.#options.onTurn?.(input, commands, this.core);
      for (const command of commands) this.#carryOut(command);
    }
    this.#options.onDrained?.(this.core, this.venue);
  }

  #carryOut(command: Command): void {
    if (command.type === "submit") {
      const { clientOrderId } = command.order.value;
      this.orderIds.push(clientOrderId);
      this.venue.submit(command.order, (outcome) =>
        this.#waiting.push({ type: "order-outcome", clientOrderId, outcome }),
      );
    } else if (command.type === "cancel") this.venue.cancel(command, () => {});
    else if (command.type === "set-leverage")
      this.venue.setLeverage(command.symbolId, command.leverage, () => {});
    else if (command.type === "decided") this.decisions.push(command.decision);
    else if (command.type === "trade-closed") this.trades.push(command.trade);
  }

  #series(id: SymbolId): RunSeries {
    return this.#options.series[id] as RunSeries;
  }

  #priceE8(id: SymbolId, minute: number, field: 0 | 3): bigint | null {
    const price = this.#series(id).bars[minute]?.[field];
    return price === undefined ? null : numberToE8(price);
  }
}

const GRIDS = [
  { tickSize: "0.01", stepSize: "0.1" },
  { tickSize: "0.05", stepSize: "0.001" },
  { tickSize: "0.001", stepSize: "1" },
] as const;

/** Random bars of some symbols, and random setups on them. */
export function randomRun(seed: number): RunOptions {
  const rng = new Rng(seed);
  const series = Array.from({ length: 2 + rng.int(4) }, () => randomSeries(rng));
  const minutes = Math.max(...series.map(({ bars }) => bars.length));
  const setups = Array.from({ length: minutes }, (_, minute) => randomSetups(rng, series, minute));
  return {
    series,
    setups: (minute) => setups[minute] ?? [],
    startE8: BigInt(50 + rng.int(20_000)) * 100_000_000n + BigInt(rng.int(1e8)),
    risk: {
      unprovenRiskRatioMax: rng.chance(0.5) ? 0.0025 : 0.02,
      symbolLockMs: rng.chance(0.5) ? 0 : 600_000,
      streakMs: rng.chance(0.5) ? 0 : 600_000,
    },
  };
}

function randomSeries(rng: Rng): RunSeries {
  const { tickSize, stepSize } = GRIDS[rng.int(GRIDS.length)] ?? GRIDS[0];
  const tick = Number(tickSize);
  const onTick = (price: number): number => Number((Math.round(price / tick) * tick).toFixed(3));
  const volatility = 0.0005 + rng.next() * 0.004;
  const hasHoles = rng.chance(0.3);
  let last = 100;
  const length = 40 + rng.int(160);
  const bars = Array.from({ length }, (_, minute): RunBar | null => {
    // The last bar is one: with it the data end.
    if (hasHoles && minute > 0 && minute < length - 1 && rng.chance(0.05)) return null;
    const open = onTick(last * (1 + (rng.chance(0.1) ? rng.normal() * volatility : 0)));
    const close = onTick(open * (1 + rng.normal() * volatility));
    const high = onTick(Math.max(open, close) * (1 + Math.abs(rng.normal()) * volatility));
    const low = onTick(Math.min(open, close) * (1 - Math.abs(rng.normal()) * volatility));
    // The walk is drawn back to 100, where the setups are.
    last = close + (100 - close) * 0.02;
    return [open, high, low, close];
  });
  return { tickSize, stepSize, bars };
}

function randomSetups(rng: Rng, series: readonly RunSeries[], minute: number): readonly ScoredCandidate[] {
  return series.flatMap(({ bars }, id) => {
    const close = bars[minute]?.[3];
    if (close === undefined || !rng.chance(0.15)) return [];
    const side = rng.chance(0.5) ? 1 : -1;
    const atr = close * (0.002 + rng.next() * 0.006);
    const invalidationPrice = close - side * atr * rng.next();
    const medianTurnover = rng.chance(0.1) ? 1e4 : 1e7;
    return [candidate(id, { side, atr, invalidationPrice, medianTurnover, score: 0.55 + rng.int(9) / 20 })];
  });
}
