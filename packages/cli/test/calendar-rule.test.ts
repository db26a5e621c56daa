import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ResearchBook, researchFile } from "@smcq/ledger";
import { rangesOf, utcDay } from "@smcq/research";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { main } from "../src/cli.ts";
import { captureOutput } from "./support/capture-output.ts";
import { modelOf } from "./support/trained-model.ts";

const SHARED = join(
  process.env["SMCQ_SHARED"] ?? join(import.meta.dirname, "../../../../shared"),
  "data/klines",
);
const isThere = existsSync(SHARED);
if (!isThere)
  console.warn(`shared data not found (${SHARED}): the leak of symbol hold-outs is not tested on it`);

/** The days of a symbol's labels, as a training says them. */
function labelledDays(dataset: string): number[] {
  const [header = "", ...rows] = readFileSync(join(dataset, "labels.csv"), "utf8").trim().split("\n");
  const t0 = header.split(",").indexOf("t0");
  return rows.map((row) => utcDay(Number(row.split(",")[t0])));
}

describe.skipIf(!isThere)("a symbol hold-out from days that were trained on", () => {
  let folder = "";
  let data: readonly string[] = [];
  let model = "";
  let output: ReturnType<typeof captureOutput>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "smcq-calendar-"));
    data = ["--data-dir", join(folder, "data")];
    output = captureOutput();
    // FILUSDT teaches, and ALGOUSDT, which it never saw, is to judge: on the same days of February 2026.
    const out = join(folder, "dataset");
    const file = join(SHARED, "FILUSDT-1m-20260201-20260228.csv.gz");
    await main(["dataset", "--klines", file, "--out", out, ...data]);
    model = modelOf(folder, rangesOf([...new Set(labelledDays(out))]));
  });
  afterAll(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });
  const judge = (file: string): Promise<number> =>
    main(["walkforward", "--klines", join(SHARED, file), "--model", model, ...data]);

  it("is refused by the calendar, whichever symbols taught and which judge, and counts as no try", async () => {
    expect(await judge("ALGOUSDT-1m-20260201-20260228.csv.gz")).toBe(11);
    expect(output.said()).toMatch(/28 of the 28 days .* is memory, of other symbols too/su);
    const book = new ResearchBook(researchFile(join(folder, "data")));
    expect(book.triedBut([])).toEqual({ known: [], unseen: 0 });
    book.close();
  });

  it("is judged on days that are others, its own symbol or not", async () => {
    expect(await judge("AVAXUSDT-1m-20260401-20260430.csv.gz")).toBe(0);
    expect(output.printed()).toContain("unproven");
  });
});
