import { tradedPlan } from "../plans/traded-plan.ts";
import { join } from "node:path";
import type { EngineConfig } from "@smcq/config";
import { requireProtocolBounded } from "@smcq/engine";
import { type Clock, parseE8, SmcqError, SystemClock } from "@smcq/kernel";
import { utcText } from "@smcq/scoring";
import type { CommandModule, Options } from "yargs";
import { threadCount } from "../modes/thread-count.ts";
import { newBacktestFolder } from "../offline/backtest/backtests-folder.ts";
import { backtestText } from "../offline/backtest/backtest-text.ts";
import { type BacktestOptions, runBacktest } from "../offline/backtest/run-backtest.ts";
import { createStderrLogger } from "../output/logger.ts";
import { createProgress, errorScreen } from "../output/progress.ts";
import { jsonText, printResult } from "../output/print-result.ts";
import { riskLimits } from "../run/trading/risk-limits.ts";
import { namedSymbols, storedSymbols, storeOf } from "../offline/history/store-of.ts";
import { HOLD_OUT_FLAG, holdOutChoice } from "./research/hold-out-flag.ts";
import { JOBS_FLAG, withJobs, withJobsUrl } from "./jobs/jobs-flag.ts";
import { loadSettings } from "./settings.ts";
import { STORED_FLAGS, timeFlag } from "./history/stored-range.ts";

const TRIALS_MAX = 1_000_000;
const SEED_MAX = 2 ** 32 - 1;

type Args = Readonly<Record<string, unknown>>;

const TEXT = { type: "string", requiresArg: true } as const;
const NUMBER = { type: "number", requiresArg: true } as const;

/** Flags of `smcq backtest`; `smcq sweep` takes most of them. */
export const BACKTEST_FLAGS: Readonly<Record<string, Options>> = {
  klines: {
    ...TEXT,
    array: true,
    describe:
      "files of closed 1-minute bars, SYMBOL-1m-ANYTHING.csv, .csv.gz or .zip; without them the bundled bars",
  },
  symbols: STORED_FLAGS.symbols,
  instruments: {
    ...TEXT,
    describe:
      "the venue's exchangeInfo, or JSON of tickSize, stepSize, minQty, marketMaxQty, minNotional by symbol; without it the bundled exchangeInfo",
  },
  funding: {
    ...TEXT,
    describe:
      "funding rates, CSV (plain, gzip or zip) of time (ms UTC, a whole minute), symbol, rate; without it those of the store (--symbols), else nobody pays funding",
  },
  out: {
    ...TEXT,
    describe:
      "folder to write, new or empty; without it backtests/TIME in the data folder, where the dashboard looks",
  },
  "data-dir": { ...TEXT, describe: "the data folder" },
  model: { ...TEXT, default: "heuristic", describe: '"heuristic" or a model file (.onnx)' },
  equity: { ...TEXT, default: "10000", describe: "USDT to begin with" },
  leverage: {
    ...NUMBER,
    describe: "short for --set risk.leverage=N",
  },
  from: { ...TEXT, describe: "decide from here on (UTC date, or ms); earlier bars warm up" },
  to: { ...TEXT, describe: "leave out bars from here on (UTC date, or ms)" },
  "hold-out": HOLD_OUT_FLAG,
  rows: { ...NUMBER, describe: "only the first rows of each file of --klines" },
  fidelity: {
    ...TEXT,
    default: "bar",
    choices: ["bar", "path"],
    describe:
      "bar: orders meet whole bars, exact and fast; path: prices move inside each minute, orders take their time",
  },
  seed: {
    ...NUMBER,
    default: 1,
    describe: "of the paths and latencies of --fidelity path",
  },
  trials: {
    ...NUMBER,
    default: 1,
    describe: "variants that were tried, this one included: what the Sharpe ratio is deflated by",
  },
  "scan-threads": { ...TEXT, describe: "threads that read and scan (default: one a core)" },
  cache: {
    type: "boolean",
    default: true,
    describe:
      "keep what the bars were scanned to, so that another run with other risk settings scans nothing",
  },
  jobs: JOBS_FLAG,
  json: { type: "boolean", describe: "the report as JSON, with the folder that it is written to" },
  config: { ...TEXT, describe: "JSON file with settings" },
  set: {
    ...TEXT,
    array: true,
    describe: "any setting by its path, e.g. --set risk.unprovenRiskRatioMax=0.02",
  },
};

