import { useEffect, useRef, useState } from "preact/hooks";
import { isDark } from "../state/theme.ts";
import { Loading, Problem } from "../ui/parts.tsx";
import type { CandleChart, ChartColors, ChartData } from "./candle-chart.ts";

interface CandlesProps {
  readonly label: string;
  readonly data: ChartData;
  /** Open time of a bar, ms. */
  readonly onPick: (barMs: number) => void;
}

/** The candles; their library is loaded with the first of them. Arrows move the picked bar. */
export function Candles({ label, data, onPick }: CandlesProps) {
  const place = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<CandleChart | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const dark = isDark.value;
  useEffect(() => {
    let made: CandleChart | null = null;
    let isGone = false;
    const load = async (): Promise<void> => {
      try {
        const { CandleChart: Chart } = await import("./candle-chart.ts");
        const element = place.current;
        if (isGone || element === null) return;
        made = new Chart(element, colorsOf(element), onPick);
        setChart(made);
      } catch (error) {
        setProblem(`the chart cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
      }
    };
    void load();
    return () => {
      isGone = true;
      made?.destroy();
    };
  }, []);
  useEffect(() => {
    if (chart !== null && place.current !== null) chart.paint(colorsOf(place.current));
  }, [chart, dark]);
  useEffect(() => chart?.show(data), [chart, data]);
  const { pickedMs } = data.overlay;
  useEffect(() => {
    if (pickedMs !== null) chart?.reveal(pickedMs);
  }, [chart, pickedMs]);
  return (
    <>
      {problem === null ? null : <Problem text={problem} />}
      {chart === null && problem === null ? <Loading /> : null}
      <div
        class="candles"
        ref={place}
        role="group"
        tabIndex={0}
        aria-label={label}
        onKeyDown={(event) => move(event, data, onPick)}
      />
    </>
  );
}

/** The next bar to the left or to the right; the last one where none is picked yet. */
function move(event: KeyboardEvent, { bars, overlay }: ChartData, onPick: (barMs: number) => void): void {
  const last = bars.length - 1;
  const at = bars.findIndex(([openMs]) => openMs === overlay.pickedMs);
  const next: Readonly<Record<string, number>> = {
    ArrowLeft: at < 0 ? last : Math.max(0, at - 1),
    ArrowRight: at < 0 ? last : Math.min(last, at + 1),
    Home: 0,
    End: last,
  };
  const found = bars[next[event.key] ?? -1];
  if (found === undefined) return;
  event.preventDefault();
  onPick(found[0]);
}

function colorsOf(element: HTMLElement): ChartColors {
  const styles = getComputedStyle(element);
  const color = (name: string): string => styles.getPropertyValue(`--${name}`).trim();
  return {
    good: color("good"),
    bad: color("bad"),
    accent: color("accent"),
    quiet: color("quiet"),
    text: color("text"),
    line: color("line"),
    panel: color("panel"),
  };
}
