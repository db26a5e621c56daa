import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  type BinanceSimOptions,
  goesOnWithAccount,
  runBinanceSimAlone,
  type TradingKey,
} from "@smcq/binance-sim";
import { errorMessage, SmcqError } from "@smcq/kernel";
import type { CommandModule } from "yargs";
import { keptSimulatedKey } from "../modes/account-key.ts";
import { newSimulatedKey, type SimulatedKey } from "../modes/engine-payload.ts";
import { standardOutput } from "../output/outlet.ts";
import { keepYoungSmall, saveMemory } from "../process/engine-memory.ts";

/** `smcq venue`: the simulated venue alone, for whatever client speaks to the real one. */
export function venueCommand(setExitCode: (exitCode: number) => void): CommandModule {
  const text = { type: "string", requiresArg: true } as const;
  const number = { type: "number", requiresArg: true } as const;
  return {
    command: "venue",
    describe: "run the simulated venue alone: REST and WebSocket on loopback, one account",
    builder: (argv) =>
      argv
        .option("port", { ...number, describe: "port on 127.0.0.1; default: any that is free" })
        .option("speed", {
          ...number,
          describe: "venue time in wall time; default 1, as clients without a clock of their own need",
        })
        .option("symbols", { ...number, describe: "how many symbols it lists; default 297" })
        .option("key", { ...text, describe: "API key; made up when not given" })
        .option("secret", { ...text, describe: "secret of the key (HMAC); made up when not given" })
        .option("public-key", { ...text, describe: "PEM file: requests are signed by RSA or Ed25519" })
        .option("equity", { ...text, describe: "USDT in the wallet; default 10000" })
        .option("data-dir", {
          ...text,
          describe:
            "folder that keeps the account (and a made-up key) over restarts; default: it ends with the process",
        })
        .option("fresh-account", { type: "boolean", describe: "begin a new account in the folder" })
        .option("faults", { ...text, describe: "what goes wrong, e.g. EX01=0.02,NW02=600s; default none" })
        .option("loop", { type: "boolean", describe: "start over at the end of the data" }),
    handler: async (args) => {
      saveMemory();
      keepYoungSmall();
      await runBinanceSimAlone(venueOptions(args), (line) => standardOutput().write(`${line}\n`));
      setExitCode(0);
    },
  };
}

/** Options of the venue from the command's flags; its clock is the machine's. */
function venueOptions(args: Readonly<Record<string, unknown>>): BinanceSimOptions {
  const given = <T>(name: string): Readonly<Record<string, T>> =>
    args[name] === undefined ? {} : { [name]: args[name] as T };
  const folder = typeof args["data-dir"] === "string" ? resolve(args["data-dir"]) : null;
  if (folder === null && args["fresh-account"] === true)
    throw new SmcqError("USAGE", "--fresh-account needs a --data-dir");
  const keeping = folder === null ? {} : { folder, isFresh: args["fresh-account"] === true };
  const optionsOf = (key: TradingKey): BinanceSimOptions => ({
    epoch: "wall",
    speed: 1,
    ...given("port"),
    ...given("speed"),
    ...given("symbols"),
    ...given("faults"),
    ...given("loop"),
    trading: { keys: [key], ...given("equity"), ...keeping },
  });
  if (folder === null) return optionsOf(keyOf(args, newSimulatedKey));
  const isKept = goesOnWithAccount(optionsOf(keyOf(args, newSimulatedKey)));
  return optionsOf(keyOf(args, () => keptSimulatedKey(folder, isKept)));
}

type KeyMaker = () => SimulatedKey;

/** The given key; what of it is not given is made. */
function keyOf(args: Readonly<Record<string, unknown>>, make: KeyMaker): TradingKey {
  const textOf = (name: string): string | null => (typeof args[name] === "string" ? args[name] : null);
  const file = textOf("public-key");
  const secret = textOf("secret");
  const made = textOf("key") === null || (secret === null && file === null) ? make() : null;
  const key = textOf("key") ?? made?.key ?? "";
  if (file === null) return { key, type: "hmac", secret: secret ?? made?.secret ?? "" };
  if (secret !== null) throw new SmcqError("USAGE", "--secret and --public-key exclude each other");
  const publicKeyPem = readFileSync(file, "utf8");
  return { key, type: typeOf(publicKeyPem, file), publicKeyPem };
}

function typeOf(pem: string, file: string): "rsa" | "ed25519" {
  let type: string | undefined;
  try {
    type = createPublicKey(pem).asymmetricKeyType;
  } catch (error) {
    throw new SmcqError("SIM_OPTION", `${file} holds no public key: ${errorMessage(error)}`);
  }
  if (type === "rsa" || type === "ed25519") return type;
  throw new SmcqError("SIM_OPTION", `${file} holds a key of type ${String(type)}, wanted rsa or ed25519`);
}
