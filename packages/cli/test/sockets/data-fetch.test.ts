import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { archiveBase, archivePath, BinanceArchive } from "@smcq/exchange-binance/archive";
import { HistoryStore } from "@smcq/history";
import { BAR_FIELDS, MINUTE_MS, type Month, monthEndMs, monthStartMs, Rng, SystemClock } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ArchiveMirror,
  startArchiveMirror,
} from "../../../exchange-binance/test/support/archive-mirror.ts";
import { Downloads } from "../../src/offline/history/fetch/downloads.ts";
import type { AskKlines } from "../../src/offline/history/fetch/fill-holes.ts";
import {
  type FetchChoice,
  fetchHistory,
  type FetchReport,
  fetchText,
} from "../../src/offline/history/fetch/fetch-history.ts";
import { MonthFetcher } from "../../src/offline/history/fetch/month-fetcher.ts";
import { dayOf, monthBars, putBars, putFunding } from "../support/mirrored-market.ts";

const DAY_MS = 86_400_000;
const MONTHS = ["2024-11", "2024-12", "2025-01"] as Month[];
const LOGGER = { debug() {}, info() {}, warn() {}, error() {}, fatal() {} } as never;

let folder = "";
let mirror: ArchiveMirror;
let archive: BinanceArchive;
let store: HistoryStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "smcq-fetch-"));
  store = new HistoryStore(folder);
  mirror = await startArchiveMirror();
  archive = new BinanceArchive({
    base: archiveBase(mirror.origin, false),
    clock: new SystemClock(),
    rng: new Rng(1),
    connections: 4,
    connectTimeoutMs: 5_000,
    silenceMsMax: 5_000,
  });
});
afterEach(async () => {
  await archive.close();
  await mirror.close();
  rmSync(folder, { recursive: true });
});

interface Wishes extends Partial<FetchChoice> {
  readonly askKlines?: AskKlines;
  readonly onDamaged?: (text: string) => void;
}

async function fetched({ askKlines, onDamaged, ...choice }: Wishes = {}): Promise<FetchReport> {
  const nowMs = choice.nowMs ?? Date.UTC(2026, 0, 1);
  const downloads = new Downloads(folder);
  const fetcher = new MonthFetcher({
    store,
    archive,
    downloads,
    askKlines: askKlines ?? null,
    nowMs,
    onDamaged: (error) => onDamaged?.(error.message),
  });
  try {
    return await fetchHistory(
      { symbols: ["AUSDT"], months: MONTHS, kinds: ["bars"], parallel: 3, ...choice, nowMs },
      { fetcher, progress: { show() {}, end() {} }, logger: LOGGER },
    );
  } finally {
    downloads.close();
  }
}

function storedBars(month: Month, symbol = "AUSDT"): Float64Array | undefined {
  return store.read("bars", symbol, month)?.rows;
}

/** Every file of the store by path. */
function bytesOfStore(): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
    /\.(?:bars|funding)$/u.test(path),
  );
  return Object.fromEntries(
    paths.toSorted().map((path) => [path, readFileSync(join(folder, path), "latin1")]),
  );
}

