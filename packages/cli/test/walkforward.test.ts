import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { ResearchBook, researchFile } from "@smcq/ledger";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../src/cli.ts";
import { Stretches } from "../src/offline/walkforward/stretches.ts";
import type { WalkforwardReport } from "../src/offline/walkforward/report-types.ts";
import { captureOutput } from "./support/capture-output.ts";
import { modelOf } from "./support/trained-model.ts";

const FIXTURE = join(import.meta.dirname, "../../smc/test/fixtures/ALGOUSDT-klines.csv.gz");
const MINUTE_MS = 60_000;

let folder = "";
let klines = "";
let output: ReturnType<typeof captureOutput>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "smcq-walk-"));
  klines = join(folder, "ALGOUSDT-1m-fixture.csv");
  writeFileSync(klines, gunzipSync(readFileSync(FIXTURE)));
  output = captureOutput();
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

async function run(...flags: string[]): Promise<WalkforwardReport> {
  const before = output.printed().length;
  const data = ["--data-dir", join(folder, "data")];
  expect(await main(["walkforward", "--klines", klines, ...data, "--json", ...flags])).toBe(0);
  return JSON.parse(output.printed().slice(before)) as WalkforwardReport;
}

async function refused(code: number, ...words: string[]): Promise<string> {
  const before = output.said().length;
  expect(await main([...words, "--data-dir", join(folder, "data")])).toBe(code);
  return output.said().slice(before);
}

describe("smcq walkforward", () => {
  it("finds no edge in real bars, and says which conditions are not met", async () => {
    const report = await run();
    const [all, ...setups] = report.variants;
    expect(report.variants.map(({ name }) => name)).toEqual(["all", "S1", "S2", "S3"]);
    expect(setups.reduce((sum, { trades }) => sum + trades, 0)).toBe(all?.trades);
    expect(all?.assessment.verdict.status).toBe("unproven");
    expect(all?.assessment.figures.trades).toBe(report.counts.judged);
  });

  it("counts each candidate once", async () => {
    const { counts } = await run();
    const { judged, stopTooWide, notFilled, cutOff, still, otherDays } = counts;
    expect(judged + stopTooWide + notFilled + cutOff + still + otherDays).toBe(counts.candidates);
    expect(counts.bars).toBe(5_000);
  });

  it("takes ticks and doubled slippage off what a label says", async () => {
    const [all] = (await run()).variants;
    const { grossR, netNoTickR, netR, assessment } = all ?? {};
    const means = [grossR, netNoTickR, netR, assessment?.intervals[0]].map((interval) => interval?.mean ?? 0);
    expect(means).toEqual(means.toSorted((a, b) => b - a));
    // A tick of ALGOUSDT was 0.0001 in 0.11: half a tick is 4.5 bp and not 2.
    expect((netNoTickR?.mean ?? 0) - (netR?.mean ?? 0)).toBeGreaterThan(0.1);
  });

  it("writes its report as a page beside text and JSON, and into no folder that holds something", async () => {
    const out = join(folder, "report");
    const report = await run("--out", out);
    const read = (name: string): string => readFileSync(join(out, name), "utf8");
    expect(JSON.parse(read("walkforward.json"))).toEqual(report);
    expect(read("walkforward.txt")).toContain("unproven");
    const page = read("walkforward.html");
    expect(page).toContain("Nothing here has a proven edge.");
    for (const { name, trades } of report.variants) {
      expect(page).toContain(`<h3>${name}: unproven</h3>`);
      expect(page).toContain(`>${name}</th><td class="figure">${trades}</td>`);
    }
    expect(page).not.toMatch(/<script|https?:/u);
    const args = ["walkforward", "--klines", klines, "--data-dir", join(folder, "data"), "--out", out];
    expect(await main(args)).toBe(4);
    expect(output.said()).toContain("is not empty");
  });

  it("says of stored bars what it says of their files", async () => {
    const data = join(folder, "data");
    expect(await main(["data", "import", "--klines", klines, "--data-dir", data])).toBe(0);
    const before = output.printed().length;
    expect(await main(["walkforward", "--symbols", "all", "--data-dir", data, "--json"])).toBe(0);
    const stored = JSON.parse(output.printed().slice(before)) as WalkforwardReport;
    const filed = await run();
    expect(stored.variants.map(({ name, trades, netR }) => [name, trades, netR])).toEqual(
      filed.variants.map(({ name, trades, netR }) => [name, trades, netR]),
    );
    expect(stored.counts).toEqual(filed.counts);
    await refused(2, "walkforward");
    await refused(2, "walkforward", "--klines", klines, "--symbols", "all");
  });

  it("says the same again, and the same try is no new one", async () => {
    const first = await run();
    const again = await run();
    expect(again).toEqual(first);
    expect(again.tried).toEqual({ variants: 4, known: 0, unseen: 0 });
  });

  it("corrects for every variant that was tried before", async () => {
    await run();
    const limit = ["--set", "strategy.entry.kind=limit"];
    const report = await run(...limit);
    expect(report.tried).toEqual({ variants: 4, known: 4, unseen: 0 });
    expect(report.plan.entry?.kind).toBe("limit");
    expect((await run("--model", "heuristic")).tried).toEqual({ variants: 3, known: 8, unseen: 0 });
  });

  it("judges what a scorer takes", async () => {
    const report = await run("--model", "heuristic");
    expect(report.variants.map(({ name }) => name)).toEqual(["above 0.60", "above 0.70", "above 0.85"]);
    const trades = report.variants.map((variant) => variant.trades);
    expect(trades).toEqual(trades.toSorted((a, b) => b - a));
  });

  it("prints tables that fit a terminal", async () => {
    const data = ["--data-dir", join(folder, "data")];
    expect(await main(["walkforward", "--klines", klines, ...data])).toBe(0);
    expect(output.printed()).toMatch(/^all: unproven - corrected lower 95 %/m);
    expect(
      Math.max(
        ...output
          .printed()
          .split("\n")
          .map(({ length }) => length),
      ),
    ).toBeLessThanOrEqual(80);
  });

  it.each([
    [["--seed", "1.5"], 2, /--seed 1.5: must be a whole number/],
    [["--from", "yesterday"], 2, /--from yesterday: must be a UTC day such as 2026-02-01/],
    [["--from", "2026-02-30"], 2, /must be a UTC day/],
    [["--from", "2026-02-03", "--to", "2026-02-02"], 2, /--from must not be later than --to/],
    [["--from", "2030-01-01"], 4, /no plan to judge/],
    [["--hold-out", "spring"], 4, /there is no hold-out spring: none is sealed/],
    [["--instruments", "nowhere.json"], 4, /nowhere.json/],
  ])("refuses %j", async (flags, code, words) => {
    expect(await refused(code, "walkforward", "--klines", klines, ...flags)).toMatch(words);
  });
});

