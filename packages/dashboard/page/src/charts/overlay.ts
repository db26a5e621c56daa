import type {
  AutoscaleInfo,
  IPrimitivePaneRenderer,
  IPrimitivePaneView,
  ISeriesPrimitive,
  SeriesAttachedParameter,
  Time,
} from "lightweight-charts";
import type { Break, Pool, Zone } from "../state/symbol.ts";

type Target = Parameters<IPrimitivePaneRenderer["draw"]>[0];

/** What is drawn behind and over the candles; times in ms, of bars that are on the chart (`snapped`). */
export interface OverlayData {
  readonly zones: readonly Zone[];
  readonly pools: readonly Pool[];
  readonly breaks: readonly Break[];
  /** Open time of the bar that somebody asked about. */
  readonly pickedMs: number | null;
  /** Prices that are always in view: entry, stop and target of what is held. */
  readonly levels: readonly number[];
}

export interface OverlayColors {
  readonly good: string;
  readonly bad: string;
  readonly accent: string;
  readonly quiet: string;
}

const EMPTY: OverlayData = { zones: [], pools: [], breaks: [], pickedMs: null, levels: [] };

interface Place {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
}

/** A word on the chart, CSS pixels. */
interface Label {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly color: string;
}

/** Boxes of gaps and blocks, lines of pools, marks of breaks, and the column of the picked bar. */
export class Overlay implements ISeriesPrimitive<Time> {
  #attached: SeriesAttachedParameter<Time> | null = null;
  #data: OverlayData = EMPTY;
  #labels: Label[] = [];
  #colors: OverlayColors;
  readonly #views: readonly IPrimitivePaneView[] = [
    { zOrder: () => "bottom", renderer: () => ({ draw: (target) => this.#draw(target) }) },
    // Words stand over the candles.
    { zOrder: () => "top", renderer: () => ({ draw: (target) => this.#drawLabels(target) }) },
  ];

  constructor(colors: OverlayColors) {
    this.#colors = colors;
  }

  attached(parameters: SeriesAttachedParameter<Time>): void {
    this.#attached = parameters;
  }

  detached(): void {
    this.#attached = null;
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.#views;
  }

  autoscaleInfo(): AutoscaleInfo | null {
    const { levels } = this.#data;
    if (levels.length === 0) return null;
    return { priceRange: { minValue: Math.min(...levels), maxValue: Math.max(...levels) } };
  }

  show(data: OverlayData): void {
    this.#data = data;
    this.#attached?.requestUpdate();
  }

  paint(colors: OverlayColors): void {
    this.#colors = colors;
    this.#attached?.requestUpdate();
  }

  #draw(target: Target): void {
    target.useMediaCoordinateSpace(({ context, mediaSize: { width, height } }) => {
      const place = { context, width, height };
      this.#labels = [];
      this.#drawPicked(place);
      for (const zone of this.#data.zones) this.#drawZone(place, zone);
      for (const pool of this.#data.pools) this.#drawPool(place, pool);
      for (const one of this.#data.breaks) this.#drawBreak(place, one);
    });
  }

  #drawLabels(target: Target): void {
    target.useMediaCoordinateSpace(({ context }) => {
      context.font = "10px system-ui, sans-serif";
      for (const { text, x, y, color } of this.#labels) {
        context.fillStyle = color;
        context.fillText(text, x, y);
      }
    });
  }

  #drawPicked({ context, height }: Place): void {
    const x = this.#data.pickedMs === null ? null : this.#x(this.#data.pickedMs);
    if (x === null) return;
    context.fillStyle = this.#colors.accent;
    context.globalAlpha = 0.25;
    context.fillRect(x - 4, 0, 8, height);
    context.globalAlpha = 1;
  }

  #drawZone({ context, width }: Place, { kind, dir, top, bottom, fromMs, state }: Zone): void {
    const [x, high, low] = [this.#x(fromMs), this.#y(top), this.#y(bottom)];
    if (x === null || high === null || low === null) return;
    const color = dir > 0 ? this.#colors.good : this.#colors.bad;
    const [left, height] = [Math.max(-1, x), Math.max(1, low - high)];
    context.fillStyle = color;
    context.globalAlpha = (kind === "gap" ? 0.2 : 0.13) * (state === "fresh" ? 1 : 0.6);
    context.fillRect(left, high, width - left, height);
    context.globalAlpha = kind === "gap" ? 0.35 : 0.9;
    context.strokeStyle = color;
    context.lineWidth = 1;
    context.setLineDash(kind === "breaker" ? [5, 3] : []);
    if (kind !== "gap") context.strokeRect(left + 0.5, high + 0.5, width - left, height);
    context.setLineDash([]);
    context.globalAlpha = 1;
    this.#labels.push({ text: kind, x: left + 3, y: high + 11, color });
  }

  #drawPool({ context, width }: Place, { level, count, fromMs }: Pool): void {
    const [x, y] = [this.#x(fromMs), this.#y(level)];
    if (x === null || y === null) return;
    this.#line(context, { from: [x, y], to: [width, y], color: this.#colors.accent, dash: [2, 3] });
    if (count > 1)
      this.#labels.push({ text: `×${count}`, x: Math.max(2, x), y: y - 3, color: this.#colors.accent });
  }

  #drawBreak({ context }: Place, { kind, dir, level, fromMs, atMs }: Break): void {
    const [x, end, y] = [this.#x(fromMs), this.#x(atMs), this.#y(level)];
    if (x === null || end === null || y === null) return;
    const color = dir > 0 ? this.#colors.good : this.#colors.bad;
    this.#line(context, { from: [x, y], to: [end, y], color, dash: [] });
    const text = kind === "bos" ? "BOS" : "CHoCH";
    this.#labels.push({ text, x: (x + end) / 2 - 12, y: dir > 0 ? y - 3 : y + 11, color });
  }

  #line(
    context: CanvasRenderingContext2D,
    {
      from,
      to,
      color,
      dash,
    }: {
      readonly from: readonly [number, number];
      readonly to: readonly [number, number];
      readonly color: string;
      readonly dash: number[];
    },
  ): void {
    context.strokeStyle = color;
    context.lineWidth = 1;
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(from[0], Math.round(from[1]) + 0.5);
    context.lineTo(to[0], Math.round(to[1]) + 0.5);
    context.stroke();
    context.setLineDash([]);
  }

  #x(ms: number): number | null {
    return this.#attached?.chart.timeScale().timeToCoordinate((ms / 1_000) as Time) ?? null;
  }

  #y(price: number): number | null {
    return this.#attached?.series.priceToCoordinate(price) ?? null;
  }
}
