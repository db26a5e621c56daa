import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { FEATURES_V1, M1_SCALP } from "@smcq/features";
import { SystemClock } from "@smcq/kernel";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeBackup } from "../../src/backup/make-backup.ts";
import { restoreBackup } from "../../src/backup/restore-backup.ts";
import { ExitCode } from "../../src/exit-codes.ts";
import { checkChain, checkReplay, checkTables } from "../../src/offline/ledger/check-ledger.ts";
import { runDataset } from "../../src/offline/dataset/run-dataset.ts";
import { readRows } from "../../src/offline/model/read-rows.ts";
import { runScan } from "../../src/offline/scan/scan-klines.ts";
import type { ShowProgress } from "../../src/output/progress.ts";
import { recorded, recordedLedger } from "../support/recorded-ledger.ts";
import { runCommand as smcq } from "../support/run-command.ts";
import { zipOf } from "../support/zip.ts";

const folder = mkdtempSync(join(tmpdir(), "smcq-shown-"));
const dataDir = join(folder, "var");
const KLINES = join(import.meta.dirname, "../../../smc/test/fixtures/ALGOUSDT-klines.csv.gz");

/** What a piece of work has shown, the last of each stage, in order. */
function watch(): {
  readonly show: ShowProgress;
  readonly ends: () => readonly (readonly [string, number, number])[];
} {
  const steps: [string, number, number][] = [];
  return {
    show: (...step) => void steps.push(step),
    ends: () =>
      steps.filter(([stage], at) => {
        expect(steps[at]?.[1]).toBeLessThanOrEqual(steps[at]?.[2] ?? 0);
        return steps[at + 1]?.[0] !== stage;
      }),
  };
}

beforeAll(async () => {
  await recordedLedger([recorded(1), recorded(2)], dataDir);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("how far a long work is", () => {
  it.each([
    ["verify", (show: ShowProgress) => checkChain(dataDir, show), ["rows verified"]],
    [
      "rebuild",
      (show: ShowProgress) => checkTables(dataDir, false, show),
      ["rows verified", "rows made into tables"],
    ],
    [
      "replay",
      (show: ShowProgress) => checkReplay(dataDir, null, show),
      ["rows verified", "events replayed"],
    ],
  ])("is shown by ledger %s up to its last row", (_, work, stages) => {
    const { show, ends } = watch();
    expect(work(show).isSound).toBe(true);
    expect(ends().map(([stage]) => stage)).toEqual(stages);
    for (const [, done, of] of ends()) expect([done > 10, done]).toEqual([true, of]);
  });

  it.each(["kept", "kept.tar"])("is shown by backup and restore of %s up to the last byte", (name) => {
    const [kept, back] = [watch(), watch()];
    const to = join(folder, name);
    makeBackup({ dataDir, to, hasTokens: false }, { clock: new SystemClock(), show: kept.show });
    restoreBackup({ from: to, dataDir: join(folder, `${name}-back`) }, back.show);
    const stages = ["ledger copied", "rows of the journal checked", "kB of the ledger kept"];
    expect(kept.ends().map(([stage]) => stage)).toEqual(
      name.endsWith(".tar") ? [...stages, "kB packed"] : stages,
    );
    expect(back.ends().map(([stage]) => stage)).toEqual(["kB put back", "rows of the journal checked"]);
    for (const [, done, of] of [...kept.ends().slice(1), ...back.ends()]) expect(done).toBe(of);
  });

  it("is shown by what reads a file, plain, gzip or zip, up to its last byte", async () => {
    const text = gunzipSync(readFileSync(KLINES));
    const files = {
      "a.csv": text,
      "a.csv.gz": gzipSync(text),
      "a.zip": zipOf({ "a.csv": text }),
    };
    for (const [name, bytes] of Object.entries(files)) {
      const klines = join(folder, name);
      writeFileSync(klines, bytes);
      const read: number[] = [];
      await runScan({ klines, symbol: "A", onRead: (count) => read.push(count) });
      expect(read).toEqual(read.toSorted((a, b) => a - b));
      // Of an archive what is packed, without its list of files.
      const listBytes = name.endsWith("zip") ? 200 : 0;
      expect(read.at(-1)).toBeGreaterThanOrEqual(bytes.length - listBytes);
      expect(read.at(-1)).toBeLessThanOrEqual(bytes.length);
    }
    const rows = join(folder, "rows.csv");
    writeFileSync(rows, `${Array.from({ length: 12 }, (_, k) => `f${k}`).join()}\n${"1,".repeat(11)}1\n`);
    const read: number[] = [];
    for await (const { count } of readRows(rows, [], (bytes) => read.push(bytes))) expect(count).toBe(1);
    expect(read).toEqual([readFileSync(rows).length]);
  });

  it("is shown by a data set, walk by walk", async () => {
    const told: (readonly [number, number])[] = [];
    await runDataset({
      bars: { type: "random-walk", symbols: 3, days: 2, seed: 1 },
      out: join(folder, "set"),
      plan: M1_SCALP,
      set: FEATURES_V1,
      instruments: null,
      onSource: (...step) => told.push(step),
    });
    expect(told).toEqual([
      [0, 3],
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });

  it("is no word on a pipe: the answer is JSON and nothing but", async () => {
    const commands = [
      ["ledger", "verify", "--data-dir", dataDir],
      ["ledger", "rebuild", "--data-dir", dataDir],
      ["backup", "--data-dir", dataDir, "--to", join(folder, "piped")],
      ["restore", "--from", join(folder, "piped"), "--data-dir", join(folder, "piped-back")],
      ["dataset", "--random-walk", "2x2", "--out", join(folder, "piped-set")],
    ];
    for (const command of commands) {
      const { code, text, said } = await smcq(...command, "--json");
      expect([code, said]).toEqual([ExitCode.Ok, ""]);
      expect(typeof JSON.parse(text)).toBe("object");
    }
  });
});

describe("smcq scan --json", () => {
  it("says what the scan came to", async () => {
    const scanned = await smcq("scan", "--klines", KLINES, "--symbol", "ALGOUSDT", "--json");
    expect(scanned.code).toBe(ExitCode.Ok);
    const totals = { symbol: "ALGOUSDT", bars: 5_000, holes: 0, missingMinutes: 0 };
    expect(JSON.parse(scanned.text)).toEqual({ ...totals, candidates: expect.any(Number) });
  });

  it.each(["events", "features", "candidates"])(
    "is refused beside --%s on standard output",
    async (output) => {
      const { code, said } = await smcq(
        "scan",
        "--klines",
        KLINES,
        "--symbol",
        "A",
        "--json",
        `--${output}`,
        "-",
      );
      expect([code, said]).toEqual([ExitCode.Usage, expect.stringContaining("only one output")]);
    },
  );
});
