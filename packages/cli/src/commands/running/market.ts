import type { Argv, CommandModule } from "yargs";
import { askEngine } from "../../control/control-client.ts";
import { ExitCode } from "../../exit-codes.ts";
import { askSymbol } from "../../market/ask-symbol.ts";
import { marketText, symbolText } from "../../market/market-text.ts";
import { printResult } from "../../output/print-result.ts";
import { askingFlags } from "./control.ts";
import { loadSettings } from "../settings.ts";

type Args = Readonly<Record<string, unknown>>;

/** `smcq market`, `symbol`: what the running engine sees of its market, read from its memory without waking anybody. */
export function marketCommands(setExitCode: (exitCode: number) => void): readonly CommandModule[] {
  const print = async <T>(args: Args, answer: T, text: (answer: T) => string): Promise<void> => {
    await printResult(args["json"] === true ? `${JSON.stringify(answer, null, 2)}\n` : text(answer));
    setExitCode(ExitCode.Ok);
  };
  return [
    {
      command: "market",
      describe: "every symbol of the running engine: freshness, trends, last candidate, whether it is held",
      builder: askingFlags,
      handler: async (args: Args) => {
        const { config } = loadSettings(args);
        await print(args, await askEngine(config.dataDir, { request: "market" }), marketText);
      },
    },
    {
      command: "symbol <symbol>",
      describe:
        "one symbol of the running engine: bars (M1, M5), gaps, blocks, pools, breaks, fills, position",
      builder: (argv: Argv) =>
        askingFlags(argv).positional("symbol", {
          type: "string",
          demandOption: true,
          describe: "such as BTCUSDT",
        }),
      handler: async (args: Args) => {
        const { config } = loadSettings(args);
        await print(args, await askSymbol(config.dataDir, String(args["symbol"])), symbolText);
      },
    },
  ];
}
