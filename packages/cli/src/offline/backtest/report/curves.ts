import type { Examples } from "./explained.ts";
import type { RiskParameters } from "@smcq/risk";
import type { BacktestReport } from "../backtest-report.ts";
import type { HeatSample, RiskFigures } from "../risk-watch.ts";
import { type Frame, lineChart, type Point, peakChart, timeAxis, valueAxis } from "./charts.ts";
import { exposureSteps, type ExposureStep, type OpenTrade } from "./exposure.ts";
import { minuteText, moneyText, numberText, shareText } from "../../report/format.ts";
import { type Markup, markup, note, section } from "./markup.ts";
import type { EquityPoint } from "./statistics.ts";

const Y_TICKS = 4;
/** The axis of drawdowns shows at least 1 %. */
const SHALLOWEST: Point = [0, -0.01];

/** What the page shows beyond the report. */
export interface PageFacts {
  readonly trades: readonly (OpenTrade & { readonly r: number })[];
  readonly equity: readonly EquityPoint[];
  readonly heat: readonly HeatSample[];
  readonly examples: Examples;
}

/** The equity curve with its drawdown. */
export function curveSections({ period, input }: BacktestReport, { equity }: PageFacts): Markup {
  if (period === null || equity.length === 0)
    return section("Equity and drawdown", markup`<p class="none">No bars, no curve.</p>`);
  const x = timeAxis(period.firstMs, period.endMs);
  const start = Number(input.equity);
  const curve: readonly Point[] = [
    [period.firstMs, start],
    ...equity.map(({ timeMs, equity: value }) => [timeMs, value] as const),
  ];
  const falls = drawdownOf(curve);
  const deepest = falls.reduce((low, point) => (point[1] < low[1] ? point : low), [
    period.firstMs,
    0,
  ] as Point);
  const end = curve.at(-1)?.[1] ?? start;
  return section(
    "Equity and drawdown",
    lineChart(
      {
        title: "Equity (wallet and open profit), USDT",
        summary: `Equity from ${moneyText(start)} to ${moneyText(end)} USDT`,
        x,
        y: valueAxis(
          curve.map(([, value]) => value),
          { ticks: Y_TICKS, label: numberText },
        ),
      },
      curve,
    ),
    lineChart(
      {
        title: "Drawdown below the highest point so far, %",
        summary: `Deepest drawdown ${shareText(-deepest[1], 2)}`,
        x,
        y: shareAxis([...falls, SHALLOWEST]),
      },
      falls,
      true,
    ),
    note(
      deepest[1] === 0
        ? "The equity was never below its highest point."
        : `Deepest on ${minuteText(deepest[0])} UTC: ${shareText(-deepest[1], 2)}.`,
    ),
  );
}

/** What was at risk at any time. */
export function exposureSection({ period, input, risk }: BacktestReport, facts: PageFacts): Markup {
  const { trades, heat } = facts;
  if (period === null || trades.length === 0)
    return section("Exposure", markup`<p class="none">No trades, no exposure.</p>`);
  const steps = exposureSteps(trades, Number(input.equity));
  const x = timeAxis(period.firstMs, period.endMs);
  const chartOf = (title: string, of: (step: ExposureStep) => number, isShare: boolean): Markup => {
    const points = steps.map((step) => [step.timeMs, of(step)] as const);
    const max = points.reduce((high, [, value]) => Math.max(high, value), 0);
    const frame: Frame = {
      title,
      summary: `${title}: at most ${isShare ? shareText(max) : numberText(max)}`,
      x,
      y: isShare ? shareAxis([...points, [0, 0]]) : countAxis(max),
    };
    return peakChart(frame, points);
  };
  return section(
    "Exposure",
    heatChart(heat, input.risk.heatRatioMax, x),
    note(worstText(risk.worst, input.risk)),
    chartOf("Notional of the open trades by the wallet, %", ({ notionalRatio }) => notionalRatio, true),
    chartOf("Planned loss of the open trades at their stops, %", ({ riskRatio }) => riskRatio, true),
    chartOf("Open trades", ({ openTrades }) => openTrades, false),
    note(
      `At least one trade was open ${shareText(timeInMarketRatio(steps, period), 0)} of the time. Each chart shows the highest value of each of 240 slices of the period; notional at the entry price, planned loss as a share of the equity at each trade's decision.`,
    ),
  );
}

/** What all stops together would lose, approved entries included, and the cap that no entry may pass. */
function heatChart(heat: readonly HeatSample[], cap: number, x: Frame["x"]): Markup {
  const points = heat.flatMap(({ timeMs, ratio }) =>
    Number.isFinite(ratio) ? [[timeMs, ratio] as const] : [],
  );
  const max = points.reduce((high, [, value]) => Math.max(high, value), 0);
  return peakChart(
    {
      title: "Heat: loss if every stop is hit, % of equity; the dashed line is its cap",
      summary: `Heat: at most ${shareText(max, 2)} of a cap of ${shareText(cap, 2)}`,
      x,
      y: shareAxis([...points, [0, 0], [0, cap]]),
      limit: cap,
    },
    points,
  );
}

function worstText(worst: RiskFigures, caps: RiskParameters): string {
  const used = (ratio: number | null, cap: number): string =>
    `${ratio === null ? "more than all" : shareText(ratio, 2)} of ${shareText(cap, 2)}`;
  const sideHeat =
    worst.longHeatRatio === null || worst.shortHeatRatio === null
      ? null
      : Math.max(worst.longHeatRatio, worst.shortHeatRatio);
  return [
    `Highest at any approval and any closed hour: heat ${used(worst.heatRatio, caps.heatRatioMax)}`,
    `of one side ${used(sideHeat, caps.directionHeatRatioMax)}`,
    `notional ${used(worst.grossRatio, caps.grossRatioMax)}`,
    `margins ${used(worst.marginsRatio, caps.marginsRatioMax)}`,
    `loss of a day ${shareText(worst.dayLossRatio, 2)}`,
    `drawdown ${shareText(worst.drawdownRatio, 2)}.`,
  ].join(", ");
}

function timeInMarketRatio(
  steps: readonly ExposureStep[],
  { firstMs, endMs }: { readonly firstMs: number; readonly endMs: number },
): number {
  const openMs = steps.reduce(
    (sum, { timeMs, openTrades }, index) =>
      openTrades === 0 ? sum : sum + (steps[index + 1]?.timeMs ?? endMs) - timeMs,
    0,
  );
  return openMs / (endMs - firstMs);
}

function shareAxis(points: readonly Point[]): Frame["y"] {
  const axis = valueAxis(
    points.map(([, value]) => 100 * value),
    { ticks: Y_TICKS, label: (value, places) => `${numberText(value, places)} %` },
  );
  return {
    min: axis.min / 100,
    max: axis.max / 100,
    ticks: axis.ticks.map(({ at, label }) => ({ at: at / 100, label })),
  };
}

function countAxis(max: number): Frame["y"] {
  return valueAxis([0, Math.max(max, Y_TICKS)], { ticks: Y_TICKS, label: numberText });
}

/** Falls below the highest point so far, 0 or below. */
function drawdownOf(curve: readonly Point[]): readonly Point[] {
  let peak = Number.NEGATIVE_INFINITY;
  return curve.map(([timeMs, value]) => {
    peak = Math.max(peak, value);
    return [timeMs, peak > 0 ? (value - peak) / peak : 0] as const;
  });
}
