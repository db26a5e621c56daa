import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { SmcqRun } from "./engine-run.ts";

const TRAP = new URL("./trapped-sockets.mjs", import.meta.url).href;
const KEYS = { BINANCE_API_KEY: "k".repeat(64), BINANCE_API_SECRET: "s".repeat(64) };
const OPEN = { ...KEYS, SMCQ_LIVE: "yes-real-money" };

let folder = "";
let dataDir = "";
let file = "";
let trap: Server;
let caught = 0;

beforeEach(async () => {
  caught = 0;
  folder = mkdtempSync(join(tmpdir(), "smcq-gates-"));
  dataDir = join(folder, "var");
  file = join(folder, "live.json");
  writeFileSync(file, JSON.stringify({ seed: 1, mode: "live" }));
  trap = createServer((socket) => {
    caught++;
    socket.destroy();
  }).listen(0, "127.0.0.1");
  await once(trap, "listening");
});
afterEach(() => {
  trap.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Every socket of the run, whoever it is for, ends in the trap. */
function start(args: readonly string[], env: Readonly<Record<string, string>>): SmcqRun {
  const { port } = trap.address() as AddressInfo;
  return new SmcqRun(["engine", "--data-dir", dataDir, ...args], {
    preloads: [`${TRAP}?port=${port}`],
    env,
  });
}

it("CF03 each missing key of the start refuses mode live with its own words, and nothing is opened or sent", async () => {
  const flags = ["--mode", "live", "--config", file];
  const cases: readonly (readonly [readonly string[], Readonly<Record<string, string>>, string])[] = [
    [["--config", file], OPEN, "--mode live on the command line"],
    [["--config", file], { ...OPEN, SMCQ_MODE: "live" }, "--mode live on the command line"],
    [["--mode", "live"], OPEN, "--config FILE"],
    [flags, KEYS, "SMCQ_LIVE: set it to yes-real-money"],
    [[...flags, "--set", "feed.restBaseUrl=https://demo-fapi.binance.com"], OPEN, "feed.restBaseUrl"],
    [[...flags, "--set", "feed.allowCustomHost=true"], OPEN, "feed.allowCustomHost"],
    [flags, { ...OPEN, NODE_TLS_REJECT_UNAUTHORIZED: "1" }, "NODE_TLS_REJECT_UNAUTHORIZED"],
    [flags, { SMCQ_LIVE: "yes-real-money" }, "API secret is missing"],
    [["--mode", "demo"], {}, "API secret is missing"],
    [["--mode", "demo", "--set", "feed.restBaseUrl=https://fapi.binance.com"], KEYS, "feed.restBaseUrl"],
  ];
  const refused: (readonly [number | null, boolean])[] = [];
  for (const [args, env, words] of cases) {
    const run = start(args, env);
    const exitCode = await run.ends();
    refused.push([exitCode, run.stderr.includes(words)]);
  }
  expect(refused).toEqual(cases.map(() => [ExitCode.Config, true]));
  expect([caught, existsSync(dataDir)]).toEqual([0, false]);
});

it("with every gate open mode live goes on to the venue, and no further than that", async () => {
  const run = start(["--mode", "live", "--config", file, "--log-format", "json"], OPEN);
  expect(await run.ends()).toBe(ExitCode.Venue);
  expect(run.stdout).toContain("REAL MONEY");
  expect(caught).toBeGreaterThan(0);
  expect(run.stdout + run.stderr).not.toContain(KEYS.BINANCE_API_SECRET);
});
