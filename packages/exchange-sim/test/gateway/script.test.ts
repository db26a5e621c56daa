import type { AccountAnswer, AccountQuery } from "@smcq/exchange";
import { ManualClock, parseE8, symbolId } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { parseScriptedFault } from "../../src/gateway/script.ts";
import {
  FaultScript,
  type ScriptedFault,
  SIM_EXCHANGE_DEFAULTS,
  SimExchange,
  SimGateway,
  venueRules,
} from "../../src/index.ts";
import { A, BRACKETS, FEES, SYMBOL } from "../support/path-venue.ts";

const START_MS = 1_000_000;

/** A gateway with these faults on its way, and what was heard through it. */
function gatewayWith(...faults: readonly ScriptedFault[]) {
  const clock = new ManualClock(START_MS);
  const exchange = new SimExchange({ ...SIM_EXCHANGE_DEFAULTS, walletE8: parseE8("2000") });
  const script = new FaultScript(clock);
  for (const fault of faults) script.add(fault);
  const latency = { outMs: 20, backMs: 20, jitterMs: 0 };
  const gateway = new SimGateway({ exchange, clock, latency, seed: 1, mischief: script });
  exchange.list(A, venueRules(SYMBOL, BRACKETS), FEES);
  exchange.print(A, { timeMs: START_MS, lastE8: parseE8("100"), markE8: parseE8("100") });
  const words: string[] = [];
  gateway.listen({
    onOrder: ({ clientOrderId, status }) =>
      words.push(`${clock.nowMs() - START_MS} ${clientOrderId} ${status}`),
    onIncome: ({ type }) => words.push(`${clock.nowMs() - START_MS} ${type}`),
    onLeverage: (_, leverage) => words.push(`${clock.nowMs() - START_MS} leverage ${leverage}`),
    onStream: () => {},
  });
  const settle = (): void => {
    for (let due = clock.nextDueMs; due !== null; due = clock.nextDueMs) clock.advanceTo(due);
  };
  const outcomes: string[] = [];
  const setLeverage = (leverage: number): void => {
    gateway.setLeverage(A, leverage, ({ type }) => outcomes.push(`${clock.nowMs() - START_MS} ${type}`));
    settle();
  };
  const ask = (query: AccountQuery): AccountAnswer => {
    const answers: AccountAnswer[] = [];
    gateway.ask(query, (answer) => answers.push(answer));
    settle();
    return answers[0] as AccountAnswer;
  };
  /** A person buys 1. */
  const buy = (clientOrderId: string): void => {
    const wish = { symbolId: A, clientOrderId, side: 1, type: "MARKET", timeInForce: "GTC" } as const;
    const size = { qtyE8: parseE8("1"), priceE8: 0n, isReduceOnly: false } as const;
    exchange.place({ ...wish, ...size, selfTradePrevention: "EXPIRE_MAKER" }, clock.nowMs());
    settle();
  };
  return { clock, exchange, script, words, outcomes, settle, setLeverage, ask, buy };
}

describe("a scripted fault on calls", () => {
  it("strikes once where it says nothing else, and what it strikes is done or not", () => {
    const untold = gatewayWith({ fault: "call-done-untold", on: "setting" });
    untold.setLeverage(5);
    expect(untold.exchange.settings(A).leverage).toBe(5);
    untold.setLeverage(6);
    expect(untold.outcomes).toEqual(["1540 unknown", "1580 acked"]);
    const lost = gatewayWith({ fault: "call-never-arrives", on: "setting", reply: "lost", times: 2 });
    for (const leverage of [5, 6, 7]) lost.setLeverage(leverage);
    expect(lost.outcomes).toEqual(["40 acked"]);
    expect(lost.exchange.settings(A).leverage).toBe(7);
  });

  it("is carried out late, replied to late, or refused on the way", () => {
    const late = gatewayWith({ fault: "call-late", on: "setting", lateMs: 900 });
    late.setLeverage(5);
    expect(late.words).toEqual(["940 leverage 5"]);
    const slow = gatewayWith({ fault: "reply-late", on: "setting", lateMs: 900 });
    slow.setLeverage(5);
    expect([...slow.words, ...slow.outcomes]).toEqual(["40 leverage 5", "940 acked"]);
    const refused = gatewayWith({ fault: "call-refused", on: "setting", code: "SETTING_REFUSED" });
    refused.setLeverage(5);
    expect([...refused.words, ...refused.outcomes]).toEqual(["40 refused"]);
  });

  it("lasts as long as it says, and strikes its own symbol alone", () => {
    const other = gatewayWith({ fault: "call-refused", on: "setting", code: "SETTING_REFUSED", symbol: 1 });
    other.setLeverage(5);
    expect(other.outcomes).toEqual(["40 acked"]);
    const timed = gatewayWith({ fault: "call-refused", on: "setting", code: "SETTING_REFUSED", forMs: 100 });
    for (const leverage of [5, 6, 7, 8]) timed.setLeverage(leverage);
    expect(timed.outcomes).toEqual(["40 refused", "80 refused", "120 refused", "160 acked"]);
  });
});

