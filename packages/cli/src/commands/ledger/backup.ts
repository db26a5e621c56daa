import { SystemClock } from "@smcq/kernel";
import type { Argv, CommandModule } from "yargs";
import { makeBackup } from "../../backup/make-backup.ts";
import type { Manifest } from "../../backup/manifest.ts";
import { restoreBackup } from "../../backup/restore-backup.ts";
import { ExitCode } from "../../exit-codes.ts";
import { withProgress } from "../../output/progress.ts";
import { jsonText, printResult } from "../../output/print-result.ts";
import { loadSettings } from "../settings.ts";

type Args = Readonly<Record<string, unknown>>;

function common(argv: Argv, folder: string): Argv {
  return argv
    .option("data-dir", { type: "string", requiresArg: true, describe: folder })
    .option("config", { type: "string", requiresArg: true, describe: "JSON file with settings" })
    .option("json", { type: "boolean", describe: "as JSON" });
}

function manifestText({ files, ledger, leftOut }: Manifest): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const [count, rows] = [files.length, ledger.rows];
  const head =
    ledger.head === ""
      ? "the ledger is older than the journal"
      : `${rows} rows of the journal, head ${ledger.head}`;
  const left = leftOut.length === 0 ? "" : `left out: ${leftOut.join(", ")}\n`;
  return `${count} files, ${(bytes / 1e6).toFixed(1)} MB; ledger schema ${ledger.schema}: ${head}\n${left}`;
}

/** `smcq backup` and `smcq restore`: a data folder, kept and put back. */
export function backupCommands(setExitCode: (exitCode: number) => void): readonly CommandModule[] {
  const print = async (args: Args, data: object, text: string): Promise<void> => {
    await printResult(args["json"] === true ? jsonText(data) : text);
    setExitCode(ExitCode.Ok);
  };
  return [
    {
      command: "backup",
      describe: "keep the ledger and what goes with it, while the engine runs",
      builder: (argv) =>
        common(argv, "the data folder that is kept")
          .option("to", {
            type: "string",
            requiresArg: true,
            demandOption: true,
            describe: "a new folder, or a new file whose name ends with .tar",
          })
          .option("with-tokens", {
            type: "boolean",
            default: false,
            describe: "the dashboard's tokens, too: who has the backup may then use it",
          }),
      handler: async (args: Args) => {
        const { dataDir } = loadSettings(args).config;
        const wish = { dataDir, to: String(args["to"]), hasTokens: args["with-tokens"] === true };
        const { to, manifest } = await withProgress("smcq backup", (show) =>
          makeBackup(wish, { clock: new SystemClock(), show }),
        );
        await print(args, { to, ...manifest }, `backup ${to}\n${manifestText(manifest)}`);
      },
    },
    {
      command: "restore",
      describe: "make a data folder of a backup; every hash and the journal's chain are checked first",
      builder: (argv) =>
        common(argv, "the folder that is made of it: absent or empty").option("from", {
          type: "string",
          requiresArg: true,
          demandOption: true,
          describe: "a folder or .tar file of `smcq backup`",
        }),
      handler: async (args: Args) => {
        const wish = { from: String(args["from"]), dataDir: loadSettings(args).config.dataDir };
        const { dataDir, manifest } = await withProgress("smcq restore", (show) => restoreBackup(wish, show));
        const text = `restored ${dataDir}\n${manifestText({ ...manifest, leftOut: [] })}`;
        await print(args, { dataDir, ...manifest }, text);
      },
    },
  ];
}
