import { FEATURES_V1, M1_SCALP } from "@smcq/features";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng, SystemClock } from "@smcq/kernel";
import { type DayRange, sharedDays } from "@smcq/research";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importModel, type ModelMetadata } from "@smcq/scoring";
import { runDataset } from "../src/offline/dataset/run-dataset.ts";

const AT_THE_MARKET = { plan: M1_SCALP, set: FEATURES_V1, instruments: null };

const root = join(import.meta.dirname, "../../..");
const scripts = join(root, "scripts/train");
const python = process.env["SMCQ_PYTHON"] ?? "python3";

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(args: readonly string[]): Ended {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" };
  const ended = spawnSync(python, args, { cwd: scripts, encoding: "utf8", env });
  return { code: ended.status, out: ended.stdout ?? "", err: ended.stderr ?? "" };
}

function hasLightGbm(): boolean {
  if (run(["-c", "import lightgbm, numpy"]).code === 0) return true;
  console.warn(`${python} has no lightgbm and numpy (SMCQ_PYTHON names another): training is not tested`);
  return false;
}

function sharedKlines(): string[] {
  const folder = join(process.env["SMCQ_SHARED"] ?? join(root, "../shared"), "data/klines");
  if (existsSync(folder))
    return readdirSync(folder)
      .filter((name) => name.endsWith(".csv.gz"))
      .map((name) => join(folder, name));
  console.warn("shared data not found (SMCQ_SHARED or ../shared): training on real bars is not tested");
  return [];
}

interface Report {
  readonly modelTextSha256: string;
  readonly dataset: { readonly labelled: number; readonly symbols: number };
  readonly excludedSymbols: string[];
  readonly folds: {
    readonly fromUtc: string;
    readonly toUtc: string;
    readonly trainRows: number;
    readonly testRows: number;
  }[];
  readonly combinatorial: {
    readonly folds: {
      readonly parts: number[];
      readonly trainRows: number;
      readonly testRows: number;
      readonly auc: number;
      readonly trainedDays: DayRange[];
      readonly testedDays: DayRange[];
    }[];
    readonly paths: {
      readonly rows: number;
      readonly auc: number;
      readonly expectancyR: { readonly lower95: number | null };
    }[];
  };
  readonly outOfSample: {
    readonly n: number;
    readonly auc: number;
    readonly ece: number;
    readonly expectancyR: { readonly lower95: number | null; readonly rowsAbove060: number };
  };
  readonly calibration: {
    readonly a: number;
    readonly n: number;
    readonly bins: { readonly count: number }[];
    readonly target?: { readonly kind: string; readonly abstainR: number };
  };
  readonly psi: { readonly edges: number[][]; readonly counts: number[][] };
  readonly nullTests: {
    readonly randomWalkAuc: number;
    readonly permutedAuc: number;
    readonly passed: boolean;
  };
}

function daysOf(ranges: readonly DayRange[]): number[] {
  return ranges.flatMap(({ fromDay, toDay }) =>
    Array.from({ length: toDay - fromDay + 1 }, (_, day) => fromDay + day),
  );
}

/** Rewrites a data set so that its first continuous feature decides most labels: an edge that must be found. */
function plantEdge(folder: string): void {
  const npy = readFileSync(join(folder, "features.npy"));
  const start = 10 + npy.readUInt16LE(8);
  const path = join(folder, "labels.csv");
  const [header = "", ...lines] = readFileSync(path, "utf8").trim().split("\n");
  const columns = header.split(",");
  const rng = new Rng(5);
  const planted = lines.map((line, row) => {
    const momentum = npy.readFloatLE(start + (row * 12 + 9) * 4);
    const isWin = rng.next() < 1 / (1 + Math.exp(-6 * momentum));
    return line
      .split(",")
      .with(columns.indexOf("r"), isWin ? "1.2" : "-1.1")
      .with(columns.indexOf("y"), isWin ? "1" : "0")
      .join(",");
  });
  writeFileSync(path, [header, ...planted, ""].join("\n"));
}

let folder = "";
const at = (name: string): string => join(folder, name);

function train(dataset: string, nullSet: string, out: string, ...flags: readonly string[]): Ended {
  return run(["train.py", at(dataset), "--null", at(nullSet), "--out", at(out), ...flags]);
}

function reportOf(out: string): Report {
  return JSON.parse(readFileSync(join(at(out), "training.json"), "utf8")) as Report;
}

