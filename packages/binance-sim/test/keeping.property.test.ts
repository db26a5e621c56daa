import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startAccount } from "../src/account-start.ts";
import { resolveOptions, type SimSettings } from "../src/options.ts";
import type { TradingSettings } from "../src/trading/options.ts";
import { KEPT_SYMBOLS, KeptVenue } from "./support/kept-venue.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_126);
const LIVES = 3;
const ACTS = 70;
console.log(`seed ${SEED} (set SMCQ_SEED to repeat)`);
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-kept-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** An amount of a symbol that is worth so much, and a price so far from the last one, as texts. */
function wordsOf(
  venue: KeptVenue,
  symbol: string,
  usdt: number,
  share: number,
): { qty: string; price: string } {
  const { qtyPlaces, rules } = venue.half.desk.symbol(symbol);
  const last = Number(venue.lastE8(symbol)) / 1e8;
  const tick = Number(rules.tickE8) / 1e8;
  const price = (Math.round((last * share) / tick) * tick).toFixed(8).replace(/\.?0+$/, "");
  return { qty: (usdt / last).toFixed(qtyPlaces), price };
}

/** What one act is made of: drawn beforehand, so that two venues that stand alike do the same. */
interface Draw {
  readonly kind: number;
  readonly symbol: string;
  readonly side: "BUY" | "SELL";
  readonly usdt: number;
  readonly share: number;
  readonly isClosing: boolean;
  readonly ms: number;
  readonly id: string;
  readonly count: number;
}

function draw(rng: Rng, count: number): Draw {
  return {
    kind: rng.int(24),
    symbol: KEPT_SYMBOLS[rng.int(KEPT_SYMBOLS.length)] ?? "BTCUSDT",
    side: rng.chance(0.5) ? "BUY" : "SELL",
    usdt: rng.chance(0.05) ? 40_000 : 200 + rng.int(6000),
    share: 0.996 + 0.008 * rng.next(),
    isClosing: rng.chance(0.4),
    ms: rng.chance(0.1) ? rng.int(5 * 3_600_000) : rng.int(90_000),
    id: `c${rng.chance(0.2) ? rng.int(count + 1) : count}`,
    count,
  };
}

function buy(venue: KeptVenue, symbol: string, usdt: number): void {
  const { qty: quantity } = wordsOf(venue, symbol, usdt, 1);
  const told = venue.call("POST /fapi/v1/order", { symbol, side: "BUY", type: "MARKET", quantity });
  expect(told).toContain('"orderId"');
}

/** One thing that a client, the venue or the time does; what was answered. */
function act(venue: KeptVenue, drawn: Draw): string {
  const { kind, symbol, count, ms } = drawn;
  const { exchange, nowMs } = venue.half.desk;
  if (kind < 11) return order(venue, drawn);
  if (kind === 11) return venue.call("DELETE /fapi/v1/order", { symbol, origClientOrderId: drawn.id });
  if (kind === 12 && count % 4 === 0) return venue.call("DELETE /fapi/v1/allOpenOrders", { symbol });
  if (kind === 13) return amend(venue, drawn);
  if (kind === 14) return setting(venue, drawn);
  if (kind === 15)
    return venue.call("POST /fapi/v1/countdownCancelAll", { symbol, countdownTime: 1000 + (ms % 60_000) });
  if (kind === 16) {
    const amountE8 = BigInt((count % 40) - 20) * 100_000_000n;
    return String(venue.half.desk.act(() => exchange.transfer(amountE8, nowMs)).type);
  }
  venue.advance(ms);
  return "";
}

