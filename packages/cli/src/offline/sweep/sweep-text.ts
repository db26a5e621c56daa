import { shareText } from "../report/format.ts";
import { textTable } from "../ledger/answer/text-table.ts";
import type { SweepPoint, SweepReport } from "./sweep-report.ts";

const SHOWN_MAX = 20;

/** The best combinations by mean R, and what may be said of them. */
export function sweepText(report: SweepReport, out: string): string {
  const { space, points, tried } = report;
  const best = points.toSorted((a, b) => meanOf(b) - meanOf(a)).slice(0, SHOWN_MAX);
  const proven = points.filter(({ assessment }) => assessment.verdict.status === "proven").length;
  const table = textTable(
    [
      ...space.axes.map(({ path }) => ({ name: path.slice(path.lastIndexOf(".") + 1) })),
      { name: "trades", isFigure: true },
      { name: "won", isFigure: true },
      { name: "mean R", isFigure: true },
      { name: "net USDT", isFigure: true },
      { name: "drawdown", isFigure: true },
      { name: "at least R", isFigure: true },
    ],
    best.map((point) => point.values.map(String).concat(figuresOf(point))),
  );
  const others = tried.known + tried.unseen;
  return [
    `${space.name}: ${points.length} settings${points.length > SHOWN_MAX ? `, the ${SHOWN_MAX} best by mean R` : ""}\n\n`,
    table,
    `\n"at least R": lower 95 % bound of the mean with slippage twice, corrected for these ${points.length} and ${others} tried before.\n`,
    proven === 0
      ? "No setting has a proven edge: the best of many is the luckiest, too.\n"
      : `${proven} of ${points.length} settings are proven.\n`,
    `Written to ${out}: sweep.html, sweep.csv, sweep.json\n`,
  ].join("");
}

function figuresOf({ result: { total, drawdownRatioMax }, assessment }: SweepPoint): string[] {
  const { correctedLowerR } = assessment.figures;
  return [
    String(total.trades),
    total.trades === 0 ? "–" : shareText(total.wins / total.trades),
    total.meanR === null ? "–" : total.meanR.toFixed(3),
    Number(total.net).toFixed(2),
    shareText(drawdownRatioMax),
    correctedLowerR === null ? "–" : correctedLowerR.toFixed(3),
  ];
}

function meanOf({ result }: SweepPoint): number {
  return result.total.meanR ?? Number.NEGATIVE_INFINITY;
}
