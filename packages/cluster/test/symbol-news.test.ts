import { type LogFields, ManualClock, silentLogger } from "@smcq/kernel";
import { expect, it } from "vitest";
import { SymbolNews } from "../src/symbols/symbol-news.ts";

it("makes one line of what happens to 300 symbols at once, and names ten of them", () => {
  const clock = new ManualClock();
  const lines: LogFields[] = [];
  const news = new SymbolNews(clock, { ...silentLogger, warn: (fields) => void lines.push(fields) });
  for (let symbol = 0; symbol < 300; symbol++) news.add("warn", `S${symbol}`, "warm up anew");
  expect(lines).toEqual([]);
  clock.advance(1_000);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ count: 300 });
  expect(lines[0]?.["symbols"]).toHaveLength(10);
  news.add("warn", "S1", "warm up anew");
  news.flush();
  expect(lines).toHaveLength(2);
  expect(clock.pendingCount).toBe(0);
});
