import { Brackets, SIM_EXCHANGE_DEFAULTS, SimExchange, venueRulesAround } from "@smcq/exchange-sim";
import { e8ToNumber, numberToE8, priceTicks, qtySteps, Rng, symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { Holdings } from "../../src/trading/holdings.ts";
import { liquidationPrice } from "../../src/trading/liquidation-price.ts";
import { CHECK_AGAIN_MS } from "../../src/trading/stages/check-times.ts";
import { AGREE_MS } from "../../src/trading/stages/order-tracker.ts";
import { CoreDriver } from "../support/core-driver.ts";
import { optionsOf, rulesOf } from "../support/fixtures.ts";

/** Bought 32.6 at 100.02, the stop at 99.39: half a stop distance of 0.625 behind it lies 99.0775. */
const STEPS = 326;

/** The venue would take the position at this price. */
function tell(driver: CoreDriver, price: number | null): readonly string[] {
  const liquidationPriceE8 = price === null ? null : numberToE8(price);
  const held = { symbolId: symbolId(0), qtySteps: STEPS, entryPriceE8: numberToE8(100.02) };
  const query = { type: "positions" } as const;
  const positions = [{ ...held, liquidationPriceE8 }];
  return driver.put({
    type: "answer",
    answer: { type: "positions", query, askedMs: driver.nowMs, positions },
  });
}

function guarded(): CoreDriver {
  const driver = new CoreDriver();
  driver.guard();
  return driver;
}

describe("the price of liquidation (AC20)", () => {
  it("lets nothing be entered from less than half a stop distance behind the stop on", () => {
    const driver = guarded();
    tell(driver, 99.07);
    expect(driver.states).toEqual([]);
    tell(driver, 99.08);
    expect(driver.states).toEqual(["REDUCING liquidation-near"]);
    tell(driver, null);
    expect(driver.states.at(-1)).toBe("ACTIVE ");
  });

  it("at the stop leaves the position, by two answers that agree and not by one", () => {
    const driver = guarded();
    expect(tell(driver, 99.39)).toEqual([]);
    driver.takeAsked();
    driver.wait(CHECK_AGAIN_MS);
    expect(driver.takeAsked()).toContain("positions");
    driver.nowMs -= CHECK_AGAIN_MS - AGREE_MS + 1;
    expect(tell(driver, 99.39)).toEqual([]);
    driver.nowMs += 1;
    expect(tell(driver, 99.39)).toEqual(["cancel target"]);
    expect(driver.end("target")).toEqual([`exit -${STEPS}`]);
    driver.fill("exit");
    expect(driver.trades[0]).toMatchObject({ reason: "unguarded" });
  });

  it("is not known where the venue says 0, of a short too", () => {
    const driver = new CoreDriver();
    driver.guard({ side: -1, invalidationPrice: 100.4 });
    for (let told = 0; told < 3; told++) {
      expect(tell(driver, 0)).toEqual([]);
      driver.wait(AGREE_MS);
    }
    expect(driver.states).toEqual([]);
  });

  it("says nothing when the second answer takes it back", () => {
    const driver = guarded();
    tell(driver, 99.5);
    driver.wait(AGREE_MS);
    tell(driver, 99);
    driver.wait(AGREE_MS);
    expect(tell(driver, 99.5)).toEqual([]);
  });
});

describe("the price of liquidation that we reckon where the venue tells none (AC20)", () => {
  /** All but so many USDT are taken out. */
  function leave(driver: CoreDriver, usdt: number): void {
    const { walletE8 } = driver.core.holdings.portfolio;
    const amountE8 = numberToE8(usdt) - walletE8;
    const income = {
      incomeId: "out",
      type: "transfer",
      symbolId: null,
      amountE8,
      timeMs: driver.nowMs,
    } as const;
    driver.put({ type: "income", income });
  }

  it("lies where the wallet is used up to the maintenance margin: near the stop nothing is entered, inside it is left", () => {
    const near = guarded();
    leave(near, 62);
    tell(near, null);
    expect(near.states.at(-1)).toBe("REDUCING liquidation-near");
    expect(near.core.holdings.trades.size).toBe(1);
    const inside = guarded();
    leave(inside, 50);
    expect(tell(inside, 0)).toEqual([]);
    inside.wait(AGREE_MS);
    expect(tell(inside, 0)).toEqual(["cancel target"]);
  });

  it("is not reckoned from a wallet that nobody can explain", () => {
    const driver = guarded();
    leave(driver, 50);
    driver.core.holdings.isWalletDoubtful = true;
    tell(driver, null);
    expect(driver.states.at(-1) ?? "").not.toContain("liquidation-near");
  });

  it("is the simulated venue's, for any account of two symbols", () => {
    const rng = new Rng(7);
    let told = 0;
    for (let run = 0; run < 200; run++) {
      const { exchange, holdings } = randomAccount(rng);
      for (const { symbolId: id, liquidationPriceE8 } of exchange.positions()) {
        const own = liquidationPrice(holdings, id);
        const venues = liquidationPriceE8 === null ? null : e8ToNumber(liquidationPriceE8);
        told += Number(venues !== null);
        const isBoth = own !== null && venues !== null;
        expect(isBoth ? own / venues : Number(own === venues)).toBeCloseTo(1, 4);
      }
    }
    expect(told).toBeGreaterThan(50);
  });
});

/** Two symbols near 100 bought or sold at random, cross; a venue with one bracket, and books of the same trades. */
function randomAccount(rng: Rng): { readonly exchange: SimExchange; readonly holdings: Holdings } {
  const walletE8 = numberToE8(100 + rng.int(1_000));
  const exchange = new SimExchange({ ...SIM_EXCHANGE_DEFAULTS, walletE8 });
  const { trading } = optionsOf({}, { startWalletE8: walletE8 });
  if (trading === undefined) throw new Error("it trades");
  const holdings = new Holdings(trading);
  const rules = rulesOf();
  const fees = { takerRatio: 0, makerRatio: 0 };
  const ratio = String(trading.risk.maintMarginRatioDefault);
  const brackets = new Brackets([["0", "100000000", ratio, "0", "20"]]);
  for (const id of [symbolId(0), symbolId(1)]) {
    exchange.list(id, { ...venueRulesAround(rules), brackets }, fees);
    holdings.addSymbol(id, { symbol: `S${id}`, rules, fees });
    const print = { timeMs: 1, lastE8: numberToE8(100), markE8: numberToE8(100) };
    exchange.print(id, print);
    const qtyE8 = BigInt(1 + rng.int(90)) * rules.stepE8;
    const side = rng.chance(0.5) ? 1 : -1;
    const wish = {
      symbolId: id,
      clientOrderId: `o${id}`,
      side,
      type: "MARKET",
      timeInForce: "GTC",
      qtyE8,
    } as const;
    exchange.place({ ...wish, priceE8: 0n, isReduceOnly: false, selfTradePrevention: "EXPIRE_MAKER" }, 1);
    const markE8 = numberToE8(99 + rng.int(3));
    exchange.print(id, { timeMs: 2, lastE8: markE8, markE8 });
    for (const { tradeId, clientOrderId, priceE8, qtyE8: filledE8, timeMs } of exchange.trades(id, 0))
      holdings.portfolio.applyFill({
        tradeId,
        clientOrderId,
        symbolId: id,
        side,
        priceTicks: priceTicks(Number(priceE8 / rules.tickE8)),
        qtySteps: qtySteps(Number(filledE8 / rules.stepE8)),
        feeE8: 0n,
        isMaker: false,
        timeMs,
      });
    holdings.portfolio.mark(id, markE8);
  }
  return { exchange, holdings };
}
