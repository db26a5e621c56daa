import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cardText } from "../src/card/card.ts";
import { hasOwnId, metadataProps, modelIdOf, parseMetadataProps } from "../src/card/metadata.ts";
import { parseTrainingReport } from "../src/card/training-report.ts";
import { openModel } from "../src/gate/open-model.ts";
import { buildModel } from "../src/import/build-model.ts";
import type { Judge, TrainingTrial, TriedBesides } from "../src/import/judge-training.ts";
import { calendarFacts } from "./calendar-facts.ts";
import { lightGbmText, NOW_MS, trainingReport } from "./model-support.ts";

const text = lightGbmText();
const bytes = new TextEncoder().encode(text);
const NOTHING: TriedBesides = { known: [], unseen: 0, holdOutLooks: 0 };

function reportWith(calendar: object | undefined, trials = 1): string {
  return trainingReport(text, (report) =>
    Object.assign(report, calendar === undefined ? { trials } : { calendar, trials }),
  );
}

function build(calendar: object | undefined, judge?: Judge, trials = 1): ReturnType<typeof buildModel> {
  const report = parseTrainingReport(reportWith(calendar, trials), "training.json");
  return buildModel({ text: bytes, name: "test", report, nowMs: NOW_MS, judge });
}

describe("the verdict in a card", () => {
  it("is proven for a gain on three periods after everything else that was tried", () => {
    const { metadata } = build(calendarFacts({ mean: 0.2 }), () => NOTHING).card;
    expect(metadata).toMatchObject({ status: "proven", proof: { status: "proven", tried: 1 } });
    expect(metadata.proof?.conditions.every(({ isMet }) => isMet)).toBe(true);
  });

  it.each([
    ["no gain", calendarFacts({ mean: 0 }), "correctedLowerR"],
    ["two periods", calendarFacts({ mean: 0.2, periods: 2, daysEach: 70 }), "gainingPeriods"],
    ["too few days", calendarFacts({ mean: 0.2, daysEach: 39 }), "days"],
    ["too few rows", calendarFacts({ mean: 0.2, rowsADay: 3 }), "trades"],
  ])("is unproven for %s", (_, calendar, missing) => {
    const { metadata } = build(calendar, () => NOTHING).card;
    expect(metadata.status).toBe("unproven");
    expect(metadata.proof?.conditions.filter(({ isMet }) => !isMet).map(({ name }) => name)).toContain(
      missing,
    );
  });

  it("is corrected for other variants and for the training's own parameter sets", () => {
    const lower = (unseen: number, trials: number): string =>
      build(calendarFacts({ mean: 0.1 }), () => ({ ...NOTHING, unseen }), trials).card.metadata.proof
        ?.conditions[0]?.text ?? "";
    expect(new Set([lower(0, 1), lower(500, 1), lower(500, 20_000)]).size).toBe(3);
    expect(
      build(calendarFacts({ mean: 0.2 }), () => ({ ...NOTHING, unseen: 7 }), 3).card.metadata.proof?.tried,
    ).toBe(10);
  });

  it("tells the judge what was tried before it hears of anything else", () => {
    const told: TrainingTrial[] = [];
    const calendar = { ...calendarFacts({ mean: 0.1 }), holdOut: { fromDay: 20_400, toDay: 20_420 } };
    const { metadata } = build(
      calendar,
      (trial) => {
        told.push(trial);
        return { ...NOTHING, holdOutLooks: 4 };
      },
      5,
    ).card;
    expect(told).toMatchObject([{ trials: 5, holdOut: calendar.holdOut, daily: calendar.daily }]);
    expect(metadata.proof?.holdOutLooks).toBe(4);
  });

  it("is unproven where nobody knows what else was tried, or when what was seen", () => {
    expect(build(calendarFacts({ mean: 0.2 })).card.metadata).toMatchObject({
      status: "unproven",
      proof: { conditions: [], tried: null },
    });
    const old = build(undefined, () => NOTHING).card.metadata;
    expect(old.status).toBe("unproven");
    expect("proof" in old).toBe(false);
  });

  it("comes back from the file's texts", () => {
    const { metadata } = build(calendarFacts({ mean: 0.2 }), () => NOTHING).card;
    expect(parseMetadataProps(metadataProps(metadata), "the file")).toEqual(metadata);
    expect(hasOwnId(metadata)).toBe(true);
  });
});

describe("a card of an earlier engine", () => {
  it("is read with its own id, and its `proven` counts for nothing", () => {
    const folder = mkdtempSync(join(tmpdir(), "smcq-old-card-"));
    try {
      const report = parseTrainingReport(reportWith(undefined), "training.json");
      const { onnx, golden, card } = buildModel({ text: bytes, name: "old", report, nowMs: NOW_MS });
      const { modelId: _, ...rest } = card.metadata;
      expect(hasOwnId(card.metadata)).toBe(true);
      expect(modelIdOf("old", { ...rest, status: "proven" })).not.toBe(card.metadata.modelId);
      writeFileSync(join(folder, "old.onnx"), onnx);
      writeFileSync(join(folder, "old.golden.bin"), golden);
      writeFileSync(join(folder, "old.card.json"), cardText(card));
      const options = {
        file: join(folder, "old.onnx"),
        nowMs: NOW_MS,
        refuseExpired: true,
        isAnySchema: false,
      };
      expect(openModel(options).card.metadata.status).toBe("unproven");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("the calendar of a training", () => {
  const good = calendarFacts({ mean: 0.2 });
  const [first, ...others] = good.folds;
  const leaky = (toDay: number): object => ({
    ...good,
    folds: [{ testedDays: first?.testedDays, trainedDays: [{ fromDay: 19_900, toDay }] }, ...others],
  });

  it.each([
    ["a tested day", leaky(20_000)],
    ["all tested days", leaky(20_300)],
    ["the day before", leaky(19_999)],
    [
      "the day behind",
      {
        ...good,
        folds: [
          { testedDays: first?.testedDays, trainedDays: [{ fromDay: 20_050, toDay: 20_060 }] },
          ...others,
        ],
      },
    ],
  ])("refuses symbols that were held out from days that were trained on: %s", (_, calendar) => {
    expect(() => build(calendar)).toThrow(
      /calendar.folds\[0\] was trained on .* symbols of one day know of one another/,
    );
  });

  it.each([
    [{ trainedDays: [] }, /trainedDays must be a list of 1 to/],
    [{ trainedDays: [{ fromDay: 2, toDay: 1 }] }, /trainedDays\[0\] must be days that end after they begin/],
    [{ daily: { ...good.daily, counts: [] } }, /daily must be three lists of one length/],
    [{ daily: { days: [20_001, 20_000], sums: [0, 0], counts: [1, 1] } }, /daily must be days that rise/],
    [{ daily: { days: [20_070], sums: [0], counts: [1] } }, /daily results of days that a fold has tested/],
    [{ holdOut: { fromDay: 20_010, toDay: 20_020 } }, /daily results without the hold-out's days/],
  ])("refuses what does not fit together: %j", (change, words) => {
    expect(() => build({ ...good, ...change })).toThrow(words);
  });
});