describe("a scripted fault on words", () => {
  it("loses, doubles or delays those that it is about", () => {
    const faults = [
      { fault: "word-lost", about: "order", status: "new" },
      { fault: "word-doubled", about: "fill", lateMs: 300 },
    ] as const;
    const { words, buy } = gatewayWith(...faults);
    buy("web");
    expect(words).toEqual(["20 web filled", "320 web filled"]);
    const late = gatewayWith({ fault: "word-late", about: "any", lateMs: 500, times: 2 });
    late.buy("web");
    expect(late.words).toEqual(["520 web new", "520 web filled"]);
  });
});

describe("a scripted fault on answers", () => {
  it("lets them fail, come empty, reversed, late, or without what is young", () => {
    const trades = { type: "trades", symbolId: A, sinceMs: 0 } as const;
    const world = gatewayWith();
    world.buy("a");
    world.buy("b");
    const idsOf = (answer: AccountAnswer): readonly string[] =>
      answer.type === "trades" ? answer.fills.map(({ clientOrderId }) => clientOrderId) : [answer.type];
    expect(idsOf(world.ask(trades))).toEqual(["a", "b"]);
    world.script.add({ fault: "answer-failed", to: "any" });
    expect(idsOf(world.ask(trades))).toEqual(["failed"]);
    world.script.add({ fault: "answer-empty", to: "trades" });
    expect(idsOf(world.ask(trades))).toEqual([]);
    world.script.add({ fault: "answer-reversed", to: "trades" });
    expect(idsOf(world.ask(trades))).toEqual(["b", "a"]);
    world.script.add({ fault: "answer-lagging", to: "trades", lagMs: 205 });
    expect(idsOf(world.ask(trades))).toEqual(["a"]);
    world.script.add({ fault: "answer-late", to: "trades", lateMs: 700 });
    const before = world.clock.nowMs();
    world.ask(trades);
    expect(world.clock.nowMs() - before).toBe(740);
  });

  it("lets them say what was, or what is not", () => {
    const world = gatewayWith({ fault: "answer-frozen", to: "positions", forMs: 1_000 });
    const held = (): unknown => {
      const answer = world.ask({ type: "positions" });
      return answer.type === "positions" ? answer.positions.map(({ qtySteps }) => qtySteps) : answer;
    };
    expect(held()).toEqual([]);
    world.buy("a");
    expect(held()).toEqual([]);
    world.clock.advanceTo(START_MS + 1_000);
    expect(held()).toEqual([10]);
    const order = { type: "order", symbolId: A, clientOrderId: "a", isAlgo: false } as const;
    world.script.add({ fault: "order-absent" });
    expect(world.ask(order)).toMatchObject({ update: null });
    world.script.add({ fault: "order-expired-empty" });
    expect(world.ask(order)).toMatchObject({ update: { status: "expired", cumQtySteps: 0 } });
    world.script.add({ fault: "wallet-is", wallet: "0" });
    expect(world.ask({ type: "wallet" })).toMatchObject({ walletE8: 0n });
    world.script.add({ fault: "entry-price-zero" });
    expect(world.ask({ type: "positions" })).toMatchObject({ positions: [{ entryPriceE8: 0n }] });
    expect(world.ask({ type: "positions" })).not.toMatchObject({ positions: [{ entryPriceE8: 0n }] });
  });

  it("ends with all others when nothing is to go wrong any more", () => {
    const world = gatewayWith({ fault: "answer-failed", to: "any", forMs: 60_000 });
    expect(world.ask({ type: "wallet" }).type).toBe("failed");
    world.script.clear();
    expect(world.ask({ type: "wallet" }).type).toBe("wallet");
  });
});

describe("the text of a scripted fault", () => {
  it("is read as it is, and refused where anything is unknown, missing or of another kind", () => {
    const fault = { fault: "call-refused", on: "stop", code: "FORM_REFUSED", form: "quantity", forMs: 10 };
    expect(parseScriptedFault(fault)).toEqual(fault);
    for (const [wrong, text] of [
      [{ fault: "call-doubled" }, /is no scripted fault; known are/],
      [{ fault: "call-refused", on: "stop" }, /needs "code"/],
      [{ ...fault, form: "round" }, /"form" is "round"/],
      [{ ...fault, code: "NO" }, /"code" is "NO"/],
      [{ ...fault, forMs: "10" }, /"forMs" is "10"/],
      [{ ...fault, lateMs: 10 }, /knows no "lateMs"/],
    ] as const)
      expect(() => parseScriptedFault(wrong)).toThrow(text);
  });

  it("strikes a stop of the form that it names", () => {
    const clock = new ManualClock(0);
    const script = new FaultScript(clock);
    script.add({ fault: "call-refused", on: "stop", code: "FORM_REFUSED", form: "quantity", times: 0 });
    const stop = { kind: "stop", symbolId: symbolId(0) } as const;
    expect(script.call({ ...stop, isClosePosition: false }).refusal).toBe("FORM_REFUSED");
    expect(script.call({ ...stop, isClosePosition: true }).refusal).toBeNull();
  });
});