function order(venue: KeptVenue, { kind, symbol, usdt, share, ...drawn }: Draw): string {
  const { qty, price } = wordsOf(venue, symbol, usdt, share);
  const { id } = venue.half.desk.symbol(symbol);
  const heldE8 = venue.half.desk.exchange.positions().find(({ symbolId }) => symbolId === id)?.qtyE8 ?? 0n;
  const reduceOnly = drawn.isClosing && heldE8 !== 0n;
  const side = reduceOnly ? (heldE8 > 0n ? "SELL" : "BUY") : drawn.side;
  const isAbove = share > 1;
  if (kind < 3)
    return venue.call("POST /fapi/v1/order", {
      symbol,
      side,
      quantity: qty,
      reduceOnly,
      type: "MARKET",
      newClientOrderId: drawn.id,
    });
  if (kind < 8) {
    // Most of them wait.
    const [resting, quantity] = [reduceOnly ? side : isAbove ? "SELL" : "BUY", qty];
    const limit = { type: "LIMIT", timeInForce: "GTC", price, newClientOrderId: drawn.id };
    return venue.call("POST /fapi/v1/order", { symbol, side: resting, quantity, reduceOnly, ...limit });
  }
  const type = isAbove === (side === "BUY") ? "STOP_MARKET" : "TAKE_PROFIT_MARKET";
  const workingType = drawn.count % 3 === 0 ? "MARK_PRICE" : "CONTRACT_PRICE";
  const amount = kind === 10 ? { closePosition: true } : { quantity: qty, reduceOnly };
  const algo = { algoType: "CONDITIONAL", triggerPrice: price, clientAlgoId: drawn.id, workingType, type };
  return venue.call("POST /fapi/v1/algoOrder", { symbol, side, ...algo, ...amount });
}

function amend(venue: KeptVenue, { usdt, share }: Draw): string {
  const { exchange } = venue.half.desk;
  const [open] = exchange.openOrders();
  if (open === undefined) return "nothing waits";
  const { symbol } = venue.half.desk.known(open.symbolId);
  const side = open.side > 0 ? "BUY" : "SELL";
  const { qty: quantity, price } = wordsOf(
    venue,
    symbol,
    usdt,
    open.side > 0 ? share - 0.004 : share + 0.004,
  );
  return venue.call("PUT /fapi/v1/order", { symbol, orderId: open.orderId, side, quantity, price });
}

function setting(venue: KeptVenue, { symbol, side, count }: Draw): string {
  if (count % 3 === 0) return venue.call("POST /fapi/v1/leverage", { symbol, leverage: 5 + (count % 16) });
  const { id } = venue.half.desk.symbol(symbol);
  if (venue.half.desk.exchange.settings(id).marginType === "isolated" && count % 3 === 1)
    return venue.call("POST /fapi/v1/positionMargin", {
      symbol,
      amount: "1.5",
      type: side === "BUY" ? 1 : 2,
    });
  // It can be changed where nothing is held or waits alone.
  const isCross = venue.half.desk.exchange.settings(id).marginType === "cross";
  return venue.call("POST /fapi/v1/marginType", { symbol, marginType: isCross ? "ISOLATED" : "CROSSED" });
}

/** Something that any venue takes, so that what was done before is written: nothing is kept of a market that stands still. */
function seal(venue: KeptVenue): string {
  const isBurnt = venue.call("GET /fapi/v1/feeBurn").includes("true");
  venue.half.desk.exchange.keeping.writeMarkets();
  return venue.call("POST /fapi/v1/feeBurn", { feeBurn: !isBurnt });
}

