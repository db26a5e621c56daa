import { type Markup, markup, note, section, signed, table } from "../backtest/report/markup.ts";
import { STYLE } from "../backtest/report/style.ts";
import { shareText } from "../report/format.ts";
import type { SweepPoint, SweepReport } from "./sweep-report.ts";

const ROWS_MAX = 200;

/** One page without scripts: the surface over the first two axes, and the best combinations. */
export function sweepPage(report: SweepReport): string {
  const { space, points } = report;
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Sweep: ${space.name}</title>
<style>${{ html: STYLE }}${{ html: SURFACE_STYLE }}</style>
</head>
<body><main>
<h1>Sweep: ${space.name}</h1>
${headline(report)}
${surfaceSection(report)}
${bestSection(report)}
<footer>${String(points.length)} settings. All figures: sweep.csv and sweep.json beside this page.</footer>
</main></body>
</html>
`;
  return page.html;
}

const SURFACE_STYLE = `
.surface td { text-align: center; min-width: 4.5rem; }
.surface td.cell { color: #111; }
`;

function headline({ points, tried }: SweepReport): Markup {
  const proven = points.filter(({ assessment }) => assessment.verdict.status === "proven").length;
  const before = tried.known + tried.unseen;
  const text =
    proven === 0
      ? "No setting has a proven edge. The best of many is the luckiest, too."
      : `${proven} of ${points.length} settings are proven.`;
  return markup`<p><strong>${text}</strong></p>
${note(`Bounds are corrected for these ${points.length} settings and ${before} variants that were tried before, with slippage counted twice.`)}`;
}

/** Mean R over the first two axes: the median over all others, so that no lucky corner stands for its whole row. */
function surfaceSection({ space, points }: SweepReport): Markup {
  const [rowAxis, columnAxis] = space.axes;
  if (rowAxis === undefined) return markup``;
  const columns = columnAxis?.values ?? ["mean R"];
  const cells = rowAxis.values.map((row) =>
    columns.map((column) => {
      const own = points.filter(
        ({ values }) => values[0] === row && (columnAxis === undefined || values[1] === column),
      );
      return medianOf(own.flatMap(({ result }) => result.total.meanR ?? []));
    }),
  );
  const reach = Math.max(1e-9, ...cells.flat().map((value) => Math.abs(value ?? 0)));
  const head = columns.map((column) => markup`<th scope="col">${String(column)}</th>`);
  const body = rowAxis.values.map((row, r) => {
    const figures = (cells[r] ?? []).map((value) => cellOf(value, reach));
    return markup`<tr><th scope="row">${String(row)}</th>${figures}</tr>\n`;
  });
  const rest = space.axes.slice(2).map(({ path }) => path);
  const over = rest.length === 0 ? "" : `, the median over ${rest.join(", ")}`;
  const across = columnAxis === undefined ? "" : `, across: ${columnAxis.path}`;
  return section(
    "Surface",
    note(
      `Mean R of a trade${over}. Down: ${rowAxis.path}${across}. A plateau may mean something; a peak is luck.`,
    ),
    markup`<div class="wide"><table class="surface"><thead><tr><th></th>${head}</tr></thead>\n<tbody>${body}</tbody></table></div>`,
  );
}

/** A coloured figure: red loses, green gains, paler is nearer to nothing. */
function cellOf(value: number | null, reach: number): Markup {
  if (value === null) return markup`<td>–</td>`;
  const pale = Math.round(92 - 42 * (Math.abs(value) / reach));
  const hue = value < 0 ? 8 : 140;
  return markup`<td class="cell" style="background: hsl(${String(hue)} 60% ${String(pale)}%)">${value.toFixed(3)}</td>`;
}

function bestSection({ space, points }: SweepReport): Markup {
  const ordered = points.toSorted((a, b) => meanOf(b) - meanOf(a)).slice(0, ROWS_MAX);
  const axes = space.axes.map(({ path }) => path);
  return section(
    points.length > ROWS_MAX ? `The ${ROWS_MAX} best of ${points.length}` : "All settings",
    table(
      ["Rank", ...axes, "Trades", "Won", "Mean R", "Net USDT", "Drawdown", "At least R"],
      ordered.map((point, index) => {
        const values: (string | Markup)[] = [String(index + 1), ...point.values.map(String)];
        return values.concat(figuresOf(point));
      }),
      axes,
    ),
    note('"At least R" is the corrected lower 95 % bound of the mean; a dash: too few days.'),
  );
}

function figuresOf({ result: { total, drawdownRatioMax }, assessment }: SweepPoint): (string | Markup)[] {
  const { correctedLowerR } = assessment.figures;
  return [
    String(total.trades),
    total.trades === 0 ? "–" : shareText(total.wins / total.trades),
    total.meanR === null ? "–" : signed(total.meanR, total.meanR.toFixed(3)),
    signed(Number(total.net), Number(total.net).toFixed(2)),
    shareText(drawdownRatioMax),
    correctedLowerR === null ? "–" : signed(correctedLowerR, correctedLowerR.toFixed(3)),
  ];
}

function meanOf({ result }: SweepPoint): number {
  return result.total.meanR ?? Number.NEGATIVE_INFINITY;
}

function medianOf(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) return null;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
