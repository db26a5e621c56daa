import type { EngineConfig } from "@smcq/config";
import { SmcqError, SystemClock } from "@smcq/kernel";
import { ResearchBook, researchFile } from "@smcq/ledger";
import type { CommandModule, Options } from "yargs";
import { runSweep, type SweepOptions } from "../../offline/sweep/run-sweep.ts";
import { readSpace } from "../../offline/sweep/space.ts";
import { sweepText } from "../../offline/sweep/sweep-text.ts";
import { writeSweep } from "../../offline/sweep/write-sweep.ts";
import { jsonText, printResult } from "../../output/print-result.ts";
import { BACKTEST_FLAGS, groundOptions } from "../backtest.ts";
import { withJobs, withJobsUrl } from "../jobs/jobs-flag.ts";
import { loadSettings } from "../settings.ts";

type Args = Readonly<Record<string, unknown>>;

/** Flags of a backtest that say what is tried, which a space does here. */
const OWN = new Set(["model", "leverage", "trials", "out", "hold-out"]);

function flags(): Record<string, Options> {
  const shared = Object.entries(BACKTEST_FLAGS).filter(([name]) => !OWN.has(name));
  return {
    ...Object.fromEntries(shared),
    out: {
      type: "string",
      requiresArg: true,
      demandOption: true,
      describe: "folder for the results: new, or that of the same sweep, which goes on where it was stopped",
    },
  };
}

/** `smcq sweep`: many settings over the same bars, scanned once. */
export function sweepCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "sweep <space>",
    describe:
      "trade every combination of settings over the same bars, and say what may be believed of the best",
    builder: (argv) =>
      argv
        .positional("space", {
          type: "string",
          demandOption: true,
          describe:
            'JSON: {"axes": [{"path": "risk.costRatioMax", "values": [0.2, 0.3]}, {"path": "plan.targetRiskRatio", "from": 1, "to": 3, "step": 0.5}]}',
        })
        .options(flags()),
    handler: async (args) => {
      const { options, config, close } = optionsOf(args);
      try {
        const { bus, log } = config;
        const report = await withJobs({ args, bus, log, command: "sweep" }, (jobs) =>
          runSweep({ ...options, jobs }),
        ).finally(() => options.progress.end());
        writeSweep(options.out, report);
        const { out } = options;
        await printResult(args["json"] === true ? jsonText({ out, ...report }) : sweepText(report, out));
        setExitCode(0);
      } finally {
        close();
      }
    },
  };
}

interface Given {
  readonly options: Omit<SweepOptions, "jobs">;
  readonly config: EngineConfig;
  readonly close: () => void;
}

function optionsOf(args: Args): Given {
  const given = withJobsUrl(args);
  // `--symbols` means stored ones here, not the simulator's.
  const own = { ...args, symbols: undefined };
  const load = (set: readonly string[]) => loadSettings({ ...own, set: [...given, ...set] }).config;
  const config = load([]);
  const space = readSpace(String(args["space"]));
  const odd = space.axes.find(({ path }) => given.some((entry) => entry.startsWith(`${path}=`)));
  if (odd !== undefined)
    throw new SmcqError(
      "USAGE_SWEEP",
      `${odd.path} is an axis of the space and set by --set: only one can hold`,
    );
  const clock = new SystemClock();
  const ground = groundOptions(args, config, { name: "smcq sweep", clock });
  const book = new ResearchBook(researchFile(config.dataDir));
  return {
    options: { ...ground, space, load, out: String(args["out"]), book },
    config,
    close: () => book.close(),
  };
}
