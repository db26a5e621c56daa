import { tradedPlan } from "../plans/traded-plan.ts";
import { readFileSync } from "node:fs";
import { type TradePlanParameters } from "@smcq/features";
import { errorMessage, SmcqError, SystemClock } from "@smcq/kernel";
import { researchFile } from "@smcq/ledger";
import { EXPIRES_DAYS, importTried, openModel } from "@smcq/scoring";
import type { ModelKind } from "@smcq/scoring";
import type { Argv, CommandModule } from "yargs";
import { cardDisplay } from "../offline/model/card-text.ts";
import { runScore } from "../offline/model/run-score.ts";
import { runVerify } from "../offline/model/run-verify.ts";
import { standardError } from "../output/outlet.ts";
import { fileProgress } from "../output/progress.ts";
import { jsonText, printResult } from "../output/print-result.ts";
import { bookJudge } from "../offline/walkforward/note-training.ts";
import { loadSettings } from "./settings.ts";

const SCORERS = ["leaf-mask", "ort"] as const;
const EXPIRES_DAYS_MAX = 3_650;
const KEY_BYTES_MAX = 16_384;

type Args = Readonly<Record<string, unknown>>;

type Run = (args: Args) => Promise<void>;

/** `smcq model import|verify|show|score`: everything that is done with a model's file outside the engine. */
export function modelCommand(setExitCode: (exitCode: number) => void): CommandModule {
  const handled = (run: Run): Run => {
    return async (args) => {
      await run(args);
      setExitCode(0);
    };
  };
  return {
    command: "model",
    describe: "import, verify, show a model's file, or score rows by it",
    builder: (argv) => {
      for (const command of [IMPORT, VERIFY, SHOW, SCORE])
        argv.command({ ...command, handler: handled(command.handler) });
      return argv.demandCommand(1, "one of import, verify, show or score is needed");
    },
    handler: () => {},
  };
}

interface Subcommand {
  readonly command: string;
  readonly describe: string;
  readonly builder: (argv: Argv) => Argv;
  readonly handler: Run;
}

const IMPORT: Subcommand = {
  command: "import <text>",
  describe: "make NAME.onnx, its card and its golden rows from a LightGBM text",
  builder: importOptions,
  handler: runImport,
};

const VERIFY: Subcommand = {
  command: "verify <file>",
  describe: "put a model through the whole gate, ONNX Runtime included",
  builder: (argv) =>
    text(
      withScorer(withSettings(anySchema(withJson(file(argv))))),
      "public-key",
      "PEM file of the ed25519 key that must have signed it",
    ),
  handler: (args) =>
    runVerify({
      ...common(args),
      publicKeyPem: optional(args, "publicKey", readKey),
      isJson: args["json"] === true,
    }),
};

const SHOW: Subcommand = {
  command: "show <file>",
  describe: "print a model's card",
  builder: (argv) => withJson(file(argv)),
  handler: runShow,
};

const SCORE: Subcommand = {
  command: "score <file>",
  describe: "score the rows of a CSV file; columns raw and confidence on standard output",
  builder: (argv) =>
    text(
      withScorer(withSettings(anySchema(withJson(file(argv))))),
      "rows",
      "CSV, plain, gzip or zip, with columns f0, f1, ... or the features' names",
    )
      .demandOption("rows")
      .option("raw", { type: "boolean", default: false, describe: "the raw margin alone" }),
  handler: async (args) => {
    const file = String(args["rows"]);
    const progress = fileProgress("smcq model score", file);
    const rows = await runScore({
      ...common(args),
      rows: file,
      isRaw: args["raw"] === true,
      isJson: args["json"] === true,
      onRead: progress.onRead,
    }).finally(progress.end);
    standardError().write(`smcq model score: ${rows} rows\n`);
  },
};

function withJson(argv: Argv): Argv {
  return argv.option("json", { type: "boolean", describe: "as JSON" });
}

function file(argv: Argv): Argv {
  return argv.positional("file", { type: "string", demandOption: true, describe: "NAME.onnx" });
}

function text(argv: Argv, name: string, describe: string): Argv {
  return argv.option(name, { type: "string", requiresArg: true, describe });
}

