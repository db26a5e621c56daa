import { divRound, E8, notionalE8, Rng, type SymbolId, symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import {
  bundledBrackets,
  type Print,
  SIM_EXCHANGE_DEFAULTS,
  SimExchange,
  type VenueEvent,
  venueRules,
} from "../../src/index.ts";
import type { Brackets } from "../../src/venue/brackets.ts";
import { BRACKETS, FEES, SYMBOL } from "../support/path-venue.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_127);
const RUNS = 60;
const STEPS = 120;

/** Kinds of contracts: tick, step, first price, a usual quantity, brackets. */
const KINDS = [
  {
    tick: "0.00000001",
    step: "1",
    priceE8: 812n,
    qty: 1_000_000_000,
    brackets: bundledBrackets("NOSUCHUSDT"),
  },
  { tick: "0.01", step: "0.1", priceE8: 100n * E8, qty: 20, brackets: BRACKETS },
  { tick: "0.1", step: "0.001", priceE8: 70_000n * E8, qty: 1, brackets: bundledBrackets("BTCUSDT") },
  {
    tick: "1",
    step: "0.00000001",
    priceE8: 9_000_000n * E8,
    qty: 0.01,
    brackets: bundledBrackets("ETHUSDT"),
  },
] as const;

/** What is held of a symbol, reckoned from the trades that were told. */
interface Held {
  qtyE8: bigint;
  entryE8: bigint;
}

/** Several contracts of very unlike sizes in one account, some cross and some isolated. */
class World {
  readonly rng: Rng;
  readonly exchange: SimExchange;
  readonly brackets: Brackets[] = [];
  readonly steps: bigint[] = [];
  readonly ticks: bigint[] = [];
  readonly qty: number[] = [];
  readonly held: Held[] = [];
  readonly events: VenueEvent[] = [];
  readonly startE8: bigint;
  paidInE8 = 0n;
  nowMs = 1_000;

  constructor(seed: number) {
    this.rng = new Rng(seed);
    const { rng } = this;
    this.startE8 = BigInt(Math.floor(10 ** (8 + 6 * rng.next())));
    this.exchange = new SimExchange({
      ...SIM_EXCHANGE_DEFAULTS,
      slippageE4: BigInt(rng.int(30)),
      walletE8: this.startE8,
    });
    this.exchange.listen((event) => this.#hear(event));
    for (let id = 0; id < 5; id++) this.#list(symbolId(id));
  }

  #list(id: SymbolId): void {
    const kind = KINDS[this.rng.int(KINDS.length)] ?? KINDS[0];
    const { tick: tickSize, step: stepSize } = kind;
    const filters = [
      { filterType: "PRICE_FILTER", minPrice: tickSize, maxPrice: "100000000", tickSize },
      { filterType: "LOT_SIZE", minQty: stepSize, maxQty: "10000000000000", stepSize },
      { filterType: "MARKET_LOT_SIZE", minQty: stepSize, maxQty: "10000000000000", stepSize },
      { filterType: "MIN_NOTIONAL", notional: "0.00000001" },
      { filterType: "PERCENT_PRICE", multiplierUp: "1.2", multiplierDown: "0.8", multiplierDecimal: "4" },
    ];
    const rules = venueRules({ ...SYMBOL, filters, marketTakeBound: "0.2" }, kind.brackets);
    this.exchange.list(id, rules, FEES);
    this.brackets.push(kind.brackets);
    this.steps.push(rules.lot.stepE8);
    this.ticks.push(rules.tickE8);
    this.qty.push(kind.qty);
    this.held.push({ qtyE8: 0n, entryE8: 0n });
    this.exchange.print(id, { timeMs: this.nowMs, lastE8: kind.priceE8, markE8: kind.priceE8 });
    if (this.rng.chance(0.4)) this.exchange.setMarginType(id, "isolated", this.nowMs);
    this.exchange.setLeverage(id, 1 + this.rng.int(this.brackets.at(-1)?.leverageMax ?? 1), this.nowMs);
  }

  #hear(event: VenueEvent): void {
    this.events.push(event);
    if (event.type !== "order" || event.trade === null) return;
    const { symbolId: id, side, qtyE8, priceE8 } = event.trade;
    const own = this.held[id] as Held;
    const heldE8 = own.qtyE8 < 0n ? -own.qtyE8 : own.qtyE8;
    const isReducing = own.qtyE8 * BigInt(side) < 0n;
    const closedE8 = !isReducing ? 0n : heldE8 < qtyE8 ? heldE8 : qtyE8;
    if (closedE8 > 0n)
      own.entryE8 -= closedE8 === heldE8 ? own.entryE8 : divRound(own.entryE8 * closedE8, heldE8);
    own.entryE8 += notionalE8(priceE8, qtyE8 - closedE8);
    own.qtyE8 += BigInt(side) * qtyE8;
  }

  /** A price that usually wanders, and now and then is somewhere else altogether. */
  somewhere(id: SymbolId): bigint {
    const last = Number(this.exchange.lastPrint(id)?.lastE8 ?? 1n);
    const { rng } = this;
    const factor = rng.chance(0.05) ? 100 ** (2 * rng.next() - 1) : 0.97 + 0.06 * rng.next();
    return BigInt(Math.max(1, Math.min(1e16, Math.round(last * factor))));
  }

  printTo(id: SymbolId): Print {
    this.nowMs += 1_000;
    const lastE8 = this.somewhere(id);
    const markE8 = BigInt(Math.max(1, Math.round(Number(lastE8) * (0.999 + 0.002 * this.rng.next()))));
    return { timeMs: this.nowMs, lastE8, markE8 };
  }

  act(step: number): void {
    const { rng, exchange, nowMs } = this;
    const id = symbolId(rng.int(5));
    const side = rng.chance(0.5) ? 1 : -1;
    const stepE8 = this.steps[id] as bigint;
    const wished = BigInt(Math.floor((this.qty[id] as number) * 10 ** (3 * rng.next() - 2) * 1e8));
    const qtyE8 = (wished / stepE8 || 1n) * stepE8;
    const tickE8 = this.ticks[id] as bigint;
    const nearE8 = (this.nearE8(id) / tickE8 || 1n) * tickE8;
    const base = {
      symbolId: id,
      side,
      isReduceOnly: rng.chance(0.4),
      selfTradePrevention: "EXPIRE_BOTH",
    } as const;
    const common = { ...base, qtyE8, clientOrderId: `o${step}` } as const;
    switch (rng.int(12)) {
      case 0:
      case 1:
        exchange.place({ ...common, type: "MARKET", timeInForce: "GTC", priceE8: 0n }, nowMs);
        break;
      case 2:
      case 3:
        exchange.place({ ...common, type: "LIMIT", timeInForce: "GTC", priceE8: nearE8 }, nowMs);
        break;
      case 4: {
        const isClosePosition = rng.chance(0.5);
        const workingType = rng.chance(0.5) ? "MARK_PRICE" : "CONTRACT_PRICE";
        exchange.placeAlgo(
          {
            ...base,
            clientAlgoId: `a${step}`,
            type: rng.chance(0.5) ? "STOP_MARKET" : "TAKE_PROFIT_MARKET",
            triggerPriceE8: nearE8,
            priceE8: 0n,
            timeInForce: "GTC",
            qtyE8: isClosePosition ? 0n : qtyE8,
            isClosePosition,
            isReduceOnly: !isClosePosition && base.isReduceOnly,
            workingType,
            isPriceProtected: false,
          },
          nowMs,
        );
        break;
      }
      case 5:
        exchange.fund(id, BigInt(rng.int(4_000_000) - 2_000_000), nowMs);
        break;
      case 6:
        exchange.setLeverage(id, 1 + rng.int((this.brackets[id] as Brackets).leverageMax), nowMs);
        break;
      case 7: {
        const amountE8 = BigInt(Math.floor(Number(this.startE8) * (rng.next() - 0.6)));
        if (exchange.transfer(amountE8, nowMs).type === "done") this.paidInE8 += amountE8;
        break;
      }
      default:
        exchange.print(id, this.printTo(id));
    }
  }

  nearE8(id: SymbolId): bigint {
    const last = Number(this.exchange.lastPrint(id)?.lastE8 ?? 1n);
    return BigInt(Math.round(last * (0.96 + 0.08 * this.rng.next())));
  }

  /** Result at a mark less the maintenance margin. */
  excessE8(id: number, markE8: bigint): bigint {
    const { qtyE8, entryE8 } = this.held[id] as Held;
    if (qtyE8 === 0n) return 0n;
    const valueE8 = notionalE8(markE8, qtyE8 < 0n ? -qtyE8 : qtyE8);
    const side = qtyE8 < 0n ? -1n : 1n;
    return side * (valueE8 - entryE8) - (this.brackets[id] as Brackets).maintenanceE8(valueE8);
  }

  markE8(id: number): bigint {
    return this.exchange.lastPrint(symbolId(id))?.markE8 ?? 0n;
  }

  /** What an account or an isolated position has above its maintenance margin if a mark were elsewhere. */
  marginE8(id: number, markE8: bigint): bigint {
    const positions = this.exchange.positions();
    const own = positions.find((position) => position.symbolId === id);
    if (own?.marginType === "isolated") return own.isolatedWalletE8 + this.excessE8(id, markE8);
    let sumE8 = this.exchange.walletE8();
    for (const { symbolId: other, marginType, isolatedWalletE8 } of positions)
      sumE8 +=
        marginType === "isolated"
          ? -isolatedWalletE8
          : this.excessE8(other, other === id ? markE8 : this.markE8(other));
    return sumE8;
  }

  get heldIds(): readonly number[] {
    return this.exchange.positions().map((position) => position.symbolId);
  }
}

