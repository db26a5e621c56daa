import type { CommandModule } from "yargs";
import { runScan } from "../offline/scan/scan-klines.ts";
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
        }),
    handler: async (args) => {
      const out = (name: string): object => (typeof args[name] === "string" ? { [name]: args[name] } : {});
      const rows = await runScan({
        klines: String(args["klines"]),
        symbol: String(args["symbol"]),
        ...out("events"),
        ...out("features"),
        ...out("candidates"),
        warn: (line) => standardError().write(`smcq scan: ${line}\n`),
      });
      standardError().write(`smcq scan: ${rows} bars of ${String(args["symbol"])}\n`);
      setExitCode(0);
    },
  };
}
