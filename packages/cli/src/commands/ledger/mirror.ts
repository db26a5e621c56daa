import { SmcqError, SystemClock } from "@smcq/kernel";
import { targetOf } from "@smcq/mirror";
import type { Argv, CommandModule } from "yargs";
import { ExitCode } from "../../exit-codes.ts";
import { ledgerMirror } from "../../mirror/run-mirror.ts";
import { createStderrLogger } from "../../output/logger.ts";
import { printResult } from "../../output/print-result.ts";
import { StopSignals } from "../../process/stop-signals.ts";
import { howStarted, isHangupIgnored } from "../../process/hangup.ts";
import { loadSettings } from "../settings.ts";

type Args = Readonly<Record<string, unknown>>;

/** `smcq ledger mirror`: keeps a copy of a ledger in PostgreSQL, beside an engine or without one. */
export function mirrorCommand(
  common: (argv: Argv) => Argv,
  setExitCode: (exitCode: number) => void,
): CommandModule {
  return {
    command: "mirror",
    describe: "keep a copy of the ledger in PostgreSQL, until it is told to stop",
    builder: (argv) =>
      common(argv)
        .option("to", {
          type: "string",
          requiresArg: true,
          describe:
            "postgres://user@host:port/database, without a password; the setting ledger.mirrorUrl unless given",
        })
        .option("schema", {
          type: "string",
          requiresArg: true,
          describe:
            "the schema of the copy, one a ledger; the setting ledger.mirrorSchema (smcq) unless given",
        })
        .option("password-file", {
          type: "string",
          requiresArg: true,
          describe: "a file of mode 0600 with the password; else PGPASSWORD, or the file of PGPASSFILE",
        })
        .option("once", {
          type: "boolean",
          default: false,
          describe: "end when the copy is level with the ledger",
        })
        .option("again", { type: "boolean", default: false, describe: "throw the copy away first" }),
    handler: async (args: Args) => {
      await mirror(args);
      setExitCode(ExitCode.Ok);
    },
  };
}

const textOf = (args: Args, flag: string): string | null =>
  typeof args[flag] === "string" ? args[flag] : null;

async function mirror(args: Args): Promise<void> {
  const { config } = loadSettings(args);
  const { mirrorUrl, mirrorSchema, mirrorPasswordFile } = config.ledger;
  const url = textOf(args, "to") ?? mirrorUrl;
  if (url === null)
    throw new SmcqError(
      "USAGE_MIRROR",
      "where to? Say --to postgres://user@host/database, or set ledger.mirrorUrl",
    );
  const target = targetOf(url, textOf(args, "schema") ?? mirrorSchema);
  const clock = new SystemClock();
  const startMs = clock.nowMs();
  const copy = ledgerMirror(
    {
      dataDir: config.dataDir,
      target,
      passwordFile: textOf(args, "password-file") ?? mirrorPasswordFile,
      isAgain: args["again"] === true,
    },
    { clock, logger: createStderrLogger(config.log) },
  );
  const isDetached = isHangupIgnored(howStarted());
  const { stop } = new StopSignals(clock, { onHangup: isDetached ? () => {} : null });
  const { rows, journalKey } = await (args["once"] === true ? copy.once(stop) : copy.follow(stop));
  const seconds = (clock.nowMs() - startMs) / 1_000;
  const data = { target: target.shown, rows, journalKey, seconds };
  await printResult(
    args["json"] === true
      ? `${JSON.stringify(data, null, 2)}\n`
      : `${rows} rows copied in ${seconds.toFixed(1)} s, up to row ${journalKey} of the journal: ${target.shown}\n`,
  );
}
