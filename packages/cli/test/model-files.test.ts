import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { FEATURE_COUNT } from "@smcq/kernel";
import { FEATURES } from "@smcq/features";
import type { ModelCard, ModelMetadata } from "@smcq/scoring";
import { describe, expect, it, onTestFinished } from "vitest";
import { cardDisplay } from "../src/offline/model/card-text.ts";
import { readRows } from "../src/offline/model/read-rows.ts";

const NAMES = FEATURES.map(({ name }) => name);
const F = Array.from({ length: FEATURE_COUNT }, (_, k) => `f${k}`);

function rowsFile(content: string | Uint8Array, name: string = "rows.csv"): string {
  const folder = mkdtempSync(join(tmpdir(), "smcq-rows-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

/** All rows of a file, and the sizes of its batches. */
async function read(
  path: string,
  names: readonly string[] = NAMES,
): Promise<{ rows: number[][]; batches: number[] }> {
  const rows: number[][] = [];
  const batches: number[] = [];
  for await (const { features, count } of readRows(path, names)) {
    batches.push(count);
    for (let row = 0; row < count; row++)
      rows.push([...features.subarray(row * FEATURE_COUNT, (row + 1) * FEATURE_COUNT)]);
  }
  return { rows, batches };
}

const numbers = Array.from({ length: FEATURE_COUNT }, (_, k) => k / 4);

describe("rows of a CSV file", () => {
  it("are found by f0 to f11 or by the features' names, in any order, among other columns", async () => {
    const line = numbers.join(",");
    const expected = { rows: [numbers], batches: [1] };
    expect(await read(rowsFile(`${F.join(",")}\n${line}\n`))).toEqual(expected);
    expect(await read(rowsFile(`${NAMES.join(",")},label\n${line},1\n`))).toEqual(expected);
    const reversed = `${F.toReversed().join(",")},raw\r\n${numbers.toReversed().join(",")},7\r\n`;
    expect(await read(rowsFile(reversed))).toEqual(expected);
    expect(await read(rowsFile(gzipSync(`${F.join(",")}\n${line}`), "rows.csv.gz"))).toEqual(expected);
  });

  it("may hold nan, inf and nothing, signed zeros, exponents, and are rounded to float32", async () => {
    const fields = [
      "nan",
      "NaN",
      "",
      "inf",
      "-inf",
      "Infinity".slice(0, 3),
      "-0",
      "0.1",
      "1e-45",
      "-3.4e38",
      "+.5",
      "5.",
    ];
    const { rows } = await read(rowsFile(`${F.join(",")}\n${fields.join(",")}\n`));
    expect(rows).toEqual([
      [
        NaN,
        NaN,
        NaN,
        Infinity,
        -Infinity,
        Infinity,
        -0,
        ...["0.1", "1e-45", "-3.4e38", "0.5", "5"].map((text) => Math.fround(Number(text))),
      ],
    ]);
  });

  it("come in batches of bounded size", async () => {
    const { rows, batches } = await read(
      rowsFile(`${F.join(",")}\n${`${numbers.join(",")}\n`.repeat(10_000)}`),
    );
    expect(rows).toHaveLength(10_000);
    expect(batches).toEqual([4_096, 4_096, 1_808]);
  });

  it("are refused with file and line when they are no numbers or too few", async () => {
    const header = F.join(",");
    const refused: [string, RegExp][] = [
      ["", /the file is empty/],
      [`${F.slice(1).join(",")}\n`, /:1: there is no column market_structure; wanted are f0 to f11/],
      [`${F.slice(0, 11).join(",")}\n`, /:1: there is no column f11/],
      [`${header}\n${numbers.join(",")}\n1,2,abc,4,5,6,7,8,9,10,11,12\n`, /:3: field 3 is "abc", no number/],
      [`${header}\n1,2,0x10,4,5,6,7,8,9,10,11,12\n`, /:2: field 3 is "0x10"/],
      [`${header}\n1,2\n`, /:2: field 3 is missing/],
      [`${header}\n${"1".repeat(70_000)}`, /:2: the line is longer than 65536 characters/],
    ];
    for (const [content, message] of refused) await expect(read(rowsFile(content))).rejects.toThrow(message);
    await expect(read(join(tmpdir(), "no-such-rows.csv"))).rejects.toMatchObject({ code: "ROWS_READ" });
    await expect(read(rowsFile("no gzip", "rows.csv.gz"))).rejects.toThrow(/:1: there is no column/);
  });
});

describe("a card for eyes", () => {
  const range = { fromUtc: "2025-05-04T15:33:00Z", toUtc: "2025-06-24T10:31:00Z" };
  const bare: ModelMetadata = {
    schemaVersion: 1,
    modelId: "m-0123456789ab",
    createdUtc: "2026-06-01T00:00:00Z",
    sourceSha256: "a".repeat(64),
    trainer: null,
    featureNames: NAMES,
    featureSchemaSha256: null,
    trainRange: null,
    validRange: null,
    symbols: null,
    inputs: [],
    labelSpec: null,
    nEvents: null,
    baseRate: null,
    calibration: { type: "sigmoid", a: 1, b: 0, n: 0, range: null, bins: [] },
    thresholds: [],
    metrics: null,
    holdOut: null,
    nullTests: null,
    trials: null,
    psi: null,
    maxLeaves: 15,
    trees: 50,
    gitCommit: null,
    isDirty: null,
    status: "unproven",
    expiresUtc: "2026-11-28T00:00:00Z",
  };
  const card = (metadata: ModelMetadata): ModelCard => ({
    cardVersion: 1,
    onnxSha256: "b".repeat(64),
    onnxBytes: 1,
    goldenSha256: "c".repeat(64),
    metadata,
    signature: null,
  });

  it("says first that a model is unproven, and what is not known of a bare text", () => {
    const lines = cardDisplay(card(bare), true).split("\n");
    expect(lines[1]).toMatch(/^status +UNPROVEN: no proven edge after costs/);
    expect(lines[3]).toMatch(/EXPIRED/);
    expect(lines.filter((line) => line.includes("not known"))).toHaveLength(5);
    expect(lines.join("\n")).toContain("NOT this engine's");
  });

  it("tells a loss as a loss, with its interval and the rows it rests on", () => {
    const expectancyR = { mean: -0.1234, lower95: -0.2, upper95: -0.05, rowsAbove060: 812 };
    const none = { mean: null, lower95: null, upper95: null, rowsAbove060: 0 };
    const shown = cardDisplay(
      card({
        ...bare,
        trainRange: range,
        symbols: 14,
        nEvents: 36_000,
        baseRate: 0.41,
        trainer: { name: "lightgbm", version: "4.7.0", seed: 7, numThreads: 2, params: {} },
        trials: 3,
        metrics: {
          source: "walk-forward",
          n: 20_000,
          baseRate: 0.41,
          auc: 0.512,
          brier: 0.2411,
          brierOfBaseRate: 0.2419,
          logloss: 0.675,
          ece: 0.011,
          expectancyR,
          expectancyDoubledSlippageR: none,
          expectancyOfAllRowsR: { mean: -0.3, lower95: -0.35, upper95: -0.25 },
          reliability: [],
        },
        thresholds: [
          { above: 0.6, count: 812, wins: 400, winRatioLower95: 0.4584 },
          { above: 0.85, count: 0, wins: 0, winRatioLower95: 0 },
        ],
      }),
      false,
    );
    expect(shown).toContain(
      "AUC 0.5120, Brier 0.2411 (the base rate alone 0.2419), logloss 0.6750, ECE 0.0110; 20000 rows (walk-forward)",
    );
    expect(shown).toContain("mean -0.123 R, 95 % between -0.200 and -0.050, of 812 rows above 0.60");
    expect(shown).toContain("mean -0.300 R, 95 % between -0.350 and -0.250\n");
    expect(shown).toContain("no row had a confidence above 0.60");
    expect(shown).toContain("400 of 812 won (0.493), at least 0.458");
    expect(shown).toContain("above 0.85   no rows");
    expect(shown).not.toContain("EXPIRED");
  });
});
