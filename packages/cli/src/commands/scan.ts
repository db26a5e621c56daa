import { StoredRows } from "@smcq/history";
import { SmcqError, SystemClock } from "@smcq/kernel";
import type { CommandModule, Options } from "yargs";
import { threadCount } from "../modes/thread-count.ts";
import { namedSymbols, storedSymbols, storeOf } from "../offline/history/store-of.ts";
import { runScan, type ScanOptions } from "../offline/scan/scan-klines.ts";
import { scanStore, storeScanText } from "../offline/scan/scan-store.ts";
import { createStderrLogger } from "../output/logger.ts";
import { standardError } from "../output/outlet.ts";
import { createProgress, errorScreen, fileProgress } from "../output/progress.ts";
import { jsonText, printResult } from "../output/print-result.ts";
import { loadSettings } from "./settings.ts";
import { STORE_FOLDER_FLAG, STORED_FLAGS, storedRange } from "./history/stored-range.ts";

type Args = Readonly<Record<string, unknown>>;

const TEXT = { type: "string", requiresArg: true } as const;
const CODE = "USAGE_SCAN";

const FLAGS: Readonly<Record<string, Options>> = {
  klines: { ...TEXT, describe: "closed 1-minute bars, ascending; CSV, plain, gzip or zip" },
  symbol: { ...TEXT, describe: "the symbol's name; without --klines its bars of the store" },
  ...STORED_FLAGS,
  symbols: {
    ...TEXT,
    describe: "many symbols of the store (smcq data) on all cores: all, or names parted by commas",
  },
  events: { ...TEXT, describe: "write events to this CSV file; - for standard output" },
  features: {
    ...TEXT,
    describe: "write the 12 features of every bar (float64); - for standard output",
  },
  candidates: {
    ...TEXT,
    describe: "write candidates with their heuristic score; - for standard output",
  },
  json: { type: "boolean", describe: "what the scan came to, as JSON on standard output" },
  "scan-threads": { ...TEXT, describe: "threads of --symbols (default: one a core)" },
  "data-dir": STORE_FOLDER_FLAG,
  config: { ...TEXT, describe: "JSON file with settings" },
};

/** `smcq scan`: detector, features and candidates over a file of bars, or over stored ones. */
export function scanCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "scan",
    describe: "detect, compute features and find candidates over 1-minute bars of a file or of the store",
    builder: (argv) => argv.options(FLAGS),
    handler: async (args) => {
      checkChoice(args);
      await (args["symbols"] === undefined ? scanOne(args) : scanMany(args));
      setExitCode(0);
    },
  };
}

function checkChoice(args: Args): void {
  const has = (flag: string): boolean => args[flag] !== undefined;
  if (has("symbols") === has("symbol"))
    throw new SmcqError(CODE, "either --symbol NAME or --symbols all|A,B is needed");
  if (has("klines") && (has("symbols") || has("from") || has("to")))
    throw new SmcqError(CODE, "--symbols, --from and --to choose bars of the store: not with --klines");
  if (has("symbols") && (has("events") || has("features")))
    throw new SmcqError(CODE, "--events and --features are of one symbol: not with --symbols");
}

async function scanOne(args: Args): Promise<void> {
  const out = (name: string): object => (typeof args[name] === "string" ? { [name]: args[name] } : {});
  const isJson = args["json"] === true;
  if (isJson && ["events", "features", "candidates"].some((name) => args[name] === "-"))
    throw new SmcqError("USAGE_OUTPUT", "only one output can go to standard output, and --json goes there");
  const symbol = String(args["symbol"]);
  const file = args["klines"] as string | undefined;
  const progress = file === undefined ? null : fileProgress("smcq scan", file);
  const totals = await runScan({
    klines: file ?? storedBars(args, symbol),
    symbol,
    ...out("events"),
    ...out("features"),
    ...out("candidates"),
    warn: (line) => {
      progress?.end();
      standardError().write(`smcq scan: ${line}\n`);
    },
    ...(progress === null ? {} : { onRead: progress.onRead }),
  }).finally(() => progress?.end());
  if (isJson) await printResult(jsonText(totals));
  standardError().write(`smcq scan: ${totals.bars} bars of ${totals.symbol}\n`);
}

function storedBars(args: Args, symbol: string): ScanOptions["klines"] {
  const store = storeOf(settingsOf(args).config.dataDir);
  storedSymbols(store, "bars", [symbol]);
  return new StoredRows(store, { kind: "bars", symbol, ...storedRange(args, CODE) });
}

async function scanMany(args: Args): Promise<void> {
  const { config } = settingsOf(args);
  const store = storeOf(config.dataDir);
  const progress = createProgress("smcq scan", errorScreen(), new SystemClock());
  const report = await scanStore({
    folder: store.folder,
    symbols: storedSymbols(store, "bars", namedSymbols(String(args["symbols"]))),
    ...storedRange(args, CODE),
    candidates: (args["candidates"] as string | undefined) ?? null,
    threads: threadCount(config.scanThreads),
    progress,
    logger: createStderrLogger(config.log),
  }).finally(() => progress.end());
  const text = args["json"] === true ? jsonText(report) : storeScanText(report);
  // Standard output may be the candidates'.
  if (args["candidates"] === "-") standardError().write(text);
  else await printResult(text);
}

/** `--symbols` means stored ones here, not the simulator's. */
function settingsOf(args: Args): ReturnType<typeof loadSettings> {
  return loadSettings({ ...args, symbols: undefined });
}
