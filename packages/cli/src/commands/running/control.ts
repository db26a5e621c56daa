import { createInterface } from "node:readline/promises";
import { SmcqError, SystemClock } from "@smcq/kernel";
import type { Argv, CommandModule } from "yargs";
import { askEngine } from "../../control/control-client.ts";
import { type LatencyView, latencyText, latencyView } from "../../control/latency-view.ts";
import { modelText } from "../../control/model-text.ts";
import { systemText } from "../../control/system-text.ts";
import { LOG_LINES_DEFAULT } from "../../control/log-views.ts";
import {
  logText,
  mirrorText,
  ordersText,
  positionsText,
  statusText,
  wordText,
} from "../../control/control-text.ts";
import { type ControlAnswers, type ControlRequest, parseRequest } from "../../control/protocol.ts";
import { ExitCode } from "../../exit-codes.ts";
import { type MirrorStatus, readMirrorStatus } from "../../mirror/mirror-status.ts";
import { printResult } from "../../output/print-result.ts";
import { loadSettings } from "../settings.ts";

type Args = Readonly<Record<string, unknown>>;

interface ControlCommand {
  readonly command: string;
  readonly describe: string;
  readonly builder: (argv: Argv) => Argv;
  /** Null: it was asked whether it is meant, and it is not. */
  readonly request: (args: Args) => Promise<ControlRequest | null> | ControlRequest;
  /** What the data folder says besides. */
  readonly more?: (dataDir: string) => object;
  /** What is shown of the answer, by `--json` too; all of it unless given. */
  readonly view?: (answer: never) => object;
  readonly text: (shown: never) => string;
}

const plain = (argv: Argv): Argv => argv;

const COMMANDS: readonly ControlCommand[] = [
  {
    command: "status",
    describe: "how the running engine does: state and every reason, account, risk, feed",
    builder: plain,
    request: () => ({ request: "status" }),
    more: (dataDir) => ({ mirror: readMirrorStatus(dataDir) }),
    text: (answer: ControlAnswers["status"] & { readonly mirror: MirrorStatus | null }) =>
      `${statusText(answer)}${mirrorText(answer.mirror, new SystemClock().nowMs())}`,
  },
  {
    command: "positions",
    describe: "what the running engine holds, and how each position is guarded",
    builder: plain,
    request: () => ({ request: "positions" }),
    text: (answer: ControlAnswers["positions"]) => positionsText(answer),
  },
  {
    command: "orders",
    describe: "what of the running engine's orders rests or is in flight",
    builder: plain,
    request: () => ({ request: "orders" }),
    text: (answer: ControlAnswers["orders"]) => ordersText(answer),
  },
  {
    command: "system",
    describe: "what the running engine runs on: threads, connections, rings, queues, REST",
    builder: plain,
    request: () => ({ request: "system" }),
    text: (answer: ControlAnswers["system"]) => systemText(answer),
  },
  {
    command: "latency",
    describe: "how long what takes in the running engine: stages, pauses, orders, time without a stop",
    builder: plain,
    request: () => ({ request: "metrics" }),
    view: ({ metrics }: ControlAnswers["metrics"]) => latencyView(metrics),
    text: (view: LatencyView) => latencyText(view),
  },
  {
    command: "scorer",
    describe: "what scores in the running engine: card, drift, how often its scores came true",
    builder: plain,
    request: () => ({ request: "model" }),
    text: (answer: ControlAnswers["model"]) => modelText(answer),
  },
  {
    command: "log",
    describe: "the last lines of the running engine's log",
    builder: (argv) =>
      argv
        .option("lines", { type: "number", requiresArg: true, describe: `how many (${LOG_LINES_DEFAULT})` })
        .option("level", { type: "string", requiresArg: true, describe: "this level and above (debug)" })
        .option("after", { type: "number", requiresArg: true, describe: "only those after this number" }),
    request: (args) => logRequest(args),
    text: (answer: ControlAnswers["log"]) => logText(answer),
  },
  {
    command: "halt",
    describe: "no entries until `resume`; what is held stays, guarded",
    builder: plain,
    request: () => ({ request: "halt" }),
    text: wordText,
  },
  {
    command: "resume",
    describe: "take back every reason to halt; refused while the file HALT stands",
    builder: plain,
    request: () => ({ request: "resume" }),
    text: wordText,
  },
  {
    command: "flatten",
    describe: "leave everything that is held, at the market; asks first",
    builder: (argv) => argv.option("yes", { type: "boolean", describe: "do not ask" }),
    request: askFlatten,
    text: wordText,
  },
  {
    command: "close <symbol>",
    describe: "leave one symbol's position, at the market; not entered again for 30 minutes",
    builder: (argv) =>
      argv.positional("symbol", { type: "string", demandOption: true, describe: "such as BTCUSDT" }),
    request: (args) => ({ request: "close", symbol: String(args["symbol"]) }),
    text: wordText,
  },
];

/** `smcq status`, `halt` ...: what a person asks of the engine that runs on a data folder, and tells it. */
export function controlCommands(setExitCode: (exitCode: number) => void): readonly CommandModule[] {
  return COMMANDS.map(({ command, describe, builder, request, text, view, more }) => ({
    command,
    describe,
    builder: (argv: Argv) => builder(askingFlags(argv)),
    handler: async (args: Args) => {
      const { config } = loadSettings(args);
      const asked = await request(args);
      if (asked === null) {
        await printResult("nothing is done\n");
        return;
      }
      const said = await askEngine(config.dataDir, asked);
      const whole = { ...said, ...more?.(config.dataDir) };
      const answer = view === undefined ? whole : view(whole as never);
      const isJson = args["json"] === true;
      await printResult(isJson ? `${JSON.stringify(answer, null, 2)}\n` : text(answer as never));
      setExitCode(ExitCode.Ok);
    },
  }));
}

/** As the engine would read it: what is wrong with a flag is said before anybody is asked. */
function logRequest(args: Args): ControlRequest {
  const { lines, level, after } = args;
  return parseRequest(JSON.stringify({ request: "log", lines, level, after }));
}

/** The flags of everything that asks a running engine. */
export function askingFlags(argv: Argv): Argv {
  return argv
    .option("data-dir", { type: "string", requiresArg: true, describe: "the folder that the engine runs on" })
    .option("config", { type: "string", requiresArg: true, describe: "JSON file with settings" })
    .option("json", { type: "boolean", describe: "as JSON" });
}

/** Asks whoever sits at the terminal; without one, and without `--yes`, nothing is done. */
async function askFlatten(args: Args): Promise<ControlRequest | null> {
  if (args["yes"] === true) return { request: "flatten" };
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new SmcqError(
      "USAGE_CONFIRM",
      "flatten leaves everything that is held: say --yes, or ask from a terminal",
    );
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    // Ctrl-C and Ctrl-D close the line without an answer: that is a no.
    const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("no")));
    const asked = terminal
      .question("Leave everything that is held, at the market? Type yes: ")
      .catch(() => "no");
    const said = await Promise.race([asked, closed]);
    return said.trim().toLowerCase() === "yes" ? { request: "flatten" } : null;
  } finally {
    terminal.close();
  }
}
