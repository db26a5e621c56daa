import type { Instrument } from "@smcq/kernel";
import { parseE8 } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { rightsFindings } from "../src/doctor/account.ts";
import { findingsText } from "../src/doctor/finding.ts";
import { nodeFinding } from "../src/doctor/host.ts";
import { cheapestOrder } from "../src/doctor/test-order.ts";
import { clockFinding } from "../src/doctor/venue.ts";
import { instrumentOf } from "./support/instruments.ts";

const RULES = {
  tickSize: "0.1",
  stepSize: "0.001",
  marketStepSize: "0.001",
  marketMinQty: "0.001",
  marketMaxQty: "100",
} as const;

const listed = (symbol: string, rules: Partial<Instrument> = {}): Instrument =>
  instrumentOf(symbol, { ...RULES, ...rules });

describe("a test order", () => {
  it("is the cheapest that the venue takes, a fifth below the market, in the venue's own digits", () => {
    const symbols = [
      listed("DEAR", { minNotional: "100" }),
      listed("CHEAP"),
      listed("UNPRICED", { minNotional: "1" }),
    ];
    const prices = new Map([
      ["DEAR", parseE8("60000")],
      ["CHEAP", parseE8("100.07")],
    ]);
    // 80.056 is rounded down to 80.0, and 5 USDT of it up to the next thousandth.
    expect(cheapestOrder(symbols, prices)).toEqual({
      symbol: "CHEAP",
      price: "80",
      quantity: "0.063",
      notionalE8: parseE8("5.04"),
    });
    expect(cheapestOrder(symbols, new Map())).toBeNull();
  });

  it("is never below the least quantity, nor at no price at all", () => {
    const symbols = [listed("FEW", { minNotional: "5", marketMinQty: "3" })];
    expect(cheapestOrder(symbols, new Map([["FEW", parseE8("100")]]))?.quantity).toBe("3");
    expect(cheapestOrder(symbols, new Map([["FEW", parseE8("0.1")]]))?.price).toBe("0.1");
  });
});

describe("what the doctor says", () => {
  it.each([
    [0, 20, "ok"],
    [-900, 20, "warn"],
    [0, 301, "warn"],
    [0, 1_001, "fail"],
  ])("of a clock %i ms off and %i ms away is %s", (offsetMs, tripMs, verdict) => {
    expect(clockFinding(offsetMs, tripMs).verdict).toBe(verdict);
  });

  it.each([
    ["22.18.9", "fail"],
    ["22.19.0", "ok"],
    ["24.0.0", "ok"],
    ["20.20.2", "fail"],
  ])("of Node %s is %s", (version, verdict) => {
    expect(nodeFinding(version, []).verdict).toBe(verdict);
  });

  it("of a key is what mode live would do, and a warning where it works from everywhere", () => {
    const harmless = { canWithdraw: false, canTransferInternally: false, canTransferUniversally: false };
    const verdicts = (change: object): readonly string[] =>
      rightsFindings({ ...harmless, canTradeFutures: true, isIpRestricted: true, ...change }).map(
        ({ verdict }) => verdict,
      );
    expect(verdicts({})).toEqual(["ok", "ok"]);
    expect(verdicts({ canWithdraw: true })).toEqual(["fail", "ok"]);
    expect(verdicts({ isIpRestricted: false })).toEqual(["ok", "warn"]);
  });

  it("fits 80 columns, and holds no control character of what it was told", () => {
    const text = findingsText([
      {
        name: "second engine",
        verdict: "fail",
        text: `\u001B[31m${"word ".repeat(60)}${"/long/path".repeat(20)}\n`,
        advice: "stop it",
      },
      { name: "disk", verdict: "ok", text: "9 GiB free", advice: "" },
    ]);
    expect(text.split("\n").every((line) => line.length <= 80)).toBe(true);
    expect(/(?!\n)\p{Cc}/u.test(text)).toBe(false);
    expect(text).toContain("-> stop it");
    expect(text).toContain("1 ok, 0 warnings, 1 failures, 0 not looked at");
  });
});