/** `smcq backtest`: the core that trades live, over stored bars, against a venue in memory. */
export function backtestCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "backtest",
    describe:
      "trade stored bars by the engine's own core, against a venue in memory, and account for every cent",
    builder: (argv) => argv.options(BACKTEST_FLAGS),
    handler: async (args) => {
      const { options, bus, log } = optionsOf(args);
      const report = await withJobs({ args, bus, log, command: "backtest" }, (jobs) =>
        runBacktest({ ...options, jobs }),
      ).finally(() => options.progress.end());
      const { out } = options;
      await printResult(args["json"] === true ? jsonText({ out, ...report }) : backtestText(report, out));
      setExitCode(0);
    },
  };
}

interface Given extends Pick<EngineConfig, "bus" | "log"> {
  readonly options: Omit<BacktestOptions, "jobs">;
}

function optionsOf(args: Args): Given {
  const clock = new SystemClock();
  const leverage = args["leverage"] as number | undefined;
  const set = withJobsUrl(args);
  if (leverage !== undefined) set.push(`risk.leverage=${leverage}`);
  // `--symbols` means stored ones here, not the simulator's.
  const { config } = loadSettings({ ...args, set, symbols: undefined });
  const options: Given["options"] = {
    ...groundOptions(args, config, { name: "smcq backtest", clock }),
    out: outOf(args, config.dataDir, clock),
    model: config.scan.model ?? "heuristic",
    risk: riskLimits(config.risk),
    protocol: requireProtocolBounded(config.protocol),
    fees: config.fees,
    plan: tradedPlan(config.strategy),
    scoreMin: config.scan.scoreMin,
    trials: trialsOf(args["trials"] as number),
    sealed: holdOutChoice(args, config.dataDir, clock.nowMs()),
  };
  return { options, bus: config.bus, log: config.log };
}

/** What is traded on: the same for one setting and for many. */
export type GroundOptions = Omit<
  BacktestOptions,
  "out" | "jobs" | "model" | "risk" | "protocol" | "fees" | "plan" | "scoreMin" | "trials" | "sealed"
>;

/** The flags that say on which bars, from when to when, with how much and how exactly. */
export function groundOptions(
  args: Args,
  config: EngineConfig,
  { name, clock }: { readonly name: string; readonly clock: Clock },
): GroundOptions {
  return {
    stored: storedOf(args, config.dataDir),
    klines: (args["klines"] as readonly unknown[] | undefined)?.map(String) ?? null,
    instruments: (args["instruments"] as string | undefined) ?? null,
    funding: (args["funding"] as string | undefined) ?? null,
    equity: equityOf(String(args["equity"])),
    fromMs: timeFlag(args, "from", "USAGE_BACKTEST"),
    toMs: timeFlag(args, "to", "USAGE_BACKTEST"),
    rowsMax: rowsOf(args["rows"] as number | undefined),
    fidelity: args["fidelity"] === "path" ? "path" : "bar",
    seed: seedOf(args["seed"] as number),
    cacheFolder: args["cache"] === false ? null : join(config.dataDir, "cache", "backtest"),
    threads: threadCount(config.scanThreads),
    nowMs: clock.nowMs(),
    progress: createProgress(name, errorScreen(), clock),
    logger: createStderrLogger(config.log),
  };
}

function storedOf(args: Args, dataDir: string): BacktestOptions["stored"] {
  const symbols = args["symbols"] as string | undefined;
  if (symbols === undefined) return null;
  if (args["klines"] !== undefined || args["rows"] !== undefined)
    throw new SmcqError("USAGE_BACKTEST", "--symbols takes bars of the store: not with --klines or --rows");
  const store = storeOf(dataDir);
  return { store, symbols: storedSymbols(store, "bars", namedSymbols(symbols)) };
}

function outOf(args: Args, dataDir: string, clock: Clock): string {
  const out = args["out"] as string | undefined;
  return out ?? newBacktestFolder(dataDir, utcText(clock.nowMs()));
}

function equityOf(text: string): string {
  try {
    if (parseE8(text) > 0n) return text;
  } catch {
    // Said below.
  }
  throw new SmcqError("USAGE_BACKTEST", `--equity ${text}: must be a decimal above 0 with at most 8 places`);
}

function rowsOf(rows: number | undefined): number | null {
  if (rows === undefined) return null;
  if (Number.isSafeInteger(rows) && rows > 0) return rows;
  throw new SmcqError("USAGE_BACKTEST", `--rows ${rows}: must be a whole number above 0`);
}

function seedOf(seed: number): number {
  if (Number.isSafeInteger(seed) && seed >= 0 && seed <= SEED_MAX) return seed;
  throw new SmcqError("USAGE_BACKTEST", `--seed ${seed}: must be a whole number from 0 to ${SEED_MAX}`);
}

function trialsOf(trials: number): number {
  if (Number.isSafeInteger(trials) && trials >= 1 && trials <= TRIALS_MAX) return trials;
  throw new SmcqError("USAGE_BACKTEST", `--trials ${trials}: must be a whole number from 1 to ${TRIALS_MAX}`);
}