describe("smcq data fetch", () => {
  it("stores what the archive has, ms or us, with a header or without, and asks for nothing twice", async () => {
    for (const month of MONTHS)
      putBars(mirror, { symbol: "AUSDT", period: month }, monthBars("AUSDT", month, 300));
    putFunding(mirror, "AUSDT", MONTHS[0] as Month);
    const report = await fetched({ kinds: ["bars", "funding"] });
    expect(report).toMatchObject({
      fetched: 4,
      had: 0,
      absent: 2,
      files: 4,
      bars: 900,
      rates: 90,
      failed: [],
    });
    for (const month of MONTHS) expect(storedBars(month)).toEqual(monthBars("AUSDT", month, 300));
    expect(store.read("funding", "AUSDT", MONTHS[0] as Month)?.rows.slice(0, 3)).toEqual(
      Float64Array.of(Date.UTC(2024, 10, 1), 0.000_541, Date.UTC(2024, 10, 1, 8)),
    );
    const before = bytesOfStore();
    mirror.requests.length = 0;
    expect(await fetched({ kinds: ["bars"] })).toMatchObject({ fetched: 0, had: 3, bars: 0 });
    expect(mirror.requests).toEqual([]);
    expect(bytesOfStore()).toEqual(before);
    expect(readdirSync(folder)).not.toContain(String(process.pid));
  });

  it("counts months that the symbol did not trade in and says those that have not begun", async () => {
    putBars(mirror, { symbol: "AUSDT", period: "2024-12" }, monthBars("AUSDT", "2024-12" as Month, 10));
    const months = [...MONTHS, "2030-01", "2030-02"] as Month[];
    const report = await fetched({ months, symbols: ["AUSDT", "BUSDT"] });
    expect(report).toMatchObject({ fetched: 1, absent: 5, future: ["2030-01", "2030-02"], failed: [] });
    expect(fetchText(report)).toContain("5 the archive does not have");
    expect(fetchText(report)).toContain("left out: 2 months, 2030-01 to 2030-02: not begun");
    expect(mirror.requests.some((path) => path.includes("2030"))).toBe(false);
  });

  it("keeps at most so many requests under way", async () => {
    mirror.delayMs = 5;
    await fetched({ symbols: ["AUSDT", "BUSDT", "CUSDT"], parallel: 2 });
    expect(mirror.busiest).toBe(2);
  });

  it("reads the running month by its days, adds those that come, and takes the month's file when it is there", async () => {
    const month = "2025-03" as Month;
    const start = monthStartMs(month);
    const whole = monthBars("AUSDT", month, 4 * 1_440);
    const days = [0, 1, 2, 3].map((day) => dayOf(whole, start + day * DAY_MS));
    const putDay = (day: number): void =>
      putBars(mirror, { symbol: "AUSDT", period: `2025-03-0${day + 1}` }, days[day] as Float64Array);
    for (const day of [0, 2]) putDay(day);
    expect(await fetched({ months: [month], nowMs: start + 3.5 * DAY_MS })).toMatchObject({
      fetched: 1,
      files: 2,
    });
    expect(storedBars(month)?.length).toBe(2 * 1_440 * BAR_FIELDS);
    expect(mirror.requests.some((path) => path.includes("2025-03-04"))).toBe(false);
    for (const day of [1, 3]) putDay(day);
    mirror.requests.length = 0;
    expect(await fetched({ months: [month], nowMs: start + 4 * DAY_MS })).toMatchObject({
      fetched: 1,
      files: 2,
    });
    expect(mirror.requests.some((path) => path.includes("2025-03-01"))).toBe(false);
    expect(storedBars(month)).toEqual(whole);
    // Nothing new is there: the file stays as it is.
    expect(await fetched({ months: [month], nowMs: start + 4 * DAY_MS })).toMatchObject({
      fetched: 0,
      had: 1,
    });
    putBars(mirror, { symbol: "AUSDT", period: month }, whole);
    const afterwards = { months: [month], nowMs: monthEndMs(month) + DAY_MS };
    expect(await fetched(afterwards)).toMatchObject({ fetched: 1, files: 1, bars: 0 });
    const patient = bytesOfStore();
    rmSync(store.path("bars", "AUSDT", month));
    await fetched(afterwards);
    expect(bytesOfStore()).toEqual(patient);
  });

  it("asks no days of months that ended long ago", async () => {
    await fetched({ months: ["2025-03" as Month], nowMs: Date.UTC(2025, 3, 20) });
    expect(mirror.requests.length).toBe(1);
  });

  it("goes on behind a file that cannot be had, and names it", async () => {
    const [first, second, third] = MONTHS as [Month, Month, Month];
    for (const month of [first, third])
      putBars(mirror, { symbol: "AUSDT", period: month }, monthBars("AUSDT", month, 50));
    const zips: readonly [Buffer, RegExp][] = [
      [Buffer.from("<html>a page</html>"), /^KLINES_FORMAT /u],
      [Buffer.alloc(0), /^KLINES_FORMAT .*empty/u],
    ];
    for (const [zip, said] of zips) {
      mirror.put({ kind: "klines", symbol: "AUSDT", period: second }, zip);
      const { failed } = await fetched({ parallel: 1 });
      expect(failed.map(({ code, message }) => `${code} ${message}`)).toEqual([expect.stringMatching(said)]);
      expect(failed[0]?.message).toContain("AUSDT-1m-2024-12.zip");
      expect(storedBars(second)).toBeUndefined();
    }
    // Bars of another month under this one's name.
    putBars(mirror, { symbol: "AUSDT", period: second }, monthBars("AUSDT", third, 50));
    expect((await fetched()).failed[0]).toMatchObject({ code: "KLINES_PERIOD", month: second });
    putBars(mirror, { symbol: "AUSDT", period: second }, monthBars("AUSDT", second, 50));
    expect(await fetched()).toMatchObject({ fetched: 1, had: 2, failed: [] });
  });

  it("ends when nothing answers, and says that another run goes on", async () => {
    for (let k = 1; k <= 9; k++) {
      const period = `2024-0${k}`;
      mirror.faults.set(archivePath({ kind: "klines", symbol: "AUSDT", period }), [
        { type: "status", status: 403 },
      ]);
    }
    const months = Array.from({ length: 9 }, (_, k) => `2024-0${k + 1}` as Month);
    await expect(fetched({ months, parallel: 1 })).rejects.toThrow(
      /8 months in a row failed, .* another run goes on/u,
    );
    expect(mirror.requests.length).toBe(8);
  });

  it("fetches a damaged file anew and says so", async () => {
    for (const month of MONTHS)
      putBars(mirror, { symbol: "AUSDT", period: month }, monthBars("AUSDT", month, 50));
    await fetched();
    const before = bytesOfStore();
    const path = store.path("bars", "AUSDT", MONTHS[1] as Month);
    writeFileSync(path, readFileSync(path).subarray(0, 300));
    const said: string[] = [];
    expect(await fetched({ onDamaged: (text) => said.push(text) })).toMatchObject({ fetched: 1, had: 2 });
    expect(said).toEqual([expect.stringContaining(path)]);
    expect(bytesOfStore()).toEqual(before);
  });
});

