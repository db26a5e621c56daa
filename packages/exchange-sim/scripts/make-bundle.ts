/**
 * Makes `data/` from the shared klines and the exchangeInfo fixture:
 *   node --conditions=@smcq/source packages/exchange-sim/scripts/make-bundle.ts SHARED_DATA_FOLDER
 * Same inputs, same bytes (with the same zlib); the inputs' sha256 stand in packages/exchange-sim/data/ORIGINS.md.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { encodeSeries, type SeriesColumns } from "../src/bundle/format.ts";

const DAY_MS = 86_400_000;
const DAYS = 14;
const MINUTE_COUNT = DAYS * 1440;
/** 2026-02-01T00:00:00Z, the common start. */
const START_MS = 1_769_904_000_000;
const DAY_STARTS_MS: Readonly<Record<string, number>> = {
  "2025-05-05": 1_746_403_200_000,
  "2026-02-01": START_MS,
  "2026-04-01": 1_775_001_600_000,
};

interface Input {
  readonly file: string;
  readonly symbol: string;
  readonly fromDay: string;
  readonly isOwn: boolean;
  readonly source: "isda" | "typhonun";
}

// Four series of February 2026 and three of May 2025 show as their own; two more AVAX stretches feed derived ones.
const inputs: readonly Input[] = [
  {
    file: "ALGOUSDT-1m-20260201-20260228.csv.gz",
    symbol: "ALGOUSDT",
    fromDay: "2026-02-01",
    isOwn: true,
    source: "isda",
  },
  {
    file: "AVAXUSDT-1m-20260201-20260228.csv.gz",
    symbol: "AVAXUSDT",
    fromDay: "2026-02-01",
    isOwn: true,
    source: "isda",
  },
  {
    file: "FILUSDT-1m-20260201-20260228.csv.gz",
    symbol: "FILUSDT",
    fromDay: "2026-02-01",
    isOwn: true,
    source: "isda",
  },
  {
    file: "NEARUSDT-1m-20260201-20260228.csv.gz",
    symbol: "NEARUSDT",
    fromDay: "2026-02-01",
    isOwn: true,
    source: "isda",
  },
  {
    file: "ENAUSDT-1m-20250504-20250603.csv.gz",
    symbol: "ENAUSDT",
    fromDay: "2025-05-05",
    isOwn: true,
    source: "typhonun",
  },
  {
    file: "XLMUSDT-1m-20250504-20250603.csv.gz",
    symbol: "XLMUSDT",
    fromDay: "2025-05-05",
    isOwn: true,
    source: "typhonun",
  },
  {
    file: "XMRUSDT-1m-20250504-20250603.csv.gz",
    symbol: "XMRUSDT",
    fromDay: "2025-05-05",
    isOwn: true,
    source: "typhonun",
  },
  {
    file: "AVAXUSDT-1m-20250504-20250603.csv.gz",
    symbol: "AVAXUSDT",
    fromDay: "2025-05-05",
    isOwn: false,
    source: "typhonun",
  },
  {
    file: "AVAXUSDT-1m-20260401-20260430.csv.gz",
    symbol: "AVAXUSDT",
    fromDay: "2026-04-01",
    isOwn: false,
    source: "isda",
  },
];
const universe = {
  input: "fapi-exchangeInfo-mainnet-2024-10-20.json.gz",
  output: "exchange-info-mainnet-2024-10-20.json.gz",
};

const leverageTiers = {
  input: "binance_leverage_tiers.freqtrade-2024-10.json.gz",
  output: "leverage-brackets-2024-10.json.gz",
};

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const decimalsOf = (text: string): number => text.replace(/\.?0+$/, "").split(".")[1]?.length ?? 0;

function unitsOf(text: string, decimals: number): number {
  const [whole = "", part = ""] = text.split(".");
  if (!/^\d+$/.test(whole) || !/^\d*$/.test(part)) throw new Error(`not a decimal: ${text}`);
  const units = Number(whole + part.slice(0, decimals).padEnd(decimals, "0"));
  if (/[1-9]/.test(part.slice(decimals))) throw new Error(`${text} has more than ${decimals} decimals`);
  return units;
}

function readSeries(csv: string, fromMs: number): SeriesColumns {
  const [header, ...lines] = csv.trim().split("\n");
  if (!header?.startsWith("open_time,open,high,low,close,volume")) throw new Error(`header: ${header}`);
  const rows = lines.map((line) => line.trim().split(","));
  const first = rows.findIndex((row) => Number(row[0]) === fromMs);
  const wanted = rows.slice(first, first + MINUTE_COUNT);
  if (first < 0 || wanted.length !== MINUTE_COUNT) throw new Error("the file does not cover the wanted days");
  wanted.forEach((row, index) => {
    if (Number(row[0]) !== fromMs + index * 60_000) throw new Error(`gap at row ${first + index}`);
  });
  const priceDecimals = Math.max(...wanted.flatMap((row) => row.slice(1, 5).map(decimalsOf)));
  const volumeDecimals = Math.max(...wanted.map((row) => decimalsOf(row[5] ?? "")));
  const column = (field: number, decimals: number): number[] =>
    wanted.map((row) => unitsOf(row[field] ?? "", decimals));
  return {
    firstOpenMs: fromMs,
    shiftDays: (START_MS - fromMs) / DAY_MS,
    priceDecimals,
    volumeDecimals,
    open: Int32Array.from(column(1, priceDecimals)),
    high: Int32Array.from(column(2, priceDecimals)),
    low: Int32Array.from(column(3, priceDecimals)),
    close: Int32Array.from(column(4, priceDecimals)),
    volume: Float64Array.from(column(5, volumeDecimals)),
  };
}

