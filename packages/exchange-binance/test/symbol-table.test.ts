import { describe, expect, it } from "vitest";
import { FrameKind, KlineParser, SymbolTable } from "../src/index.ts";
import { klineText } from "./support/frames.ts";

const prices = { t: 1_790_771_340_000, o: "1", h: "2", l: "1", c: "2", v: "3", x: false };

describe("SymbolTable", () => {
  it("finds 3,000 symbols by their bytes, also after half of them have left and come back elsewhere", () => {
    const count = 3_000;
    const table = new SymbolTable(count, "1m");
    const parser = new KlineParser(table);
    const name = (index: number): string => `1000000SYM${index}USDT`;
    for (let slot = 0; slot < count; slot++) table.add(slot, name(slot));
    for (let slot = 0; slot < count; slot += 2) table.remove(slot);
    for (let slot = 0; slot < count; slot += 2) table.add(slot, name(count - 2 - slot));
    for (let slot = 0; slot < count; slot++) {
      const symbol = slot % 2 === 0 ? name(count - 2 - slot) : name(slot);
      expect(parser.parse(Buffer.from(klineText({ ...prices, symbol })))).toBe(FrameKind.Kline);
      expect([parser.frame.slot, table.symbolOf(slot), table.slotOf(symbol)]).toEqual([slot, symbol, slot]);
    }
    expect([parser.structuralCount, table.size]).toEqual([0, count]);
  });

  it("forgets a symbol that was removed", () => {
    const table = new SymbolTable(2, "1m");
    const parser = new KlineParser(table);
    table.add(0, "BTCUSDT");
    table.remove(0);
    table.remove(0);
    expect(parser.parse(Buffer.from(klineText({ ...prices, symbol: "BTCUSDT" })))).toBe(FrameKind.Unknown);
  });

  it("refuses a slot in use, a slot out of range and a symbol twice", () => {
    const table = new SymbolTable(2, "1m");
    table.add(0, "BTCUSDT");
    expect(() => table.add(0, "ETHUSDT")).toThrow(/free/);
    expect(() => table.add(2, "ETHUSDT")).toThrow(/below/);
    expect(() => table.add(1, "BTCUSDT")).toThrow(/one slot/);
  });
});
