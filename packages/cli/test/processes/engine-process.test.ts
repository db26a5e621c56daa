import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { ledgerFile, LedgerReader } from "@smcq/ledger";
import { afterEach, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { isAlive, partsOf, SmcqRun, temporaryFolder, until } from "./engine-run.ts";

const folders: { remove: () => void }[] = [];
const runs: SmcqRun[] = [];

function start(args: readonly string[], folder = fresh(), isGroup = false): SmcqRun {
  const small = [
    "--shards",
    "2",
    "--symbols",
    "24",
    "--speed",
    "60",
    "--data-dir",
    folder,
    "--log-format",
    "json",
  ];
  const run = new SmcqRun(["engine", ...small, ...args], { isGroup });
  runs.push(run);
  return run;
}

function fresh(): string {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder.path;
}

function storedSignals(folder: string): {
  readonly runs: number;
  readonly signals: number;
  readonly ended: number;
} {
  const reader = new LedgerReader(ledgerFile(folder));
  try {
    const all = reader.runIds(10).map((runId) => reader.summary(runId));
    return {
      runs: all.length,
      signals: all.reduce((sum, run) => sum + run.signalCount, 0),
      ended: all.filter((run) => run.endedAtMs !== null).length,
    };
  } finally {
    reader.close();
  }
}

afterEach(() => {
  for (const run of runs.splice(0)) if (run.child.exitCode === null) run.child.kill("SIGKILL");
  for (const folder of folders.splice(0)) folder.remove();
});

describe("smcq engine as processes", () => {
  it("gets READY, finds and stores signals, and ends by --for with exit code 0", async () => {
    const folder = fresh();
    const run = start(["--for", "6s", "--speed", "120"], folder);
    const ready = await run.sees("READY: 24 pairs, 2 shards");
    expect(ready.level).toBe("info");
    const minute = await run.sees("minute", 2);
    expect(minute["barsClosed"]).toBe(minute["barsExpected"]);
    expect(minute["barsClosed"]).toBeGreaterThan(0);
    expect(await run.ends()).toBe(ExitCode.Ok);
    const stored = storedSignals(folder);
    expect(stored).toMatchObject({ runs: 1, ended: 1 });
    expect(stored.signals).toBeGreaterThan(0);
  });

  it.each(["SIGINT", "SIGTERM"] as const)(
    "ends cleanly on %s to the engine's own process",
    async (signal) => {
      const folder = fresh();
      const run = start([], folder);
      await run.sees("READY");
      const parts = partsOf(run);
      process.kill(parts.engine, signal);
      expect(await run.ends()).toBe(ExitCode.Ok);
      expect([parts.engine, parts.venue].filter(isAlive)).toEqual([]);
      expect(storedSignals(folder).ended).toBe(1);
    },
  );

  it.each([
    ["Ctrl-C", "SIGINT"],
    ["a closed terminal", "SIGHUP"],
  ] as const)("ends cleanly on %s, which reaches the whole group", async (_what, signal) => {
    const folder = fresh();
    const run = start([], folder, true);
    await run.sees("READY");
    const parts = partsOf(run);
    process.kill(-run.pid, signal);
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect([parts.engine, parts.venue].filter(isAlive)).toEqual([]);
    expect(storedSignals(folder).ended).toBe(1);
  });

  it("ends cleanly when it is told to, twice, while it is still starting, and never says READY", async () => {
    const folder = fresh();
    const run = start([], folder);
    await run.sees("start-up step", 3);
    run.child.kill("SIGTERM");
    run.child.kill("SIGTERM");
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect(run.count("READY")).toBe(0);
    expect(storedSignals(folder)).toMatchObject({ runs: 1, ended: 1 });
  });

  it("goes on, and ends by itself, when the reader of its lines goes away", async () => {
    const run = start(["--for", "1s", "--log-format", "pretty"]);
    run.child.stdout?.once("data", () => run.child.stdout?.destroy());
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect(run.stderr).toBe("");
  });

  it("gives up with an exit code of its own when a part crashes too often", async () => {
    const run = start(["--set", "supervisor.restartsMax=0"]);
    await run.sees("READY");
    process.kill(partsOf(run).venue, "SIGKILL");
    expect(await run.ends()).toBe(ExitCode.Crashes);
  });

  it("starts the engine, and then the venue, again after kill -9, and comes right by itself", async () => {
    const folder = fresh();
    const run = start([], folder);
    await run.sees("READY");
    const before = partsOf(run);
    process.kill(before.engine, "SIGKILL");
    await run.sees("process crashed");
    await run.sees("READY", 2);
    await run.sees("minute", 1);
    const after = partsOf(run);
    expect(after.engine).not.toBe(before.engine);
    expect(after.venue).toBe(before.venue);
    process.kill(after.venue, "SIGKILL");
    await run.sees("process crashed", 2);
    const minutes = run.count("minute");
    const isWhole = (): boolean =>
      run.lines
        .filter((line) => line.msg === "minute")
        .slice(minutes + 1)
        .some((line) => line["barsClosed"] === line["barsExpected"] && Number(line["barsClosed"]) > 0);
    await until(isWhole, "whole minutes after the venue came back", 60_000);
    expect(partsOf(run).engine).toBe(after.engine);
    run.child.kill("SIGTERM");
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect(storedSignals(folder)).toMatchObject({ runs: 2, ended: 1 });
  });

  it("refuses a second engine on its folder; killed with -9 it leaves no orphan and nothing in the way", async () => {
    const folder = fresh();
    const first = start([], folder);
    await first.sees("READY");
    const parts = partsOf(first);
    const second = start([], folder);
    expect(await second.ends()).toBe(ExitCode.Locked);
    expect(second.stdout).toContain(String(parts.engine));
    process.kill(first.pid, "SIGKILL");
    await until(() => !isAlive(parts.engine) && !isAlive(parts.venue), "the children to end");
    const next = start(["--for", "1s"], folder);
    await next.sees("READY");
    expect(await next.ends()).toBe(ExitCode.Ok);
    expect([...first.lines, ...next.lines].filter((line) => line.level === "error")).toEqual([]);
    expect(storedSignals(folder)).toMatchObject({ runs: 2, ended: 2 });
  });
});

describe("smcq universe", () => {
  it("says with its own exit code that the venue cannot be reached", async () => {
    const none = ["--set", "feed.restBaseUrl=http://127.0.0.1:9", "--set", "feed.wsBaseUrl=ws://127.0.0.1:9"];
    const run = new SmcqRun(["universe", "--mode", "paper", "--data-dir", fresh(), ...none]);
    runs.push(run);
    expect(await run.ends()).toBe(ExitCode.Venue);
    expect(run.stderr).toContain("ECONNREFUSED");
  });

  it("shows what the engine would watch, and outlives a reader that goes away", async () => {
    const run = new SmcqRun(["universe", "--set", "universe.symbols=BTCUSDT,NOPE", "--json"]);
    runs.push(run);
    expect(await run.ends()).toBe(ExitCode.Ok);
    expect(JSON.parse(run.stdout)).toMatchObject({ instruments: [{ symbol: "BTCUSDT" }] });
    expect(run.stderr).toContain("NOPE");
    const cut = new SmcqRun(["universe", "--json"]);
    runs.push(cut);
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
      "engine-process.test.ts",
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
        const run = start(args);
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
