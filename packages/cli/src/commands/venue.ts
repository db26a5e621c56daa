import { createPublicKey, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { type BinanceSimOptions, runBinanceSimAlone, type TradingKey } from "@smcq/binance-sim";
import { errorMessage, SmcqError } from "@smcq/kernel";
import type { CommandModule } from "yargs";
import { standardOutput } from "../output/outlet.ts";

const MADE_UP_BYTES = 32;

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
        .option("faults", { ...text, describe: "what goes wrong, e.g. EX01=0.02,NW02=600s; default none" })
        .option("loop", { type: "boolean", describe: "start over at the end of the data" }),
    handler: async (args) => {
      await runBinanceSimAlone(venueOptions(args), (line) => standardOutput().write(`${line}\n`));
      setExitCode(0);
    },
  };
}

/** Options of the venue from the command's flags; its clock is the machine's. */
function venueOptions(args: Readonly<Record<string, unknown>>): BinanceSimOptions {
  const given = <T>(name: string): Readonly<Record<string, T>> =>
    args[name] === undefined ? {} : { [name]: args[name] as T };
  return {
    epoch: "wall",
    speed: 1,
    ...given("port"),
    ...given("speed"),
    ...given("symbols"),
    ...given("faults"),
    ...given("loop"),
    trading: { keys: [keyOf(args)], ...given("equity") },
  };
}

function keyOf(args: Readonly<Record<string, unknown>>): TradingKey {
  const textOf = (name: string): string | null => (typeof args[name] === "string" ? args[name] : null);
  const key = textOf("key") ?? madeUp();
  const file = textOf("public-key");
  const secret = textOf("secret");
  if (file === null) return { key, type: "hmac", secret: secret ?? madeUp() };
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

function madeUp(): string {
  return randomBytes(MADE_UP_BYTES).toString("hex");
}
