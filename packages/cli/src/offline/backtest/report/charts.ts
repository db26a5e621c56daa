import { utcText } from "@smcq/scoring";
import { type Markup, markup } from "./markup.ts";

/*
 * Charts are an SVG that is stretched to the space there is, with lines that keep their width, and labels of HTML around
 * it that keep their size: so they can be read on a phone too.
 *
 *   y labels | SVG, 1000 x 1000 units
 *            | x labels
 */
const SIDE = 1_000;
const BUCKETS = 400;
const SLICES = 240;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const TIME_TICKS = 5;
const Y_STEPS = [1, 2, 5, 10] as const;

/** A point of a line. */
export type Point = readonly [x: number, y: number];

/** A label and the value that it stands at. */
export interface Tick {
  readonly at: number;
  readonly label: string;
}

export interface Axis {
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly Tick[];
}

export interface Frame {
  readonly title: string;
  /** What it shows in words, for those who cannot see it. */
  readonly summary: string;
  readonly x: Axis;
  readonly y: Axis;
  /** A value that a line is drawn at. */
  readonly limit?: number;
}

/** An axis that holds every value and its first and last tick; `label` writes a tick with as many places as it needs. */
export function valueAxis(
  values: readonly number[],
  { ticks, label }: { readonly ticks: number; readonly label: (value: number, places: number) => string },
): Axis {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(low < high)) [low, high] = Number.isFinite(low) ? [Math.min(low, 0), Math.max(low, 1)] : [0, 1];
  const rough = (high - low) / ticks;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (Y_STEPS.find((each) => each * power >= rough) ?? 10);
  const [first, last] = [Math.floor(low / step), Math.ceil(high / step)];
  const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return {
    min: first * step,
    max: last * step,
    ticks: Array.from({ length: last - first + 1 }, (_, index) => {
      const at = (first + index) * step;
      return { at, label: label(at, places) };
    }),
  };
}

/** An axis of time with a few whole UTC days on it, or hours where it holds fewer than two days. */
export function timeAxis(fromMs: number, endMs: number): Axis {
  const isOfDays = endMs - fromMs >= 2 * DAY_MS;
  const unitMs = isOfDays ? DAY_MS : HOUR_MS;
  const [first, last] = [Math.ceil(fromMs / unitMs), Math.floor(endMs / unitMs)];
  const step = Math.max(1, Math.ceil((last - first + 1) / TIME_TICKS));
  const ticks: Tick[] = [];
  for (let unit = first; unit <= last; unit += step) {
    const time = utcText(unit * unitMs);
    ticks.push({ at: unit * unitMs, label: isOfDays ? time.slice(0, 10) : time.slice(11, 16) });
  }
  return { min: fromMs, max: Math.max(endMs, fromMs + 1), ticks };
}

/** A line over time; `isFilled` paints what lies between it and 0. */
export function lineChart(frame: Frame, points: readonly Point[], isFilled = false): Markup {
  const own = thinned(points, frame.x);
  const line = own.map(([x, y]) => `${place(frame.x, x)},${upward(frame.y, y)}`).join(" ");
  if (own.length === 0) return chart(frame, []);
  const path = markup`<polyline class="line" points="${line}"/>`;
  if (!isFilled) return chart(frame, [path]);
  const [first, last] = [own[0] as Point, own.at(-1) as Point];
  const zero = upward(frame.y, 0);
  const area = `${place(frame.x, first[0])},${zero} ${line} ${place(frame.x, last[0])},${zero}`;
  return chart(frame, [markup`<polygon class="area" points="${area}"/>`, path]);
}

/** The highest value in each of 240 slices of time, of a value that holds until the next step and begins at 0. */
export function peakChart(frame: Frame, steps: readonly Point[]): Markup {
  const { min, max } = frame.x;
  const points: Point[] = [];
  let [step, value] = [0, 0];
  for (let slice = 0; slice < SLICES; slice++) {
    const from = min + (slice * (max - min)) / SLICES;
    const to = min + ((slice + 1) * (max - min)) / SLICES;
    let high = value;
    for (; step < steps.length && (steps[step] as Point)[0] < to; step++) {
      value = (steps[step] as Point)[1];
      high = Math.max(high, value);
    }
    points.push([from, high], [to, high]);
  }
  return lineChart(frame, points, true);
}

/** A bar of a histogram; `label` is shown when it is pointed at. */
export interface Bar {
  readonly from: number;
  readonly to: number;
  readonly value: number;
  readonly label: string;
}

/** Bars from 0 upwards; those left of 0 are losses. */
export function barChart(frame: Frame, bars: readonly Bar[]): Markup {
  return chart(
    frame,
    bars.map(({ from, to, value, label }) => {
      const [left, right] = [place(frame.x, from), place(frame.x, to)];
      const top = upward(frame.y, value);
      const kind = to <= 0 ? "loss" : "gain";
      return markup`<rect class="${kind}" x="${text(left + 2)}" y="${text(top)}" width="${text(right - left - 4)}" height="${text(upward(frame.y, 0) - top)}"><title>${label}</title></rect>`;
    }),
  );
}

function chart({ title, summary, x, y, limit }: Frame, content: readonly Markup[]): Markup {
  const lines = y.ticks.map(({ at }) => {
    const height = text(upward(y, at));
    const kind = at === 0 ? "zero" : "grid";
    return markup`<line class="${kind}" x1="0" x2="${text(SIDE)}" y1="${height}" y2="${height}"/>`;
  });
  if (limit !== undefined) {
    const height = text(upward(y, limit));
    lines.push(markup`<line class="limit" x1="0" x2="${text(SIDE)}" y1="${height}" y2="${height}"/>`);
  }
  const yLabels = y.ticks.map(
    ({ at, label }) => markup`<span style="top:${text(upward(y, at) / 10)}%">${label}</span>`,
  );
  const xLabels = x.ticks.map(
    ({ at, label }) => markup`<span style="left:${text(place(x, at) / 10)}%">${label}</span>`,
  );
  return markup`<figure><figcaption>${title}</figcaption><div class="plot"><div class="y" aria-hidden="true">${yLabels}</div><svg role="img" aria-label="${summary}" viewBox="0 0 ${text(SIDE)} ${text(SIDE)}" preserveAspectRatio="none">${lines}${content}</svg><div class="x" aria-hidden="true">${xLabels}</div></div></figure>\n`;
}

/** At most two points a bucket of the axis, the lowest and the highest one, in their order; the last one stays. */
function thinned(points: readonly Point[], { min, max }: Axis): readonly Point[] {
  if (points.length <= 2 * BUCKETS) return points;
  const kept: Point[] = [];
  const buckets = Map.groupBy(points, ([x]) => Math.floor(((x - min) / (max - min)) * BUCKETS));
  for (const own of buckets.values()) {
    let [low, high] = [0, 0];
    for (const [index, [, y]] of own.entries()) {
      if (y < (own[low] as Point)[1]) low = index;
      if (y > (own[high] as Point)[1]) high = index;
    }
    kept.push(own[Math.min(low, high)] as Point);
    if (low !== high) kept.push(own[Math.max(low, high)] as Point);
  }
  return [...kept, points.at(-1) as Point];
}

function place({ min, max }: Axis, value: number): number {
  return rounded(((value - min) / (max - min)) * SIDE);
}

function upward(axis: Axis, value: number): number {
  return rounded(SIDE - place(axis, value));
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

function text(value: number): string {
  return String(rounded(value));
}
