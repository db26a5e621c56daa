import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { EngineRuns } from "./engine-run.ts";

const engines = new EngineRuns();
afterEach(() => engines.clean());

describe("smcq universe", () => {
  it("says with its own exit code that the venue cannot be reached", async () => {
    const none = ["--set", "feed.restBaseUrl=http://127.0.0.1:9", "--set", "feed.wsBaseUrl=ws://127.0.0.1:9"];
    const run = engines.smcq(["universe", "--mode", "paper", "--data-dir", engines.fresh(), ...none]);
    expect(await run.ends()).toBe(ExitCode.Venue);
    expect(run.stderr).toContain("ECONNREFUSED");
  });

  it("shows what the engine would watch, and outlives a reader that goes away", async () => {
    const run = engines.smcq(["universe", "--set", "universe.symbols=BTCUSDT,NOPE", "--json"]);
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect(JSON.parse(run.stdout)).toMatchObject({ instruments: [{ symbol: "BTCUSDT" }] });
    expect(run.stderr).toContain("NOPE");
    const cut = engines.smcq(["universe", "--json"]);
    cut.child.stdout?.once("data", () => cut.child.stdout?.destroy());
    expect(await cut.ends()).toBe(ExitCode.Ok);
    expect(cut.stderr).toBe("");
  });
});

describe("smcq engine refuses", () => {
  const refusalCases: readonly (readonly [string, readonly string[], number, string])[] = [
    [
      "an un-prefixed stream address",
      ["--mode", "paper", "--model", "heuristic", "--set", "feed.wsBaseUrl=wss://fstream.binance.com/stream"],
      ExitCode.Feed,
      "/market/stream",
    ],
    ["an unknown flag", ["--shard", "3"], ExitCode.Usage, "shard"],
    ["a setting out of range", ["--shards", "1000"], ExitCode.Config, "1..64"],
    ["a settings file that is not there", ["--config", "nowhere.json"], ExitCode.File, "nowhere.json"],
    ["a model that cannot be loaded", ["--model", "models/none.onnx"], ExitCode.Model, "--model heuristic"],
    [
      "a venue that is not there, after it took the shipped model",
      ["--mode", "paper", "--set", "feed.restBaseUrl=http://127.0.0.1:9"],
      ExitCode.Venue,
      "lgbm_smc-",
    ],
    ["symbols that nobody trades", ["--set", "universe.symbols=NOPE"], ExitCode.Config, "NOPE"],
    [
      "a data folder that is a file",
      ["--data-dir", fileURLToPath(import.meta.url)],
      ExitCode.Ledger,
      "engine-refusals.long.ts",
    ],
    ["a fault knob that does not exist", ["--faults", "MD99"], ExitCode.Config, "MD99"],
  ];

  it("what it cannot do, each with its own exit code and a hint", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const port = (taken.address() as AddressInfo).port;
    const busy = [
      "a port that is taken",
      ["--set", `sim.port=${port}`],
      ExitCode.Port,
      String(port),
    ] as const;
    const cases = [...refusalCases, busy];
    const refusals = await Promise.all(
      cases.map(async ([what, args, , hint]) => {
        const run = engines.start(args);
        const exitCode = await run.ends();
        return [
          what,
          exitCode,
          (run.stdout + run.stderr).includes(hint) ? hint : run.stdout + run.stderr,
        ] as const;
      }),
    );
    taken.close();
    expect(refusals).toEqual(cases.map(([what, , exitCode, hint]) => [what, exitCode, hint]));
  });
});