/** A bracket as the venue printed it, inside a document of another's. */
interface TierInfo {
  readonly info: Readonly<
    Record<"notionalFloor" | "notionalCap" | "maintMarginRatio" | "cum" | "initialLeverage", string>
  >;
}

/** The USDT contracts' brackets: floor, cap, maintenance ratio, cum, leverage, as the venue printed them. */
function bracketsOf(document: string): string {
  const tiers = JSON.parse(document) as Readonly<Record<string, readonly TierInfo[]>>;
  const bySymbol = Object.entries(tiers)
    .filter(([pair]) => pair.endsWith("/USDT:USDT"))
    .map(([pair, own]) => [
      `${pair.split("/")[0]}USDT`,
      own.map(({ info }) => [
        info.notionalFloor,
        info.notionalCap,
        info.maintMarginRatio,
        info.cum,
        info.initialLeverage,
      ]),
    ]);
  return JSON.stringify(Object.fromEntries(bySymbol));
}

const origin = {
  isda: "owlacar-dotcom/isda: unpacked files of Binance's public data archive (MIT upstream)",
  typhonun: "typhonun/DcaTpStrategy (MIT)",
};

function main(sharedFolder: string): void {
  const outFolder = join(import.meta.dirname, "..", "data");
  rmSync(outFolder, { recursive: true, force: true });
  mkdirSync(outFolder);
  const series: object[] = [];
  const lines: string[] = [];
  let totalBytes = 0;
  for (const input of inputs) {
    const bytes = readFileSync(join(sharedFolder, "klines", input.file));
    const columns = readSeries(gunzipSync(bytes).toString("utf8"), DAY_STARTS_MS[input.fromDay] ?? NaN);
    const packed = encodeSeries(columns);
    const file = `${input.symbol}-${input.fromDay.replaceAll("-", "")}.smk1.br`;
    writeFileSync(join(outFolder, file), packed);
    totalBytes += packed.length;
    series.push({
      file,
      symbol: input.symbol,
      isOwn: input.isOwn,
      bars: columns.open.length,
      sha256: sha256(packed),
    });
    lines.push(
      `| ${file} | ${input.file} | ${input.fromDay} | ${columns.shiftDays} | ${origin[input.source]} | \`${sha256(bytes)}\` |`,
    );
  }
  const document = readFileSync(join(sharedFolder, "fixtures", "exchangeInfo", universe.input));
  writeFileSync(join(outFolder, universe.output), document);
  totalBytes += document.length;
  const tiers = readFileSync(join(sharedFolder, "fixtures", "symbols", leverageTiers.input));
  const brackets = gzipSync(bracketsOf(gunzipSync(tiers).toString("utf8")), { level: 9 });
  writeFileSync(join(outFolder, leverageTiers.output), brackets);
  totalBytes += brackets.length;
  const manifest = { startMs: START_MS, minuteCount: MINUTE_COUNT, series };
  writeFileSync(join(outFolder, "manifest.json"), `${JSON.stringify(manifest, null, 1)}\n`);
  const text = `# Origins of the bundled data
Made by \`scripts/make-bundle.ts\`; ${DAYS} days of real closed M1 bars of Binance USD-M futures a series (facts), packed
as \`src/bundle/format.ts\` describes, shifted by whole days to 2026-02-01T00:00:00Z; ${totalBytes} bytes in all.
| file | made from | first day | shift in days | origin and licence | sha256 of the input |
|---|---|---|---|---|---|
${lines.join("\n")}
| ${universe.output} | ${universe.input} | 2024-10-20 | - | eddysan/TradingBotFest, config/exchange_info.json, blob 240dc7e1 (GPL-3.0; the venue's own answer to GET /fapi/v1/exchangeInfo) | \`${sha256(document)}\` |
| ${leverageTiers.output} | ${leverageTiers.input} | 2024-10 | - | freqtrade/freqtrade @ c9ae5e1e (GPL-3.0; the figures are the venue's own answer to GET /fapi/v1/leverageBracket, facts, USDT contracts alone) | \`${sha256(tiers)}\` |
`;
  writeFileSync(join(outFolder, "ORIGINS.md"), text);
  process.stdout.write(`${totalBytes} bytes in ${series.length + 2} files\n`);
}

const [sharedFolder] = process.argv.slice(2);
if (sharedFolder === undefined) throw new Error("usage: make-bundle.ts SHARED_DATA_FOLDER");
main(sharedFolder);
