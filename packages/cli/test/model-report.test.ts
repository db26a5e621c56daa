import { Rng } from "@smcq/kernel";
import { DRIFT_LIMITS, ModelHealth } from "@smcq/model-life";
import { describe, expect, it } from "vitest";
import { modelFields, modelMetrics, modelPart, type ModelReport } from "../src/output/model-report.ts";

const QUARTILES = [0.25, 0.5, 0.75];
const EVEN = [5_000, 5_000, 5_000, 5_000];
const psi = {
  edges: Array.from({ length: 12 }, () => QUARTILES),
  counts: Array.from({ length: 12 }, () => EVEN),
  scoreEdges: QUARTILES,
  scoreCounts: EVEN,
};

/** How a model does after `rows` rows like those of its training. */
function reportAfter(rows: number, rest: Partial<ModelReport> = {}): ModelReport {
  const health = new ModelHealth({ psi, metrics: null });
  const rng = new Rng(3);
  for (let row = 0; row < rows; row++)
    health.observe(
      Array.from({ length: 12 }, () => rng.next()),
      rng.next(),
    );
  return {
    model: "m",
    modelStatus: "unproven",
    sizeFactor: 1,
    isModelExpired: false,
    health: health.report(),
    challenger: null,
    shadowBarsLeft: 0,
    ...rest,
  };
}

function metric(report: ModelReport, name: string): number {
  const found = modelMetrics(report).find((each) => each.name === name);
  return found === undefined || found.type === "histogram" ? Infinity : found.value;
}

describe("a model's report", () => {
  it("shows no PSI before there are rows enough to judge it by", () => {
    const early = reportAfter(3);
    expect(modelPart(modelFields(early))).toBe("model m (unproven) drift ok, psi - score -, brier -/0");
    expect(modelFields(early)).toMatchObject({ psiMax: null, psiMaxFeature: null, scorePsi: null });
    expect([metric(early, "model_feature_psi"), metric(early, "model_score_psi")]).toEqual([NaN, NaN]);
    expect(metric(early, "model_rows")).toBe(3);
    const judged = reportAfter(DRIFT_LIMITS.judgedRowsMin);
    expect(modelFields(judged)["psiMax"]).toBeLessThan(0.1);
    expect(modelPart(modelFields(judged))).toMatch(/psi 0\.0\d score 0\.0\d/);
    expect(metric(judged, "model_feature_psi")).toBeLessThan(0.1);
  });

  it("says what keeps a model from its usual size, and what is on its way", () => {
    const fields = modelFields(
      reportAfter(0, { sizeFactor: 0, isModelExpired: true, challenger: "n", shadowBarsLeft: 7 }),
    );
    expect(modelPart(fields)).toMatch(/size x0, EXPIRED, n in shadow, 7 bars left$/);
  });

  it("is nothing for the heuristic", () => {
    const fields = modelFields({ ...reportAfter(0), modelStatus: "heuristic", health: null });
    expect(modelPart(fields)).toBe("");
    expect(fields).toMatchObject({ drift: "none", psiMax: null, outcomes: 0 });
  });
});
