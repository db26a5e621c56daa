import {
  type OrderRequest,
  type Outcome,
  type OrderStatus,
  type OrderUpdate,
  type TradingRules,
  tradingRules,
} from "@smcq/exchange";
import { numberToE8, priceTicks, qtySteps, Rng, type SymbolId, symbolId } from "@smcq/kernel";
import { type EntryPlan, MARKET_ENTRY } from "@smcq/strategy";
import { type Command, Engine, type EngineInput, type EngineOptions, type Quote } from "../../src/index.ts";
import { candidate, DAY_MS, FEES, MINUTE_MS, type OnTurn, optionsOf, RISK, T0 } from "./fixtures.ts";
import { RiskWitness, type Witnessed } from "./risk-witness.ts";

interface Live {
  readonly order: OrderRequest;
  filled: number;
  /** The venue has told of it: it can no longer be refused. */
  isTold: boolean;
  isCancelled: boolean;
}

const GRIDS = [
  ["0.01", "0.1"],
  ["0.05", "0.001"],
  ["0.001", "1"],
] as const;

/** A random sequence of events: the test is venue, market and clock at once, and answers whenever it likes. */
export class RandomEvents {
  readonly witness: RiskWitness;
  /** Every command that reaches the venue or ends a trade. */
  record = "";
  readonly options: EngineOptions;
  readonly #engine: Engine;
  readonly #onTurn: OnTurn;
  readonly #rng: Rng;
  readonly #live: Live[] = [];
  readonly #leverages: EngineInput[] = [];
  readonly #prices: number[] = [];
  readonly #rules: TradingRules[] = [];
  readonly #held: number[] = [];
  #told: EngineInput | null = null;
  #ids = 0;
  #nowMs: number;

  constructor(seed: number, seen: Witnessed, entry: EntryPlan = MARKET_ENTRY, onTurn: OnTurn = () => {}) {
    this.#onTurn = onTurn;
    this.#rng = new Rng(seed);
    const rng = this.#rng;
    // Some begin before midnight, so that the day ends on the way.
    this.#nowMs = rng.chance(0.3) ? T0 + DAY_MS / 2 - 2 * MINUTE_MS : T0;
    const start = 500 + rng.int(20_000);
    const risk = {
      ...RISK,
      symbolLockMs: 0,
      streakMs: 0,
      unprovenRiskRatioMax: [0.0025, 0.01, 0.02][rng.int(3)] ?? 0.02,
      leverage: 5 + rng.int(21),
      heatRatioMax: rng.chance(0.5) ? 0.03 : 0.012,
      directionHeatRatioMax: rng.chance(0.5) ? 0.02 : 0.008,
      notionalRatioMax: rng.chance(0.5) ? 2 : 0.8,
      grossRatioMax: rng.chance(0.5) ? 3 : 1.2,
      marginsRatioMax: rng.chance(0.5) ? 0.5 : 0.15,
    };
    this.options = optionsOf(risk, { startWalletE8: numberToE8(start), entry });
    this.#engine = new Engine(this.options);
    this.witness = new RiskWitness(start, risk, seen, entry);
    for (let id = 0; id < 4; id++) this.#list(symbolId(id));
  }

  run(actions: number): this {
    for (let action = 0; action < actions && this.witness.faults.length === 0; action++) this.#act();
    return this;
  }

