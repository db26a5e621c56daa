import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SmcqRun, temporaryFolder } from "./engine-run.ts";

const FOLDER = fileURLToPath(new URL("../fixtures/sick-venue", import.meta.url));
/** A run in real time: minutes pass. */
const MS_MAX = 240_000;

let folder: ReturnType<typeof temporaryFolder>;
let venue: ChildProcess;
let origin: string;

/** Starts the fake venue with one of its scenarios. */
async function serve(scenario: string): Promise<void> {
  venue = spawn(process.execPath, [`${FOLDER}/venue.mjs`, "0", `${FOLDER}/${scenario}.mjs`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const port = await new Promise<string>((resolve, reject) => {
    venue.stdout?.once("data", (chunk: Buffer) =>
      resolve(/listening (\d+)/.exec(chunk.toString())?.[1] ?? ""),
    );
    venue.once("exit", () => reject(new Error("the venue ended")));
  });
  origin = `127.0.0.1:${port}`;
}

function start(...flags: string[]): SmcqRun {
  const settings = [`feed.wsBaseUrl=ws://${origin}`, `feed.restBaseUrl=http://${origin}`];
  const command = [
    "engine",
    "--mode",
    "paper",
    "--model",
    "heuristic",
    "--data-dir",
    folder.path,
    "--shards",
    "2",
  ];
  return new SmcqRun([...command, ...[...settings, ...flags].flatMap((setting) => ["--set", setting])]);
}

async function stop(run: SmcqRun): Promise<void> {
  run.child.kill("SIGTERM");
  expect(await run.ends()).toBe(0);
}

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => {
  venue.kill();
  folder.remove();
});

describe("the engine at a sick venue, in real time", () => {
  it("watches a symbol once that is listed twice, at the first start and out of the cache", async () => {
    await serve("duplicate-symbol");
    for (const source of ["venue", "disk"]) {
      const run = start();
      expect(await run.sees("READY", 1, MS_MAX)).toMatchObject({ pairs: 2 });
      expect(run.lines.find(({ step }) => step === "universe")).toMatchObject({ source, pairs: 2 });
      await stop(run);
    }
  });

  it("gives up nothing for a list that is short once", async () => {
    await serve("partial-exchange-info");
    const run = start("universe.refreshMs=60000", "universe.cacheMaxAgeMs=1000");
    expect(await run.sees("READY", 1, MS_MAX)).toMatchObject({ pairs: 20 });
    await run.sees("the venue's list has shrunk", 1, MS_MAX);
    await run.sees("the venue's list is whole again", 1, MS_MAX);
    expect(run.count("symbols left the universe")).toBe(0);
    await stop(run);
  });

  it("comes up with a symbol that is not traded for a while", async () => {
    await serve("quiet-symbol");
    const run = start();
    expect(await run.sees("READY", 1, MS_MAX)).toMatchObject({ pairs: 2 });
    await stop(run);
  });

  it.each(["limited-start", "banned-start"])(
    "waits for the end that the venue has named: %s",
    async (scenario) => {
      await serve(scenario);
      const run = start();
      expect(await run.sees("READY", 1, MS_MAX)).toMatchObject({ pairs: 2 });
      await stop(run);
    },
  );
});
