import type { CommandModule } from "yargs";
import { runScan } from "../offline/scan/scan-klines.ts";
import { SmcqError } from "@smcq/kernel";
import { fileProgress } from "../output/progress.ts";
import { jsonText, printResult } from "../output/print-result.ts";
import { standardError } from "../output/outlet.ts";

/** `smcq scan`: detector, features and candidates over a file of bars. */
export function scanCommand(setExitCode: (exitCode: number) => void): CommandModule {
  const text = { type: "string", requiresArg: true } as const;
  return {
    command: "scan",
    describe: "detect, compute features and find candidates over a file of 1-minute bars",
    builder: (argv) =>
      argv
        .option("klines", {
          ...text,
          demandOption: true,
          describe: "closed 1-minute bars, ascending; CSV, plain, gzip or zip",
        })
        .option("symbol", { ...text, demandOption: true, describe: "the symbol's name" })
        .option("events", { ...text, describe: "write events to this CSV file; - for standard output" })
        .option("features", {
          ...text,
          describe: "write the 12 features of every bar (float64); - for standard output",
        })
        .option("candidates", {
          ...text,
          describe: "write candidates with their heuristic score; - for standard output",
        })
        .option("json", { type: "boolean", describe: "what the scan came to, as JSON on standard output" }),
    handler: async (args) => {
      const out = (name: string): object => (typeof args[name] === "string" ? { [name]: args[name] } : {});
      const isJson = args["json"] === true;
      if (isJson && ["events", "features", "candidates"].some((name) => args[name] === "-"))
        throw new SmcqError(
          "USAGE_OUTPUT",
          "only one output can go to standard output, and --json goes there",
        );
      const klines = String(args["klines"]);
      const progress = fileProgress("smcq scan", klines);
      const totals = await runScan({
        klines,
        symbol: String(args["symbol"]),
        ...out("events"),
        ...out("features"),
        ...out("candidates"),
        warn: (line) => {
          progress.end();
          standardError().write(`smcq scan: ${line}\n`);
        },
        onRead: progress.onRead,
      }).finally(progress.end);
      if (isJson) await printResult(jsonText(totals));
      standardError().write(`smcq scan: ${totals.bars} bars of ${totals.symbol}\n`);
      setExitCode(0);
    },
  };
}
