import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseDurationMs } from "@smcq/config";
import { parseFaults } from "@smcq/exchange-sim";
import { SmcqError, SystemClock, workerUrl } from "@smcq/kernel";
import type { CommandModule } from "yargs";
import { isPassed, reportText } from "../drill/report.ts";
import { runDrill } from "../drill/run-drill.ts";
import { ownScenario, type Scenario, SCENARIOS, scenarioOf } from "../drill/scenarios.ts";
import { ExitCode } from "../exit-codes.ts";
import { isoText } from "../offline/ledger/answer/utc-time.ts";
import { commandProgress } from "../output/progress.ts";
import { printResult } from "../output/print-result.ts";
import { standardError } from "../output/outlet.ts";
import { StopSignals } from "../process/stop-signals.ts";
import { loadSettings, withSettingFlags } from "./settings.ts";

type Args = Readonly<Record<string, unknown>>;

const OWN_LASTS = "5m";

/** `smcq drill`: rehearse a disaster with the settings that the engine runs with, in mode sim. */
export function drillCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "drill [scenario]",
    describe: "rehearse a disaster in mode sim with these settings, and report what an operator would see",
    builder: (argv) =>
      withSettingFlags(argv)
        .positional("scenario", { type: "string", describe: "one of --list" })
        .option("list", { type: "boolean", describe: "the drills that there are" })
        .option("ids", {
          type: "string",
          requiresArg: true,
          describe: "faults by their ids instead, e.g. EX01=0.2,NW06=1s (docs/venue.md)",
        })
        .option("lasts", {
          type: "string",
          requiresArg: true,
          describe: "how long --ids last, venue time",
          default: OWN_LASTS,
        })
        .option("json", { type: "boolean", describe: "as JSON" })
        .example("$0 drill exchange-outage --speed 10", "three minutes without the venue, in 18 seconds"),
    handler: async (args) => {
      if (args["list"] === true) {
        await printResult(args["json"] === true ? `${JSON.stringify(SCENARIOS, null, 2)}\n` : listText());
        return;
      }
      setExitCode(await drill(args));
    },
  };
}

async function drill(args: Args): Promise<number> {
  const scenario = chosen(args);
  const loaded = loadSettings({ ...args, mode: "sim" });
  const wallClock = new SystemClock();
  const signals = new StopSignals(wallClock, { onHangup: null });
  const stamp = isoText(wallClock.nowMs()).replaceAll(/[:.]/g, "-");
  const folder = join(loaded.config.dataDir, "drills", `${stamp}-${scenario.name}`);
  mkdirSync(folder, { recursive: true });
  const err = standardError();
  const progress = commandProgress("smcq drill");
  let step = "";
  const report = await runDrill({
    scenario,
    loaded,
    folder,
    program: [...process.execArgv, fileURLToPath(workerUrl(import.meta.url, "../main"))],
    wallClock,
    signal: signals.stop,
    onStep: (text) => {
      progress.end();
      step = text;
      err.write(`drill: ${text}\n`);
    },
    onWait: (seconds, secondsMax) => progress.show(`${step}: second`, seconds, secondsMax),
    onText: (text) => {
      progress.end();
      err.write(text);
    },
  }).finally(() => progress.end());
  const json = `${JSON.stringify(report, null, 2)}\n`;
  const text = reportText(report);
  writeFileSync(join(folder, "report.json"), json);
  writeFileSync(join(folder, "report.md"), text);
  await printResult(args["json"] === true ? json : text);
  err.write(`drill: the report is ${join(folder, "report.md")}\n`);
  return isPassed(report) ? ExitCode.Ok : ExitCode.Drill;
}

function chosen({ scenario, ids, lasts }: Args): Scenario {
  if (typeof ids === "string") {
    if (scenario !== undefined) throw new SmcqError("USAGE_DRILL", "give a drill's name or --ids, not both");
    parseFaults(ids);
    return ownScenario(ids, parseDurationMs(String(lasts)));
  }
  if (typeof scenario === "string") return scenarioOf(scenario);
  throw new SmcqError("USAGE_DRILL", "which drill? `smcq drill --list` shows them; --ids takes faults by id");
}

function listText(): string {
  const width = Math.max(...SCENARIOS.map(({ name }) => name.length));
  return SCENARIOS.map(
    ({ name, title, guide }) => `${name.padEnd(width)}  ${title}\n${" ".repeat(width)}  (${guide})\n`,
  ).join("");
}
