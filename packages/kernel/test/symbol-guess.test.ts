import { describe, expect, it } from "vitest";
import { didYouMean, symbolGuesses } from "../src/index.ts";

const KNOWN = new Set([
  "BTCUSDT",
  "ETHUSDT",
  "1000PEPEUSDT",
  "1000000MOGUSDT",
  "BTCUSDT_260327",
  "币安人生USDT",
]);
const hint = (typed: string): string => didYouMean(typed, (symbol) => KNOWN.has(symbol));

describe("a symbol that is typed in another way", () => {
  it.each([
    ["btcusdt", "BTCUSDT"],
    [" BtcUsdt ", "BTCUSDT"],
    ["BTCUSDT\n", "BTCUSDT"],
    ["ETH/USDT:USDT", "ETHUSDT"],
    ["ETH/USDT", "ETHUSDT"],
    ["eth/usdt:usdt", "ETHUSDT"],
    ["BTC-USDT", "BTCUSDT"],
    ["BTC-USDT-SWAP", "BTCUSDT"],
    ["BTC_USDT", "BTCUSDT"],
    ["BTC USDT", "BTCUSDT"],
    ["BTCUSDT.P", "BTCUSDT"],
    ["btcusdt.p", "BTCUSDT"],
    ["BINANCE:BTCUSDT.P", "BTCUSDT"],
    ["binance:btcusdtperp", "BTCUSDT"],
    ["BTCUSDTPERP", "BTCUSDT"],
    ["BTCUSDT-PERP", "BTCUSDT"],
    ["BTC", "BTCUSDT"],
    ["BTC-PERP", "BTCUSDT"],
    ["BTCUSD", "BTCUSDT"],
    ["BTC/USD", "BTCUSDT"],
    ["PEPEUSDT", "1000PEPEUSDT"],
    ["pepe/usdt:usdt", "1000PEPEUSDT"],
    ["MOG", "1000000MOGUSDT"],
    ["btcusdt_260327", "BTCUSDT_260327"],
    ["币安人生usdt", "币安人生USDT"],
    ["币安人生", "币安人生USDT"],
  ])("%j is guessed to be %s", (typed, meant) => {
    expect(hint(typed)).toBe(` (did you mean ${meant}?)`);
  });

  it("is guessed to be nothing when nothing like it is known, and never what was typed", () => {
    for (const typed of ["", " ", "-", ":", "NOPE", "BTCUSDT".repeat(99), "\u001b[2J"])
      expect(hint(typed)).toBe("");
    expect(symbolGuesses("BTCUSDT")).not.toContain("BTCUSDT");
  });
});