describe.skipIf(!hasLightGbm())("training", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "smcq-training-"));
    const walk = (out: string, seed: number): Promise<unknown> =>
      runDataset({
        bars: { type: "random-walk", symbols: 10, days: 60, seed },
        out: at(out),
        ...AT_THE_MARKET,
      });
    await walk("walk", 1);
    await walk("null", 2);
    await walk("edge", 3);
    plantEdge(at("edge"));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("of the same data gives the same text and the same report", () => {
    const first = train("walk", "null", "first");
    expect({ ...first, out: "" }).toEqual({ code: 0, out: "", err: "" });
    expect(train("walk", "null", "second").code).toBe(0);
    for (const name of ["lgbm_smc.txt", "training.json", "report.html"])
      expect(readFileSync(join(at("first"), name)).equals(readFileSync(join(at("second"), name)))).toBe(true);
  });

  it("finds nothing where there is nothing, and says so", () => {
    const report = reportOf("first");
    expect(report.nullTests.passed).toBe(true);
    expect(Math.abs(report.outOfSample.auc - 0.5)).toBeLessThan(0.03);
    expect(report.outOfSample.ece).toBeLessThan(0.03);
    expect(readFileSync(join(at("first"), "report.html"), "utf8")).toContain("Not judged yet.");
  });

  it("says when what was seen, and the importer takes its folds", () => {
    const judged = (name: string): ModelMetadata => {
      // Bars that were made stand in no file, and the importer asks for files.
      const file = at(`${name}/training.json`);
      const hashed = readFileSync(file, "utf8").replaceAll('"sha256": null', `"sha256": "${"0".repeat(64)}"`);
      writeFileSync(at(`${name}.json`), hashed);
      return importModel({
        report: at(`${name}.json`),
        text: at(`${name}/lgbm_smc.txt`),
        out: at(`${name}.onnx`),
        nowMs: 1_750_000_000_000,
        judge: () => ({ known: [], unseen: 0, holdOutLooks: 0 }),
      }).card.metadata;
    };
    expect(train("edge", "null", "judged-edge").code).toBe(0);
    const { status, proof } = judged("judged-edge");
    // Two months are too few days for any bound: the gain is there, and proves nothing yet.
    expect(status).toBe("unproven");
    const met = proof?.conditions.filter(({ isMet }) => isMet).map(({ name }) => name);
    expect(met).toEqual(["trades", "bestDaysShare"]);
    const unmet = judged("first")
      .proof?.conditions.filter(({ isMet }) => !isMet)
      .map(({ name }) => name);
    expect(unmet).toContain("correctedLowerR");
  });

  it("walks forward over whole days, and counts every row once", () => {
    const { folds, calibration, psi, dataset, outOfSample } = reportOf("first");
    expect(folds.map(({ fromUtc }) => fromUtc.slice(11))).toEqual(Array(6).fill("00:00:00Z"));
    expect(folds.slice(1).map(({ fromUtc }) => fromUtc)).toEqual(
      folds.slice(0, -1).map(({ toUtc }) => toUtc),
    );
    const lines = readFileSync(join(at("walk"), "labels.csv"), "utf8")
      .trim()
      .split("\n")
      .slice(1);
    const times = lines.map((line) => line.split(",").slice(10, 12).map(Number) as [number, number]);
    const last = folds.at(-1)?.toUtc;
    for (const { fromUtc, toUtc, trainRows, testRows } of folds) {
      const [from, to] = [Date.parse(fromUtc), Date.parse(toUtc)];
      // A label that ends less than a day before the slice teaches nothing.
      expect(trainRows).toBe(times.filter(([, t1]) => t1 + 86_400_000 <= from).length);
      expect(testRows).toBe(
        times.filter(([t0]) => t0 >= from && (t0 < to || (t0 === to && toUtc === last))).length,
      );
    }
    const tested = folds.reduce((sum, fold) => sum + fold.testRows, 0);
    expect(calibration.n).toBe(tested);
    expect(outOfSample.n).toBe(tested - (folds[0]?.testRows ?? 0));
    expect(calibration.bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(tested);
    for (const [k, counts] of psi.counts.entries()) {
      expect(counts.length).toBe((psi.edges[k]?.length ?? 0) + 1);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(dataset.labelled);
    }
  });

  it("tests every pair of six parts of the calendar by models of days that are apart", () => {
    const { combinatorial, folds } = reportOf("first");
    expect(new Set(combinatorial.folds.map(({ parts }) => parts.join()))).toHaveProperty("size", 15);
    const rows = combinatorial.folds.reduce((sum, { testRows }) => sum + testRows, 0) / 5;
    for (const { trainedDays, testedDays, trainRows, testRows } of combinatorial.folds) {
      expect(sharedDays(trainedDays, daysOf(testedDays), 1)).toEqual([]);
      expect(trainRows + testRows).toBeLessThan(rows);
      expect(trainRows + testRows).toBeGreaterThan(0.8 * rows);
    }
    // Each path asks every row of the development, the walk-forward only those behind its first 40 %.
    expect(combinatorial.paths.map((path) => path.rows)).toEqual(Array(5).fill(rows));
    expect(rows).toBeGreaterThan(folds.reduce((sum, fold) => sum + fold.testRows, 0));
    for (const { auc } of combinatorial.paths) expect(Math.abs(auc - 0.5)).toBeLessThan(0.03);
    expect(readFileSync(join(at("first"), "report.html"), "utf8")).toContain("Combinatorial purged folds");
  });

  it("judges the hold-out with a calibration of rows that had ended a day before it", () => {
    const code = [
      "import json, numpy as np",
      "from train import *",
      `training = train(parse_arguments(${JSON.stringify([at("walk"), "--null", at("null"), "--out", "-"])}))`,
      "data, walk, border = training.data, training.walk, hold_out_start(training.data)",
      "known = training.development.t1[walk.rows] + 86_400_000 <= border",
      "platt = fit_platt(walk.margin[known], training.development.y[walk.rows][known])",
      "early = fit(data, rows_before(data, border), training.params, training.rounds)",
      "p = platt.apply(early.predict(training.hold_out.data.features, raw_score=True))",
      "print(json.dumps([int((~known).sum()), float(np.abs(p - training.hold_out.p).max())]))",
    ].join("\n");
    const { out, err } = run(["-c", code]);
    expect(err).toBe("");
    const [late, apart] = JSON.parse(out) as number[];
    expect(late).toBeGreaterThan(0);
    expect(apart).toBe(0);
  });

  it("finds an edge that is there, calibrated", () => {
    expect(train("edge", "null", "found").code).toBe(0);
    const { outOfSample, combinatorial } = reportOf("found");
    for (const { auc, expectancyR } of combinatorial.paths) {
      expect(auc).toBeGreaterThan(0.65);
      expect(expectancyR.lower95).toBeGreaterThan(0);
    }
    expect(outOfSample.auc).toBeGreaterThan(0.65);
    expect(outOfSample.ece).toBeLessThan(0.03);
    expect(outOfSample.expectancyR.rowsAbove060).toBeGreaterThan(500);
    expect(outOfSample.expectancyR.lower95).toBeGreaterThan(0);
    expect(readFileSync(join(at("found"), "report.html"), "utf8")).toContain("Not judged yet.");
  });

  it("of net R abstains where it expects too little, and its report makes a model that does so", () => {
    expect(train("edge", "null", "net", "--target", "net-r", "--abstain-r", "0.1").code).toBe(0);
    const { calibration, outOfSample } = reportOf("net");
    expect(calibration.target).toEqual({ kind: "net-r", abstainR: 0.1 });
    expect(outOfSample.auc).toBeGreaterThan(0.65);
    expect(outOfSample.expectancyR.rowsAbove060).toBeGreaterThan(500);
    expect(outOfSample.expectancyR.rowsAbove060).toBeLessThan(outOfSample.n);
    expect(outOfSample.expectancyR.lower95).toBeGreaterThan(0);
    expect(readFileSync(join(at("net"), "report.html"), "utf8")).toContain("rows not abstained from");
    // Walks are no files: a report of theirs makes no model as it is.
    const report = join(at("net"), "training.json");
    writeFileSync(
      report,
      readFileSync(report, "utf8").replaceAll(`"sha256": null`, `"sha256": "${"0".repeat(64)}"`),
    );
    const text = join(at("net"), "lgbm_smc.txt");
    const { card } = importModel({ text, out: at("net.onnx"), nowMs: new SystemClock().nowMs() });
    expect(card.metadata.calibration.target).toEqual(calibration.target);
    for (const flags of [
      ["--abstain-r", "1"],
      ["--target", "net-r", "--abstain-r", "-1"],
      ["--target", "r"],
    ])
      expect(train("edge", "null", "none", ...flags).code).toBe(2);
  });

  it("publishes nothing when a null test finds something", () => {
    const ended = train("walk", "edge", "leaking");
    expect(ended.code).toBe(3);
    expect(ended.err).toContain("a null test failed");
    expect(readdirSync(at("leaking"))).toEqual(["report.html"]);
  });

  it("refuses data that does not fit, with file, line and column", async () => {
    await runDataset({
      bars: { type: "random-walk", symbols: 1, days: 5, seed: 1 },
      out: at("small"),
      ...AT_THE_MARKET,
    });
    expect(train("small", "null", "none")).toMatchObject({
      code: 2,
      err: expect.stringContaining("too few"),
    });
    expect(train("absent", "null", "none").err).toContain("dataset.json: cannot be read");
    const labels = join(at("small"), "labels.csv");
    const text = readFileSync(labels, "utf8");
    const damage = (line: number, from: RegExp, to: string): string => {
      const lines = text.split("\n");
      writeFileSync(labels, lines.with(line - 1, (lines[line - 1] ?? "").replace(from, to)).join("\n"));
      return train("small", "null", "none").err;
    };
    expect(damage(1, /weight/, "weights")).toContain("labels.csv:1: the header is not");
    expect(damage(3, /,[^,]*$/, ",x")).toContain("labels.csv:3: weight is 'x', not a finite number");
    expect(damage(4, /,[01],WALK/, ",7,WALK")).toContain("labels.csv:4: y is not 1 where r > 0");
    expect(damage(5, /,[^,]*$/, "")).toContain("labels.csv:5: not 13 columns");
    writeFileSync(labels, text.split("\n").toSpliced(4, 1).join("\n"));
    expect(train("small", "null", "none").err).toMatch(/labels.csv has \d+ rows/);
    writeFileSync(labels, text.replaceAll(/,(?:stop|target),/g, ",time,"));
    expect(train("small", "null", "none")).toMatchObject({
      code: 2,
      err: expect.stringContaining("no row is left: left out are WALK001USDT"),
    });
    writeFileSync(join(at("small"), "features.npy"), "");
    expect(train("small", "null", "none")).toMatchObject({
      code: 2,
      err: expect.stringContaining("features.npy: cannot be read"),
    });
    expect(existsSync(at("none"))).toBe(false);
  });

  const files = sharedKlines();
  it.skipIf(files.length === 0)(
    "by the one command, on the shared bars, gives the shipped model again",
    () => {
      const smcq = `${process.execPath} --conditions=@smcq/source ${join(root, "packages/cli/src/main.ts")}`;
      const ended = spawnSync(
        join(scripts, "train.sh"),
        ["--out", at("real"), "--data-dir", at("data"), ...files],
        {
          encoding: "utf8",
          env: { ...process.env, SMCQ: smcq, SMCQ_PYTHON: python, PYTHONDONTWRITEBYTECODE: "1" },
        },
      );
      // What takes longer than some seconds says how far it is.
      const err = ended.stderr.replaceAll(/^smcq dataset: files labelled .*\n/gmu, "");
      expect({ code: ended.status, err }).toEqual({ code: 0, err: "" });
      console.info(ended.stdout);
      const report = reportOf("real");
      expect(report.excludedSymbols).toEqual(["USDCUSDT"]);
      expect(report.dataset).toMatchObject({ symbols: 15, labelled: 16_595 });
      expect(report.nullTests.passed).toBe(true);
      const shipped = readFileSync(join(root, "models/lgbm_smc.card.json"), "utf8");
      expect(shipped).toContain(`"sourceSha256": "${report.modelTextSha256}"`);
      expect(existsSync(at("real/lgbm_smc.onnx"))).toBe(true);
    },
  );

  it.skipIf(files.length === 0)(
    "of some symbols, on the shared bars, is not judged on other symbols of its days",
    () => {
      const smcq = (...words: string[]): Ended => {
        const argv = ["--conditions=@smcq/source", join(root, "packages/cli/src/main.ts"), ...words];
        const ended = spawnSync(process.execPath, argv, { encoding: "utf8" });
        return { code: ended.status, out: ended.stdout, err: ended.stderr };
      };
      const named = (part: string): string => files.find((file) => file.includes(part)) ?? "";
      const taught = files.filter((file) => file.includes("-2025") && !file.includes("SOLUSDT"));
      expect(taught.length).toBeGreaterThan(5);
      const data = ["--data-dir", at("held")];
      expect(smcq("dataset", "--klines", ...taught, "--out", at("held-set"), ...data).code).toBe(0);
      expect(train("held-set", "null", "held-model").code).toBe(0);
      const model = at("held-model/lgbm_smc.onnx");
      expect(smcq("model", "import", at("held-model/lgbm_smc.txt"), "--out", model, ...data).code).toBe(0);
      const judge = (part: string): Ended =>
        smcq("walkforward", "--klines", named(part), "--model", model, ...data);
      expect(judge("SOLUSDT")).toMatchObject({
        code: 11,
        err: expect.stringContaining("is memory, of other symbols too"),
      });
      expect(judge("ALGOUSDT").code).toBe(0);
    },
  );
});

