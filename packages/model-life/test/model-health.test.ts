import { FEATURE_COUNT, Rng } from "@smcq/kernel";
import { describe, expect, it } from "vitest";
import { populationStabilityIndex } from "../src/health/bin-window.ts";
import { DRIFT_LIMITS, type HealthReport, ModelHealth } from "../src/index.ts";

const QUARTILES = [0.25, 0.5, 0.75];
const EVEN = [5_000, 5_000, 5_000, 5_000];
const psi = {
  edges: Array.from({ length: FEATURE_COUNT }, () => QUARTILES),
  counts: Array.from({ length: FEATURE_COUNT }, () => EVEN),
  scoreEdges: QUARTILES,
  scoreCounts: EVEN,
};
const metrics = { brier: 0.24, n: 20_000 };

/** A watch and a source of rows; `shifts[k]` moves feature k, `shifts[12]` the score. */
class Market {
  readonly health: ModelHealth;
  readonly #rng = new Rng(11);
  readonly #row = new Float32Array(FEATURE_COUNT);

  constructor(card: ConstructorParameters<typeof ModelHealth>[0] = { psi, metrics: null }) {
    this.health = new ModelHealth(card);
  }

  rows(count: number, shifts: Readonly<Record<number, number>> = {}): this {
    for (let row = 0; row < count; row++) {
      for (let k = 0; k < FEATURE_COUNT; k++) this.#row[k] = this.#rng.next() + (shifts[k] ?? 0);
      this.health.observe(this.#row, Math.min(this.#rng.next() + (shifts[FEATURE_COUNT] ?? 0), 1));
    }
    return this;
  }

  /** Outcomes at confidence `p` that win with probability `truth`. */
  outcomes(count: number, p: number, truth: number): this {
    for (let k = 0; k < count; k++) this.health.observeOutcome(p, this.#rng.chance(truth));
    return this;
  }

  judge(): HealthReport {
    this.health.evaluate();
    return this.health.report();
  }
}

describe("PSI", () => {
  it("leaves outcomes of abstentions out of the Brier score, however often they would have won", () => {
    const market = new Market({ psi: null, metrics: { brier: 0.24, n: 2_000 } }).outcomes(2_000, 0, 0.9);
    expect(market.judge().brier).toBeNull();
    expect(market.outcomes(400, 0.5, 0.5).judge().brier).toBe(0.25);
  });

  it("is what a hand computation gives", () => {
    // Smoothed counts 10.5, 20.5 of 31 and 20.5, 10.5 of 31: 2 * (10/31) * ln(20.5/10.5).
    expect(populationStabilityIndex([10, 20], [20, 10])).toBeCloseTo(
      ((2 * 10) / 31) * Math.log(20.5 / 10.5),
      14,
    );
    // 100.5/201, 100.5/201 against 0.5/101, 100.5/101.
    const hand =
      (0.5 / 101 - 0.5) * Math.log(0.5 / 101 / 0.5) + (100.5 / 101 - 0.5) * Math.log(100.5 / 101 / 0.5);
    expect(populationStabilityIndex([100, 100], [0, 100])).toBeCloseTo(hand, 14);
    expect(populationStabilityIndex([100, 100], [100, 100])).toBe(0);
  });

  it("puts a value that equals an edge below it", () => {
    const health = new ModelHealth({
      psi: { ...psi, counts: psi.counts.map(() => [1, 0, 0, 0]) },
      metrics: null,
    });
    health.observe(new Float32Array(FEATURE_COUNT).fill(0.25), 0.1);
    expect(health.report().psi?.[0]).toBe(0);
  });
});

describe("model health", () => {
  it("is ok on rows like those of training", () => {
    const report = new Market().rows(2_000).judge();
    expect(report).toMatchObject({
      level: "ok",
      sizeFactor: 1,
      rows: 2_000,
      nanRatio: 0,
      invalid: 0,
      reasons: [],
    });
    expect(report.psiMax).toBeLessThan(0.02);
  });

  it("judges PSI from 500 rows on", () => {
    const market = new Market().rows(499, { 0: 1, 1: 1 });
    expect(market.judge().level).toBe("ok");
    expect(market.rows(1, { 0: 1, 1: 1 }).judge().level).toBe("observe-only");
  });

  it("watches one feature that drifted, however far", () => {
    const report = new Market().rows(2_000, { 4: 1 }).judge();
    expect(report).toMatchObject({ level: "watch", sizeFactor: 1, psiMaxFeature: "fvg_size_atr" });
    expect(report.reasons[0]).toMatch(/^PSI of features: fvg_size_atr \d/);
  });

  it("halves the size for two features above 0.25, and stops for two above 0.5", () => {
    const mild = new Market().rows(2_000, { 2: 0.18, 7: 0.18 }).judge();
    expect(mild.psi?.[2]).toBeGreaterThan(DRIFT_LIMITS.psiReduced);
    expect(mild.psi?.[7]).toBeLessThan(DRIFT_LIMITS.psiObserve);
    expect(mild).toMatchObject({ level: "reduced", sizeFactor: 0.5 });
    expect(new Market().rows(2_000, { 2: 0.6, 7: 0.6 }).judge()).toMatchObject({
      level: "observe-only",
      sizeFactor: 0,
    });
    expect(new Market().rows(2_000, { 2: 0.6, 7: 0.18 }).judge().level).toBe("reduced");
  });

  it("judges the score alone", () => {
    expect(new Market().rows(2_000, { 12: 0.18 }).judge().level).toBe("reduced");
    expect(new Market().rows(2_000, { 12: 0.6 }).judge().level).toBe("observe-only");
  });

  it("stops at one row that is no number and at one score that is no probability, until they leave the window", () => {
    for (const spoil of [
      (health: ModelHealth) => health.observe(new Float32Array(FEATURE_COUNT).fill(Number.NaN), 0.5),
      (health: ModelHealth) => health.observe(new Float32Array(FEATURE_COUNT), Number.NaN),
      (health: ModelHealth) => health.observe(new Float32Array(FEATURE_COUNT), 1.01),
      (health: ModelHealth) => health.observeInvalid(),
    ]) {
      const market = new Market().rows(10);
      spoil(market.health);
      expect(market.judge()).toMatchObject({ level: "observe-only", sizeFactor: 0 });
      market.rows(1_999);
      expect(market.judge().reasons).toHaveLength(1);
      market.rows(1);
      expect(market.judge()).toMatchObject({ level: "observe-only", nanRatio: 0, invalid: 0, reasons: [] });
    }
  });

  it("falls at once and rises after 60 better evaluations in a row, to the worst of them", () => {
    const market = new Market().rows(2_000, { 2: 0.6, 7: 0.6 });
    expect(market.judge().level).toBe("observe-only");
    market.rows(2_000);
    for (let k = 0; k < 30; k++) expect(market.judge().level).toBe("observe-only");
    market.rows(2_000, { 4: 1 });
    for (let k = 0; k < 29; k++) expect(market.judge().level).toBe("observe-only");
    expect(market.judge().level).toBe("watch");
    market.rows(2_000);
    for (let k = 0; k < 59; k++) expect(market.judge().level).toBe("watch");
    expect(market.judge().level).toBe("ok");
  });

  it("goes on where a run before ended, until there are rows that say better", () => {
    const market = new Market();
    market.health.resume(0.5);
    for (let k = 0; k < 200; k++) expect(market.judge()).toMatchObject({ level: "reduced", sizeFactor: 0.5 });
    market.rows(DRIFT_LIMITS.judgedRowsMin);
    for (let k = 0; k < 59; k++) expect(market.judge().sizeFactor).toBe(0.5);
    expect(market.judge()).toMatchObject({ level: "ok", sizeFactor: 1 });
    const healthy = new Market();
    healthy.health.resume(1);
    expect(healthy.judge().level).toBe("ok");
  });

  it("shows a fall before the next evaluation, and no rise", () => {
    const market = new Market().rows(10);
    expect(market.judge().level).toBe("ok");
    market.health.observeInvalid();
    for (let k = 0; k < 100; k++) expect(market.health.report().sizeFactor).toBe(0);
    market.health.evaluate();
    market.rows(2_000);
    for (let k = 0; k < 100; k++) expect(market.health.report().sizeFactor).toBe(0);
  });

  it("starts the count anew when it gets as bad again", () => {
    const market = new Market().rows(2_000, { 12: 0.6 });
    market.judge();
    market.rows(2_000);
    for (let k = 0; k < 59; k++) market.judge();
    market.rows(2_000, { 12: 0.6 }).judge();
    market.rows(2_000);
    for (let k = 0; k < 59; k++) expect(market.judge().level).toBe("observe-only");
    expect(market.judge().level).toBe("ok");
  });

  it("judges the Brier score against the card's, in standard errors, from 100 outcomes on", () => {
    const card = { psi, metrics };
    // At p = 0.4 and 40 % winners the expected score is 0.24, the card's.
    expect(new Market(card).outcomes(500, 0.4, 0.4).judge()).toMatchObject({
      level: "ok",
      outcomes: 500,
      brierReference: 0.24,
    });
    // Claims 0.7 and wins 45 % of the time: 0.31.
    expect(new Market(card).outcomes(500, 0.7, 0.45).judge().level).toBe("observe-only");
    expect(new Market(card).outcomes(99, 0.7, 0).judge().level).toBe("ok");
    expect(new Market(card).outcomes(100, 0.7, 0).judge()).toMatchObject({
      level: "observe-only",
      brier: expect.closeTo(0.49),
    });
    // Claims 0.6 and wins half the time: 0.26, some 4.5 standard errors of 0.1 / sqrt(500).
    expect(new Market(card).outcomes(500, 0.6, 0.5).judge()).toMatchObject({
      level: "reduced",
      sizeFactor: 0.5,
    });
  });

  it("does not take the noise of forecasts that are all alike for certainty", () => {
    // Every error is 0.25: their spread is 0, the difference to the card is 0.0005.
    const card = { psi: null, metrics: { ...metrics, brier: 0.2495 } };
    expect(new Market(card).outcomes(500, 0.5, 0.5).judge().sizeFactor).toBe(1);
  });

  it("says that it has no reference, and still stops at what is no number", () => {
    const market = new Market({ psi: null, metrics: null }).rows(2_000, { 2: 0.6, 7: 0.6 });
    expect(market.judge()).toMatchObject({
      level: "no reference",
      sizeFactor: 1,
      psi: null,
      scorePsi: null,
      brier: null,
    });
    market.health.observe(new Float32Array(FEATURE_COUNT), Infinity);
    expect(market.judge()).toMatchObject({ level: "observe-only", sizeFactor: 0 });
  });

  it("gives the same reports for the same rows", () => {
    const run = (): HealthReport =>
      new Market({ psi, metrics }).rows(700, { 1: 0.1 }).outcomes(200, 0.5, 0.4).judge();
    expect(run()).toEqual(run());
  });
});
