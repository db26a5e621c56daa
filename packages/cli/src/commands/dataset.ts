import { tradedPlan } from "../plans/traded-plan.ts";
import { SmcqError, SystemClock } from "@smcq/kernel";
import { FEATURE_SETS, FEATURES_V1, FEATURES_V2 } from "@smcq/features";
import type { Argv, CommandModule } from "yargs";
import { parseRandomWalk } from "../offline/dataset/random-walk.ts";
import { runDataset } from "../offline/dataset/run-dataset.ts";
import type { DatasetOptions, DatasetTotals } from "../offline/dataset/run-dataset.ts";
import { withProgress } from "../output/progress.ts";
import { jsonText, printResult } from "../output/print-result.ts";
import { namedSymbols, storedSymbols, storeOf } from "../offline/history/store-of.ts";
import { HOLD_OUT_FLAG, holdOutChoice } from "./research/hold-out-flag.ts";
import { loadSettings } from "./settings.ts";
import { STORE_FOLDER_FLAG, STORED_FLAGS, storedRange } from "./history/stored-range.ts";

type Args = Readonly<Record<string, unknown>>;

/** `smcq dataset`: labelled candidates of stored bars, for training. */
export function datasetCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "dataset",
    describe: "find candidates in stored bars, label them by the trade plan, write features and labels",
    builder: withOptions,
    handler: async (args) => {
      await printResult(await made(args));
      setExitCode(0);
    },
  };
}

function withOptions(argv: Argv): Argv {
  return argv
    .option("klines", {
      type: "string",
      array: true,
      requiresArg: true,
      describe: "files of closed 1-minute bars, SYMBOL-1m-ANYTHING.csv, .csv.gz or .zip",
    })
    .options({ ...STORED_FLAGS, "data-dir": STORE_FOLDER_FLAG })
    .option("random-walk", {
      type: "string",
      requiresArg: true,
      describe: "SYMBOLSxDAYS of bars without any edge instead, for the null test of a training",
    })
    .option("seed", { type: "number", requiresArg: true, default: 1, describe: "of the random walks" })
    .option("features", {
      choices: FEATURE_SETS.map(({ name }) => name),
      requiresArg: true,
      default: FEATURES_V1.name,
      describe: "what a row says: v1, or v2 with 50 columns more (docs/features-v2.md)",
    })
    .option("instruments", {
      type: "string",
      requiresArg: true,
      describe:
        "ticks for strategy.entry.kind=limit, as for smcq backtest; without it the bundled exchangeInfo",
    })
    .option("hold-out", HOLD_OUT_FLAG)
    .option("config", { type: "string", requiresArg: true, describe: "JSON file with settings" })
    .option("set", {
      type: "string",
      array: true,
      requiresArg: true,
      describe: "a setting by its path; how plans are entered counts, e.g. --set strategy.entry.kind=limit",
    })
    .option("out", {
      type: "string",
      requiresArg: true,
      demandOption: true,
      describe: "folder to write, new or empty",
    })
    .option("json", { type: "boolean", describe: "what it came to, as JSON" });
}

/** Makes the data set; returns what is said of it. */
async function made(args: Args): Promise<string> {
  const { config } = loadSettings({
    config: args["config"],
    set: args["set"],
    "data-dir": args["data-dir"],
  });
  const out = String(args["out"]);
  const totals = await withProgress("smcq dataset", (show) =>
    runDataset({
      bars: barsOf(args, config.dataDir),
      out,
      plan: tradedPlan(config.strategy),
      set: args["features"] === FEATURES_V2.name ? FEATURES_V2 : FEATURES_V1,
      instruments: (args["instruments"] as string | undefined) ?? null,
      // Walks have no days of the market.
      ...(args["randomWalk"] === undefined
        ? { sealed: holdOutChoice(args, config.dataDir, new SystemClock().nowMs()) }
        : {}),
      onSource: (done, of) => show("files labelled", done, of),
    }),
  );
  return args["json"] === true ? jsonText({ out, ...totals }) : summaryText(totals);
}

function barsOf(args: Args, dataDir: string): DatasetOptions["bars"] {
  const { klines, symbols, randomWalk, seed } = args;
  if ([klines, symbols, randomWalk].filter((given) => given !== undefined).length !== 1)
    throw new SmcqError(
      "USAGE_DATASET",
      "one of --klines FILES.., --symbols all|A,B (of the store) or --random-walk SYMBOLSxDAYS is needed",
    );
  const range = storedRange(args, "USAGE_DATASET");
  if (symbols === undefined && (range.fromMs ?? range.toMs) !== null)
    throw new SmcqError(
      "USAGE_DATASET",
      "--from and --to choose bars of the store: they belong to --symbols",
    );
  if (symbols !== undefined) {
    const store = storeOf(dataDir);
    const named = storedSymbols(store, "bars", namedSymbols(symbols as string));
    return { type: "store", store, symbols: named, ...range };
  }
  if (Array.isArray(klines)) return { type: "klines", files: klines.map(String) };
  if (!(Number.isInteger(seed) && Number(seed) >= 0 && Number(seed) <= 0xffff_ffff))
    throw new SmcqError("USAGE_DATASET", `--seed ${String(seed)}: must be a whole number, 0 to 4294967295`);
  return { type: "random-walk", ...parseRandomWalk(String(randomWalk), Number(seed)) };
}

function summaryText(totals: DatasetTotals): string {
  const { symbols, bars, candidates, labelled, stopTooWide, notFilled, openAtEnd, openAtHole, exits } =
    totals;
  const coarse = totals.tickTooCoarse > 0 ? `${totals.tickTooCoarse} tick too coarse, ` : "";
  const reasons = Object.entries(exits).map(([reason, count]) => `${reason} ${count}`);
  return [
    `${symbols} symbols, ${bars} bars, ${totals.holes} holes`,
    `${candidates} candidates: ${labelled} labelled, ${coarse}${stopTooWide} stop too wide, ${notFilled} not filled, ${openAtEnd} open at the end, ${openAtHole} open at a hole`,
    `exits: ${reasons.join(", ")}`,
    `base rate ${totals.baseRate.toFixed(4)}`,
    "",
  ].join("\n");
}
