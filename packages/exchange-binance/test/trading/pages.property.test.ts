import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { allPages } from "../../src/trading/account/pages.ts";
import { HISTORY_MS_MAX, HISTORY_WINDOW_MS, PAGE_ROWS } from "../../src/trading/limits.ts";
import { seed } from "../support/seed.ts";

const NOW_MS = 1_790_771_340_000;

interface Row {
  readonly id: number;
  readonly timeMs: number;
}

/** A venue that tells the oldest rows between two instants, a page at most. */
const pager =
  (rows: readonly Row[]) =>
  (bounds: Readonly<Record<string, string>>): Promise<readonly Row[]> => {
    const fromMs = Number(bounds["startTime"]);
    const untilMs = Math.min(Number(bounds["endTime"] ?? NOW_MS), fromMs + HISTORY_WINDOW_MS - 1);
    const found = rows.filter(({ timeMs }) => timeMs >= fromMs && timeMs <= untilMs);
    return Promise.resolve(found.slice(0, PAGE_ROWS));
  };

const all = (rows: readonly Row[], sinceMs: number): Promise<readonly Row[]> =>
  allPages<Row>({
    sinceMs,
    nowMs: NOW_MS,
    windowMs: HISTORY_WINDOW_MS,
    fetch: pager(rows),
    idOf: ({ id }) => String(id),
  });

describe("allPages", () => {
  it(`tells every row since an instant once and in order, however they lie (seed ${seed})`, async () => {
    const rng = new Rng(seed);
    for (let round = 0; round < 40; round++) {
      const spanMs = [1_000, 3_600_000, 86_400_000, 120 * 86_400_000][rng.int(4)] ?? 1_000;
      const count = rng.int(4_000);
      // Bursts: several rows of one instant.
      const times = Array.from(
        { length: count },
        () => NOW_MS - rng.int(Math.ceil(spanMs / (1 + rng.int(50)))),
      );
      const rows = times.sort((a, b) => a - b).map((timeMs, id) => ({ id, timeMs }));
      const sinceMs = NOW_MS - rng.int(spanMs);
      const firstMs = Math.max(sinceMs, NOW_MS - HISTORY_MS_MAX);
      expect(await all(rows, sinceMs)).toEqual(rows.filter(({ timeMs }) => timeMs >= firstMs));
    }
  });

  it("refuses where one instant fills a page: rows behind it could not be seen", async () => {
    const rows = Array.from({ length: PAGE_ROWS + 1 }, (_, id) => ({ id, timeMs: NOW_MS - 5 }));
    await expect(all(rows, NOW_MS - 5)).rejects.toThrow("one instant fills a whole page");
  });

  it("refuses rows that do not ascend", async () => {
    const rows = [
      { id: 1, timeMs: NOW_MS - 1 },
      { id: 2, timeMs: NOW_MS - 2 },
    ];
    await expect(all(rows, NOW_MS - 5)).rejects.toThrow("do not ascend");
  });
});
