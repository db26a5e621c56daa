import { e8Text, parseE8 } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { OrderNames } from "../../src/trading/account/order-names.ts";
import { type Word, WordReader } from "../../src/trading/account/words.ts";
import { type FixtureLine, fixtureLines, recordedSymbols } from "../support/words.ts";

const LINES = fixtureLines("user-data.jsonl", "event");

type OrderWord = Extract<Word, { type: "order" }>;
interface Raw {
  readonly e: string;
  readonly o: Readonly<Record<string, string | number | boolean | null>>;
}

const reader = (): WordReader => new WordReader(recordedSymbols, new OrderNames());
const isOrder = (word: Word): word is OrderWord => word.type === "order";
const idOf = (text: string, field: string): string =>
  new RegExp(`[{,]"${field}":"?(\\d+)`).exec(text.slice(text.indexOf('"o":{')))?.[1] ?? "";
const plain = (text: string | number | boolean | null | undefined): bigint => parseE8(String(text ?? "0"));
const kindOf = ({ value }: FixtureLine): string => (value as Raw).e;
const ORDER_EVENTS: ReadonlySet<string> = new Set(["ORDER_TRADE_UPDATE", "ALGO_UPDATE"]);

/** A word in short: id, status, sum, trade. */
function short(word: Word): string {
  if (word.type !== "order") return word.type === "none" ? `- ${word.reason}` : word.type;
  const { update, deal, commission } = word;
  const trade =
    deal === null
      ? ""
      : ` ${deal.side > 0 ? "+" : "-"}${deal.qtySteps}@${deal.priceTicks} ${e8Text(commission.amountE8)} ${commission.asset}`;
  return `${update.clientOrderId} ${update.status} ${update.cumQtySteps}${trade}`;
}

const story = (name: string): readonly string[] => {
  const own = reader();
  return LINES.filter((line) => line.name.startsWith(`${name} `)).map(({ value }) => short(own.read(value)));
};

describe("every recorded event", () => {
  const orders = LINES.filter((line) => ORDER_EVENTS.has(kindOf(line)));
  const others = LINES.filter((line) => !ORDER_EVENTS.has(kindOf(line)));

  it.each(others.map((line) => [line.name, line] as const))("%s says nothing of an order", (_, { value }) => {
    expect(reader().read(value).type).toBe("none");
  });

  it.each(orders.map((line) => [line.name, line] as const))(
    "%s is read without loss",
    (_, { text, value }) => {
      const word = reader().read(value);
      const { e, o } = value as Raw;
      const symbol = recordedSymbols.bySymbol(String(o["s"]));
      const isChild = e === "ORDER_TRADE_UPDATE" && o["si"] !== 0;
      const isTold = symbol !== null && (!isChild || o["l"] !== "0");
      expect(isOrder(word)).toBe(isTold);
      if (!isOrder(word) || symbol === null) return;
      const { stepE8, tickE8 } = symbol.rules;
      const { update, deal, commission } = word;
      expect(update.clientOrderId).toBe(o[e === "ALGO_UPDATE" ? "caid" : "c"]);
      expect(BigInt(update.cumQtySteps) * stepE8).toBe(plain(o[e === "ALGO_UPDATE" ? "aq" : "z"]));
      const hasTrade = ["TRADE", "CALCULATED"].includes(String(o["x"])) && plain(o["l"]) > 0n;
      expect(deal !== null).toBe(hasTrade);
      if (deal === null) return;
      expect(deal.tradeId).toBe(idOf(text, "t"));
      expect(BigInt(deal.qtySteps) * stepE8).toBe(plain(o["l"]));
      expect(BigInt(deal.priceTicks) * tickE8).toBe(plain(o["L"]));
      expect(commission).toEqual({ asset: o["N"] ?? "USDT", amountE8: plain(o["n"]) });
      expect([deal.side, deal.isMaker, deal.timeMs]).toEqual([o["S"] === "BUY" ? 1 : -1, o["m"], o["T"]]);
    },
  );
});

describe("a recorded sequence", () => {
  it("tells a market order", () => {
    expect(story("lean/WebSocketFutureMarketSubmittedFilled")).toEqual([
      "nOVzgnvTSGAbIWUtqT8yBT new 0",
      "nOVzgnvTSGAbIWUtqT8yBT filled 800 +800@6567 0.00262680 USDT",
    ]);
  });

  it("tells a fired stop's trades under the stop's id, and its end as the stop's", () => {
    const id = "3q6MTOEHBSe4E80HLqoeq1";
    expect(story("lean/WebSocketFutureStopMarketSubmitPartiallyFilledFilled")).toEqual([
      `${id} new 0`,
      `${id} triggering 0`,
      "- said-elsewhere",
      `${id} triggered 760 +760@6660 0.00253080 USDT`,
      `${id} triggered 800 +40@6660 0.00013320 USDT`,
      `${id} triggered 800`,
      `${id} finished 800`,
    ]);
  });

  it("tells a stop that is rejected when it fires", () => {
    expect(story("lean/WebSocketFutureStopLimitSubmittedFilled")).toContain(
      "1QVvPIED7rTEv10YxzU37V rejected 0",
    );
  });
});

