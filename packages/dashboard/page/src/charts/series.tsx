import { useEffect, useRef } from "preact/hooks";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { isDark } from "../state/theme.ts";

interface SeriesProps {
  readonly name: string;
  /** Venue ms. */
  readonly timesMs: readonly number[];
  readonly values: readonly number[];
  readonly height: number;
  readonly isFilled?: boolean;
  /** What moves less is drawn as little moved. */
  readonly spanMin: number;
  readonly text: (value: number) => string;
  /** Nothing lies below: the axis does not go there. */
  readonly least?: number;
}

/** A curve over time, UTC. */
export function Series({
  name,
  timesMs,
  values,
  height,
  isFilled = false,
  spanMin,
  text,
  least = -Infinity,
}: SeriesProps) {
  const place = useRef<HTMLDivElement>(null);
  const dark = isDark.value;
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const styles = getComputedStyle(element);
    const color = (variable: string): string => styles.getPropertyValue(variable);
    const axis = {
      stroke: color("--quiet"),
      grid: { stroke: color("--line"), width: 1 },
      ticks: { show: false },
    };
    const line = isFilled ? color("--bad") : color("--accent");
    const chart = new UPlot(
      {
        width: element.clientWidth,
        height,
        legend: { show: false },
        cursor: { drag: { x: true, y: false } },
        tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1_000), "Etc/UTC"),
        scales: { y: { range: (_own, low, high) => rangeOf(low, high, { spanMin, isFilled, least }) } },
        axes: [
          { ...axis, values: (_own, splits) => timeLabels(splits) },
          { ...axis, size: 72, values: (_own, splits) => splits.map(text) },
        ],
        series: [
          {},
          {
            stroke: line,
            width: 1.5,
            points: { show: false },
            ...(isFilled ? { fill: color("--bad-soft") } : {}),
          },
        ],
      },
      [timesMs.map((ms) => ms / 1_000), [...values]],
      element,
    );
    const watch = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      chart.destroy();
    };
  }, [timesMs, values, height, dark]);
  return <div class="chart" ref={place} role="img" aria-label={describe(name, values, text)} />;
}

/** A flat line is no mountain: the axis covers `spanMin` at least; one that is filled begins at 0. */
function rangeOf(
  low: number,
  high: number,
  {
    spanMin,
    isFilled,
    least,
  }: { readonly spanMin: number; readonly isFilled: boolean; readonly least: number },
): [number, number] {
  if (isFilled) return [0, Math.max(high * 1.05, spanMin)];
  const margin = Math.max((high - low) * 0.05, (spanMin - (high - low)) / 2);
  return [Math.max(least, low - margin), high + margin];
}

/** Hours and minutes, UTC; the day where a new one begins. */
function timeLabels(seconds: readonly number[]): string[] {
  let day = "";
  return seconds.map((at) => {
    const iso = new Date(at * 1_000).toISOString();
    const own = iso.slice(0, 10);
    const head = own === day ? "" : `\n${own}`;
    day = own;
    return `${iso.slice(11, 16)}${head}`;
  });
}

function describe(name: string, values: readonly number[], text: (value: number) => string): string {
  const last = values.at(-1);
  return last === undefined ? `${name}: nothing yet` : `${name}: last ${text(last)}, ${values.length} points`;
}