describe.skipIf(!hasLightGbm())("the formulas of the report", () => {
  function python3(code: string): unknown {
    const ended = run(["-c", `import json, numpy as np\nfrom metrics import *\nprint(json.dumps(${code}))`]);
    expect(ended.err).toBe("");
    return JSON.parse(ended.out);
  }

  it("AUC counts pairs, ties by half", () => {
    const rng = new Rng(3);
    const score = Array.from({ length: 80 }, () => rng.int(12));
    const y = score.map((value) => Number(rng.int(12) < value));
    let sum = 0;
    let pairs = 0;
    for (const [i, win] of y.entries())
      for (const [k, loss] of y.entries()) {
        if (win !== 1 || loss !== 0) continue;
        pairs++;
        const apart = (score[i] ?? 0) - (score[k] ?? 0);
        sum += apart > 0 ? 1 : apart === 0 ? 0.5 : 0;
      }
    const area = python3(`auc(np.array(${JSON.stringify(score)}), np.array(${JSON.stringify(y)}))`);
    expect(area).toBeCloseTo(sum / pairs, 12);
  });

  it("Wilson's interval of 8 in 10 is 0.490 to 0.943", () => {
    const [low, high] = python3("wilson(8, 10)") as number[];
    expect(low).toBeCloseTo(0.4902, 4);
    expect(high).toBeCloseTo(0.9433, 4);
  });

  it("limits of bins belong to the upper one, limits of PSI bins to the lower one", () => {
    expect(python3("bin_of(np.array([0.0, 0.049, 0.05, 0.6, 0.85, 1.0])).tolist()")).toEqual([
      0, 0, 1, 12, 17, 19,
    ]);
    expect(python3("psi_counts(np.array([1.0, 2.0, 2.5, 3.0, 9.0]), [1.0, 2.0, 3.0])")).toEqual([1, 1, 2, 1]);
    expect(python3("psi_edges(np.array([0.0] * 95 + [1.0] * 5))")).toEqual([0]);
    expect(python3("psi_edges(np.array([0.5] * 9))")).toEqual([]);
  });

  it("Platt finds slope and intercept where there is plenty of data", () => {
    const code = [
      "(lambda g: (lambda m: (lambda p: [p.a, p.b])(",
      "fit_platt(m, (g.random(200000) < sigmoid(1.7 * m - 0.4)).astype(int))))(g.normal(0, 1, 200000)))",
      "(np.random.default_rng(1))",
    ].join("");
    const [a, b] = python3(code) as number[];
    expect(Math.abs((a ?? 0) - 1.7)).toBeLessThan(0.03);
    expect(Math.abs((b ?? 0) + 0.4)).toBeLessThan(0.02);
  });

  it("days drawn whole give a wider interval than rows drawn alone, around the same mean", () => {
    const code = (days: string): string =>
      `(lambda e: [e.mean, e.upper95 - e.lower95])(day_blocks(np.repeat([1.0, -1.0, 2.0, -2.0], 50), ${days}, 1))`;
    const whole = python3(code("np.repeat(np.arange(4), 50)")) as number[];
    const alone = python3(code("np.arange(200)")) as number[];
    expect(whole[0]).toBe(0);
    expect(alone[0]).toBe(0);
    expect(whole[1]).toBeGreaterThan(3 * (alone[1] ?? 0));
  });
});
