import { SmcqError } from "@smcq/kernel";
import type { CommandModule } from "yargs";
import {
  exportCandidates,
  exportLabels,
  exportRows,
  exportTable,
} from "../../offline/history/export/export-history.ts";
import { namedSymbols, storedSymbols, storeOf } from "../../offline/history/store-of.ts";
import { printResult } from "../../output/print-result.ts";
import { loadSettings } from "../settings.ts";
import { STORED_FLAGS, storedRange } from "./stored-range.ts";

type Args = Readonly<Record<string, unknown>>;

const TEXT = { type: "string", requiresArg: true } as const;
const CODE = "USAGE_EXPORT";
const WHATS = ["bars", "funding", "candidates", "labels", "trades", "decisions", "equity"] as const;
type What = (typeof WHATS)[number];

/** `smcq data export`: a Parquet file for other tools. */
export const EXPORT_COMMAND: CommandModule = {
  command: "export <what>",
  describe: "write bars, funding, candidates, labels, trades, decisions or equity as a Parquet file",
  builder: (argv) =>
    argv.positional("what", { choices: WHATS, describe: "what to write", demandOption: true }).options({
      out: { ...TEXT, demandOption: true, describe: "the Parquet file; one that is there is replaced" },
      ...STORED_FLAGS,
      symbols: {
        ...TEXT,
        describe: "of bars, funding and candidates: all (default), or names parted by commas",
      },
      backtest: { ...TEXT, describe: "of trades, decisions and equity: the folder that smcq backtest wrote" },
      dataset: { ...TEXT, describe: "of labels: the folder that smcq dataset wrote" },
      json: { type: "boolean", describe: "as JSON" },
      "data-dir": { ...TEXT, describe: "the data folder" },
      config: { ...TEXT, describe: "JSON file with settings" },
    }),
  handler: async (args: Args) => {
    const out = String(args["out"]);
    const rows = await exported(args["what"] as What, args, out);
    await printResult(
      args["json"] === true ? `${JSON.stringify({ out, rows })}\n` : `${rows} rows in ${out}\n`,
    );
  },
};

function exported(what: What, args: Args, out: string): Promise<number> {
  if (what === "labels") return exportLabels(folderOf(args, "dataset", what), out);
  if (what === "trades" || what === "decisions" || what === "equity")
    return exportTable(folderOf(args, "backtest", what), what, out);
  for (const flag of ["dataset", "backtest"])
    if (args[flag] !== undefined) throw new SmcqError(CODE, `--${flag} has no ${what}: they are the store's`);
  const { config } = loadSettings({ config: args["config"], "data-dir": args["data-dir"] });
  const store = storeOf(config.dataDir);
  const kind = what === "funding" ? "funding" : "bars";
  const symbols = storedSymbols(store, kind, namedSymbols((args["symbols"] as string | undefined) ?? "all"));
  const choice = { store, symbols, ...storedRange(args, CODE) };
  return what === "candidates" ? exportCandidates(choice, out) : exportRows(kind, choice, out);
}

function folderOf(args: Args, flag: "backtest" | "dataset", what: What): string {
  for (const other of ["symbols", "from", "to"])
    if (args[other] !== undefined)
      throw new SmcqError(CODE, `--${other} chooses rows of the store: not of ${what}`);
  const folder = args[flag] as string | undefined;
  if (folder !== undefined) return folder;
  throw new SmcqError(CODE, `${what} are in the folder that smcq ${flag} wrote: name it by --${flag}`);
}