const child = (fields: object): object => ({
  e: "ORDER_TRADE_UPDATE",
  T: 5,
  E: 5,
  o: {
    s: "ACHUSDT",
    c: "random",
    S: "SELL",
    q: "9",
    x: "TRADE",
    X: "PARTIALLY_FILLED",
    i: 77,
    l: "4",
    z: "4",
    L: "0.5",
    N: "USDT",
    n: "0.1",
    T: 5,
    t: 3,
    m: false,
    si: 42,
    ...fields,
  },
});

const algo = (fields: object): object => ({
  e: "ALGO_UPDATE",
  T: 5,
  o: { caid: "stop", aid: 42, s: "ACHUSDT", q: "9", X: "NEW", ai: "", ...fields },
});

const nameOf = (word: Word): string | null => (isOrder(word) ? word.update.clientOrderId : null);

describe("the order that a stop became (EX37)", () => {
  it("goes by the stop's id, whichever of the two links is known, and says so where none is", () => {
    const byAlgo = reader();
    byAlgo.read(algo({}));
    expect(nameOf(byAlgo.read(child({})))).toBe("stop");
    const byOrder = reader();
    byOrder.read(algo({ aid: 0, X: "TRIGGERED", ai: "77" }));
    expect(nameOf(byOrder.read(child({})))).toBe("stop");
    const unknown = reader().read(child({}));
    expect(isOrder(unknown) && unknown.unnamedAlgoId).toBe("42");
    expect(nameOf(unknown)).toBe("random");
  });
});

describe("odd words", () => {
  it.each<[string, object, string]>([
    ["of a coin-margined contract", { ...child({}), st: 2 }, "- not-ours"],
    ["of a symbol that nobody knows", child({ s: "XUSDT" }), "- unknown-symbol"],
    ["of a kind that nobody knows", { e: "SOMETHING_NEW", E: 1 }, "- unknown-event"],
    ["TRADE_LITE", { e: "TRADE_LITE", s: "ACHUSDT" }, "- said-elsewhere"],
    [
      "an expired key, its time a text",
      { e: "listenKeyExpired", E: "1699596037418", listenKey: "k" },
      "key-expired",
    ],
    ["a margin call", { e: "MARGIN_CALL", p: [{ s: "ACHUSDT" }] }, "alarm"],
    ["multi-assets margin", { e: "ACCOUNT_CONFIG_UPDATE", ai: { j: true } }, "alarm"],
    ["a leverage", { e: "ACCOUNT_CONFIG_UPDATE", ac: { s: "ACHUSDT", l: 7 } }, "leverage"],
    ["an amended order", child({ si: 0, x: "AMENDMENT", X: "NEW", l: "0", z: "0" }), "random new 0"],
    [
      "a status that nobody knows, part filled",
      child({ si: 0, X: "NEW_ADL" }),
      "random partially-filled 4 -4@500000 0.10000000 USDT",
    ],
    ["a rebate", child({ si: 0, n: "-0.2" }), "random partially-filled 4 -4@500000 -0.20000000 USDT"],
    [
      "a fee in BNB",
      child({ si: 0, N: "BNB", n: "0.0001" }),
      "random partially-filled 4 -4@500000 0.00010000 BNB",
    ],
    [
      "a liquidation of nothing",
      child({ si: 0, x: "CALCULATED", l: "0", z: "0", X: "FILLED", N: null, n: null }),
      "random filled 0",
    ],
  ])("%s", (_, event, wanted) => {
    expect(short(reader().read(event))).toBe(wanted);
  });

  it("keeps ids of 19 digits", () => {
    const word = reader().read(child({ t: "8389765739703625592", si: 0 }));
    expect(isOrder(word) && word.deal?.tradeId).toBe("8389765739703625592");
  });

  it.each([null, 7, "x", {}, { e: 5 }, child({ z: "1e3" }), child({ T: -1 }), algo({ aq: "x" })])(
    "refuses what nobody can read: %j",
    (event) => {
      expect(() => reader().read(event)).toThrow(/invalid|expected|not a/i);
    },
  );
});

describe("money that no trade moved", () => {
  const account = (m: string, B: readonly object[]): object => ({
    e: "ACCOUNT_UPDATE",
    T: 9,
    a: { m, B, P: [] },
  });
  const usdt = { a: "USDT", wb: "10", cw: "10", bc: "-0.5" };

  it.each(["FUNDING_FEE", "DEPOSIT", "WITHDRAW", "INSURANCE_CLEAR", "ADJUSTMENT", "SOMETHING_NEW"])(
    "is told by %s",
    (reason) => {
      const word = reader().read(account(reason, [usdt]));
      expect(word).toEqual({ type: "money", reason, changeE8: -50_000_000n, timeMs: 9 });
    },
  );

  it.each(["ORDER", "ADL", "MARGIN_TRANSFER", "MARGIN_TYPE_CHANGE"])("is not told by %s", (reason) => {
    expect(reader().read(account(reason, [usdt])).type).toBe("none");
  });

  it("is not told of another asset's wallet", () => {
    expect(reader().read(account("DEPOSIT", [{ ...usdt, a: "BNB" }])).type).toBe("none");
  });
});
