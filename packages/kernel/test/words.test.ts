import { describe, expect, it } from "vitest";
import {
  assert,
  assertNever,
  barFault,
  epochMs,
  errorCode,
  errorMessage,
  fromWireError,
  InvariantError,
  present,
  shardId,
  silentLogger,
  SmcqError,
  symbolId,
  toWireError,
} from "@smcq/kernel";

describe("brands", () => {
  it("give the number back when it is one of theirs", () => {
    expect([epochMs(0), epochMs(1_729_400_000_000), epochMs(Number.MAX_SAFE_INTEGER)]).toEqual([
      0,
      1_729_400_000_000,
      Number.MAX_SAFE_INTEGER,
    ]);
    expect([symbolId(0), symbolId(2 ** 31 - 1)]).toEqual([0, 2 ** 31 - 1]);
    expect([shardId(0), shardId(1023)]).toEqual([0, 1023]);
  });

  const bad = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  it.each([
    ["an instant", epochMs, [...bad, 2 ** 53]],
    ["a symbol id", symbolId, [...bad, 2 ** 31, 2 ** 32]],
    ["a shard id", shardId, [...bad, 1024, 2 ** 32]],
  ] as const)("refuse what is not %s, and say what it was", (_, brand, values) => {
    for (const value of values) expect(() => brand(value)).toThrow(String(value));
    for (const value of values) expect(() => brand(value)).toThrow(RangeError);
  });
});

describe("barFault", () => {
  const good = { open: 2, high: 4, low: 1, close: 3, volume: 10 };
  const fault = (change: Partial<typeof good>): string | null => {
    const { open, high, low, close, volume } = { ...good, ...change };
    return barFault(open, high, low, close, volume);
  };

  it.each([
    ["an ordinary bar", {}],
    ["a flat bar without volume", { open: 2, high: 2, low: 2, close: 2, volume: 0 }],
    ["a bar that opens at its high and closes at its low", { open: 4, close: 1 }],
    ["the smallest price", { open: 1e-12, high: 1e-12, low: 1e-12, close: 1e-12 }],
    ["a huge price", { open: 1e12, high: 1e12, low: 1e12, close: 1e12 }],
  ])("takes %s", (_, change) => {
    expect(fault(change)).toBeNull();
  });

  it.each([
    ["a high below the low", { high: 1, low: 4 }],
    ["an open above the high", { open: 4.1 }],
    ["an open below the low", { open: 0.9 }],
    ["a close above the high", { close: 4.1 }],
    ["a close below the low", { close: 0.9 }],
    ["a negative volume", { volume: -1 }],
    ["an infinite high", { high: Number.POSITIVE_INFINITY }],
    ["an infinite open", { open: Number.POSITIVE_INFINITY }],
    ["an infinite bar", { open: Infinity, high: Infinity, low: Infinity, close: Infinity }],
    ["an infinite volume", { volume: Number.POSITIVE_INFINITY }],
    ["a price of 1e300", { open: 1e300, high: 1e300, low: 1e300, close: 1e300 }],
    ["a high of 1e13", { high: 1e13 }],
    ["a volume of 1e19", { volume: 1e19 }],
    ["a price of 1e-30", { open: 1e-30, high: 1e-30, low: 1e-30, close: 1e-30 }],
    ["a low just under 1e-12", { low: 9.9e-13 }],
  ])("refuses %s with a reason", (_, change) => {
    expect(fault(change)).toMatch(/\w+ \w+/);
  });

  it("refuses NaN in every place, and zero and negatives in every price", () => {
    for (const field of ["open", "high", "low", "close", "volume"] as const)
      expect(fault({ [field]: Number.NaN })).not.toBeNull();
    for (const field of ["open", "high", "low", "close"] as const)
      for (const value of [0, -0, -1, Number.NEGATIVE_INFINITY])
        expect(fault({ [field]: value })).not.toBeNull();
  });
});

describe("assertions", () => {
  it("pass what holds and throw what does not, with a code", () => {
    expect(() => assert(true, "Invariant: yes")).not.toThrow();
    expect(() => assert(false, "Invariant: no")).toThrow(
      expect.objectContaining({ name: "InvariantError", code: "INVARIANT", message: "Invariant: no" }),
    );
    expect(present(0, "Invariant: zero is there")).toBe(0);
    expect(present("", "Invariant: the empty text is there")).toBe("");
    for (const missing of [null, undefined])
      expect(() => present(missing, "Invariant: it is there")).toThrow(InvariantError);
  });

  it("name the variant that was not handled, one with money in it included", () => {
    expect(() => assertNever({ type: "new" } as never)).toThrow('{"type":"new"}');
    expect(() => assertNever({ type: "fee", amount: 12n } as never)).toThrow(InvariantError);
    expect(() => assertNever(undefined as never)).toThrow(InvariantError);
  });
});

describe("errors", () => {
  it("keep code, context and cause", () => {
    const cause = new Error("below");
    const error = new SmcqError("REST_TIMEOUT", "no answer", { context: { symbol: "BTCUSDT" }, cause });
    expect(error).toMatchObject({
      name: "SmcqError",
      code: "REST_TIMEOUT",
      context: { symbol: "BTCUSDT" },
      cause,
    });
    expect(error).toBeInstanceOf(Error);
    expect("cause" in new SmcqError("A", "b")).toBe(false);
    expect(new SmcqError("A", "b").context).toEqual({});
  });

  it("have a code whatever was thrown", () => {
    const reset = Object.assign(new Error("reset"), { code: "ECONNRESET" });
    const thrown = [
      new SmcqError("OURS", ""),
      reset,
      new InvariantError(""),
      new Error("x"),
      { code: 7 },
      "text",
      null,
    ];
    expect(thrown.map(errorCode)).toEqual([
      "OURS",
      "ECONNRESET",
      "INVARIANT",
      "UNKNOWN",
      "UNKNOWN",
      "UNKNOWN",
      "UNKNOWN",
    ]);
  });

  it("have a text whatever was thrown, things that cannot be printed included", () => {
    const unprintable = {
      toString() {
        throw new Error("no");
      },
    };
    const thrown = [new Error("told"), "text", 7, null, undefined, Symbol("sign")];
    expect(thrown.map(errorMessage)).toEqual(["told", "text", "7", "null", "undefined", "Symbol(sign)"]);
    for (const value of [Object.create(null), unprintable])
      expect(errorMessage(value)).toBe("a value that cannot be printed");
  });

  it("come back from their wire form with code, context and the stack of their origin", () => {
    const error = new SmcqError("X", "told", {
      context: { slot: 3, names: ["a"], isOpen: true, none: null },
    });
    const back = fromWireError(structuredClone(toWireError(error)));
    expect(back).toBeInstanceOf(SmcqError);
    expect([back.code, back.message, back.context, back.stack]).toEqual([
      "X",
      "told",
      { slot: 3, names: ["a"], isOpen: true, none: null },
      error.stack,
    ]);
    const ofText = fromWireError(toWireError("just text"));
    expect([ofText.code, ofText.message, ofText.context]).toEqual(["UNKNOWN", "just text", {}]);
    expect(ofText.stack).toContain("just text");
  });
});

describe("silentLogger", () => {
  it("has every level and children that are silent, too", () => {
    const child = silentLogger.child({ component: "test" });
    for (const level of ["debug", "info", "warn", "error"] as const)
      expect(child[level]({ count: 1 }, "nothing")).toBeUndefined();
  });
});