describe("--holes rest", () => {
  const month = "2024-11" as Month;
  const start = monthStartMs(month);
  const whole = monthBars("AUSDT", month, 5_000);
  const asked: string[] = [];
  /** A venue that has these bars, and answers like it: at most `limit` of them, ascending. */
  const venueOf =
    (bars: Float64Array): AskKlines =>
    async ({ startMs = 0, endMs = 0, limit }) => {
      asked.push(`${(startMs - start) / MINUTE_MS}..${(endMs - start) / MINUTE_MS}`);
      const own = bars.filter((_, k) => {
        const openMs = bars[k - (k % BAR_FIELDS)] as number;
        return openMs >= startMs && openMs <= endMs;
      });
      return own.slice(0, limit * BAR_FIELDS);
    };
  const without = (...minutes: readonly (readonly [number, number])[]): Float64Array =>
    whole.filter((_, k) => {
      const minute = Math.floor(k / BAR_FIELDS);
      return !minutes.some(([from, to]) => minute >= from && minute <= to);
    });
  beforeEach(() => {
    asked.length = 0;
  });

  it("fills what the archive lacks, page by page, once", async () => {
    putBars(mirror, { symbol: "AUSDT", period: month }, without([0, 9], [100, 2_600], [4_999, 4_999]));
    expect(await fetched({ months: [month] })).toMatchObject({ filled: 0 });
    const report = await fetched({ months: [month], askKlines: venueOf(whole) });
    expect(report).toMatchObject({ fetched: 1, files: 0, filled: 2_512 });
    expect(storedBars(month)).toEqual(whole);
    expect(asked).toEqual(["0..9", "100..2600", "1100..2600", "2100..2600", "4999..43199"]);
    expect(store.header("bars", "AUSDT", month)?.sources.map(({ name }) => name)).toEqual([
      "AUSDT-1m-2024-11.zip",
      "REST",
    ]);
    asked.length = 0;
    expect(await fetched({ months: [month], askKlines: venueOf(whole) })).toMatchObject({ had: 1 });
    expect(asked).toEqual([]);
    // In one run it comes to the same bytes.
    const before = bytesOfStore();
    rmSync(store.path("bars", "AUSDT", month));
    await fetched({ months: [month], askKlines: venueOf(whole) });
    expect(bytesOfStore()).toEqual(before);
  });

  it("leaves what REST does not have either, takes nothing implausible, and asks nothing of an absent month", async () => {
    const holed = without([100, 120]);
    putBars(mirror, { symbol: "AUSDT", period: month }, holed);
    const bad = whole.slice();
    for (let minute = 100; minute <= 110; minute++) bad[minute * BAR_FIELDS + 2] = 0;
    await fetched({
      months: [month, "2024-12" as Month],
      askKlines: venueOf(bad.subarray(0, 112 * BAR_FIELDS)),
    });
    expect(storedBars(month)?.length).toBe(holed.length + BAR_FIELDS);
    expect(asked).toEqual(["100..120", "5000..43199"]);
  });

  it("does not ask for minutes that are not over", async () => {
    const nowMs = start + 2 * DAY_MS + 90_500;
    putBars(mirror, { symbol: "AUSDT", period: `${month}-01` }, dayOf(whole, start));
    await fetched({ months: [month], nowMs, askKlines: venueOf(whole) });
    expect(asked).toEqual(["1440..2879", "2440..2879"]);
    expect(storedBars(month)).toEqual(whole.subarray(0, 2_880 * BAR_FIELDS));
  });
});
