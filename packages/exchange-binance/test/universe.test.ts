import { existsSync, readFileSync, readdirSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { ManualClock, Rng, silentLogger } from "@smcq/kernel";
import type { LogFields, Logger } from "@smcq/kernel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BinanceErrorCode, BinanceReferenceData, parseExchangeInfo, passesUniverse } from "../src/index.ts";
import { answer, startHttpVenue } from "./support/http-venue.ts";
import type { HttpVenue } from "./support/http-venue.ts";

const fixture = gunzipSync(
  readFileSync(join(import.meta.dirname, "fixtures/fapi-exchangeInfo-mainnet-2024-10-20.json.gz")),
).toString();
const shared = process.env["SMCQ_SHARED"] ?? join(import.meta.dirname, "../../../../shared");
const folder = join(shared, "data/fixtures/exchangeInfo");
const hasShared = existsSync(folder);
if (!hasShared) console.warn(`SKIPPED: no exchangeInfo documents at ${folder}; set SMCQ_SHARED`);

describe("parseExchangeInfo", () => {
  it("finds 297 tradeable USDT perpetuals among the 347 of the 2024 document", () => {
    const info = parseExchangeInfo(JSON.parse(fixture));
    expect([info.instruments.length, info.refused.length, info.weightLimit]).toEqual([347, 0, 2_400]);
    const pairs = info.instruments.filter(passesUniverse);
    expect(pairs).toHaveLength(297);
    expect(pairs.find(({ symbol }) => symbol === "BTCUSDT")).toEqual({
      symbol: "BTCUSDT",
      baseAsset: "BTC",
      quoteAsset: "USDT",
      marginAsset: "USDT",
      contractType: "PERPETUAL",
      status: "TRADING",
      onboardMs: 1_569_398_400_000,
      deliveryMs: 4_133_404_800_000,
      tickSize: "0.10",
      stepSize: "0.001",
      marketStepSize: "0.001",
      marketMinQty: "0.001",
      marketMaxQty: "120",
      minNotional: "100",
    });
  });

  it.skipIf(!hasShared)("reads every collected document with the counts of its README", () => {
    const expected: Record<string, readonly [number, number, number]> = {
      "mainnet-2021-09-06": [133, 123, 2_400],
      "mainnet-2022-05-04": [155, 144, 2_400],
      "mainnet-2024-10-20": [347, 297, 2_400],
      "testnet-like-2025-03-06": [438, 370, 6_000],
      "testnet-like-2025-12-24": [659, 516, 6_000],
      "testnet-like-2026-03-31": [704, 531, 6_000],
    };
    const files = readdirSync(folder).filter((name) => name.endsWith(".json.gz"));
    expect(files).toHaveLength(6);
    for (const name of files) {
      const info = parseExchangeInfo(JSON.parse(gunzipSync(readFileSync(join(folder, name))).toString()));
      const key = name.replace("fapi-exchangeInfo-", "").replace(".json.gz", "");
      const pairs = info.instruments.filter(passesUniverse);
      expect([name, info.instruments.length, pairs.length, info.weightLimit]).toEqual([
        name,
        ...(expected[key] ?? []),
      ]);
      // Each waits for its listing, without a tick.
      const untold: Record<string, string> = {
        "testnet-like-2025-12-24": "OPENUSDT",
        "testnet-like-2026-03-31": "ELSAUSDT",
      };
      const symbol = untold[key];
      const refused = symbol === undefined ? [] : [`${symbol}: tickSize is no positive number: 0`];
      expect([name, ...info.refused]).toEqual([name, ...refused]);
      const withoutSteps = pairs.filter(
        ({ tickSize, stepSize }) => !(Number(tickSize) > 0 && Number(stepSize) > 0),
      );
      expect([name, ...withoutSteps]).toEqual([name]);
    }
  });

  it("tolerates unknown statuses, types and filters, and names entries that it cannot read", () => {
    const base = {
      symbol: "AUSDT",
      baseAsset: "A",
      quoteAsset: "USDT",
      marginAsset: "USDT",
      status: "TRADING",
      contractType: "PERPETUAL",
    };
    const symbols = [
      {
        ...base,
        symbol: "币安人生USDT",
        filters: [{ filterType: "POSITION_RISK_CONTROL", positionControlSide: null }, 7, null],
      },
      { ...base, symbol: "B", status: "TRADING_HALT" },
      { ...base, symbol: "C", contractType: "" },
      { ...base, symbol: "D", contractType: "CURRENT_QUARTER DELIVERING" },
      { ...base, symbol: "E", contractType: null, marginAsset: null, filters: null },
      { ...base, symbol: "F", contractType: "TRADIFI_PERPETUAL" },
      { ...base, symbol: "G", quoteAsset: "USDC", marginAsset: "USDC" },
      { symbol: 5 },
      "garbage",
    ];
    const info = parseExchangeInfo({ symbols });
    expect([info.instruments.length, info.refused.length, info.weightLimit]).toEqual([7, 2, 1_200]);
    expect(info.instruments.filter(passesUniverse).map(({ symbol }) => symbol)).toEqual(["币安人生USDT"]);
    expect(info.instruments[0]?.tickSize).toBe("");
  });

  it("refuses a document without symbols", () => {
    for (const document of [null, [], {}, { symbols: {} }, "x"])
      expect(() => parseExchangeInfo(document)).toThrow(
        expect.objectContaining({ code: BinanceErrorCode.BadReply }),
      );
  });
});

describe("the universe of BinanceReferenceData", () => {
  let venue: HttpVenue;
  let dir: string;
  const clock = new ManualClock(1_790_771_340_000);
  const warnings: LogFields[] = [];
  const log: Logger = { ...silentLogger, warn: (fields) => void warnings.push(fields) };
  const opened: BinanceReferenceData[] = [];

  function open(origin: string = venue.origin): BinanceReferenceData {
    const data = new BinanceReferenceData({ origin, clock, rng: new Rng(1), log, cacheDir: dir });
    opened.push(data);
    return data;
  }

  /** A run that has come up leaves its document behind. */
  async function fill(): Promise<void> {
    const data = open();
    await data.universe();
    await data.keepUniverse();
  }

  beforeEach(async () => {
    warnings.length = 0;
    dir = await mkdtemp(join(tmpdir(), "smcq-universe-"));
    venue = await startHttpVenue(answer(200, fixture, { "X-MBX-USED-WEIGHT-1M": "1" }));
  });

  afterEach(async () => {
    for (const data of opened.splice(0)) await data.close();
    await venue.close();
    await rm(dir, { recursive: true });
  });

  it("fetches once for calls at the same time, then serves an hour from memory", async () => {
    const data = open();
    const [first, second] = await Promise.all([data.universe(), data.universe()]);
    expect([first.instruments.length, first.totalCount, first.source, second]).toEqual([
      297,
      347,
      "venue",
      first,
    ]);
    expect(venue.requests).toHaveLength(1);
    expect(data.rest.budget.state().weightLimit).toBe(2_400);
    clock.advance(3_599_999);
    expect((await data.universe()).source).toBe("memory");
    clock.advance(1);
    expect((await data.universe()).source).toBe("venue");
    expect((await data.universe({ maxAgeMs: 0 })).source).toBe("venue");
    expect(venue.requests).toHaveLength(3);
  });

  it("serves a fresh disk cache to the next process, with the venue's weight limit", async () => {
    await fill();
    const next = open();
    expect(await next.universe()).toMatchObject({ source: "disk", totalCount: 347 });
    expect(next.rest.budget.state().weightLimit).toBe(2_400);
    expect(venue.requests).toHaveLength(1);
  });

  it("falls back to the cache when the venue fails, and says how old it is", async () => {
    await fill();
    clock.advance(5 * 3_600_000);
    for (let index = 0; index < 2; index++) venue.script.push(answer(403, "firewall"));
    const data = open();
    const universe = await data.universe();
    expect([universe.source, universe.instruments.length]).toEqual(["disk", 297]);
    expect(warnings).toEqual([expect.objectContaining({ ageMs: 5 * 3_600_000, pairs: 297 })]);
  });

  it("never uses a damaged cache, one of another venue, or one from the future", async () => {
    await fill();
    const path = join(dir, "binance-universe.json");
    const text = await readFile(path, "utf8");
    for (const damaged of [
      text.slice(0, 1_000),
      "",
      '{"version":2}',
      text.replace('"version":1', '"version":9'),
    ]) {
      await writeFile(path, damaged);
      expect((await open().universe()).source).toBe("venue");
    }
    await writeFile(path, text.replace(/"fetchedAtMs":\d+/, `"fetchedAtMs":${clock.nowMs() + 60_000}`));
    expect((await open().universe()).source).toBe("venue");
    const other = await startHttpVenue(answer(403, "firewall"));
    await expect(open(other.origin).universe()).rejects.toMatchObject({ code: BinanceErrorCode.NoUniverse });
    await other.close();
  });

  it("refuses a document without a tradeable pair rather than watching nothing", async () => {
    for (let tries = 0; tries < 4; tries++) venue.script.push(answer(200, { symbols: [] }));
    const passing = async (): Promise<void> => {
      for (let tries = 1; tries <= 4; tries++)
        await expect.poll(() => [venue.requests.length >= tries, clock.advance(8_000)][0]).toBe(true);
    };
    const [refused] = await Promise.allSettled([open().universe(), passing()]);
    expect(refused).toMatchObject({ reason: { code: BinanceErrorCode.NoUniverse } });
  });
});
