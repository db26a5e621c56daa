import type { RiskMetrics } from "@smcq/engine";

/** Heat at a moment, until the next sample. */
export interface HeatSample {
  readonly timeMs: number;
  readonly ratio: number;
}

/** Shares of equity; null: at risk with no equity left. */
export interface RiskFigures {
  readonly heatRatio: number | null;
  readonly longHeatRatio: number | null;
  readonly shortHeatRatio: number | null;
  readonly grossRatio: number | null;
  readonly marginsRatio: number | null;
  readonly dayLossRatio: number;
  readonly drawdownRatio: number;
}

/** What `report.json` says of risk. */
export interface RiskSummary {
  /** At the end. */
  readonly last: RiskFigures & Pick<RiskMetrics, "openPositions" | "pendingEntries" | "state" | "reasons">;
  /** The highest of each that was seen. */
  readonly worst: RiskFigures;
}

/** Samples that are kept; beyond, neighbours are made one with the higher value. */
export const HEAT_SAMPLES_MAX = 8_192;

const NAMES = [
  "heatRatio",
  "longHeatRatio",
  "shortHeatRatio",
  "grossRatio",
  "marginsRatio",
  "dayLossRatio",
  "drawdownRatio",
] as const;

type Worst = Record<(typeof NAMES)[number], number>;

/** Watches a run's risk: the worst of each figure, and heat over time. */
export class RiskWatch {
  readonly #worst: Worst = worstOf(() => 0);
  #heat: HeatSample[] = [];

  /** Takes the metrics of `timeMs`; times ascend. */
  sample(timeMs: number, metrics: RiskMetrics): void {
    const own = figuresOf(metrics);
    for (const name of NAMES) this.#worst[name] = Math.max(this.#worst[name], own[name]);
    this.#heat.push({ timeMs, ratio: metrics.heat.ratio });
    if (this.#heat.length > HEAT_SAMPLES_MAX) this.#heat = halved(this.#heat);
  }

  get heat(): readonly HeatSample[] {
    return this.#heat;
  }

  summary(last: RiskMetrics): RiskSummary {
    const { openPositions, pendingEntries, state, reasons } = last;
    const own = finite(figuresOf(last));
    return { last: { ...own, openPositions, pendingEntries, state, reasons }, worst: finite(this.#worst) };
  }
}

function figuresOf(metrics: RiskMetrics): Worst {
  return {
    heatRatio: metrics.heat.ratio,
    longHeatRatio: metrics.longHeat.ratio,
    shortHeatRatio: metrics.shortHeat.ratio,
    grossRatio: metrics.gross.ratio,
    marginsRatio: metrics.margins.ratio,
    dayLossRatio: metrics.dayLossRatio,
    drawdownRatio: metrics.drawdownRatio,
  };
}

function worstOf(of: (name: keyof Worst) => number): Worst {
  return Object.fromEntries(NAMES.map((name) => [name, of(name)])) as Worst;
}

/** JSON knows no infinity. */
function finite(figures: Worst): RiskFigures {
  const own = (ratio: number): number | null => (Number.isFinite(ratio) ? ratio : null);
  return {
    ...figures,
    heatRatio: own(figures.heatRatio),
    longHeatRatio: own(figures.longHeatRatio),
    shortHeatRatio: own(figures.shortHeatRatio),
    grossRatio: own(figures.grossRatio),
    marginsRatio: own(figures.marginsRatio),
  };
}

function halved(samples: readonly HeatSample[]): HeatSample[] {
  return samples.flatMap((sample, index) => {
    if (index % 2 === 1) return [];
    const next = samples[index + 1];
    return [{ timeMs: sample.timeMs, ratio: Math.max(sample.ratio, next?.ratio ?? 0) }];
  });
}
