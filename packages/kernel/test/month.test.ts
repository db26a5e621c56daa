import { describe, expect, it } from "vitest";
import { monthOf, monthsBetween, parseMonth } from "../src/index.ts";

const MAY_MS = Date.UTC(2026, 4, 1);

describe("months", () => {
  it("are read as they are written, across years", () => {
    expect(monthsBetween(parseMonth("2025-11", "--from"), parseMonth("2026-02", "--to"))).toEqual([
      "2025-11",
      "2025-12",
      "2026-01",
      "2026-02",
    ]);
    expect(monthsBetween(monthOf(MAY_MS + 31 * 86_400_000), monthOf(MAY_MS))).toEqual([]);
    for (const text of [
      "2024",
      "2024-13",
      "2024-00",
      "24-01",
      "2024-1",
      "2024-01-01",
      "1999-01",
      "2024/01",
      "",
    ])
      expect(() => parseMonth(text, "--from")).toThrow(/^--from .* from 2010-01 to 2099-12/u);
  });
});
