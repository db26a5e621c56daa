import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { BAR_FIELDS, errorCode, errorMessage, MINUTE_MS, type Month, Rng } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { holesIn, HistoryStore, StoredRows } from "../src/index.ts";
import { decodeColumns, encodeColumns } from "../src/store/columns.ts";
import { madeBars } from "./support/made-bars.ts";

const MAY = "2026-05" as Month;
const MAY_MS = Date.UTC(2026, 4, 1);
const JUNE = "2026-06" as Month;
const JUNE_MS = Date.UTC(2026, 5, 1);

let folder = "";
let store = new HistoryStore("");
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-history-"));
  store = new HistoryStore(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(month: Month, rows: Float64Array, symbol = "BTCUSDT"): string {
  store.write({ kind: "bars", symbol, month, sources: [], isWhole: true, isFilled: false, rows });
  return store.path("bars", symbol, month);
}

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return `${errorCode(error)} ${errorMessage(error)}`;
  }
  return "accepted";
}

describe("columns", () => {
  const rng = new Rng(4_711);
  const pick = (): number => rng.next();
  const kinds: Readonly<Record<string, (row: number) => number>> = {
    "decimals of a venue": () => Math.round(pick() * 1e7) / 100,
    "many places": () => Number(pick().toFixed(8)),
    "any float64": () => pick() / 3 + pick() * 1e-17,
    "huge and tiny ones": (row) => (row % 2 === 0 ? 1e18 : 1e-12),
    "the same": () => 0.1,
    "even steps": (row) => MAY_MS + row * MINUTE_MS,
    "steps with holes": (row) => MAY_MS + row * MINUTE_MS + (row > 3 ? 17 * MINUTE_MS : 0),
    "negative ones and zeros": (row) => (row % 3 === 0 ? -0 : Math.round((pick() - 0.5) * 1e6) / 1e8),
    "whole ones up to the last exact": (row) => (row % 2 === 0 ? Number.MAX_SAFE_INTEGER : -1),
    "wide steps": () => Math.round(pick() * 2 ** 45),
  };
  it.each(Object.keys(kinds))("give back %s bit for bit", (name) => {
    for (const rows of [1, 2, 3, 257]) {
      const make = kinds[name] as (row: number) => number;
      const values = Float64Array.from({ length: rows * 2 }, (_, k) => (k % 2 === 0 ? make(k / 2) : pick()));
      const back = new Float64Array(values.length);
      expect(decodeColumns(encodeColumns(values, 2), back, 2)).toBe(true);
      expect([...back].every((value, k) => Object.is(value, values[k]))).toBe(true);
    }
  });
});

