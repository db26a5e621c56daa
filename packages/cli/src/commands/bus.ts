import { writeFileSync } from "node:fs";
import { errorMessage, SmcqError } from "@smcq/kernel";
import type { Argv, CommandModule } from "yargs";
import { openBus } from "../bus/open-bus.ts";
import { ExitCode } from "../exit-codes.ts";
import { createStderrLogger } from "../output/logger.ts";
import { printResult } from "../output/print-result.ts";
import { loadSettings } from "./settings.ts";

type Args = Readonly<Record<string, unknown>>;

/** `smcq bus key|check`: who this host is at the bus, and whether it is let in. */
export function busCommand(setExitCode: (exitCode: number) => void): CommandModule {
  return {
    command: "bus",
    describe: "make this host's key for the bus, and try the connection to it",
    builder: (argv) =>
      argv
        .command({
          command: "key <file>",
          describe: "write a new NKey seed into a file of mode 0600, and print its public key",
          builder: (own: Argv) =>
            own
              .positional("file", { type: "string", demandOption: true, describe: "must not be there yet" })
              .option("json", { type: "boolean", describe: "as JSON" }),
          handler: async (args: Args) => makeKey(args),
        })
        .command({
          command: "check",
          describe: "connect with the settings bus.*, and say what is met there",
          builder: (own: Argv) =>
            own
              .option("config", { type: "string", requiresArg: true, describe: "JSON file with settings" })
              .option("set", {
                type: "string",
                array: true,
                requiresArg: true,
                describe: "any setting by its path, e.g. --set bus.url=nats://bus.lan:4222",
              })
              .option("json", { type: "boolean", describe: "as JSON" }),
          handler: async (args: Args) => setExitCode(await check(args)),
        })
        .demandCommand(1, "one of key or check is needed"),
    handler: () => {},
  };
}

async function makeKey(args: Args): Promise<void> {
  const file = args["file"] as string;
  const { newIdentity } = await import("@smcq/bus-nats");
  const { seed, publicKey } = newIdentity();
  try {
    writeFileSync(file, `${seed}\n`, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    throw new SmcqError("BUS_CREDENTIALS", `${file} cannot be written: ${errorMessage(cause)}`, { cause });
  }
  await printResult(args["json"] === true ? `${JSON.stringify({ file, publicKey })}\n` : `${publicKey}\n`);
}

async function check(args: Args): Promise<number> {
  const { config } = loadSettings(args);
  if (config.bus.url === null) throw new SmcqError("USAGE_BUS", "where is the bus? Set bus.url");
  const bus = await openBus(config.bus, "check", createStderrLogger(config.log));
  try {
    const sight = await bus.look();
    const { server, version, hasStreams, isEncrypted, publicKey, roundTripMs } = sight;
    const text = [
      `server      ${server}, nats-server ${version}`,
      `streams     ${hasStreams ? "JetStream is on" : "JetStream is off: start nats-server with -js"}`,
      `encrypted   ${isEncrypted ? "yes" : "no"}`,
      `known as    ${publicKey ?? "nobody: no seed is shown"}`,
      `round trip  ${roundTripMs.toFixed(1)} ms`,
      "",
    ].join("\n");
    await printResult(args["json"] === true ? `${JSON.stringify(sight, null, 2)}\n` : text);
    return hasStreams ? ExitCode.Ok : ExitCode.Bus;
  } finally {
    await bus.close();
  }
}
