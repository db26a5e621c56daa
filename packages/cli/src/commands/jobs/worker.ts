import { SystemClock } from "@smcq/kernel";
import type { CommandModule } from "yargs";
import { requireUrl, withBusUrl } from "../../bus/jobs/open-jobs.ts";
import { runWorker } from "../../bus/worker/run-worker.ts";
import { ExitCode } from "../../exit-codes.ts";
import { threadCount } from "../../modes/thread-count.ts";
import { createLogger } from "../../output/logger.ts";
import { howStarted, isHangupIgnored } from "../../process/hangup.ts";
import { StopSignals } from "../../process/stop-signals.ts";
import { loadSettings } from "../settings.ts";

const TEXT = { type: "string", requiresArg: true } as const;
/** Threads of jobs that went to another worker end by themselves, or with the process after this time, wall ms. */
const LINGER_MS_MAX = 1_000;

/** `smcq worker`: does the jobs of commands on other hosts. */
export function workerCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "worker",
    describe:
      "do the jobs of smcq sweep, backtest and walkforward with --jobs, on as many hosts as there are",
    builder: (argv) =>
      argv
        .option("bus", {
          ...TEXT,
          describe: "nats://host:port of nats-server; without it bus.url of the settings",
        })
        .option("threads", { ...TEXT, describe: "jobs at once (default: one a core)" })
        .option("data-dir", { ...TEXT, describe: "the data folder: inputs are kept in worker/" })
        .option("metrics-port", { ...TEXT, describe: "loopback port of GET /metrics; 0: any free one" })
        .option("log-level", { ...TEXT, describe: "debug, info, warn or error" })
        .option("log-format", { ...TEXT, describe: "json, pretty or auto" })
        .option("config", { ...TEXT, describe: "JSON file with settings" })
        .option("set", {
          ...TEXT,
          array: true,
          describe: "any setting by its path, e.g. --set bus.nkeyFile=worker.nk",
        }),
    handler: async (args) => {
      const set = withBusUrl(
        (args["set"] as readonly string[] | undefined) ?? [],
        args["bus"] as string | undefined,
      );
      const { config } = loadSettings({ ...args, set, "scan-threads": args["threads"] });
      requireUrl(config.bus, "--bus nats://host:port");
      const clock = new SystemClock();
      const isDetached = isHangupIgnored(howStarted());
      const { stop, hurry } = new StopSignals(clock, { onHangup: isDetached ? () => {} : null });
      const logger = createLogger(config.log, { component: "worker" });
      const threads = threadCount(config.scanThreads);
      const isDone = await runWorker({ config, threads, clock, logger, stop, hurry });
      if (!isDone) clock.after(LINGER_MS_MAX, () => process.exit(ExitCode.Ok), { unref: true });
      setExitCode(ExitCode.Ok);
    },
  };
}
