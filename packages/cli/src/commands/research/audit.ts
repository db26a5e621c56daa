import { createClock, MeasuredOffset, MINUTE_MS, SmcqError, SystemClock } from "@smcq/kernel";
import type { LoadedConfig } from "@smcq/config";
import { type JournaledRun, ledgerFile, RecordReader } from "@smcq/ledger";
import { DAY_MS } from "@smcq/research";
import type { CommandModule } from "yargs";
import { enginePayload } from "../../modes/engine-payload.ts";
import { modeOf } from "../../modes/mode-of.ts";
import { fileSource, simulatedSource, storeSource, venueSource } from "../../offline/audit/audit-bars.ts";
import { auditsText, auditText } from "../../offline/audit/audit-text.ts";
import { PARITY_MIN } from "../../offline/audit/audit-types.ts";
import { keepAudit, readAudits } from "../../offline/audit/audits-file.ts";
import { storeOf } from "../../offline/history/store-of.ts";
import { type AuditBars, runAudit } from "../../offline/audit/run-audit.ts";
import { backtestScorer } from "../../offline/backtest/backtest-scorer.ts";
import { createStderrLogger } from "../../output/logger.ts";
import { jsonText, printResult } from "../../output/print-result.ts";
import { createProgress, errorScreen } from "../../output/progress.ts";
import { livePlan } from "../../plans/traded-plan.ts";
import { modelSource } from "../../run/models/model-source.ts";
import { ExitCode } from "../../exit-codes.ts";
import { loadSettings, withSettingFlags } from "../settings.ts";
import { dayOf } from "./walkforward.ts";

type Args = Readonly<Record<string, unknown>>;

const TEXT = { type: "string", requiresArg: true } as const;

/** `smcq audit`: did the engine do what the bars say? For every night, and by hand. */
export function auditCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "audit",
    describe:
      "hold a day of the journal against a fresh scan of the same bars: did the engine do what they say?",
    builder: (argv) =>
      withSettingFlags(argv)
        .option("run", { ...TEXT, describe: "a run's id, or its beginning; without it the last one" })
        .option("day", {
          ...TEXT,
          describe: "a UTC day, e.g. 2026-02-01; without it the last 24 hours of the run",
        })
        .option("klines", {
          ...TEXT,
          array: true,
          describe:
            "bars from files, SYMBOL-1m-ANYTHING.csv, .csv.gz or .zip, two days before it too; without them from the venue (mode sim: the market that it plays)",
        })
        .option("stored", { type: "boolean", describe: "bars from the store (smcq data)" })
        .option("list", { type: "boolean", describe: "the audits that were made on this data folder" })
        .option("json", { type: "boolean", describe: "as JSON, with every difference that is kept" }),
    handler: async (args) => {
      const loaded = loadSettings(args);
      const isJson = args["json"] === true;
      if (args["list"] === true) {
        const audits = readAudits(loaded.config.dataDir);
        await printResult(isJson ? jsonText(audits) : auditsText(audits));
        setExitCode(ExitCode.Ok);
        return;
      }
      const report = await audit(args, loaded);
      await printResult(isJson ? jsonText(report) : auditText(report));
      setExitCode(report.parity !== null && report.parity < PARITY_MIN ? ExitCode.Audit : ExitCode.Ok);
    },
  };
}

async function audit(args: Args, loaded: LoadedConfig): Promise<Awaited<ReturnType<typeof runAudit>>> {
  const { config } = loaded;
  const clock = new SystemClock();
  const progress = createProgress("smcq audit", errorScreen(), clock);
  const file = ledgerFile(config.dataDir);
  const run = runOf(file, (args["run"] as string | undefined) ?? null);
  const plan = livePlan(config);
  const model = modelOf(loaded, run);
  const { scorer } = backtestScorer({ model, nowMs: clock.nowMs(), plan });
  const { bars, close } = await open(args, loaded, run);
  try {
    const report = await runAudit({
      file,
      run: run.runId,
      ...stretchOf(args, run),
      bars,
      scorer,
      timeframe: plan.timeframe,
      onSymbol: (done, of) => progress.show("symbols compared", done, of),
    });
    keepAudit(config.dataDir, report, clock.nowMs());
    return report;
  } finally {
    progress.end();
    await close();
  }
}

function runOf(file: string, wanted: string | null): JournaledRun {
  const reader = new RecordReader(file);
  try {
    return reader.run(wanted);
  } finally {
    reader.close();
  }
}

/** What the run scored with, as far as the settings name it. */
function modelOf({ config }: LoadedConfig, { scorerId }: JournaledRun): string {
  if (scorerId.startsWith("heuristic")) return "heuristic";
  const source = modelSource(config.scan.model, "shipped-model");
  return source.type === "file" ? source.file : "heuristic";
}

/** Whole minutes that the run has seen the end of. */
function stretchOf(args: Args, run: JournaledRun): { readonly fromMs: number; readonly toMs: number } {
  if (run.firstMs === null || run.lastMs === null)
    throw new SmcqError("AUDIT_READ", `run ${run.runId} has no events: there is nothing to audit`);
  const day = dayOf(args, "day");
  const endMs = Math.floor(run.lastMs / MINUTE_MS) * MINUTE_MS;
  if (day !== null)
    return { fromMs: Math.max(day * DAY_MS, run.firstMs), toMs: Math.min(endMs, (day + 1) * DAY_MS) };
  return { fromMs: Math.max(endMs - DAY_MS, run.firstMs), toMs: endMs };
}

interface Opened {
  readonly bars: AuditBars;
  readonly close: () => Promise<void>;
}

async function open(args: Args, loaded: LoadedConfig, run: JournaledRun): Promise<Opened> {
  const nothing = (): Promise<void> => Promise.resolve();
  const klines = (args["klines"] as readonly unknown[] | undefined)?.map(String);
  if (klines !== undefined) return { bars: await fileSource(klines), close: nothing };
  const { config } = loaded;
  if (args["stored"] === true) return { bars: storeSource(storeOf(config.dataDir)), close: nothing };
  if (run.modeName === "sim") {
    const { seed, sim } = config;
    return { bars: simulatedSource({ seed, symbols: sim.symbols, isLooped: true }), close: nothing };
  }
  const payload = enginePayload(loaded, livePlan(config), null);
  const venue = modeOf(payload.config)
    .ports(payload)
    .openVenue({
      machineClock: createClock(payload.clock),
      offset: new MeasuredOffset(),
      logger: createStderrLogger(config.log),
    });
  return { bars: venueSource(venue.reference), close: () => venue.close() };
}
