import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { compareTables, ledgerFile, verifyJournal } from "../../src/index.ts";
import { temporaryFolder, until } from "../helpers.ts";
import { durable, kill, startWriter, killAgainAndAgain } from "../support/journal-kills.ts";

const SEED = Number(process.env["SMCQ_SEED"] ?? 20_261_120);
const KILLS = 3;

it(`after kill -9 at any moment the chain is whole, the tables are what it makes, and no durable row is gone (seed ${SEED})`, async () => {
  expect(await killAgainAndAgain(temporaryFolder(), KILLS, SEED)).toEqual([]);
});

it("DK01 goes on by itself when a disk that was full has room again", async () => {
  const dataDir = temporaryFolder();
  // No file may grow beyond some hundred kB: the kernel's own refusal.
  const writer = startWriter(dataDir, "r1", SEED, "ulimit -S -f 1500;");
  await until(() => writer.text.includes("sound false"));
  const before = durable(writer);
  execFileSync("prlimit", ["--pid", String(writer.child.pid), "--fsize=unlimited:unlimited"]);
  await until(() => writer.text.includes("sound true"));
  await until(() => durable(writer) > before + 100);
  await kill(writer);
  expect(verifyJournal(ledgerFile(dataDir))).toMatchObject({ broken: null, eventsLost: 0 });
  expect(compareTables(ledgerFile(dataDir))).toMatchObject({ isEqual: true });
});