describe("the calendar rule", () => {
  const judgedDays = async (): Promise<number> => (await run()).days[0]?.fromDay ?? 0;
  const judge = (model: string): Promise<string> =>
    refused(11, "walkforward", "--klines", klines, "--model", model);

  it("refuses the shipped model on days that it was trained on, of whatever symbol", async () => {
    const shipped = join(import.meta.dirname, "../../../models/lgbm_smc.onnx");
    expect(await judge(shipped)).toMatch(/was trained on 2025-05-04 to .* is memory, of other symbols too/s);
  });

  it.each([0, -1, 4])(
    "refuses a model that was trained on day %i of what it would be judged on",
    async (at) => {
      const day = (await judgedDays()) + at;
      const ranges = [
        { fromDay: day - 500, toDay: day - 400 },
        { fromDay: day, toDay: day },
      ];
      expect(await judge(modelOf(folder, ranges))).toMatch(/days that it would be judged on/);
    },
  );

  it("refuses a model that does not say on which days it was trained, and notes no try", async () => {
    expect(await judge(modelOf(folder, null))).toMatch(/does not say on which days it was trained/);
    const book = new ResearchBook(researchFile(join(folder, "data")));
    expect(book.triedBut([])).toEqual({ known: [], unseen: 0 });
    book.close();
  });

  it("judges a model on days between and behind those that taught it", async () => {
    const day = await judgedDays();
    const ranges = [
      { fromDay: day - 500, toDay: day - 2 },
      { fromDay: day + 6, toDay: day + 90 },
    ];
    const { scorer, variants } = await run("--model", modelOf(folder, ranges));
    expect(scorer).toMatch(/^model-[0-9a-f]{12}$/);
    expect(variants[0]?.assessment.verdict.status).toBe("unproven");
  });
});