describe("a month's file", () => {
  it("gives back what was written, and the same content gives the same bytes", () => {
    const rows = madeBars({ seed: 1, fromMs: MAY_MS, count: 9_000, places: 3, holeRatio: 0.01 });
    const path = write(MAY, rows);
    const first = readFileSync(path);
    expect(store.read("bars", "BTCUSDT", MAY)?.rows).toEqual(rows);
    expect(first.length / (rows.length / BAR_FIELDS)).toBeLessThan(16);
    write(MAY, rows);
    expect(readFileSync(path).equals(first)).toBe(true);
  });

  it("holds funding rates and a month without any row", () => {
    const rows = Float64Array.of(MAY_MS, 0.0001, MAY_MS + 8 * 3_600_000, -0.00003751);
    const base = { symbol: "BTCUSDT", sources: [], isWhole: true, isFilled: false } as const;
    store.write({ ...base, kind: "funding", month: MAY, rows });
    store.write({ ...base, kind: "bars", month: MAY, rows: new Float64Array(0) });
    expect(store.read("funding", "BTCUSDT", MAY)?.rows).toEqual(rows);
    expect(store.read("bars", "BTCUSDT", MAY)?.rows.length).toBe(0);
    expect(store.read("bars", "BTCUSDT", JUNE)).toBeNull();
  });

  it("is refused by name when any byte differs, when it is cut anywhere, and when something follows", () => {
    const path = write(MAY, madeBars({ seed: 2, fromMs: MAY_MS, count: 4_200, places: 2 }));
    const good = readFileSync(path);
    const rng = new Rng(7);
    const spoiled: Buffer[] = [Buffer.concat([good, Buffer.from("x")]), Buffer.alloc(0), Buffer.from("PK")];
    for (let at = 0; at < 660; at += 5) spoiled.push(flipped(good, at));
    for (let k = 0; k < 60; k++) {
      spoiled.push(flipped(good, rng.int(good.length)));
      spoiled.push(good.subarray(0, rng.int(good.length)));
    }
    for (const bytes of spoiled) {
      writeFileSync(path, bytes);
      const said = refusal(() => store.read("bars", "BTCUSDT", MAY));
      expect(said).toMatch(/^HISTORY_(?:DAMAGED|VERSION) /u);
      expect(said).toContain(path);
    }
  });

  it("is refused under another one's name", () => {
    const from = write(MAY, madeBars({ seed: 3, fromMs: MAY_MS, count: 10, places: 2 }));
    for (const [symbol, month] of [
      ["ETHUSDT", MAY],
      ["BTCUSDT", JUNE],
    ] as const) {
      const to = store.path("bars", symbol, month);
      mkdirSync(dirname(to), { recursive: true });
      copyFileSync(from, to);
      expect(refusal(() => store.header("bars", symbol, month))).toContain("HISTORY_DAMAGED");
      expect(
        refusal(() => new StoredRows(store, { kind: "bars", symbol, fromMs: null, toMs: null })),
      ).toContain(`${symbol}-${month}`);
    }
  });

  it("is never left half: a draft of a dead writer is removed, one that cannot be made is said", () => {
    const path = write(MAY, madeBars({ seed: 4, fromMs: MAY_MS, count: 10, places: 2 }));
    const [dead, own] = [`${path}.draft-4194999`, `${path}.draft-${process.pid}`];
    for (const draft of [dead, own]) writeFileSync(draft, "half");
    store.tidy("bars", "BTCUSDT");
    expect([existsSync(dead), existsSync(own), existsSync(path)]).toEqual([false, true, true]);
    expect(store.months("bars", "BTCUSDT").map(({ month }) => month)).toEqual([MAY]);
    writeFileSync(join(folder, "bars", "ETHUSDT"), "a file in a folder's place");
    expect(
      refusal(() => write(MAY, madeBars({ seed: 5, fromMs: MAY_MS, count: 1, places: 2 }), "ETHUSDT")),
    ).toMatch(/^HISTORY_WRITE cannot write /u);
  });

  it("takes no symbol that is a path", () => {
    for (const symbol of ["../BTCUSDT", "a/b", "", "btcusdt", "BTC\nUSDT", ".", "X".repeat(65)])
      expect(refusal(() => store.path("bars", symbol, MAY))).toMatch(/^USAGE_SYMBOL /u);
    expect(store.path("bars", "BTCUSDT_261225", MAY)).toContain("BTCUSDT_261225-2026-05.bars");
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ 0x40;
  return copy;
}

describe("rows of a range", () => {
  it("are those of all months that lie in it, block by block", () => {
    const may = madeBars({ seed: 6, fromMs: MAY_MS, count: 9_000, places: 2, holeRatio: 0.001 });
    const june = madeBars({ seed: 7, fromMs: JUNE_MS, count: 300, places: 2 });
    write(MAY, may);
    write(JUNE, june);
    const all = [...may, ...june];
    const ranges: readonly (readonly [number | null, number | null])[] = [
      [null, null],
      [MAY_MS + 5_000 * MINUTE_MS, null],
      [null, JUNE_MS],
      [JUNE_MS - MINUTE_MS, JUNE_MS + MINUTE_MS],
      [MAY_MS + 4_096 * MINUTE_MS, MAY_MS + 4_097 * MINUTE_MS],
      [JUNE_MS + 300 * MINUTE_MS, null],
      [null, MAY_MS],
    ];
    for (const [fromMs, toMs] of ranges) {
      const wanted = all.filter((_, k) => {
        const timeMs = all[k - (k % BAR_FIELDS)] as number;
        return timeMs >= (fromMs ?? 0) && timeMs < (toMs ?? Number.POSITIVE_INFINITY);
      });
      const rows = new StoredRows(store, { kind: "bars", symbol: "BTCUSDT", fromMs, toMs });
      const got = Array.from(rows.batches(), ({ bars }) => Array.from(bars)).flat();
      expect(got).toEqual(wanted);
      expect(rows.rows).toBe(wanted.length / BAR_FIELDS);
      expect(rows.firstMs).toBe(wanted[0] ?? Number.POSITIVE_INFINITY);
      expect(rows.lastMs).toBe(wanted.at(-BAR_FIELDS) ?? Number.NEGATIVE_INFINITY);
      for (let row = 0; row < rows.rows; row += 1_777) {
        const block = rows.blockOf(row);
        expect(rows.firstRow(block) <= row && row < rows.firstRow(block + 1)).toBe(true);
        const at = (row - rows.firstRow(block)) * BAR_FIELDS;
        expect(rows.block(block)[at]).toBe(wanted[row * BAR_FIELDS]);
      }
    }
  });

  it("knows the holes", () => {
    const bars = madeBars({ seed: 8, fromMs: MAY_MS, count: 10, places: 2 });
    const some = bars.filter((_, k) => ![0, 4, 5, 9].includes(Math.floor(k / BAR_FIELDS)));
    const at = (minute: number): number => MAY_MS + minute * MINUTE_MS;
    expect(holesIn(some, { fromMs: at(0), endMs: at(10) })).toEqual([
      { fromMs: at(0), toMs: at(0) },
      { fromMs: at(4), toMs: at(5) },
      { fromMs: at(9), toMs: at(9) },
    ]);
    expect(holesIn(new Float64Array(0), { fromMs: at(0), endMs: at(2) })).toEqual([
      { fromMs: at(0), toMs: at(1) },
    ]);
  });
});