  #list(id: SymbolId): void {
    const rng = this.#rng;
    const [tickSize, stepSize] = GRIDS[rng.int(GRIDS.length)] ?? GRIDS[0];
    const marketMaxQty = rng.chance(0.2) ? "20" : "100000";
    const texts = { symbol: `S${id}`, tickSize, stepSize, minQty: stepSize, marketMaxQty, minNotional: "5" };
    const rules = tradingRules(texts);
    this.#rules.push(rules);
    this.#prices.push(100);
    this.#held.push(0);
    this.#put({ type: "instrument", symbolId: id, symbol: `S${id}`, rules, fees: FEES });
  }

  #act(): void {
    const rng = this.#rng;
    this.#nowMs += 1 + rng.int(rng.chance(0.1) ? 3_000 : 300);
    const luck = rng.next();
    if (luck < 0.14) this.#decide();
    else if (luck < 0.22) this.#minute();
    else if (luck < 0.26) this.#put({ type: "time" });
    else if (luck < 0.28) this.#income();
    else if (luck < 0.29)
      this.#put({
        type: "model",
        scorerId: "heuristic-1",
        sizeFactor: rng.chance(0.5) ? 1 : 0.5,
        wins: null,
      });
    else if (luck < 0.295) this.#put({ type: "data-ended", symbolId: symbolId(rng.int(4)) });
    else if (luck < 0.32 && this.#told !== null) this.#put(this.#told);
    else if (this.#live.length > 0) this.#answer(this.#live[rng.int(this.#live.length)] as Live);
  }

  #quotes(): readonly Quote[] {
    const quotes = this.#prices.map((price, id) => {
      const bid = this.#onTick(id, price * (1 + this.#rng.normal() * 0.0005));
      return { symbolId: symbolId(id), bid, ask: bid + (this.#rules[id]?.tickSize ?? 0) };
    });
    this.#put({ type: "quotes", quotes });
    return quotes;
  }

  #decide(): void {
    const rng = this.#rng;
    const quotes = this.#quotes();
    const openTimeMs = this.#nowMs - MINUTE_MS;
    const candidates = quotes.flatMap(({ symbolId: id, bid }) => {
      if (!rng.chance(0.6)) return [];
      const side = rng.chance(0.7) ? 1 : -1;
      const sides = rng.chance(0.1) ? ([side, -side] as const) : ([side] as const);
      return sides.map((own) => {
        const atr = bid * (0.003 + rng.next() * 0.006);
        const invalidationPrice = bid - own * atr * (0.8 + rng.next());
        const medianTurnover = rng.chance(0.15) ? 2e4 : 1e7;
        const score = 0.55 + rng.int(9) / 20;
        return candidate(id, {
          side: own as 1 | -1,
          atr,
          invalidationPrice,
          medianTurnover,
          score,
          openTimeMs,
        });
      });
    });
    // Of one shard, or of two that tell at the same moment; prices may move before the batch is decided.
    const first = rng.chance(0.3) ? rng.int(candidates.length + 1) : candidates.length;
    this.#put({ type: "candidates", shardId: 0, candidates: candidates.slice(0, first) });
    if (rng.chance(0.2)) this.#quotes();
    this.#put({ type: "candidates", shardId: 1, candidates: candidates.slice(first) });
    this.#put({ type: "time" });
  }

  #minute(): void {
    const rng = this.#rng;
    const closeMs = Math.ceil(this.#nowMs / MINUTE_MS) * MINUTE_MS;
    this.#nowMs = closeMs;
    const move = rng.chance(0.1) ? 0.02 : 0.002;
    const marks = this.#prices.flatMap((price, id) => {
      const moved = this.#onTick(id, price * (1 + rng.normal() * move));
      this.#prices[id] = moved;
      return rng.chance(0.9) ? [{ symbolId: symbolId(id), priceE8: numberToE8(moved) }] : [];
    });
    this.#put({ type: "minute", closeMs, marks });
  }

  #income(): void {
    const rng = this.#rng;
    const type = rng.chance(0.5) ? "transfer" : "funding";
    const amountE8 = numberToE8(Number(((rng.next() - 0.5) * (type === "transfer" ? 200 : 4)).toFixed(4)));
    const income = { incomeId: String(++this.#ids), type, symbolId: null, amountE8, timeMs: this.#nowMs };
    this.#put({ type: "income", income } as EngineInput);
  }

  /** Something becomes known of an order: its outcome, a trade, or its end. */
  #answer(live: Live): void {
    const rng = this.#rng;
    const { clientOrderId } = live.order;
    const luck = rng.next();
    if (!live.isTold && luck < 0.5) {
      if (luck < 0.1) this.#refuse(live, "MARGIN_INSUFFICIENT");
      else if (luck < 0.2)
        this.#put({ type: "order-outcome", clientOrderId, outcome: { type: "unknown", text: "" } });
      else {
        live.isTold = true;
        this.#put({ type: "order-outcome", clientOrderId, outcome: { type: "acked", orderId: "1" } });
      }
      return;
    }
    const left = live.order.qtySteps - live.filled;
    const room = live.order.isReduceOnly ? Math.min(left, this.#room(live.order)) : left;
    if (live.isCancelled && luck < 0.9) this.#end(live, "canceled");
    else if (room === 0) {
      if (live.isTold || live.filled > 0) this.#end(live, "expired");
      else this.#refuse(live, "REDUCE_ONLY_REJECT");
    } else if (luck > 0.96) this.#end(live, "expired");
    else if (live.order.type === "market" || luck < 0.55)
      this.#fill(live, rng.chance(0.5) ? room : 1 + rng.int(room));
    else this.#tell(live, "new", 0);
  }

  #room({ symbolId: id, side }: OrderRequest): number {
    return Math.max(0, -side * (this.#held[id] ?? 0));
  }

  #refuse(live: Live, code: "MARGIN_INSUFFICIENT" | "REDUCE_ONLY_REJECT"): void {
    this.#drop(live);
    const { clientOrderId } = live.order;
    this.#put({ type: "order-outcome", clientOrderId, outcome: { type: "refused", code, text: "" } });
  }

  #fill(live: Live, steps: number): void {
    const { symbolId: id, side, qtySteps: asked } = live.order;
    live.filled += steps;
    this.#held[id] = (this.#held[id] ?? 0) + side * steps;
    if (live.filled < asked) this.#tell(live, "partially-filled", steps);
    else {
      this.#drop(live);
      this.#tell(live, "filled", steps);
    }
  }

  #end(live: Live, status: OrderStatus): void {
    this.#drop(live);
    this.#tell(live, status, 0);
  }

  #drop(live: Live): void {
    this.#live.splice(this.#live.indexOf(live), 1);
  }

  #tell(live: Live, status: OrderStatus, steps: number): void {
    live.isTold = true;
    const { clientOrderId, symbolId: id, side } = live.order;
    const tick = this.#rules[id]?.tickSize ?? 1;
    // Prices move between review and fill.
    const price = (this.#prices[id] ?? 100) * (1 + this.#rng.normal() * 0.003);
    const { order } = live;
    const isResting = order.role === "entry" && order.type === "limit";
    const ticks = isResting ? order.priceTicks : Math.round(price / tick);
    const stepE8 = this.#rules[id]?.stepE8 ?? 1n;
    const valueE8 = (BigInt(ticks) * BigInt(steps) * stepE8 * numberToE8(tick)) / 100_000_000n;
    const fill: OrderUpdate["fill"] =
      steps === 0
        ? null
        : {
            tradeId: String(++this.#ids),
            clientOrderId,
            symbolId: id,
            side,
            priceTicks: priceTicks(ticks),
            qtySteps: qtySteps(steps),
            feeE8: (valueE8 * (isResting ? 2n : 5n)) / 10_000n,
            isMaker: isResting,
            timeMs: this.#nowMs,
          };
    const cumQtySteps = qtySteps(live.filled);
    const update = { clientOrderId, symbolId: id, status, cumQtySteps, fill, timeMs: this.#nowMs };
    const told: EngineInput = { type: "order-update", update };
    this.#told = told;
    this.#put(told);
  }

  #onTick(id: number, price: number): number {
    const tick = this.#rules[id]?.tickSize ?? 1;
    return Number((Math.round(price / tick) * tick).toFixed(3));
  }

  #put(input: EngineInput): void {
    const event = { ...input, nowMs: this.#nowMs, nowNs: this.#nowMs * 1e6 };
    const commands = this.#engine.process(event);
    this.#onTurn(event, commands);
    this.witness.heard(input, commands, this.#nowMs);
    for (const command of commands) this.#carryOut(command);
    for (let word = this.#leverages.shift(); word !== undefined; word = this.#leverages.shift())
      this.#put(word);
  }

  /** The venue does so, or not, or tells nobody. */
  #setLeverage({ symbolId: id, leverage }: Extract<Command, { type: "set-leverage" }>): void {
    const luck = this.#rng.next();
    if (luck < 0.05) return;
    const outcome: Outcome =
      luck < 0.1 ? { type: "refused", code: "SETTING_REFUSED", text: "" } : { type: "acked", orderId: "" };
    this.#leverages.push({ type: "leverage-outcome", symbolId: id, leverage, outcome });
  }

  #carryOut(command: Command): void {
    if (command.type === "submit") {
      const order = command.order.value;
      this.#live.push({ order, filled: 0, isTold: false, isCancelled: false });
      const at =
        order.type === "stop-market" ? order.triggerTicks : order.type === "limit" ? order.priceTicks : 0;
      this.record += `${order.clientOrderId} ${order.side * order.qtySteps} ${at}\n`;
    } else if (command.type === "cancel") {
      const live = this.#live.find(({ order }) => order.clientOrderId === command.clientOrderId);
      if (live !== undefined) live.isCancelled = true;
      this.record += `cancel ${command.clientOrderId}\n`;
    } else if (command.type === "set-leverage") this.#setLeverage(command);
    else if (command.type === "decided") this.record += `${command.decision.receipt.outcome}\n`;
    else if (command.type === "trade-closed")
      this.record += `${command.trade.reason} ${command.trade.pnlE8}\n`;
    else if (command.type === "wake") this.record += `wake ${command.atNs}\n`;
  }
}