describe("a training that is imported", () => {
  it("is a try that all later ones are corrected for, and is judged for what was tried before", async () => {
    const data = ["--data-dir", join(folder, "data")];
    await run();
    modelOf(folder, [{ fromDay: 10, toDay: 20 }]);
    const imported = [
      "model",
      "import",
      join(folder, "model.txt"),
      "--out",
      join(folder, "again.onnx"),
      ...data,
    ];
    expect(await main(imported)).toBe(0);
    expect(output.printed()).toMatch(/tried +5 variants, which the bound is corrected for/);
    expect((await run("--model", "heuristic")).tried).toEqual({ variants: 3, known: 5, unseen: 0 });
  });
});

describe("a hold-out", () => {
  const seal = (from: string, to: string): Promise<number> =>
    main(["holdout", "seal", "late", "--from", from, "--to", to, "--data-dir", join(folder, "data")]);

  it("is left out until it is opened, is judged alone then, and is none at the second time", async () => {
    const whole = await run("--seed", "2");
    rmSync(join(folder, "data"), { recursive: true });
    const last = whole.days.at(-1)?.toDay ?? 0;
    const day = new Date(last * 86_400_000).toISOString().slice(0, 10);
    expect(await seal(day, day)).toBe(0);
    const before = await run();
    expect(before.days.at(-1)?.toDay).toBe(last - 1);
    const opened = await run("--hold-out", "late");
    expect(opened.days).toEqual([{ fromDay: last, toDay: last }]);
    expect(opened.holdOut).toMatchObject({ name: "late", openings: 1, isHoldOut: true });
    const again = await run("--hold-out", "late");
    expect(again.holdOut).toMatchObject({ openings: 2, isHoldOut: false });
    const counts = [before, opened].map((report) => report.variants[0]?.trades ?? 0);
    expect(whole.variants[0]?.trades ?? 0).toBeGreaterThanOrEqual((counts[0] ?? 0) + (counts[1] ?? 0));
    expect(await main(["holdout", "list", "--data-dir", join(folder, "data")])).toBe(0);
    expect(output.printed()).toMatch(/late .* 2 +no hold-out any more/);
  });

  it("is refused on days that were judged", async () => {
    const { days } = await run();
    const day = new Date((days[0]?.toDay ?? 0) * 86_400_000).toISOString().slice(0, 10);
    expect(await refused(4, "holdout", "seal", "late", "--from", day, "--to", day)).toMatch(
      /4 variants were already judged on its days/,
    );
  });

  it("that is mistyped opens nothing", async () => {
    expect(await seal("2030-01-01", "2030-01-02")).toBe(0);
    expect(await refused(4, "walkforward", "--klines", klines, "--hold-out", "latte")).toMatch(
      /sealed are late/,
    );
    const book = new ResearchBook(researchFile(join(folder, "data")));
    expect(book.holdOuts()[0]?.openings).toBe(0);
    book.close();
  });
});

describe("stretches of bars", () => {
  const source = (minutes: readonly number[]) => ({
    name: "x",
    symbol: "X",
    sha256: null,
    bars: () => [
      {
        bars: Float64Array.from(minutes.flatMap((m) => [m * MINUTE_MS, 1, 1, 1, 1, 1])),
        count: minutes.length,
      },
    ],
  });
  it("hold a plan's whole time, or do not", async () => {
    const stretches = new Stretches();
    for (const minutes of [
      [0, 1, 2],
      [3, 4, 10, 11],
    ])
      for await (const _ of stretches.watch(source(minutes)).bars());
    const isWhole = (from: number, length: number): boolean =>
      stretches.isWhole(from * MINUTE_MS, length * MINUTE_MS);
    expect([isWhole(0, 5), isWhole(0, 6), isWhole(4, 1), isWhole(5, 1)]).toEqual([true, false, true, false]);
    expect([isWhole(10, 2), isWhole(10, 3), isWhole(12, 0), isWhole(13, 0)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
});
