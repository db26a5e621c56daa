import { readFileSync } from "node:fs";
import { tradingRules } from "@smcq/exchange";
import { symbolId } from "@smcq/kernel";
import { parseJsonSafe } from "../../src/rest/json-safe.ts";
import type { SymbolDirectory, TradedSymbol } from "../../src/trading.ts";

/** Symbols of the recorded events, with steps that hold every quantity and price of them. */
const STEPS: Readonly<Record<string, readonly [tick: string, step: string]>> = {
  ACHUSDT: ["0.000001", "1"],
  "1000CATUSDT": ["0.000001", "1"],
  BTCUSDT: ["0.01", "0.001"],
  ETHUSDT: ["0.01", "0.001"],
  BNBUSDT: ["0.01", "0.01"],
  DOGEUSDT: ["0.00001", "1"],
};

export const recordedSymbols: SymbolDirectory = directory();

function directory(): SymbolDirectory {
  const symbols = Object.entries(STEPS).map(([symbol, [tickSize, stepSize]], index): TradedSymbol => {
    const rules = { symbol, tickSize, stepSize, minQty: stepSize, marketMaxQty: "100", minNotional: "5" };
    return { symbolId: symbolId(index), symbol, rules: tradingRules(rules) };
  });
  const bySymbol = new Map(symbols.map((symbol) => [symbol.symbol, symbol]));
  return { byId: (id) => symbols[id] ?? null, bySymbol: (text) => bySymbol.get(text) ?? null };
}

export interface FixtureLine {
  readonly name: string;
  /** As it was written, ids with all their digits. */
  readonly text: string;
  readonly value: unknown;
}

/** The lines of a fixture: what each is called, and what `field` holds. */
export function fixtureLines(file: string, field: "event" | "reply"): readonly FixtureLine[] {
  const path = new URL(`../fixtures/${file}`, import.meta.url);
  return readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((text) => {
      const line = parseJsonSafe(text) as Readonly<Record<string, unknown>>;
      const held = line[field];
      const isEnvelope = typeof held === "object" && held !== null && "stream" in held && "data" in held;
      return { name: String(line["name"]), text, value: isEnvelope ? held.data : held };
    });
}
