import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { EngineRuns, isAlive, partsOf, type SmcqRun, until } from "./engine-run.ts";
import { type Standing, VenueAccount } from "./venue-account.ts";

const KILLS = Number(process.env.SMCQ_KILLS ?? 3);
const EMPTY = { wallet: "10000.00000000", positions: [], orders: [], stops: [], trades: [], income: [] };
const SYMBOLS = ["XLMUSDT", "ALGOUSDT"];
/** The market moves little while a test looks at it, and no funding time comes. */
const ARGS = ["--speed", "5", "--set", "supervisor.restartsMax=20", "--set", "supervisor.windowMs=1000"];
const engines = new EngineRuns();
const frozen: number[] = [];
afterEach(() => {
  for (const pid of frozen.splice(0)) if (isAlive(pid)) process.kill(pid, "SIGKILL");
  engines.clean();
});

/** Stops the engine's process where it is: nobody but the test trades from now on. */
async function freeze(run: SmcqRun): Promise<number> {
  await until(() => hasEngine(run), "the engine's process");
  const { engine } = partsOf(run);
  process.kill(engine, "SIGSTOP");
  frozen.push(engine);
  return engine;
}

function hasEngine(run: SmcqRun): boolean {
  try {
    return partsOf(run).engine > 0;
  } catch {
    return false;
  }
}

async function portOf(run: SmcqRun): Promise<number> {
  return Number((await run.sees("simulated venue is up"))["port"]);
}

async function answers(account: VenueAccount): Promise<boolean> {
  try {
    return (await account.timeMs()) > 0;
  } catch {
    return false;
  }
}

async function untilAnswers(account: VenueAccount): Promise<void> {
  let isUp = false;
  let isAsking = false;
  await until(() => {
    if (!isAsking && !isUp) {
      isAsking = true;
      void answers(account).then((isThere) => {
        isUp = isThere;
        isAsking = false;
      });
    }
    return isUp;
  }, "the venue to answer");
}

describe("the account of a simulated venue", () => {
  it(`is what it was after the venue was killed with -9, ${KILLS} times`, async () => {
    const folder = engines.fresh();
    const run = engines.start(ARGS, folder);
    const port = await portOf(run);
    await freeze(run);
    const account = new VenueAccount(folder, port);
    for (let kill = 0; kill < KILLS; kill++) {
      for (const symbol of SYMBOLS) await account.open(symbol, `${kill}${symbol}`);
      const before = await account.standing(SYMBOLS);
      expect(before.positions).toHaveLength(SYMBOLS.length);
      const timeMs = await account.timeMs();
      process.kill(partsOf(run).venue, "SIGKILL");
      await run.sees("process crashed", kill + 1);
      await untilAnswers(account);
      expect(await account.standing(SYMBOLS)).toEqual(before);
      expect(await account.timeMs()).toBeGreaterThan(timeMs);
    }
  });

  it(`is what it was after the supervisor was killed with -9, ${KILLS} times, and at another speed`, async () => {
    const folder = engines.fresh();
    let before: Standing | null = null;
    let leftMs = 0;
    for (let kill = 0; kill <= KILLS; kill++) {
      const run = engines.start([...ARGS, "--speed", String(5 + kill)], folder);
      const up = await run.sees("simulated venue is up");
      const engine = await freeze(run);
      expect(up["account"]).toContain(kill === 0 ? "a new account begins" : "the account goes on");
      const account = new VenueAccount(folder, Number(up["port"]));
      expect(await account.standing(SYMBOLS)).toEqual(before ?? EMPTY);
      // It goes on where it was left, some hundred wall milliseconds before the end.
      expect(await account.timeMs()).toBeGreaterThan(leftMs - 10_000);
      for (const symbol of SYMBOLS) await account.open(symbol, `${kill}${symbol}`);
      before = await account.standing(SYMBOLS);
      leftMs = await account.timeMs();
      const { venue } = partsOf(run);
      process.kill(run.pid, "SIGKILL");
      process.kill(engine, "SIGKILL");
      await until(() => !isAlive(engine) && !isAlive(venue), "the children to end");
    }
  });

  it("is a new one where that is asked for, and the old one is put aside", async () => {
    const folder = engines.fresh();
    const first = engines.start(["--for", "1s"], folder);
    await first.sees("READY");
    expect(await first.ends()).toBe(ExitCode.Ok);
    const key = readFileSync(join(folder, "venue", "key.json"), "utf8");
    const second = engines.start(["--for", "1s", "--fresh-account"], folder);
    expect((await second.sees("simulated venue is up"))["account"]).toContain("as asked");
    await second.sees("READY");
    expect(await second.ends()).toBe(ExitCode.Ok);
    // The ledger knows accounts by their keys.
    expect(readFileSync(join(folder, "venue", "key.1.json"), "utf8")).toBe(key);
    expect(readFileSync(join(folder, "venue", "key.json"), "utf8")).not.toBe(key);
    expect(existsSync(join(folder, "venue", "account.1.jsonl"))).toBe(true);
    const third = engines.start(["--for", "1s", "--seed", "2"], folder);
    expect((await third.sees("simulated venue is up"))["account"]).toContain("another market");
    await third.sees("READY");
    expect(await third.ends()).toBe(ExitCode.Ok);
  });
});
