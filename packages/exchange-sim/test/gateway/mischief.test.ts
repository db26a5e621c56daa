import type { Outcome } from "@smcq/exchange";
import { ManualClock, parseE8 } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import {
  Mischief,
  type MischiefSettings,
  NO_MISCHIEF,
  SIM_EXCHANGE_DEFAULTS,
  SimExchange,
  SimGateway,
  venueRules,
} from "../../src/index.ts";
import { A, BRACKETS, FEES, SYMBOL } from "../support/path-venue.ts";

const START_MS = 1_000_000;
const ALWAYS = 1;

/** A gateway on whose way these faults strike, and what was heard through it. */
function gatewayWith(faults: Partial<MischiefSettings>) {
  const clock = new ManualClock(START_MS);
  const exchange = new SimExchange({ ...SIM_EXCHANGE_DEFAULTS, walletE8: parseE8("2000") });
  const mischief = new Mischief(1, { ...NO_MISCHIEF, ...faults });
  const latency = { outMs: 20, backMs: 20, jitterMs: 0 };
  const gateway = new SimGateway({ exchange, clock, latency, seed: 1, mischief });
  exchange.list(A, venueRules(SYMBOL, BRACKETS), FEES);
  const words: string[] = [];
  gateway.listen({
    onOrder: ({ clientOrderId, status }) => words.push(`${clientOrderId} ${status}`),
    onIncome: ({ type }) => words.push(type),
    onLeverage: (_, leverage) => words.push(`leverage ${leverage}`),
    onStream: (isLive) => words.push(isLive ? "live" : "dark"),
  });
  const outcomes: Outcome[] = [];
  const settle = (): void => {
    for (let due = clock.nextDueMs; due !== null; due = clock.nextDueMs) clock.advanceTo(due);
  };
  return {
    clock,
    exchange,
    gateway,
    mischief,
    words,
    outcomes,
    settle,
    setLeverage: (leverage: number) => {
      gateway.setLeverage(A, leverage, (outcome) => outcomes.push(outcome));
      settle();
    },
  };
}

describe("Mischief on a call", () => {
  it("does it, and tells nobody or that nobody knows", () => {
    const { exchange, outcomes, setLeverage } = gatewayWith({ doneUntold: ALWAYS });
    for (let leverage = 2; leverage < 12; leverage++) {
      setLeverage(leverage);
      expect(exchange.settings(A).leverage).toBe(leverage);
    }
    expect(new Set(outcomes.map(({ type }) => type))).toEqual(new Set(["unknown"]));
    expect(outcomes.length).toBeLessThan(10);
  });

  it("lets it never arrive", () => {
    const { exchange, setLeverage } = gatewayWith({ neverArrived: ALWAYS });
    const before = exchange.settings(A).leverage;
    setLeverage(before + 1);
    expect(exchange.settings(A).leverage).toBe(before);
  });

  it("lets it arrive late", () => {
    const { clock, exchange, setLeverage } = gatewayWith({ late: ALWAYS });
    setLeverage(7);
    expect(exchange.settings(A).leverage).toBe(7);
    expect(clock.nowMs()).toBeGreaterThan(START_MS + 40);
  });

  it("refuses it, and the venue has heard of nothing", () => {
    const { exchange, outcomes, setLeverage } = gatewayWith({ refused: ALWAYS });
    const before = exchange.settings(A).leverage;
    setLeverage(before + 1);
    expect(outcomes).toMatchObject([{ type: "refused", code: "SETTING_REFUSED" }]);
    expect(exchange.settings(A).leverage).toBe(before);
  });

  it("lets the reply come after the stream's word", () => {
    const { words, gateway, settle } = gatewayWith({ slowReply: ALWAYS });
    gateway.setLeverage(A, 7, () => words.push("reply"));
    settle();
    expect(words).toEqual(["live", "leverage 7", "reply"]);
  });
});

describe("Mischief on the stream", () => {
  it.each([
    ["lets a word come twice", { doubled: ALWAYS }, ["leverage 7", "leverage 7"]],
    ["loses a word", { wordLost: ALWAYS }, []],
  ] as const)("%s", (_, faults, told) => {
    const { words, setLeverage } = gatewayWith(faults);
    setLeverage(7);
    expect(words.slice(1)).toEqual(told);
  });

  it("lets words overtake each other", () => {
    const { words, gateway, settle } = gatewayWith({ overtaken: ALWAYS });
    const sent = Array.from({ length: 10 }, (__, index) => index + 2);
    for (const leverage of sent) gateway.setLeverage(A, leverage, () => {});
    settle();
    expect(words.slice(1).sort()).toEqual(sent.map((leverage) => `leverage ${leverage}`).sort());
    expect(words.slice(1)).not.toEqual(sent.map((leverage) => `leverage ${leverage}`));
  });

  it("is silent where it is cut, and says so; longer cuts contain shorter ones", () => {
    const { clock, words, gateway, setLeverage } = gatewayWith({});
    gateway.cut(5_000);
    gateway.cut(1_000);
    clock.advance(2_000);
    gateway.setLeverage(A, 7, () => {});
    clock.advance(2_900);
    expect(words).toEqual(["live", "dark"]);
    clock.advance(200);
    setLeverage(8);
    expect(words).toEqual(["live", "dark", "live", "leverage 8"]);
  });
});

describe("Mischief on a question", () => {
  it("answers that it failed, or less than is so, and the truth once all is calm", () => {
    const { gateway, mischief, settle } = gatewayWith({ badAnswer: 0.9 });
    const seen = new Set<string>();
    const ask = (): void => {
      gateway.ask({ type: "wallet" }, (answer) =>
        seen.add(answer.type === "wallet" ? String(answer.walletE8) : answer.type),
      );
      settle();
    };
    for (let index = 0; index < 100; index++) ask();
    expect(seen).toEqual(new Set(["failed", "0", "200000000000"]));
    seen.clear();
    mischief.set(NO_MISCHIEF);
    for (let index = 0; index < 100; index++) ask();
    expect(seen).toEqual(new Set(["200000000000"]));
  });
});
