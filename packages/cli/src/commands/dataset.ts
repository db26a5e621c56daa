import { tradedPlan } from "../plans/traded-plan.ts";
import { FEATURE_SETS, FEATURES_V1, FEATURES_V2 } from "@smcq/features";
import { SmcqError } from "@smcq/kernel";
import type { Argv, CommandModule } from "yargs";
import { parseRandomWalk } from "../offline/dataset/random-walk.ts";
import { runDataset } from "../offline/dataset/run-dataset.ts";
import type { DatasetOptions, DatasetTotals } from "../offline/dataset/run-dataset.ts";
import { withProgress } from "../output/progress.ts";
import { jsonText, printResult } from "../output/print-result.ts";
import { loadSettings } from "./settings.ts";

/** `smcq dataset`: labelled candidates of stored bars, for training. */
export function datasetCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "dataset",
    describe: "find candidates in stored bars, label them by the trade plan, write features and labels",
    builder: withOptions,
    handler: async (args) => {
      const { config } = loadSettings({ config: args["config"], set: args["set"] });
      const out = String(args["out"]);
      const totals = await withProgress("smcq dataset", (show) =>
        runDataset({
          bars: barsOf(args),
          out,
          plan: tradedPlan(config.strategy),
          set: args["features"] === FEATURES_V2.name ? FEATURES_V2 : FEATURES_V1,
          instruments: (args["instruments"] as string | undefined) ?? null,
          onSource: (done, of) => show("files labelled", done, of),
        }),
      );
      await printResult(args["json"] === true ? jsonText({ out, ...totals }) : summaryText(totals));
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
      describe: "what a row says: v1, which runs live, or v2, for backtests (docs/features-v2.md)",
    })
    .option("instruments", {
      type: "string",
      requiresArg: true,
      describe:
        "ticks for strategy.entry.kind=limit, as for smcq backtest; without it the bundled exchangeInfo",
    })
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

function barsOf(args: Record<string, unknown>): DatasetOptions["bars"] {
  const { klines, randomWalk, seed } = args;
  if ((klines === undefined) === (randomWalk === undefined))
    throw new SmcqError("USAGE_DATASET", "either --klines FILES.. or --random-walk SYMBOLSxDAYS is needed");
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
