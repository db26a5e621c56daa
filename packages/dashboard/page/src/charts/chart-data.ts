import type { PositionShown } from "../../../src/contract.ts";
import { type Decision, type Layer, MINUTE_MS, type SymbolAnswer, type Zone } from "../state/symbol.ts";
import type { ChartData, ChartMark } from "./candle-chart.ts";

/** What is asked of the chart: which bars, what over them, which of them is picked (open time, ms). */
export interface ChartChoice {
  readonly minutes: 1 | 5;
  readonly layers: ReadonlySet<Layer>;
  readonly pickedMs: number | null;
}

/** An answer as the chart shows it: every time is that of a bar on it. */
export function chartData(
  answer: SymbolAnswer,
  decisions: readonly Decision[],
  { minutes, layers, pickedMs }: ChartChoice,
): ChartData {
  const bars = minutes === 5 ? answer.m5Bars : answer.bars;
  const forming = minutes === 5 ? answer.m5Forming : answer.forming;
  const { zones, pools, breaks } = answer.structures;
  const firstMs = bars[0]?.[0] ?? forming?.[0] ?? 0;
  const lastMs = forming?.[0] ?? bars.at(-1)?.[0] ?? 0;
  const bucket = (ms: number): number => Math.floor(ms / (minutes * MINUTE_MS)) * minutes * MINUTE_MS;
  // What began before the first bar is drawn from it on; what the last bar does not know yet, at it.
  const snapped = (ms: number): number => Math.min(lastMs, Math.max(firstMs, bucket(ms)));
  const isThere = ({ barMs }: ChartMark): boolean => barMs >= firstMs && barMs <= lastMs;
  const isWanted = ({ kind }: Zone): boolean => layers.has(kind === "gap" ? "gaps" : "blocks");
  const signals = decisions.map((one) => signalMark(one, bucket));
  const fills = answer.fills.map(({ timeMs, side }): ChartMark => {
    const dir = side === "buy" ? 1 : -1;
    return { barMs: bucket(timeMs), dir, kind: "fill", isGood: true, text: side };
  });
  return {
    key: `${answer.symbol} ${minutes}`,
    bars,
    forming,
    overlay: {
      zones: zones.filter(isWanted).map((zone) => Object.assign({}, zone, { fromMs: snapped(zone.fromMs) })),
      pools: layers.has("pools")
        ? pools.map((pool) => Object.assign({}, pool, { fromMs: snapped(pool.fromMs) }))
        : [],
      breaks: layers.has("breaks")
        ? breaks.map((one) =>
            Object.assign({}, one, { fromMs: snapped(one.fromMs), atMs: snapped(one.atMs) }),
          )
        : [],
      pickedMs: pickedMs === null ? null : snapped(pickedMs),
      levels: levelsOf(answer.position),
    },
    marks: [...(layers.has("signals") ? signals : []), ...(layers.has("fills") ? fills : [])]
      .filter(isThere)
      .toSorted((a, b) => a.barMs - b.barMs),
    position: answer.position,
  };
}

function levelsOf(position: PositionShown | null): readonly number[] {
  return [position?.entry, position?.stop, position?.target].flatMap((price) =>
    price === undefined || price === null ? [] : [Number(price)],
  );
}

/** A signal stands at the bar whose close raised it. */
function signalMark({ time, side, outcome, setup }: Decision, bucket: (ms: number) => number): ChartMark {
  const isGood = outcome === "APPROVED";
  return {
    barMs: bucket(Date.parse(time) - MINUTE_MS),
    dir: side > 0 ? 1 : -1,
    kind: "signal",
    isGood,
    text: isGood ? setup : "",
  };
}