describe("accounts of unlike contracts, cross and isolated", () => {
  it("hold what their trades say, and none lives below its maintenance margin", () => {
    let checked = 0;
    for (let seed = SEED; seed < SEED + RUNS; seed++) {
      const world = new World(seed);
      for (let step = 0; step < STEPS; step++) {
        world.act(step);
        const stated = world.exchange.positions().map(({ symbolId: id, qtyE8 }) => [id, qtyE8]);
        expect(stated).toEqual(world.held.flatMap(({ qtyE8 }, id) => (qtyE8 === 0n ? [] : [[id, qtyE8]])));
        for (const id of world.heldIds) {
          checked++;
          expect(world.marginE8(id, world.markE8(id)) > 0n, `seed ${seed}, step ${step}, symbol ${id}`).toBe(
            true,
          );
        }
      }
    }
    expect(checked).toBeGreaterThan(RUNS * 20);
  });

  it("are liquidated at the very mark that is stated, not a unit before it", () => {
    let checked = 0;
    for (let seed = SEED; seed < SEED + RUNS; seed++) {
      const world = new World(seed);
      for (let step = 0; step < STEPS; step++) {
        world.act(step);
        for (const { symbolId: id, qtyE8, liquidationPriceE8 } of world.exchange.positions()) {
          const side = qtyE8 < 0n ? -1n : 1n;
          checked++;
          const isMet =
            liquidationPriceE8 === null
              ? side > 0n && world.marginE8(id, 1n) > 0n
              : world.marginE8(id, liquidationPriceE8) <= 0n &&
                world.marginE8(id, liquidationPriceE8 + side) > 0n;
          expect(isMet, `seed ${seed}, step ${step}, symbol ${id}, at ${liquidationPriceE8}`).toBe(true);
        }
      }
    }
    expect(checked).toBeGreaterThan(RUNS * 10);
  });

  it("are met on the way: no print behind the present one liquidates on the straight way", () => {
    for (let seed = SEED; seed < SEED + RUNS; seed++) {
      const world = new World(seed);
      for (let step = 0; step < STEPS; step++) {
        world.act(step);
        const id = symbolId(world.rng.int(5));
        const to = world.printTo(id);
        let steps = 0;
        for (let met = world.exchange.reach(id, to); met !== null; met = world.exchange.reach(id, to)) {
          expect(++steps, `seed ${seed}, step ${step}`).toBeLessThan(300);
          world.exchange.print(id, met);
        }
        const before = world.events.length;
        world.exchange.print(id, to);
        const stirred = world.events
          .slice(before)
          .filter(
            (event) =>
              event.type === "order" && event.execution === "CALCULATED" && event.order.symbolId === id,
          );
        expect(stirred.length, `seed ${seed}, step ${step}`).toBe(0);
      }
    }
  });

  it("are never given more by the insurance fund than was missing", () => {
    let paid = 0;
    for (let seed = SEED; seed < SEED + 4 * RUNS; seed++) {
      const world = new World(seed);
      for (let step = 0; step < STEPS; step++) {
        const before = world.events.length;
        world.act(step);
        const isCrossPaid = world.events
          .slice(before)
          .flatMap((event) => (event.type === "income" ? [event.row] : []))
          .some(
            ({ type, amountE8, symbolId: id }) =>
              type === "liquidation-fee" &&
              amountE8 > 0n &&
              id !== null &&
              world.exchange.settings(id).marginType === "cross",
          );
        if (!isCrossPaid) continue;
        // Whoever is paid for has nothing: what is still held across would have been worth something.
        const cross = world.exchange.positions().filter(({ marginType }) => marginType === "cross");
        paid++;
        expect(cross.length, `seed ${seed}, step ${step}`).toBe(0);
      }
    }
    expect(paid).toBeGreaterThan(3);
  });
});
