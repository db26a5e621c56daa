import { SmcqError } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { BinanceErrorCode, assertRouted } from "../src/index.ts";

const restBase = "https://fapi.binance.com";

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof SmcqError) return error.code;
    throw error;
  }
  return "accepted";
}

describe("assertRouted", () => {
  it("adds the routed path to a base, and leaves it where it stands", () => {
    for (const wsBase of [
      "wss://fstream.binance.com",
      "wss://fstream.binance.com/",
      "wss://fstream.binance.com/market",
      "wss://fstream.binance.com/market/stream",
    ])
      expect(assertRouted({ wsBase, restBase }, {})).toEqual({
        streamUrl: "wss://fstream.binance.com/market/stream",
        publicUrl: "wss://fstream.binance.com/public/stream",
        privateUrl: "wss://fstream.binance.com/private/ws",
        restOrigin: restBase,
      });
    expect(assertRouted({ wsBase: "ws://127.0.0.1:9443", restBase: "http://localhost:80" }, {})).toEqual({
      streamUrl: "ws://127.0.0.1:9443/market/stream",
      publicUrl: "ws://127.0.0.1:9443/public/stream",
      privateUrl: "ws://127.0.0.1:9443/private/ws",
      restOrigin: "http://localhost",
    });
  });

  it("refuses bases that would connect and stay silent, with a hint", () => {
    const silent = [
      "wss://fstream.binance.com/stream",
      "wss://fstream.binance.com/ws",
      "wss://fstream.binance.com/public",
      "wss://fstream.binance.com/public/stream",
      "wss://fstream.binance.com/private/ws",
      "wss://fstream.binance.com/market/ws",
      "wss://fstream.binance.com/stream?streams=btcusdt@kline_1m",
      "wss://fstream.binance.com/market/stream?streams=btcusdt@kline_1m",
      "fstream.binance.com",
      "wss:",
      "wss:///market",
      "",
      "https://fstream.binance.com",
      "ws://fstream.binance.com",
      "wss://user:word@fstream.binance.com",
    ];
    for (const wsBase of silent)
      expect([wsBase, codeOf(() => assertRouted({ wsBase, restBase }, {}))]).toEqual([
        wsBase,
        BinanceErrorCode.UrlUnrouted,
      ]);
    expect(() => assertRouted({ wsBase: silent[0]!, restBase }, {})).toThrow(/market\/stream/);
  });

  it("refuses REST bases with a path, without TLS off loopback, or without a scheme", () => {
    const wsBase = "wss://fstream.binance.com";
    for (const base of [
      "https://fapi.binance.com/fapi",
      "http://fapi.binance.com",
      "fapi.binance.com",
      "https://",
    ])
      expect([base, codeOf(() => assertRouted({ wsBase, restBase: base }, {}))]).toEqual([
        base,
        BinanceErrorCode.UrlUnrouted,
      ]);
  });

  it("refuses foreign hosts unless they are allowed by flag", () => {
    const bases = { wsBase: "wss://evil.example/market", restBase };
    expect(codeOf(() => assertRouted(bases, {}))).toBe(BinanceErrorCode.HostRefused);
    expect(codeOf(() => assertRouted({ ...bases, allowCustomHost: true }, {}))).toBe("accepted");
    expect(
      codeOf(() => assertRouted({ wsBase: "wss://fstream.binance.com.evil.example", restBase }, {})),
    ).toBe(BinanceErrorCode.HostRefused);
    // The flag allows a host, not a plain scheme.
    const plain = { wsBase: "ws://evil.example", restBase, allowCustomHost: true };
    expect(codeOf(() => assertRouted(plain, {}))).toBe(BinanceErrorCode.UrlUnrouted);
  });

  it("refuses a process that does not check certificates", () => {
    const bases = { wsBase: "wss://fstream.binance.com", restBase };
    expect(codeOf(() => assertRouted(bases, { NODE_TLS_REJECT_UNAUTHORIZED: "0" }))).toBe(
      BinanceErrorCode.TlsUnchecked,
    );
    expect(codeOf(() => assertRouted(bases, { NODE_TLS_REJECT_UNAUTHORIZED: "1" }))).toBe("accepted");
  });
});
