import type { Comparison, Distribution } from "../lib/results.ts";
import { escapeHtml } from "./html.ts";
import { short } from "./table.ts";

const WIDTH = 900;
const LABEL_WIDTH = 360;
const ROW_HEIGHT = 22;
const PLOT_HEIGHT = 260;
const MARGIN = 40;
const COLOURS = ["#2563eb", "#d97706", "#059669", "#9333ea", "#dc2626", "#0891b2", "#65a30d", "#db2777"];

/** Contenders as bars, each with the range of its rounds as a thin line. */
export function barChart({ contenders }: Comparison): string {
  const largest = Math.max(...contenders.map(({ cost }) => cost.max));
  const x = (value: number): number => LABEL_WIDTH + (value / largest) * (WIDTH - LABEL_WIDTH - 90);
  const rows = contenders.map(({ name, cost }, row) => {
    const top = row * ROW_HEIGHT;
    const middle = top + ROW_HEIGHT / 2;
    return `<text x="${LABEL_WIDTH - 8}" y="${middle + 4}" text-anchor="end">${escapeHtml(name)}</text>
<rect class="${row === 0 ? "rival" : "own"}" x="${LABEL_WIDTH}" y="${top + 4}" width="${(x(cost.median) - LABEL_WIDTH).toFixed(1)}" height="${ROW_HEIGHT - 8}"/>
<line class="range" x1="${x(cost.min).toFixed(1)}" x2="${x(cost.max).toFixed(1)}" y1="${middle}" y2="${middle}" stroke-width="2"/>
<text x="${(x(Math.max(cost.median, cost.max)) + 6).toFixed(1)}" y="${middle + 4}">${short(cost.median)}</text>`;
  });
  return `<svg viewBox="0 0 ${WIDTH} ${contenders.length * ROW_HEIGHT}" role="img">${rows.join("")}</svg>`;
}

function powersOfTen(from: number, to: number): number[] {
  const first = Math.floor(Math.log10(from));
  const last = Math.ceil(Math.log10(to));
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}

/** Distributions as cumulative curves over a logarithmic axis: the share of bars that were done by then. */
export function cumulativeChart(distributions: readonly Distribution[]): string {
  const points = distributions.flatMap((distribution) => distribution.points).filter((value) => value > 0);
  if (points.length === 0) return "";
  const ticks = powersOfTen(Math.min(...points), Math.max(...points));
  const low = Math.log10(ticks[0] ?? 1);
  const span = Math.max(1, Math.log10(ticks.at(-1) ?? 10) - low);
  const x = (value: number): number =>
    MARGIN + ((Math.log10(Math.max(value, 10 ** low)) - low) / span) * (WIDTH - 2 * MARGIN);
  const y = (share: number): number => PLOT_HEIGHT - MARGIN - share * (PLOT_HEIGHT - 1.5 * MARGIN);
  const grid = ticks.map(
    (tick) =>
      `<line class="rule" x1="${x(tick).toFixed(1)}" x2="${x(tick).toFixed(1)}" y1="${y(0)}" y2="${y(1)}"/><text class="soft" x="${x(tick).toFixed(1)}" y="${y(0) + 16}" text-anchor="middle">${short(tick)}</text>`,
  );
  const levels = [0.5, 0.9, 0.99].map(
    (share) =>
      `<line class="rule" x1="${MARGIN}" x2="${WIDTH - MARGIN}" y1="${y(share)}" y2="${y(share)}" stroke-dasharray="3 4"/><text class="soft" x="2" y="${y(share) + 4}">p${share * 100}</text>`,
  );
  const curves = distributions.map((distribution, index) => {
    const last = Math.max(1, distribution.points.length - 1);
    const path = distribution.points.map((value, at) => `${x(value).toFixed(1)},${y(at / last).toFixed(1)}`);
    return `<polyline fill="none" stroke="${COLOURS[index % COLOURS.length]}" stroke-width="2" points="${path.join(" ")}"/>`;
  });
  const legend = distributions.map(({ title }, index) => {
    const top = PLOT_HEIGHT + 6 + Math.floor(index / 2) * 18;
    const left = MARGIN + (index % 2) * 420;
    return `<rect x="${left}" y="${top}" width="12" height="12" fill="${COLOURS[index % COLOURS.length]}"/><text x="${left + 18}" y="${top + 11}">${escapeHtml(title)}</text>`;
  });
  const height = PLOT_HEIGHT + 12 + Math.ceil(distributions.length / 2) * 18;
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img">${grid.join("")}${levels.join("")}${curves.join("")}${legend.join("")}<text class="soft" x="${WIDTH - MARGIN}" y="${y(0) + 32}" text-anchor="end">${escapeHtml(distributions[0]?.unit ?? "")}</text></svg>`;
}
