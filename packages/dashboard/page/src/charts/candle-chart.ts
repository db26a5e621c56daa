import {
  CandlestickSeries,
  type CandlestickData,
  createChart,
  createSeriesMarkers,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  LineStyle,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";
import type { PositionShown } from "../../../src/contract.ts";
import { type BarRow, decimalsOf } from "../state/symbol.ts";
import { Overlay, type OverlayColors, type OverlayData } from "./overlay.ts";

/** Width of a bar at first, CSS pixels, and bars that are left empty behind the last one. */
const BAR_WIDTH = 7;
const BARS_AHEAD = 8;

export interface ChartMark {
  /** Open time of its bar, ms. */
  readonly barMs: number;
  readonly dir: 1 | -1;
  readonly kind: "signal" | "fill";
  readonly isGood: boolean;
  readonly text: string;
}

/** Everything that the chart shows; times are of bars on it. */
export interface ChartData {
  /** What these bars are of: where it changes, the view begins anew. */
  readonly key: string;
  readonly bars: readonly BarRow[];
  readonly forming: BarRow | null;
  readonly overlay: OverlayData;
  readonly marks: readonly ChartMark[];
  readonly position: PositionShown | null;
}

export interface ChartColors extends OverlayColors {
  readonly text: string;
  readonly line: string;
  readonly panel: string;
}

/** Candles with what the engine sees in them. One object for the life of its element. */
export class CandleChart {
  readonly #chart: IChartApi;
  readonly #series: ISeriesApi<"Candlestick">;
  readonly #overlay: Overlay;
  readonly #markers: ISeriesMarkersPluginApi<Time>;
  #lines: readonly IPriceLine[] = [];
  #linesKey = "";
  #colors: ChartColors;
  #data: ChartData | null = null;

  /** `onPick`: somebody pressed a bar that opened at that time, ms. */
  constructor(element: HTMLElement, colors: ChartColors, onPick: (barMs: number) => void) {
    this.#colors = colors;
    this.#chart = createChart(element, {
      autoSize: true,
      // The page itself names the maker: the logo's own style is not allowed by the content policy.
      layout: { attributionLogo: false },
      timeScale: { timeVisible: true, secondsVisible: false, rightOffset: BARS_AHEAD },
      localization: { timeFormatter: (time: Time) => timeText(time) },
    });
    this.#series = this.#chart.addSeries(CandlestickSeries, { borderVisible: false });
    this.#overlay = new Overlay(colors);
    this.#series.attachPrimitive(this.#overlay);
    this.#markers = createSeriesMarkers(this.#series, []);
    this.#chart.subscribeClick(({ time }) => {
      if (time !== undefined) onPick(Number(time) * 1_000);
    });
    this.paint(colors);
  }

  paint(colors: ChartColors): void {
    const { text, line, panel, good, bad } = colors;
    this.#colors = colors;
    this.#chart.applyOptions({
      layout: { textColor: text, background: { color: panel } },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      rightPriceScale: { borderColor: line },
      timeScale: { borderColor: line },
    });
    this.#series.applyOptions({ upColor: good, downColor: bad, wickUpColor: good, wickDownColor: bad });
    this.#overlay.paint(colors);
    this.#linesKey = "";
    if (this.#data !== null) this.show(this.#data);
  }

  show(data: ChartData): void {
    const before = this.#data;
    this.#data = data;
    this.#showBars(data, before);
    this.#overlay.show(data.overlay);
    this.#markers.setMarkers(data.marks.map((mark) => this.#marker(mark)));
    this.#showPosition(data.position);
  }

  #showBars(data: ChartData, before: ChartData | null): void {
    const { key, bars, forming } = data;
    const isNew = before?.key !== key;
    const [lastMs, lastBefore] = [bars.at(-1)?.[0], before?.bars.at(-1)?.[0]];
    const [firstMs, firstBefore] = [bars[0]?.[0], before?.bars[0]?.[0]];
    if (isNew) {
      const decimals = decimalsOf(bars);
      this.#series.applyOptions({
        priceFormat: { type: "price", precision: decimals, minMove: 10 ** -decimals },
      });
    }
    if (isNew || lastMs !== lastBefore || firstMs !== firstBefore)
      this.#series.setData([...bars, ...(forming === null ? [] : [forming])].map(candleOf));
    else if (forming !== null) this.#series.update(candleOf(forming));
    if (isNew) {
      const count = bars.length;
      const scale = this.#chart.timeScale();
      const inView = scale.width() / BAR_WIDTH - BARS_AHEAD;
      scale.setVisibleLogicalRange({ from: count - inView, to: count + BARS_AHEAD });
    }
  }

  #marker({ barMs, dir, kind, isGood, text }: ChartMark): SeriesMarker<Time> {
    const { good, bad, quiet, accent } = this.#colors;
    const isFill = kind === "fill";
    return {
      time: secondsOf(barMs),
      position: dir > 0 ? "belowBar" : "aboveBar",
      shape: isFill ? "circle" : dir > 0 ? "arrowUp" : "arrowDown",
      color: isFill ? accent : isGood ? (dir > 0 ? good : bad) : quiet,
      text,
    };
  }

  /** Entry, stop and target of what is held. */
  #showPosition(position: PositionShown | null): void {
    const { accent, bad, good } = this.#colors;
    const wanted = [
      [position?.entry, "entry", accent],
      [position?.stop, position?.isStopConfirmed === false ? "stop?" : "stop", bad],
      [position?.target, "target", good],
    ] as const;
    const key = JSON.stringify(wanted);
    if (key === this.#linesKey) return;
    this.#linesKey = key;
    for (const line of this.#lines) this.#series.removePriceLine(line);
    this.#lines = wanted.flatMap(([price, title, color]) =>
      price === undefined || price === null
        ? []
        : this.#series.createPriceLine({
            price: Number(price),
            title,
            color,
            lineWidth: 2,
            lineStyle: LineStyle.Dashed,
          }),
    );
  }

  /** Brings a bar into view. */
  reveal(barMs: number): void {
    const scale = this.#chart.timeScale();
    const x = scale.timeToCoordinate(secondsOf(barMs));
    const range = scale.getVisibleLogicalRange();
    if (x === null || range === null) return;
    const logical = scale.coordinateToLogical(x);
    if (logical === null || (logical >= range.from && logical <= range.to - 1)) return;
    const half = (range.to - range.from) / 2;
    scale.setVisibleLogicalRange({ from: logical - half, to: logical + half });
  }

  destroy(): void {
    this.#chart.remove();
  }
}

function candleOf([openMs, open, high, low, close]: BarRow): CandlestickData {
  return { time: secondsOf(openMs), open, high, low, close };
}

function secondsOf(ms: number): UTCTimestamp {
  return Math.floor(ms / 1_000) as UTCTimestamp;
}

function timeText(time: Time): string {
  return `${new Date(Number(time) * 1_000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
