import {
  configKeys,
  type LoadedConfig,
  loadConfig,
  orchestratorVariables,
  parseDurationMs,
} from "@smcq/config";
import type { Argv } from "yargs";
import { standardError } from "../output/outlet.ts";

/** Of more variables of an orchestrator the rest is counted. */
const FOREIGN_SHOWN_MAX = 10;

/** Flags that are short words for a setting: flag -> dotted path. */
const SHORT_FLAGS: Readonly<Record<string, string>> = {
  mode: "mode",
  role: "role",
  shards: "shards",
  compute: "compute",
  "scan-threads": "scanThreads",
  speed: "speed",
  seed: "seed",
  "data-dir": "dataDir",
  loop: "loop",
  "fresh-account": "simTrading.freshAccount",
  "flatten-on-exit": "flattenOnExit",
  model: "scan.model",
  scorer: "scan.scorer",
  challenger: "scan.challenger",
  "metrics-port": "metrics.port",
  dashboard: "dashboard.enabled",
  "dashboard-port": "dashboard.port",
  "behind-tls-proxy": "dashboard.behindTlsProxy",
  faults: "sim.faults",
  symbols: "sim.symbols",
  "log-level": "log.level",
  "log-format": "log.format",
};

/** Adds the flags that set settings, `--config FILE` and `--set PATH=VALUE`. */
export function withSettingFlags<T>(argv: Argv<T>): Argv<T> {
  const described = new Map(configKeys().map((key) => [key.path, key]));
  for (const [flag, path] of Object.entries(SHORT_FLAGS)) {
    const key = described.get(path);
    const isBoolean = key?.defaultValue === false || key?.defaultValue === true;
    argv.option(flag, {
      type: isBoolean ? "boolean" : "string",
      requiresArg: !isBoolean,
      describe: `${key?.description ?? path} (default ${JSON.stringify(key?.defaultValue)})`,
      group: "Settings:",
    });
  }
  argv.option("for", {
    type: "string",
    requiresArg: true,
    describe: "end by itself this long after READY, e.g. 90s, 10m",
    group: "Settings:",
  });
  argv.option("config", {
    type: "string",
    requiresArg: true,
    describe: "JSON file with settings",
    group: "Settings:",
  });
  argv.option("set", {
    type: "string",
    array: true,
    requiresArg: true,
    describe: "any setting by its path, e.g. --set feed.symbolsPerConnection=100",
    group: "Settings:",
  });
  return argv;
}

/** The settings that a command runs with: defaults < file < environment < flags. */
export function loadSettings(args: Readonly<Record<string, unknown>>): LoadedConfig {
  const foreign = orchestratorVariables(process.env);
  if (foreign.length > 0)
    standardError().write(
      `smcq: ${foreign.length} variables are an orchestrator's and no settings: ${foreign.slice(0, FOREIGN_SHOWN_MAX).join(", ")}\n`,
    );
  const flags: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [flag, path] of Object.entries(SHORT_FLAGS)) flags[path] = args[flag];
  if (typeof args["for"] === "string") flags["runForMs"] = parseDurationMs(args["for"]);
  for (const entry of (args["set"] as readonly string[] | undefined) ?? []) {
    const at = entry.indexOf("=");
    if (at > 0) flags[entry.slice(0, at)] = entry.slice(at + 1);
    else flags[entry] = "";
  }
  return loadConfig({ file: args["config"] as string | undefined, env: process.env, flags });
}
