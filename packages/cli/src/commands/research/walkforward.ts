import type { EngineConfig } from "@smcq/config";
import type { TradePlanParameters } from "@smcq/features";
import { tradedPlan } from "../../plans/traded-plan.ts";
import { SmcqError, SystemClock } from "@smcq/kernel";
import { DAY_MS, type DayRange, utcDay } from "@smcq/research";
import { openModel, utcMs } from "@smcq/scoring";
import type { CommandModule } from "yargs";
import { backtestScorer } from "../../offline/backtest/backtest-scorer.ts";
import type { TimeRange } from "@smcq/history";
import { BARS_FLAGS, barsOf } from "./bars-flags.ts";
import { runWalkforward, type WalkforwardOptions } from "../../offline/walkforward/run-walkforward.ts";
import { walkforwardText } from "../../offline/walkforward/walkforward-text.ts";
import { requireNewFolder, writeWalkforward } from "../../offline/walkforward/write-walkforward.ts";
import { printResult } from "../../output/print-result.ts";
import { withProgress } from "../../output/progress.ts";
import { JOBS_FLAG, withJobs, withJobsUrl } from "../jobs/jobs-flag.ts";
import { loadSettings } from "../settings.ts";

type Args = Readonly<Record<string, unknown>>;

const TEXT = { type: "string", requiresArg: true } as const;
const WARM_DAYS = 7;
const SEED_MAX = 4_294_967_295;

/** `smcq walkforward`: is there an edge in stored bars? Judged by the calendar, corrected for everything ever tried. */
export function walkforwardCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "walkforward",
    describe: "judge the trade plan, or a model, on stored bars by the calendar: is there an edge?",
    builder: (argv) =>
      argv
        .options(BARS_FLAGS)
        .option("model", { ...TEXT, describe: "judge what a model file (.onnx) or `heuristic` takes" })
        .option("instruments", {
          ...TEXT,
          describe: "ticks, as for smcq backtest; without it the bundled exchangeInfo",
        })
        .option("from", { ...TEXT, describe: "first UTC day, e.g. 2026-02-01" })
        .option("to", { ...TEXT, describe: "last UTC day" })
        .option("hold-out", { ...TEXT, describe: "open this hold-out and judge on its days alone" })
        .option("seed", { type: "number", requiresArg: true, default: 1, describe: "of the resampling" })
        .option("data-dir", {
          ...TEXT,
          describe: "the data folder: its store, and research.db, where every try is noted",
        })
        .option("config", { ...TEXT, describe: "JSON file with settings" })
        .option("set", {
          ...TEXT,
          array: true,
          describe: "a setting by its path, e.g. --set strategy.plan=m1-wide",
        })
        .option("out", {
          ...TEXT,
          describe: "folder for the report as text, JSON and a page (walkforward.html), new or empty",
        })
        .option("jobs", JOBS_FLAG)
        .option("json", { type: "boolean", describe: "as JSON" }),
    handler: async (args) => {
      const out = (args["out"] as string | undefined) ?? null;
      if (out !== null) requireNewFolder(out);
      const { options, bus, log } = await optionsOf(args);
      const report = await withProgress("smcq walkforward", (onSymbol) =>
        withJobs({ args, bus, log, command: "walkforward" }, (jobs) =>
          runWalkforward({ ...options, jobs, onSymbol }),
        ),
      );
      if (out !== null) writeWalkforward(out, report);
      await printResult(
        args["json"] === true ? `${JSON.stringify(report, null, 2)}\n` : walkforwardText(report),
      );
      setExitCode(0);
    },
  };
}

interface Given extends Pick<EngineConfig, "bus" | "log"> {
  readonly options: Omit<WalkforwardOptions, "jobs" | "onSymbol">;
}

async function optionsOf(args: Args): Promise<Given> {
  const seed = args["seed"] as number;
  if (!(Number.isInteger(seed) && seed >= 0 && seed <= SEED_MAX))
    throw new SmcqError("USAGE_WALKFORWARD", `--seed ${seed}: must be a whole number, 0 to ${SEED_MAX}`);
  const { config } = loadSettings({
    config: args["config"],
    set: withJobsUrl(args),
    "data-dir": args["data-dir"],
  });
  const plan = tradedPlan(config.strategy);
  const days = daysOf(args);
  const nowMs = new SystemClock().nowMs();
  const options: Given["options"] = {
    days,
    scorer: scorerOf(args["model"] as string | undefined, plan, nowMs),
    sources: await barsOf(args, {
      dataDir: config.dataDir,
      range: warmRange(days),
      code: "USAGE_WALKFORWARD",
    }),
    plan,
    instruments: (args["instruments"] as string | undefined) ?? null,
    holdOut: (args["holdOut"] as string | undefined) ?? null,
    dataDir: config.dataDir,
    seed,
    nowMs,
  };
  return { options, bus: config.bus, log: config.log };
}

function scorerOf(
  model: string | undefined,
  plan: TradePlanParameters,
  nowMs: number,
): WalkforwardOptions["scorer"] {
  if (model === undefined) return null;
  const { scorer } = backtestScorer({ model, nowMs, plan });
  if (model === "heuristic") return { name: model, scorer, metadata: null };
  const { metadata } = openModel({
    file: model,
    nowMs,
    plan,
    refuseExpired: false,
    isAnySchema: false,
  }).card;
  return { name: metadata.modelId, scorer, metadata };
}

/** Stored bars of these days, and of so many before them that every scan is warm. */
function warmRange({ fromDay, toDay }: DayRange): TimeRange {
  return {
    fromMs: Number.isFinite(fromDay) ? (fromDay - WARM_DAYS) * DAY_MS : null,
    toMs: Number.isFinite(toDay) ? (toDay + 1) * DAY_MS : null,
  };
}

function daysOf(args: Args): DayRange {
  const fromDay = dayOf(args, "from") ?? -Infinity;
  const toDay = dayOf(args, "to") ?? Infinity;
  if (fromDay <= toDay) return { fromDay, toDay };
  throw new SmcqError("USAGE_WALKFORWARD", "--from must not be later than --to");
}

/** A day of a flag, days since 1970; null without the flag. */
export function dayOf(args: Args, flag: string): number | null {
  const text = args[flag] as string | undefined;
  if (text === undefined) return null;
  const ms = utcMs(`${text}T00:00:00Z`);
  if (!Number.isNaN(ms)) return utcDay(ms);
  throw new SmcqError("USAGE_DAY", `--${flag} ${text}: must be a UTC day such as 2026-02-01`);
}
