import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { FEATURES } from "@smcq/features";
import { type CalendarFacts, importModel, type ModelCard, sha256Hex } from "@smcq/scoring";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../../src/cli.ts";
import type { BacktestReport } from "../../src/offline/backtest/backtest-report.ts";
import { captureOutput } from "../support/capture-output.ts";

const ROOT = join(import.meta.dirname, "../../../..");
const MARGIN = join(import.meta.dirname, "../fixtures/backtest-margin");
const KLINES = readdirSync(join(MARGIN, "klines")).map((name) => join(MARGIN, "klines", name));
const { metadata } = JSON.parse(readFileSync(join(ROOT, "models/lgbm_smc.card.json"), "utf8")) as ModelCard;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-kelly-"));
  captureOutput();
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** Days of three periods, each after what taught it, on which every row gained. */
function gainingCalendar(): CalendarFacts {
  const starts = [20_000, 20_100, 20_200];
  const days = starts.flatMap((start) => Array.from({ length: 50 }, (_, day) => start + day));
  return {
    trainedDays: [{ fromDay: 19_900, toDay: 20_249 }],
    folds: starts.map((start) => ({
      trainedDays: [{ fromDay: 19_900, toDay: start - 2 }],
      testedDays: [{ fromDay: start, toDay: start + 49 }],
    })),
    holdOut: null,
    daily: { days, counts: days.map(() => 6), sums: days.map((day) => 1.2 + (day % 3) / 10) },
  };
}

/** A model that says about 0.88 of everything and gained out of sample; so many of 1,000 rows of each bin have won. */
function provenModel(name: string, winsOfThousand: number): string {
  const dir = join(folder, name);
  mkdirSync(dir);
  const names = FEATURES.map((feature) => feature.name).join(" ");
  const fixture = join(ROOT, "packages/scoring/test/fixtures/plain.model.txt.gz");
  const text = gunzipSync(readFileSync(fixture))
    .toString()
    .replace(/feature_names=.*/, `feature_names=${names}`);
  const bins = metadata.calibration.bins.map((bin) => ({ ...bin, count: 1_000, wins: winsOfThousand }));
  const report = {
    ...metadata,
    reportVersion: 1,
    modelTextSha256: sha256Hex(new TextEncoder().encode(text)),
    dataset: {
      files: metadata.inputs,
      candidates: 20_000,
      labelled: 20_000,
      stopTooWide: 0,
      symbols: 1,
      featureSchemaSha256: metadata.featureSchemaSha256,
      baseRate: 0.34,
    },
    ranges: { train: metadata.trainRange, valid: metadata.validRange },
    outOfSample: metadata.metrics,
    calendar: gainingCalendar(),
    calibration: { ...metadata.calibration, a: 0.01, b: 2, n: 20_000, bins },
  };
  writeFileSync(join(dir, "model.txt"), text);
  writeFileSync(join(dir, "training.json"), JSON.stringify(report));
  const { card } = importModel({
    text: join(dir, "model.txt"),
    out: join(dir, "model.onnx"),
    nowMs: Date.UTC(2026, 10, 1),
    judge: () => ({ known: [], unseen: 0, holdOutLooks: 0 }),
  });
  expect(card.metadata.status).toBe("proven");
  return join(dir, "model.onnx");
}

async function decisionsBy(model: string, name: string): Promise<Readonly<Record<string, number>>> {
  const out = join(folder, name);
  const own = ["--klines", ...KLINES, "--instruments", join(MARGIN, "instruments.json"), "--rows", "6000"];
  expect(
    await main([
      "backtest",
      `--set=dataDir=${join(folder, "var")}`,
      ...own,
      `--out=${out}`,
      "--model",
      model,
    ]),
  ).toBe(0);
  const report = JSON.parse(readFileSync(join(out, "report.json"), "utf8")) as BacktestReport;
  return report.decisions;
}

describe("smcq backtest with a proven model", () => {
  it("takes Kelly's word from the card's counts: bins that lose refuse, bins that win are traded", async () => {
    const losing = await decisionsBy(provenModel("losing", 340), "losing-out");
    expect(losing["KELLY"]).toBeGreaterThan(0);
    expect(losing["APPROVED"]).toBeUndefined();
    const winning = await decisionsBy(provenModel("winning", 800), "winning-out");
    expect(winning["APPROVED"]).toBeGreaterThan(0);
    expect(winning["KELLY"]).toBeUndefined();
  });
});