describe("an account that is kept", () => {
  it.each([0, 1, 2])(
    "answers after a kill as before, and goes on as one that was never killed (seed + %i)",
    (offset) => {
      const rng = new Rng(SEED + offset);
      const never = new KeptVenue(null);
      let killed = new KeptVenue(folder);
      for (let life = 0; life < LIVES; life++) {
        for (let count = 0; count < ACTS; count++) {
          const drawn = draw(rng, life * ACTS + count);
          const [told, wanted] = [act(killed, drawn), act(never, drawn)];
          expect(told, `act ${count} of life ${life}`).toBe(wanted);
        }
        const restMs = rng.int(900);
        for (const venue of [killed, never]) {
          venue.pass(restMs);
          seal(venue);
        }
        // A venue that comes back ticks before it answers.
        never.advance(0);
        const before = never.answers();
        killed = new KeptVenue(folder);
        expect(killed.start?.text).toContain("the account goes on");
        expect(killed.nowMs).toBe(never.nowMs);
        expect(killed.answers()).toEqual(before);
      }
      const { exchange } = never.half.desk;
      expect(exchange.income(0).length).toBeGreaterThan(50);
    },
  );

  it("goes on in the midst of what a turn does: each position pays a funding time once", () => {
    const never = new KeptVenue(null);
    const killed = new KeptVenue(folder);
    for (const venue of [never, killed]) {
      for (const symbol of KEPT_SYMBOLS) buy(venue, symbol, 2000);
      venue.advance(9 * 3_600_000);
    }
    const file = join(folder, "account.jsonl");
    const lines = readFileSync(file, "utf8").split("\n");
    const first = lines.findIndex((line) => line.includes('"funded"'));
    expect(lines.filter((line) => line.includes('"funded"')).length).toBeGreaterThan(2);
    writeFileSync(file, `${lines.slice(0, first + 1).join("\n")}\n`);
    const again = new KeptVenue(folder, killed.nowMs);
    const paid = (venue: KeptVenue): readonly string[] =>
      venue.half.desk.exchange
        .income(0)
        .filter(({ type }) => type === "funding")
        .map(({ symbolId, amountE8, timeMs }) => `${String(symbolId)} ${timeMs} ${amountE8}`)
        .toSorted();
    expect(paid(again)).toEqual(paid(never));
  });

  it.each([0])("lives the time that it has missed: what was passed has fired (seed + %i)", (offset) => {
    const rng = new Rng(SEED + offset);
    const never = new KeptVenue(null);
    const killed = new KeptVenue(folder);
    for (let count = 0; count < ACTS; count++) {
      const drawn = draw(rng, count);
      for (const venue of [never, killed]) act(venue, drawn);
    }
    for (const venue of [never, killed]) {
      buy(venue, "AVAXUSDT", 400);
      const { price: triggerPrice } = wordsOf(venue, "AVAXUSDT", 400, 0.9993);
      const stop = { symbol: "AVAXUSDT", side: "SELL", type: "STOP_MARKET", algoType: "CONDITIONAL" };
      const told = venue.call("POST /fapi/v1/algoOrder", { ...stop, triggerPrice, quantity: 30 });
      expect(told).toContain("algoId");
    }
    const before = never.half.desk.history.tradeCount;
    for (let step = 0; step < 2 * 3600; step++) never.advance(1000);
    const again = new KeptVenue(folder, never.nowMs);
    expect(again.answers()).toEqual(never.answers());
    expect(again.half.desk.history.tradeCount).toBeGreaterThan(before);
  });

  it("keeps a waiting order as it was cut with its position, and a margin type that was set while nothing moved", () => {
    const venue = new KeptVenue(folder);
    buy(venue, "BTCUSDT", 4000);
    const { price, qty } = wordsOf(venue, "BTCUSDT", 4000, 1.03);
    const reducing = { symbol: "BTCUSDT", side: "SELL", reduceOnly: true };
    const limit = { type: "LIMIT", timeInForce: "GTC", price, quantity: qty };
    expect(venue.call("POST /fapi/v1/order", { ...reducing, ...limit })).toContain('"NEW"');
    const half = wordsOf(venue, "BTCUSDT", 2000, 1).qty;
    venue.call("POST /fapi/v1/order", { ...reducing, type: "MARKET", quantity: half });
    expect(venue.half.desk.exchange.openOrders()[0]?.executedE8).toBe(0n);
    venue.call("POST /fapi/v1/leverage", { symbol: "AVAXUSDT", leverage: 7 });
    venue.call("POST /fapi/v1/marginType", { symbol: "AVAXUSDT", marginType: "ISOLATED" });
    const again = new KeptVenue(folder);
    expect(again.half.desk.exchange.openOrders()).toEqual(venue.half.desk.exchange.openOrders());
    expect(again.answers()).toEqual(venue.answers());
  });

  it("fills a large order in the parts that the minute allows, right after a kill too", () => {
    const [never, killed] = [new KeptVenue(null), new KeptVenue(folder)];
    for (const venue of [never, killed]) {
      venue.call("POST /fapi/v1/leverage", { symbol: "XLMUSDT", leverage: 20 });
      venue.advance(30_000);
      seal(venue);
      buy(venue, "XLMUSDT", 500);
    }
    const again = new KeptVenue(folder);
    for (const venue of [never, again]) buy(venue, "XLMUSDT", 90_000);
    expect(never.half.desk.history.tradeCount).toBeGreaterThan(3);
    expect(again.answers()).toEqual(never.answers());
  });

  it("begins a new account on another market, after the data, or when asked to, and puts the old one aside", () => {
    const venue = new KeptVenue(folder);
    buy(venue, "BTCUSDT", 1000);
    const settings = resolveOptions({
      symbols: 8,
      trading: { keys: [{ key: "k", type: "hmac", secret: "s" }], folder },
    });
    const file = join(folder, "account.jsonl");
    const text = readFileSync(file, "utf8");
    expect(startAccount(folder, settings).time).not.toBeNull();
    const others: readonly (readonly [SimSettings, RegExp])[] = [
      [{ ...settings, seed: 2 }, /belongs to another market/],
      [{ ...settings, symbols: 9 }, /belongs to another market/],
      [{ ...settings, trading: { ...(settings.trading as TradingSettings), isFresh: true } }, /as asked/],
    ];
    others.forEach(([other, why], index) => {
      writeFileSync(file, text);
      const start = startAccount(folder, other);
      expect(start.text).toMatch(why);
      expect(start.time).toBeNull();
      expect(readFileSync(join(folder, `account.${index + 1}.jsonl`), "utf8")).toBe(text);
    });
    writeFileSync(file, text.replaceAll(/^\[\d+/gm, "[9999999999999"));
    expect(startAccount(folder, settings).text).toMatch(/data of the one before have ended/);
    expect(startAccount(folder, settings).text).toBe("a new account begins");
    // The speed is no part of the market.
    writeFileSync(file, text);
    expect(startAccount(folder, { ...settings, speed: 7 }).time).not.toBeNull();
  });

  it("loses nothing that was answered, at whatever byte a write was cut", () => {
    const rng = new Rng(SEED);
    const venue = new KeptVenue(folder);
    const file = join(folder, "account.jsonl");
    const kept: { bytes: number; state: string }[] = [];
    const stateOf = (one: KeptVenue): string => {
      const { exchange } = one.half.desk;
      const state = [exchange.walletE8(), exchange.openOrders(), exchange.openAlgos(), exchange.income(0)];
      return JSON.stringify(state, (_key, item: unknown) => (typeof item === "bigint" ? String(item) : item));
    };
    for (let count = 0; count < ACTS; count++) {
      act(venue, draw(rng, count));
      seal(venue);
      kept.push({ bytes: readFileSync(file).length, state: stateOf(venue) });
    }
    const whole = join(folder, "whole");
    copyFileSync(file, whole);
    for (let cut = 0; cut < 25; cut++) {
      const at = rng.int(kept.length - 1);
      const [one, next] = [kept[at], kept[at + 1]];
      if (one === undefined || next === undefined) continue;
      copyFileSync(whole, file);
      truncateSync(file, one.bytes);
      expect(stateOf(new KeptVenue(folder))).toBe(one.state);
      if (next.bytes === one.bytes) continue;
      // A line that was being written: all calls before it stand.
      copyFileSync(whole, file);
      const full = readFileSync(whole);
      const lineEnd = full.indexOf(10, one.bytes);
      truncateSync(file, one.bytes + rng.int(lineEnd - one.bytes));
      expect(stateOf(new KeptVenue(folder))).toBe(one.state);
    }
  });

  it("refuses a file that says something else, and leaves it alone", () => {
    const venue = new KeptVenue(folder);
    seal(venue);
    const file = join(folder, "account.jsonl");
    appendFileSync(file, "no JSON\n[1,1,[]]\n");
    const before = readFileSync(file, "utf8");
    expect(() => new KeptVenue(folder)).toThrow(/no account that can be read: line \d+/);
    expect(readFileSync(file, "utf8")).toBe(before);
  });
});
