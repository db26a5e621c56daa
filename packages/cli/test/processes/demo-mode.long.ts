import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ExitCode } from "../../src/exit-codes.ts";
import { SmcqRun } from "./engine-run.ts";
import { killVenue, startVenue, type Venue } from "./venue-process.ts";

const DEMO = "engine --mode demo --model heuristic --shards 1 --log-format json".split(" ");

let folder = "";
const runs: SmcqRun[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-demo-"));
});
afterEach(() => {
  for (const run of runs.splice(0)) if (run.child.exitCode === null) run.child.kill("SIGKILL");
  killVenue();
  rmSync(folder, { recursive: true, force: true });
});

/** `smcq engine --mode demo` on the account of a venue on loopback. */
function startDemo(venue: Venue, dataDir: string): SmcqRun {
  const rest = venue.value("REST");
  const bases = [`feed.restBaseUrl=${rest}`, `feed.wsBaseUrl=${rest.replace("http:", "ws:")}`];
  const sets = [...bases, "universe.maxSymbols=8", `account.leaseDir=${join(folder, "leases")}`];
  const run = new SmcqRun(
    [...DEMO, "--data-dir", join(folder, dataDir), ...sets.flatMap((set) => ["--set", set])],
    { env: { BINANCE_API_KEY: venue.value("key"), BINANCE_API_SECRET: venue.value("secret") } },
  );
  runs.push(run);
  return run;
}

it("mode demo is READY on the account of its key, which no second engine gets, and its ledger takes no other account", async () => {
  const venue = await startVenue("--symbols", "8");
  const first = startDemo(venue, "first");
  await first.sees("READY");
  const second = startDemo(venue, "second");
  expect([await second.ends(), second.stdout.includes("RUN_LOCK_ACCOUNT")]).toEqual([ExitCode.Locked, true]);
  first.child.kill("SIGTERM");
  expect(await first.ends()).toBe(ExitCode.Ok);
  await venue.end("SIGTERM");
  const another = await startVenue("--symbols", "8");
  const wrong = startDemo(another, "first");
  expect([await wrong.ends(), wrong.stdout.includes("ACCOUNT_OTHER")]).toEqual([ExitCode.Account, true]);
});