function anySchema(argv: Argv): Argv {
  return argv.option("any-schema", {
    type: "boolean",
    default: false,
    describe: "take features of other names, as many as a feature set has; the engine never does",
  });
}

/** Of the settings, only how plans are entered matters here: it is part of what a model was trained for. */
function withSettings(argv: Argv): Argv {
  return text(argv, "config", "JSON file with settings").option("set", {
    type: "string",
    array: true,
    requiresArg: true,
    describe: "a setting by its path, e.g. --set strategy.entry.kind=limit",
  });
}

function planOf(args: Args): TradePlanParameters {
  const { config } = loadSettings({ config: args["config"], set: args["set"] });
  return tradedPlan(config.strategy);
}

function withScorer(argv: Argv): Argv {
  return argv.option("scorer", {
    choices: SCORERS,
    default: "leaf-mask",
    requiresArg: true,
    describe: "what scores",
  });
}

function importOptions(argv: Argv): Argv {
  const options = withJson(argv)
    .positional("text", { type: "string", demandOption: true, describe: "LightGBM text model (v3 or v4)" })
    .option("out", { type: "string", requiresArg: true, demandOption: true, describe: "NAME.onnx to write" })
    .option("expires-days", {
      type: "number",
      requiresArg: true,
      default: EXPIRES_DAYS,
      describe: "days until the engine only observes with it",
    });
  return withSettings(
    withScorer(
      anySchema(
        text(
          text(
            text(
              text(options, "data-dir", "the folder with research.db, which knows what else was tried"),
              "report",
              "training report; by default training.json beside the text, when it is there",
            ),
            "name",
            "first part of the model's id; by default the name of --out",
          ),
          "sign",
          "PEM file of an ed25519 private key to sign the card with",
        ),
      ),
    ),
  );
}

function common(args: Args): {
  file: string;
  scorer: ModelKind;
  isAnySchema: boolean;
  plan: TradePlanParameters;
} {
  return {
    file: String(args["file"]),
    scorer: args["scorer"] === "ort" ? "ort" : "leaf-mask",
    isAnySchema: args["anySchema"] === true,
    plan: planOf(args),
  };
}

function optional(args: Args, name: string, read: (value: string) => string): string | undefined {
  const value = args[name];
  return typeof value === "string" ? read(value) : undefined;
}

async function runImport(args: Args): Promise<void> {
  const expiresDays = Number(args["expiresDays"]);
  if (!(Number.isInteger(expiresDays) && expiresDays >= 1 && expiresDays <= EXPIRES_DAYS_MAX))
    throw new SmcqError("USAGE_MODEL", `--expires-days must be a whole number of 1 to ${EXPIRES_DAYS_MAX}`);
  const same = (value: string): string => value;
  const clock = new SystemClock();
  const { config } = loadSettings({ config: args["config"], set: args["set"], "data-dir": args["data-dir"] });
  const { card, paths } = await importTried({
    judge: bookJudge(researchFile(config.dataDir), clock.nowMs()),
    text: String(args["text"]),
    out: String(args["out"]),
    scorer: args["scorer"] === "ort" ? "ort" : "leaf-mask",
    clock,
    nowMs: clock.nowMs(),
    plan: planOf(args),
    expiresDays,
    report: optional(args, "report", same),
    name: optional(args, "name", same),
    signKeyPem: optional(args, "sign", readKey),
    isAnySchema: args["anySchema"] === true,
  });
  const { onnx, card: cardFile, golden } = paths;
  await printResult(
    args["json"] === true
      ? jsonText({ card, written: { onnx, card: cardFile, golden } })
      : `${cardDisplay(card, false)}\nwritten: ${onnx}, ${cardFile}, ${golden}\n`,
  );
}

async function runShow(args: Args): Promise<void> {
  const { card, isExpired } = openModel({
    file: String(args["file"]),
    nowMs: new SystemClock().nowMs(),
    refuseExpired: false,
    isAnySchema: true,
  });
  await printResult(args["json"] === true ? jsonText(card) : cardDisplay(card, isExpired));
}

function readKey(path: string): string {
  try {
    return readFileSync(path, "utf8").slice(0, KEY_BYTES_MAX);
  } catch (error) {
    throw new SmcqError("MODEL_FILE", `cannot read the key ${path}: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}
