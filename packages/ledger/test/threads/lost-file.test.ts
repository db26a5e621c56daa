import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { LedgerReader } from "../../src/index.ts";
import { openTestLedger, runRecord, signals, temporaryFolder, until } from "../helpers.ts";

const MOVED = { code: "LEDGER_MOVED" };

/** What a person or a script does to a ledger under a running engine. */
const DEEDS: readonly (readonly [string, (file: string) => void])[] = [
  ["its file removed", (file) => rmSync(file)],
  ["its folder removed", (file) => rmSync(dirname(file), { recursive: true })],
  [
    "its folder removed and made anew",
    (file) => {
      rmSync(dirname(file), { recursive: true });
      mkdirSync(dirname(file));
    },
  ],
  [
    "a copy in its place",
    (file) => {
      copyFileSync(file, `${file}.copy`);
      renameSync(`${file}.copy`, file);
    },
  ],
  ["its folder moved away", (file) => renameSync(dirname(file), `${dirname(file)}-old`)],
  ["an empty file made of it", (file) => truncateSync(file, 0)],
  ["its log removed", (file) => rmSync(`${file}-wal`)],
];

describe("a ledger under which the file is lost", () => {
  it.each(DEEDS)(
    "with %s says so, counts what it had stored as lost, and stores nothing more",
    async (_what, deed) => {
      const file = join(temporaryFolder(), "data", "ledger.db");
      const { ledger, events } = await openTestLedger({ file });
      const rng = new Rng(7);
      await ledger.beginRun(runRecord("r1"));
      ledger.append(signals(5, rng));
      await until(() => ledger.stats().stored === 5);
      deed(file);
      ledger.append(signals(3, rng, { openTimeMs: 1_770_000_000_000 }));
      await until(() => ledger.stats().state === "dead");
      expect(ledger.stats()).toMatchObject({ stored: 0, lost: 8, pending: 0 });
      expect(events.filter(({ type }) => type === "dead")).toMatchObject([MOVED]);
      await expect(ledger.endRun("r1", 1_760_000_900_000, { signals: 8 })).rejects.toMatchObject({
        code: "LEDGER_NOT_OPEN",
      });
      rmSync(`${dirname(file)}-old`, { recursive: true, force: true });
    },
  );

  it("does not close its run into nothing", async () => {
    const { ledger, file } = await openTestLedger();
    await ledger.beginRun(runRecord("r1"));
    rmSync(file);
    await expect(ledger.endRun("r1", 1_760_000_900_000, { signals: 0 })).rejects.toMatchObject(MOVED);
  });
});

describe("a ledger that is opened", () => {
  it("is made whole or not at all", async () => {
    const { ledger, file } = await openTestLedger();
    expect(readdirSync(dirname(file)).filter((name) => name.includes(".new"))).toEqual([]);
    await ledger.close();
    expect(new LedgerReader(file).runIds(1)).toEqual([]);
  });

  it("begins anew over what a start that was cut off has left", async () => {
    const file = join(temporaryFolder(), "ledger.db");
    for (const part of [".new", ".new-wal", ".new-shm"]) writeFileSync(`${file}${part}`, "half");
    await openTestLedger({ file });
    expect(existsSync(file)).toBe(true);
  });

  it.each<readonly [string, (file: string) => void]>([
    ["is an empty file", (file) => writeFileSync(file, "")],
    ["is gone but for its log", (file) => writeFileSync(`${file}-wal`, "rows")],
  ])("is refused where it %s, and left as it is", async (_what, prepare) => {
    const file = join(temporaryFolder(), "ledger.db");
    prepare(file);
    const before = readdirSync(dirname(file));
    const opened = openTestLedger({ file });
    await expect(opened).rejects.toMatchObject({
      code: "LEDGER_CORRUPT",
      message: expect.stringMatching(/a ledger was here/),
    });
    expect(readdirSync(dirname(file))).toEqual(before);
  });
});
