import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { HistoryStore } from "@smcq/history";
import { BAR_FIELDS, MINUTE_MS, type Month } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { csvOf, madeBars } from "../../history/test/support/made-bars.ts";
import { listHistory } from "../src/offline/history/list-history.ts";
import { runCommand } from "./support/run-command.ts";
import { zipOf } from "./support/zip.ts";

const MAY_MS = Date.UTC(2026, 4, 1);
const JUNE_MS = Date.UTC(2026, 5, 1);
const MAY = "2026-05" as Month;
const JUNE = "2026-06" as Month;

let folder = "";
let store: HistoryStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-data-"));
  store = new HistoryStore(join(folder, "history"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The last 100 minutes of May and the first 50 of June, three of them missing. */
const bars = madeBars({ seed: 5, fromMs: JUNE_MS - 100 * MINUTE_MS, count: 150, places: 3 }).filter(
  (_, k) => ![20, 21, 120].includes(Math.floor(k / BAR_FIELDS)),
);
const ofMay = bars.subarray(0, 98 * BAR_FIELDS);
const ofJune = bars.subarray(98 * BAR_FIELDS);

function put(name: string, bytes: Buffer | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function data(...words: readonly string[]): ReturnType<typeof runCommand> {
  return runCommand("data", ...words, "--data-dir", folder);
}

async function imported(...files: readonly string[]): Promise<unknown> {
  const { code, text } = await data("import", "--json", "--klines", ...files);
  expect(code).toBe(0);
  return JSON.parse(text);
}

describe("smcq data import", () => {
  it("takes bars plain, by gzip and by zip, month by month", async () => {
    const csv = csvOf(bars);
    const forms: readonly (readonly [string, Buffer])[] = [
      ["AUSDT-1m-a.csv", Buffer.from(csv)],
      ["BUSDT-1m-b.csv.gz", gzipSync(csvOf(bars, { header: false }))],
      ["CUSDT-1m-c.zip", zipOf({ "x.csv": Buffer.from(csvOf(bars, { unit: 1_000 })) })],
    ];
    const paths = forms.map(([name, bytes]) => put(name, bytes));
    expect(await imported(...paths)).toEqual({ files: 3, rows: 441, added: 441, differing: 0, rounded: 0 });
    for (const symbol of ["AUSDT", "BUSDT", "CUSDT"]) {
      expect(store.read("bars", symbol, MAY)?.rows).toEqual(ofMay);
      expect(store.read("bars", symbol, JUNE)?.rows).toEqual(ofJune);
    }
    expect(await imported(...paths)).toMatchObject({ rows: 441, added: 0, differing: 0 });
  });

  it("adds what lacks, and lets stored values stay unless told otherwise", async () => {
    await imported(put("AUSDT-1m-a.csv", csvOf(bars)));
    const other = madeBars({ seed: 5, fromMs: JUNE_MS - 100 * MINUTE_MS, count: 151, places: 3 });
    other[4] = (other[4] as number) + 0.001;
    other[2] = 1e6;
    const path = put("AUSDT-1m-b.csv", csvOf(other));
    expect(await imported(path)).toMatchObject({ rows: 151, added: 4, differing: 1 });
    expect(store.read("bars", "AUSDT", MAY)?.rows.at(2)).toBe(bars[2]);
    const { code, text } = await data("import", "--klines", path, "--replace");
    expect([code, text]).toEqual([
      0,
      "1 files, 151 rows: 0 added\n1 differ from what was stored: replaced\n",
    ]);
    expect(store.read("bars", "AUSDT", MAY)?.rows.at(2)).toBe(1e6);
  });

  it("takes funding rates by row or by the archive's name", async () => {
    const rows = put("rates.csv", `time,symbol,rate\n${MAY_MS},AUSDT,0.0001\n${JUNE_MS},BUSDT,-0.00025\n`);
    const named = put("CUSDT-fundingRate-2026-05.csv", `${MAY_MS + 7},8,0.0003\n`);
    const { code, text } = await data("import", "--funding", rows, named);
    expect([code, text]).toEqual([0, "2 files, 3 rows: 3 added\n"]);
    expect(store.read("funding", "BUSDT", JUNE)?.rows).toEqual(Float64Array.of(JUNE_MS, -0.000_25));
    expect(store.read("funding", "CUSDT", MAY)?.rows).toEqual(Float64Array.of(MAY_MS, 0.0003));
  });

  it.each([
    ["AUSDT-1m-a.csv", "open_time,open\n1,2\n", /AUSDT-1m-a\.csv:1: the header/u, 4],
    ["bars.csv", "x", /cannot tell the symbol/u, 2],
    [
      "AUSDT-1m-a.csv",
      csvOf(bars).replace(/\n.*\n/u, "\nsix,1,1,1,1,1\n"),
      /:2: open_time is not a number|header/u,
      4,
    ],
    [
      "AUSDT-1m-a.csv",
      csvOf(madeBars({ seed: 1, fromMs: 0, count: 2, places: 2 })),
      /AUSDT-1m-a\.csv: the month "1970-01": must be a month from 2010-01/u,
      2,
    ],
  ])("refuses %s by name, place and exit code", async (name, text, wanted, exit) => {
    const { code, said } = await data("import", "--klines", put(name, text));
    expect(said).toMatch(wanted);
    expect(code).toBe(exit);
  });

  it.each([
    ["time,symbol,rate\n1,AUSDT,0.1\n", ":2: the time is not a whole minute"],
    [`time,symbol,rate\n${MAY_MS},AUSDT,1\n`, ":2: the rate is not a decimal between -1 and 1"],
    [`time,symbol,rate\n${MAY_MS},AUSDT,0x1\n`, ":2: the rate is not"],
    [`time,symbol,rate\n${MAY_MS},AUSDT\n`, ":2: 2 columns, wanted 3"],
    ["when,who,what\n", ":1: the header is none of"],
    [`${MAY_MS},8,0.0001\n`, "its rows name no symbol"],
    [`time,symbol,rate\n${MAY_MS},../x,0.0001\n`, "is no symbol"],
  ])("refuses %j as funding rates", async (text, wanted) => {
    const { code, said } = await data("import", "--funding", put("rates.csv", text));
    expect(said).toContain(wanted);
    expect([2, 4]).toContain(code);
  });
});

describe("smcq data list and verify", () => {
  it("say what is stored, with its holes, and that nothing is", async () => {
    expect((await data("list")).text).toContain("holds nothing");
    await imported(put("AUSDT-1m-a.csv", csvOf(bars)));
    expect(listHistory(store)).toMatchObject([
      {
        symbol: "AUSDT",
        kind: "bars",
        firstMonth: MAY,
        lastMonth: JUNE,
        months: 2,
        rows: 147,
        missingMinutes: 3,
      },
    ]);
    expect((await data("list")).text).toMatch(/^AUSDT +bars +2026-05 +2026-06 +2 +147 +3 +\d+$/mu);
    const sound = await data("verify");
    expect(sound.code).toBe(0);
    expect(sound.text).toContain("2 files, 147 rows: all sound\n2 holes, 3 minutes missing");
    const { text } = await data("verify", "--json");
    expect(JSON.parse(text)).toMatchObject({
      missingMinutes: 3,
      holes: [
        { symbol: "AUSDT", minutes: 2, fromMs: JUNE_MS - 80 * MINUTE_MS },
        { symbol: "AUSDT", minutes: 1, fromMs: JUNE_MS + 20 * MINUTE_MS },
      ],
    });
  });

  it("name a damaged file and end with 4", async () => {
    await imported(put("AUSDT-1m-a.csv", csvOf(bars)));
    const path = store.path("bars", "AUSDT", JUNE);
    const bytes = readFileSync(path);
    bytes[bytes.length - 5] = (bytes.at(-5) as number) ^ 1;
    writeFileSync(path, bytes);
    const { code, text } = await data("verify");
    expect(code).toBe(4);
    expect(text).toContain(`1 DAMAGED\nHISTORY_DAMAGED ${path}: block 1 is damaged`);
    // A hole does not become one of the neighbour's.
    expect(text).toContain("1 holes, 2 minutes missing");
  });
});

describe("smcq data fetch", () => {
  it.each([
    [
      ["--symbols", "A,,B", "--from", "2024-01", "--to", "2024-02"],
      /--symbols "A,,B": must be all, or names/u,
    ],
    [["--symbols", "A,A", "--from", "2024-01", "--to", "2024-02"], /names A twice/u],
    [["--symbols", "A", "--from", "2024-1", "--to", "2024-02"], /--from "2024-1": must be a month/u],
    [["--symbols", "A", "--from", "2024-03", "--to", "2024-02"], /--from 2024-03 is after --to 2024-02/u],
    [
      ["--symbols", "A", "--from", "2024-01", "--to", "2024-02", "--parallel", "17"],
      /--parallel 17: .* 1 to 16/u,
    ],
    [["--symbols", "A", "--from", "2024-01", "--to", "2024-02", "--holes", "some"], /Invalid values/u],
    [["--from", "2024-01", "--to", "2024-02"], /symbols/u],
  ])("refuses %j", async (words, wanted) => {
    const { code, said } = await data("fetch", ...words);
    expect(said).toMatch(wanted);
    expect(code).toBe(2);
  });

  it("refuses an archive of somebody else", async () => {
    const words = ["--symbols", "A", "--from", "2024-01", "--to", "2024-01"];
    const other = await data("fetch", ...words, "--set", "feed.archiveBaseUrl=https://evil.example");
    expect([other.code, other.said]).toEqual([
      5,
      expect.stringContaining("feed.archiveBaseUrl is refused: evil.example"),
    ]);
    const plain = await data("fetch", ...words, "--set", "feed.archiveBaseUrl=http://data.binance.vision");
    expect(plain.code).toBe(3);
  });
});
