import { inspect } from "node:util";
import {
  type CancelTimer,
  type Clock,
  errorMessage,
  escapeHidden,
  repeat,
  SmcqError,
  SystemClock,
} from "@smcq/kernel";
import yargs, { type Argv } from "yargs";
import { alertCommand } from "./commands/alert.ts";
import { busCommand } from "./commands/bus.ts";
import { askCommands } from "./commands/ask.ts";
import { backtestCommand } from "./commands/backtest.ts";
import { backupCommands } from "./commands/ledger/backup.ts";
import { configCommand } from "./commands/config.ts";
import { controlCommands } from "./commands/running/control.ts";
import { dataCommand } from "./commands/history/data.ts";
import { datasetCommand } from "./commands/dataset.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { drillCommand } from "./commands/drill.ts";
import { engineCommand } from "./commands/engine.ts";
import { holdOutCommand } from "./commands/research/hold-out.ts";
import { ledgerCommand } from "./commands/ledger/ledger.ts";
import { marketCommands } from "./commands/running/market.ts";
import { modelCommand } from "./commands/model.ts";
import { scanCommand } from "./commands/scan.ts";
import { universeCommand } from "./commands/universe.ts";
import { proveCommand } from "./commands/research/prove.ts";
import { venueCommand } from "./commands/venue.ts";
import { workerCommand } from "./commands/jobs/worker.ts";
import { auditCommand } from "./commands/research/audit.ts";
import { sweepCommand } from "./commands/research/sweep.ts";
import { walkforwardCommand } from "./commands/research/walkforward.ts";
import { ExitCode, exitCodeOf } from "./exit-codes.ts";
import { standardError, standardOutput } from "./output/outlet.ts";
import { sayLimits } from "./output/faults-aloud.ts";

/** Any time that a timer can count will do. */
const KEEP_ALIVE_MS = 60_000;

/** Drops one leading `--`: `pnpm run engine -- --shards 3` hands it over literally. */
export function withoutSeparator(argv: readonly string[]): string[] {
  const at = argv.indexOf("--");
  return at >= 0 && at <= 1 ? argv.toSpliced(at, 1) : [...argv];
}

/** Of a flag that is given twice the last counts, as a script's own flags give way to those added to it. */
function lastWins(args: Record<string, unknown>): void {
  const [command] = Array.isArray(args["_"]) ? args["_"] : [];
  const takesFiles = ["dataset", "backtest", "walkforward", "prove", "sweep", "audit"].includes(
    String(command),
  );
  const lists = new Set([
    "_",
    "set",
    ...(takesFiles ? ["klines"] : []),
    ...(command === "data" ? ["klines", "funding"] : []),
    ...(command === "explain" ? ["time"] : []),
  ]);
  for (const [flag, value] of Object.entries(args))
    if (Array.isArray(value) && !lists.has(flag)) args[flag] = value.at(-1);
}

function build(argv: readonly string[], setExitCode: (exitCode: number) => void): Argv {
  return yargs([...argv])
    .scriptName("smcq")
    .usage("$0 COMMAND [flags]")
    .parserConfiguration({
      "camel-case-expansion": true,
      // For `--set`, which may be given often; `lastWins` deals with the others.
      "duplicate-arguments-array": true,
      "boolean-negation": true,
    })
    .command(engineCommand(setExitCode))
    .command(doctorCommand(setExitCode))
    .command(universeCommand(setExitCode))
    .command(dataCommand(setExitCode))
    .command(scanCommand(setExitCode))
    .command(datasetCommand(setExitCode))
    .command(backtestCommand(setExitCode))
    .command(walkforwardCommand(setExitCode))
    .command(sweepCommand(setExitCode))
    .command(auditCommand(setExitCode))
    .command(holdOutCommand(setExitCode))
    .command(proveCommand(setExitCode))
    .command(modelCommand(setExitCode))
    .command(ledgerCommand(setExitCode))
    .command([...backupCommands(setExitCode)])
    .command(alertCommand(setExitCode))
    .command([...controlCommands(setExitCode)])
    .command([...marketCommands(setExitCode)])
    .command([...askCommands(setExitCode)])
    .command(configCommand(setExitCode))
    .command(drillCommand(setExitCode))
    .command(venueCommand(setExitCode))
    .command(workerCommand(setExitCode))
    .command(busCommand(setExitCode))
    .demandCommand(1, "a command is needed: `smcq --help` lists them")
    .strict()
    .completion("completion", "print the script by which bash or zsh complete commands and flags")
    .middleware(lastWins)
    .version(false)
    .help()
    .alias("h", "help")
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      // A flag without its value comes as an error of yargs' own.
      if (error !== undefined && error.name !== "YError") throw error;
      throw new SmcqError("USAGE", error?.message ?? message ?? "unknown usage error");
    });
}

/** What `smcq WORDS --help` prints, 110 columns wide. */
export function helpOf(words: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    void build([], () => {})
      .wrap(110)
      .parse([...words, "--help"], (_error: unknown, _args: unknown, text: string) => resolve(text));
  });
}

/** Runs one command and returns the exit code; what goes wrong is said on standard error. */
export async function main(argv: readonly string[]): Promise<number> {
  let exitCode: number = ExitCode.Ok;
  // A command may wait for timers only that do not keep a process alive (back-off of REST): it is still at work.
  const release = keepAlive(new SystemClock());
  try {
    await build(withoutSeparator(argv), (code) => {
      exitCode = code;
    }).parseAsync();
    if (exitCode !== ExitCode.Ok) sayLimits();
    return exitCode;
  } catch (error) {
    const code = exitCodeOf(error);
    const isOurs = error instanceof SmcqError;
    const said = standardError();
    // Words of the venue may stand in it.
    said.write(`smcq: ${escapeHidden(errorMessage(error), true)}\n`);
    if (code === ExitCode.Usage) said.write("See `smcq --help`.\n");
    if (!isOurs && code === ExitCode.Unexpected) said.write(`${escapeHidden(inspect(error), true)}\n`);
    sayLimits();
    return code;
  } finally {
    await Promise.all([standardOutput().drained(), standardError().drained()]);
    release();
  }
}

function keepAlive(clock: Clock): CancelTimer {
  return repeat(clock, KEEP_ALIVE_MS, () => {}, { unref: false });
}
